"""A ProcessorGroup within another becomes a sub-graph, and sounds as the recorded chain of one group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

import ddspgraph as dg
from ddspgraph.compiler.driver import check
from ddspgraph.migrations import migrate_text
from tests.dsp.golden import relative_l2

CHAIN = Path(__file__).parents[1] / "chains" / "ensemble"
#: The chain of ensemble.gin, cut into groups: `bells` is in `rest`, and reads what the harmonic made.
NESTED = """
ProcessorGroup.dag = [
    (@synths.Harmonic(), ['amps', 'harmonic_distribution', 'f0_hz']),
    (@rest/ProcessorGroup(), ['harmonic']),
    (@effects.Reverb(), ['rest/signal', 'ir']),
]
rest/ProcessorGroup.name = 'rest'
rest/ProcessorGroup.dag = [
    (@bells/ProcessorGroup(), ['harmonic']),
    (@processors.Add(), ['harmonic/signal', 'bells/signal']),
]
bells/ProcessorGroup.name = 'bells'
bells/ProcessorGroup.dag = [
    (@synths.Wavetable(), ['harmonic/controls/amplitudes', 'inputs/wavetables', 'harmonic/controls/f0_hz']),
    (@synths.Sinusoidal(), ['bell_amps', 'bell_freqs']),
    (@processors.Add(), ['wavetable/signal', 'sinusoidal/signal']),
]
synths.Harmonic.n_samples = 3200
synths.Harmonic.normalize_below_nyquist = False
synths.Wavetable.n_samples = 3200
synths.Wavetable.scale_fn = None
synths.Sinusoidal.n_samples = 3200
synths.Sinusoidal.amp_resample_method = %method
method = 'linear'
effects.Reverb.add_dry = False
"""


def graph_of(text: str) -> dict[str, Any]:
    return yaml.safe_load(migrate_text(text).text)


def test_groups_in_groups_sound_as_recorded() -> None:
    """The tolerance is that of the chain of one group: recordings of wavetables hold the rounding of their phase."""
    with np.load(CHAIN.with_suffix(".npz")) as archive:
        inputs = {name.removeprefix("in_"): archive[name] for name in archive if name.startswith("in_")}
        recorded = archive["out_audio"]
    nested = dg.compile(migrate_text(NESTED).text)(inputs)["audio"]
    assert relative_l2(nested, recorded) < 3e-3
    flat = dg.compile(migrate_text(CHAIN.with_suffix(".gin")).text)(inputs)["audio"]
    np.testing.assert_allclose(nested, flat, atol=1e-7)


def test_the_definitions() -> None:
    graph = graph_of(NESTED)
    assert list(graph["graphs"]) == ["rest_bells", "rest"]
    assert graph["graphs"]["rest_bells"]["params"] == {"method": "linear"}
    assert graph["graphs"]["rest_bells"]["outputs"] == {"signal": "add"}
    assert list(graph["graphs"]["rest"]["nodes"]) == ["bells", "add"]
    assert graph["graphs"]["rest"]["nodes"]["bells"]["params"] == {"method": "$method"}
    assert list(graph["nodes"]) == ["harmonic", "rest", "reverb"]
    assert graph["nodes"]["reverb"]["inputs"]["audio"] == "rest"
    assert dg.load(migrate_text(NESTED).text).warnings == ()


def test_groups_alike_share_a_definition() -> None:
    text = """
ProcessorGroup.dag = [
    (@a/ProcessorGroup(), ['inputs']),
    (@b/ProcessorGroup(), ['inputs']),
    (@processors.Add(), ['a/signal', 'b/controls/crop/controls/audio']),
]
a/ProcessorGroup.name = 'a'
b/ProcessorGroup.name = 'b'
a/ProcessorGroup.dag = [(@Crop(), ['dry']), (@in/ProcessorGroup(), ['crop/signal'])]
b/ProcessorGroup.dag = [(@Crop(), ['dry']), (@in/ProcessorGroup(), ['crop/signal'])]
in/ProcessorGroup.name = 'late'
in/ProcessorGroup.dag = [(@effects.FIRFilter(), ['crop/signal', 'magnitudes'])]
Crop.frame_size = 8
"""
    graph = graph_of(text)
    assert list(graph["graphs"]) == ["a_late", "a", "b"]
    assert graph["graphs"]["b"]["nodes"]["late"]["graph"] == "a_late"
    assert graph["graphs"]["b"]["outputs"] == {"signal": "late", "crop_audio": "crop/audio"}
    assert graph["nodes"]["add"]["inputs"] == {"signal_one": "a", "signal_two": "b/crop_audio"}
    report = {change.path: change for change in migrate_text(text).changes}
    assert report["in/ProcessorGroup.dag"].to == "graphs.a_late.nodes"
    assert report["Crop.frame_size"].to == "graphs.a.nodes.crop.params.frame_size"
    assert report["Crop.frame_size"].note == "also graphs.b.nodes.crop.params.frame_size"


def test_two_things_of_one_name() -> None:
    text = "ProcessorGroup.dag = [(@Crop(), ['a']), (@in/ProcessorGroup(), ['a'])]\n"
    text += "in/ProcessorGroup.dag = [(@Crop(), ['a'])]\nin/ProcessorGroup.name = 'crop'\n"
    errors = check(text)
    assert [error.code for error in errors if error.is_error] == ["E306"]
