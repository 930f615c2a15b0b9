"""What answers at once is held by what it loads: each command may load its own packages and what those need."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest

from ddspgraph.resources import folder

SPEC = "version: 2\nname: a\nclock: {sample_rate: 16 kHz}\ninputs: {x: {rate: audio}}\noutputs: {y: x}\n"
#: Command line -> the packages that it may load, with what they need. A cycle alone asks networkx for its names.
MAY_LOAD = {
    "--help": (),
    "ops": ("lazy-loader",),
    "ops add": ("lazy-loader",),
    "ops make it quieter": ("lazy-loader",),
    "schema": ("lazy-loader",),
    "new mine": ("lazy-loader",),
    "new --list": ("pyyaml",),
    "check good.yaml": ("pyyaml", "jsonschema", "lazy-loader"),
    "check bad.yaml": ("pyyaml", "jsonschema", "lazy-loader"),
    "check cycle.yaml": ("pyyaml", "jsonschema", "lazy-loader", "networkx"),
    "check good.yaml --target onnx": ("pyyaml", "jsonschema", "lazy-loader"),
    "check good.yaml --explain": ("pyyaml", "jsonschema", "lazy-loader"),
    "draw good.yaml -o good.dot": ("pyyaml", "jsonschema", "lazy-loader"),
    "migrate old.yaml": ("pyyaml", "jsonschema", "lazy-loader"),
    "run good.yaml": ("pyyaml", "jsonschema", "lazy-loader", "numpy"),
    "compile bad.yaml -o x": ("pyyaml", "jsonschema", "lazy-loader"),
}
LOADED = """
import json, sys
before = set(sys.modules)
from ddspgraph.cli import main
main(sys.argv[1:])
print()
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def _with_needs(packages: tuple[str, ...]) -> set[str]:
    """The packages and all that they may ask for."""
    found: set[str] = set()
    waiting = list(packages)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        found.add(name)
        try:
            asked = requires(name) or []
        except PackageNotFoundError:
            continue
        # jsonschema imports the packages of its extra `format` where they are there; of others extras are for tests.
        is_wanted = {line: "extra ==" not in line or "extra == 'format'" in line.replace('"', "'") for line in asked}
        waiting += [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in asked if is_wanted[line]]
    return found


@pytest.mark.parametrize("line", MAY_LOAD)
def test_a_command_loads_its_own_packages_alone(line: str, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(SPEC)
    (tmp_path / "bad.yaml").write_text(SPEC.replace("audio", "auido"))
    (tmp_path / "cycle.yaml").write_text(SPEC + "nodes: {a: {op: tanh, inputs: [b]}, b: {op: tanh, inputs: [a]}}\n")
    (tmp_path / "old.yaml").write_text((folder("graphs") / "old_style.yaml").read_text())
    command = [sys.executable, "-c", LOADED, *line.split()]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1])) - set(sys.stdlib_module_names) - {"ddspgraph"}
    homes = packages_distributions()
    allowed = _with_needs(MAY_LOAD[line])
    strangers = {
        name
        for name in loaded
        if name in homes and not {re.sub(r"[-_.]+", "-", home).lower() for home in homes[name]} & allowed
    }
    assert not strangers


# -- TensorFlow without Keras --------------------------------------------------------------------------------

KERAS = """
import os, sys
import numpy as np
import ddspgraph as dg
spec = "version: 2\\nname: a\\nclock: {sample_rate: 16 kHz}\\ninputs: {x: {rate: audio}}\\noutputs: {y: x}\\n"
BEFORE
model = dg.compile(spec)
assert model({"x": np.ones([1, 4], np.float32)})["y"].shape == (1, 4)
assert ("keras" in sys.modules) == IS_THERE, "Keras is imported only by who uses it"
assert "TF_USE_LEGACY_KERAS" not in os.environ
import tensorflow as tf
from tensorflow.keras.layers import Dense
import keras
assert keras.__version__.startswith("3.") and Dense is keras.layers.Dense is tf.keras.layers.Dense
assert tf.optimizers.Adam is keras.optimizers.Adam
layer = dg.ops.FilteredNoise(sample_rate=16000, n_samples=640).layer()
assert layer(Dense(9)(np.zeros([1, 10, 4], np.float32))).shape == (1, 640)
"""


@pytest.mark.parametrize("before", ["", "import keras", "import tensorflow"])
def test_keras_is_loaded_on_first_use_and_works(before: str) -> None:
    code = KERAS.replace("BEFORE", before).replace("IS_THERE", str(bool(before)))
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
