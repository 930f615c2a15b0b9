"""Every recorded processor and loss of magenta/ddsp, through a YAML graph and the command line's arrays.

`tests/dsp`, `tests/ops` and `tests/losses` hold the functions and classes; here the same recordings pass through the
whole product: spec with the parameters that a migration sets, checker, compiler, `ddspgraph run --inputs --outputs`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.ir.types import Rate
from ddspgraph.migrations.v1.classes import CLASSES
from tests.dsp.golden import Case, cases, relative_l2

OPS_BY_CLASS = {op.__name__: op for op in dg.OPS.values()}
PROCESSORS = [c for c in cases("ddsp.") if c.source.split(".")[-1] in OPS_BY_CLASS]
LOSSES = [c for c in cases("losses.") if c.source.split(".")[-1] in OPS_BY_CLASS]
#: Recordings that carry the float32 phase of the original, by how much. Ours is exact (tests/ops, tests/dsp).
DRIFTED = {"Wavetable": 2e-3}
NOT_IN_A_GRAPH = {"use_angular_cumsum"}  # accepted, and without effect


def spec_of(case: Case) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The case as a spec of one node, and its inputs."""
    op = OPS_BY_CLASS[case.source.split(".")[-1]]
    arrays, _ = case.arrays()
    sample_rate = int(case.params.get("sample_rate", 16_000))
    inputs: dict[str, Any] = {}
    for name, array in arrays.items():
        rate = op.inputs[name].rate
        if rate is None:
            rate = Rate.AUDIO if array.shape[1] >= 1000 else Rate.FRAME
        said: dict[str, Any] = {"rate": str(rate)}
        if rate is Rate.CONST:
            said["shape"] = list(array.shape[1:])
        elif rate is Rate.AUDIO and array.shape[1] < 1000:
            said = {"rate": "frame", "channels": array.shape[2]}
        elif array.ndim == 3:
            said["channels"] = array.shape[2]
        inputs[name] = said
    params = {k: v for k, v in case.params.items() if k not in NOT_IN_A_GRAPH}
    if (known := CLASSES.get(op.__name__)) is not None:
        # Where the op's own default does otherwise: late filters, a crossfade that is not of constant power.
        params |= known.keeps
    node = {"op": op.name, "inputs": {name: name for name in inputs}, "params": params}
    is_loss = case in LOSSES
    outputs = {f"out_{port}": f"node/{port}" for port in op(**_filled(op)).output_ports()} if not is_loss else {}
    spec = {
        "version": 2,
        "name": "case",
        "clock": {"sample_rate": sample_rate, "hop": 64},
        "inputs": inputs,
        **({"losses": {"node": node}} if is_loss else {"nodes": {"node": node}, "outputs": outputs}),
    }
    return spec, arrays


def _filled(op: type[dg.Op]) -> dict[str, Any]:
    """Parameters that must be given, for asking an op its outputs."""
    return {name: 100 for name, spec in op.params().items() if spec.is_required}


@pytest.mark.parametrize("case", PROCESSORS, ids=lambda c: c.name)
def test_processor_in_a_graph(case: Case) -> None:
    spec, arrays = spec_of(case)
    results = dg.compile(spec)(arrays)
    _, expected = case.arrays()
    accumulating = OPS_BY_CLASS[case.source.split(".")[-1]].__name__ in ("Harmonic", "Sinusoidal", "Wavetable")
    for name, value in expected.items():
        port = f"out_{name.removeprefix('controls_')}"
        if name != "signal" and port not in results:
            assert name.startswith("controls_signal") or name in ("controls_audio", "controls_ir", "controls_samples")
            continue
        limit = DRIFTED.get(case.name, 1e-3 if accumulating and name == "signal" else 1e-4)
        assert relative_l2(results[port], value.reshape(results[port].shape)) <= limit, name


@pytest.mark.parametrize("case", LOSSES, ids=lambda c: c.name)
def test_loss_in_a_graph(case: Case) -> None:
    spec, arrays = spec_of(case)
    losses = dg.compile(spec).losses(arrays)
    _, expected = case.arrays()
    assert float(losses["total"]) == pytest.approx(sum(float(v) for v in expected.values()), rel=1e-4)


@pytest.mark.parametrize("name", ["FIRFilter", "Harmonic_linear_48k"])
def test_the_command_line_gives_the_same(name: str, tmp_path: Path) -> None:
    case = next(c for c in PROCESSORS if c.name == name)
    spec, arrays = spec_of(case)
    (tmp_path / "case.yaml").write_text(yaml.safe_dump(spec))
    np.savez(tmp_path / "in.npz", **arrays)
    files = ["--inputs", str(tmp_path / "in.npz"), "--outputs", str(tmp_path / "out.npz")]
    assert main(["run", str(tmp_path / "case.yaml"), *files]) == 0
    with np.load(tmp_path / "out.npz") as results:
        assert relative_l2(results["out_signal"], case.arrays()[1]["signal"]) <= 1e-3


def test_every_class_is_met() -> None:
    assert len(PROCESSORS) + len(LOSSES) == 26
