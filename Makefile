# Two commands: `make demo` shows what it does, `make test` shows that it does it.
VENV ?= .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PYTHON ?= $(shell for v in 3.12 3.11 3.13 3.10 3; do command -v python$$v >/dev/null 2>&1 && python$$v -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo python$$v; break; }; done)

.PHONY: demo test proof lint generate fresh clean setup

demo: setup ## compile, run, draw and export a graph on a real recording
	@VENV=$(VENV) sh tools/demo.sh

test: setup ## everything that must hold, in under 8 minutes
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright
	TF_CPP_MIN_LOG_LEVEL=3 $(PY) -m pytest -n 2 --dist worksteal -m "not proof"

proof: setup ## the slow proofs
	TF_CPP_MIN_LOG_LEVEL=3 $(PY) -m pytest -m proof

generate: setup ## schema, references and README pictures from the code
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

clean:
	rm -rf $(VENV) demo build dist *.egg-info
