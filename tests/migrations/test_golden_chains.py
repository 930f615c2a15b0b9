"""magenta/ddsp's recorded audio, from old files: its processors one by one, and chains of them (`chains/`).

Each is written as version 1. The list, run in order, and the migrated graph, compiled, must both sound as recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import ddspgraph as dg
from ddspgraph.migrations import migrate_text
from ddspgraph.migrations.gin.document import open_gin
from ddspgraph.migrations.gin.map.as_list import as_list
from ddspgraph.migrations.gin.syntax.reader import read_gin_text
from ddspgraph.migrations.interpret import interpret
from ddspgraph.proofs.migration import list_of, verify_migration
from tests.dsp.golden import Case, cases, relative_l2

CHAINS = sorted((Path(__file__).parent / "chains").glob("*.yaml"))
GIN_CHAINS = sorted((Path(__file__).parent / "chains").glob("*.gin"))
TOLERANCE = 2e-5
#: Recordings of oscillators hold the rounding of a float32 phase (tests/ops/test_synths.py).
PHASE_TOLERANCE = 1e-3
WAVETABLE_TOLERANCE = 3e-3


def version_1(case: Case, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
    """A golden case as a list of one call."""
    sample_rate = case.params.get("sample_rate", 16000)
    return {
        "version": 1,
        "name": case.name.lower(),
        "sample_rate": sample_rate,
        "n_samples": 3200,
        "frame_rate": sample_rate / 64,
        "inputs": [[name, x.shape[-1]] if x.ndim == 3 else name for name, x in inputs.items()],
        "modules": {"it": {"class": case.source.removeprefix("ddsp."), **case.params}},
        "dag": [["it", list(inputs)]],
    }


@pytest.mark.parametrize("case", cases("ddsp.synths", "ddsp.effects", "ddsp.processors"), ids=lambda case: case.name)
def test_a_recorded_processor(case: Case) -> None:
    inputs, outputs = case.arrays()
    if "ir" in inputs:
        inputs["ir"] = inputs["ir"].reshape(2, -1)  # version 1 has no word for [batch, samples, 1]
        outputs["controls_ir"] = inputs["ir"]
    spec = version_1(case, inputs)
    signals = dg.compile(migrate_text(spec).text).signals(inputs)
    values = interpret(spec, inputs, {}).values
    for name, recorded in outputs.items():
        control = name.removeprefix("controls_")
        allowed = tolerance(spec) if name == "signal" else TOLERANCE
        assert relative_l2(signals[f"it/{control}"], recorded) < allowed, name
        old = values["it/signal" if name == "signal" else f"it/controls/{control}"]
        assert relative_l2(old, recorded) < allowed, name


@pytest.mark.parametrize("path", CHAINS, ids=lambda path: path.stem)
def test_a_recorded_chain(path: Path) -> None:
    inputs, recorded = arrays(path)
    model = dg.compile(migrate_text(path).text)
    spec = yaml.safe_load(path.read_text())
    old = interpret(spec, inputs, {})
    compiled = {**model(inputs), **(model.losses(inputs) if model.graph.losses else {})}
    for name, wanted in recorded.items():
        allowed = tolerance(spec)
        assert relative_l2(compiled[name], wanted) < allowed, name
        assert relative_l2(old.audio if name == "audio" else old.losses[name], wanted) < allowed, name


@pytest.mark.parametrize("path", GIN_CHAINS, ids=lambda path: path.stem)
def test_a_recorded_gin_file(path: Path) -> None:
    """magenta/ddsp ran this very file (`chains/record.py`), and this is what it made."""
    inputs, recorded = arrays(path)
    spec = yaml.safe_load(path.with_suffix(".yaml").read_text())
    audio = dg.compile(migrate_text(path).text)(inputs)["audio"]
    assert relative_l2(audio, recorded["audio"]) < tolerance(spec)
    document = open_gin(path)
    as_listed = list_of(document)
    assert as_listed is not None
    assert relative_l2(interpret(as_listed, inputs, {}).audio, recorded["audio"]) < tolerance(spec)
    (comparison,) = verify_migration(document, migrate_text(path).text)
    assert comparison.is_equal


@pytest.mark.parametrize(
    "text",
    [
        "ProcessorGroup.dag = [(@Fc(), ['a'])]\n",
        "ProcessorGroup.dag = [(@ParamLoss(), ['a', 'b'])]\n",
        "ProcessorGroup.dag = [(@a/ProcessorGroup(), ['a'])]\na/ProcessorGroup.dag = [(@Crop(), ['a'])]\n",
        "ProcessorGroup.dag = [(@Crop(), ['a'])]\nAutoencoder.processor_group = @ProcessorGroup()\n",
        "ProcessorGroup.dag = [(@Crop(), ['a-b'])]\n",
        "ProcessorGroup.dag = [(@Crop(), ['a'], ['b'])]\n",
        "ProcessorGroup.dag = [(@TrainableReverb(), ['a'])]\n",
        "LossGroup.dag = [(@ParamLoss(), ['a', 'b'])]\n",
    ],
)
def test_what_no_list_of_processors_says(text: str) -> None:
    assert as_list(read_gin_text(text)) is None


def test_a_list_of_modules_by_name() -> None:
    text = "ProcessorGroup.dag = [('out', ['a/signal'])]\nProcessorGroup.out = @Crop()\nCrop.crop_location = 'back'\n"
    listed = as_list(read_gin_text(text))
    assert listed is not None
    assert listed["modules"] == {"out": {"class": "Crop", "crop_location": "back"}}
    assert listed["dag"] == [["out", ["a/signal"]]]


def tolerance(spec: dict[str, Any]) -> float:
    """Of the audio, by what makes it: relative to its norm."""
    classes = {module["class"].rpartition(".")[2] for module in spec["modules"].values()}
    if "Wavetable" in classes:
        return WAVETABLE_TOLERANCE
    return PHASE_TOLERANCE if classes & {"Harmonic", "Sinusoidal"} else TOLERANCE


def arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Recorded inputs and results of a chain."""
    with np.load(path.with_suffix(".npz")) as archive:
        inputs = {name.removeprefix("in_"): archive[name] for name in archive if name.startswith("in_")}
        return inputs, {name.removeprefix("out_"): archive[name] for name in archive if name.startswith("out_")}
