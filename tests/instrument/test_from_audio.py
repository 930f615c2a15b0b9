"""A graph of pitch and levels as one of a recording and its pitch: what it measures is what a dataset holds."""

from __future__ import annotations

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.data.analysis import features_of
from ddspgraph.instrument.from_audio import from_audio
from tests.data.sounds import known_pitch, notes

SPEC = """\
version: 2
name: voice
clock: {sample_rate: 8 kHz, frame_rate: RATE}
params: {n: 2}
inputs:
  power_db: {rate: frame, unit: dB}
  loudness_db: {rate: frame, unit: dB}
  f0_hz: {rate: frame, unit: Hz}
  audio: {rate: audio}
nodes:
  both: {op: concat, inputs: [loudness_db, power_db]}
  wide: {op: fc, inputs: [both], params: {ch: $n}}
  level: {op: db_to_amplitude, inputs: [loudness_db]}
outputs: {wide: wide, level: level, pitch: f0_hz}
"""


@pytest.mark.parametrize("rate", ["100 Hz", "10 Hz"])
def test_levels_are_those_of_a_dataset(rate: str) -> None:
    """A hop of 80 samples is measured over 512, one of 800 over 2048; the last frame is not whole."""
    graph = dg.load(SPEC.replace("RATE", rate), params={"n": 3})
    heard = from_audio(graph)
    assert [i.name for i in heard.inputs] == ["audio", "f0_hz"]
    assert heard.settings == graph.settings
    assert dg.load(str(heard.spec), params=heard.settings).nodes == heard.nodes
    audio = notes(1.03)
    features = features_of(audio, graph.clock, known_pitch)
    given = {name: features[name][None, :, None] for name in ("loudness_db", "power_db", "f0_hz")}
    wanted = dg.compile(graph, seed=4)(given)
    found = dg.compile(heard, seed=4)({"audio": audio[None], "f0_hz": given["f0_hz"]})
    assert found["wide"].shape[2] == 3
    for name in ("wide", "level", "pitch"):
        x = wanted[name].numpy()
        # The same float32 transforms in other batches: levels in dB differ in the seventh digit.
        np.testing.assert_allclose(found[name], x, atol=1e-5 * np.abs(x).max())


def test_a_graph_that_hears_already_stays() -> None:
    spec = """\
version: 2
name: follower
clock: {sample_rate: 8 kHz, hop: 64}
inputs: {audio: {rate: audio}, f0_hz: {rate: frame, unit: Hz}}
nodes: {level: {op: power, inputs: [audio], params: {padding: clock}}}
outputs: {level: level}
"""
    graph = dg.load(spec)
    assert from_audio(graph) is graph


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", frame_rate: RATE}", "}", "has no frame rate"),
        ("  audio: {rate: audio}", "  audio: {rate: frame}", "is to be the recording"),
        (
            "  audio: {rate: audio}\nnodes:",
            "nodes:\n  audio: {op: hz_to_midi, inputs: [f0_hz]}",
            "is to be the recording",
        ),
        ("loudness_db", "f0_confidence", "has no input loudness_db or power_db to measure"),
    ],
)
def test_graphs_that_cannot_hear(old: str, new: str, said: str) -> None:
    spec = SPEC.replace("power_db", "level_db") if old == "loudness_db" else SPEC
    if "frame_rate" in old:
        spec = "version: 2\nname: a\nclock: {sample_rate: 8 kHz, frame_rate: RATE}\ninputs: {audio: {rate: audio}}\n"
        spec += "nodes: {half: {op: gain, inputs: [audio, 0.5]}}\noutputs: {half: half}\n"
    assert old in spec
    with pytest.raises(dg.GraphError, match=f"E611.*{said}"):
        from_audio(dg.load(spec.replace(old, new).replace("RATE", "100 Hz")))
