# Two commands: `make demo` shows what it does, `make test` shows that it does it.
VENV ?= .venv
PY := $(VENV)/bin/python
PEER ?= .venv-peer
TORCH_VENV ?= .venv-torch
TORCH_VERSION ?= 2.13.0
STAMP := $(VENV)/.installed
PYTHON ?= $(shell for v in 3.12 3.11 3.13 3.10 3; do command -v python$$v >/dev/null 2>&1 && python$$v -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo python$$v; break; }; done)

.PHONY: demo train-demo test compat proof bench generate fresh clean setup

demo: setup ## compile, run, draw and export a graph on a real recording
	@VENV=$(VENV) sh tools/demo.sh

train-demo: setup ## learn the violin in about 10 minutes, measure it, let it play another recording, export it
	@VENV=$(VENV) sh tools/train_demo.sh

test: setup ## everything that must hold, about 8 minutes on two cores
	@sh tools/need_chromium.sh
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright
	TF_CPP_MIN_LOG_LEVEL=3 $(PY) -m pytest -n 2 --dist worksteal -m "not proof"

compat: setup ## the suite with the oldest and the newest allowed dependencies, on Python 3.10 and 3.13
	$(PY) tools/compat.py $(ARGS)

proof: setup ## the slow proofs
	TF_CPP_MIN_LOG_LEVEL=3 $(PY) -m pytest -m proof

generate: setup ## schema, references and README pictures from the code
	@sh tools/need_chromium.sh
	TF_CPP_MIN_LOG_LEVEL=3 $(PY) tools/generate.py

fresh: setup ## fails where a generated file is stale
	TF_CPP_MIN_LOG_LEVEL=3 $(PY) tools/generate.py --check

setup: $(STAMP)

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "ddspgraph needs Python 3.10 to 3.13 with venv (Debian: apt-get install python3 python3-venv)"; exit 1; }
	@sh tools/need_dot.sh
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip
	$(PY) -m pip install --quiet -e ".[dev]"
	touch $(STAMP)

bench: setup $(PEER)/.installed ## side by side with magenta/ddsp, about 5 minutes; TORCH=1 adds PyTorch
	$(PY) benchmarks/run.py --peer $(PEER)/bin/python $(if $(TORCH),--torch $(TORCH_VENV)/bin/python)
	$(PY) benchmarks/studio.py

# The peer does not install by itself any more: without its dependencies' pins, and with an empty module for the
# pitch tracker that it imports, it runs on a current TensorFlow.
$(PEER)/.installed:
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --upgrade pip
	$(PEER)/bin/python -m pip install --quiet tensorflow tf-keras tensorflow-probability gin-config librosa mir_eval absl-py dill hmmlearn pydub
	$(PEER)/bin/python -m pip install --quiet --no-deps ddsp==3.7.0
	$(PEER)/bin/python -c "import sysconfig, pathlib; pathlib.Path(sysconfig.get_path('purelib'), 'crepe.py').touch()"
	$(if $(TORCH),$(PYTHON) -m venv $(TORCH_VENV) && $(TORCH_VENV)/bin/python -m pip install --quiet numpy torch==$(TORCH_VERSION))
	touch $@

clean:
	rm -rf $(VENV) $(PEER) $(TORCH_VENV) demo build dist *.egg-info
