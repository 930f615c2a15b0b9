"""Pictures, page and `--explain` keep the words of the author, with the converted value beside."""

from __future__ import annotations

import pytest

import ddspgraph as dg
from ddspgraph.ir.graph import Graph
from ddspgraph.page.facts import facts
from ddspgraph.render.compare import compare
from ddspgraph.render.compose import picture
from ddspgraph.render.dot import to_dot
from ddspgraph.render.mermaid import to_mermaid
from ddspgraph.render.values import literal_said, param_said

SPEC = """\
version: 2
name: words
clock: {sample_rate: 48 kHz, frame_rate: 250 Hz}
params: {length: 3 s, note: A2}
inputs: {audio: {rate: audio}, level: {rate: frame, unit: raw}}
nodes:
  tone: {op: harmonic, inputs: {amplitudes: -40 dB, harmonic_distribution: [0 dB, "-6 dB", 0.1], f0_hz: $note},
    params: {scale_fn: null, n_samples: 480 ms}}
  room: {op: exp_decay_reverb, inputs: {audio: audio, gain: 2.0, decay: 4.0}, params: {reverb_length: $length}}
  sway: {op: mod_delay, inputs: {audio: room, gain: 1.0, phase: level},
    params: {depth_ms: 0.009 s, center_ms: 12.50 ms}}
  out: {op: gain, inputs: {audio: sway, gain: -6.0 dB}}
outputs: {audio: out, tone: tone}
"""


@pytest.fixture(scope="module")
def graph() -> Graph:
    return dg.load(SPEC)


def test_literals(graph: Graph) -> None:
    said = {name: str(literal_said(graph, node)) for name, node in graph.node_by_name.items() if "." in name}
    assert said["tone.amplitudes"] == "-40 dB (0.01)"
    assert said["tone.harmonic_distribution"] == "[0 dB, -6 dB, 0.1] ([1, 0.501187, 0.1])"
    assert said["tone.f0_hz"] == "A2 (110 Hz)"
    assert said["out.gain"] == "-6.0 dB"


def test_parameters(graph: Graph) -> None:
    nodes = graph.node_by_name
    assert param_said(nodes["room"], "reverb_length") == ("3 s", "144 000 samples")
    assert param_said(nodes["sway"], "depth_ms") == ("0.009 s", "9 ms")
    assert param_said(nodes["sway"], "center_ms") == ("12.50 ms", "")


def test_a_value_of_the_caller(graph: Graph) -> None:
    other = dg.load(SPEC, params={"length": "500 ms"})
    assert str(param_said(other.node_by_name["room"], "reverb_length")) == "500 ms (24 000 samples)"
    assert "reverb_length: 3 s (144 000 samples) -> 500 ms (24 000 samples)" in compare(graph, other).text()


def test_a_number_is_itself() -> None:
    plain = dg.load(SPEC.replace("length: 3 s", "length: 144000"))
    assert plain == dg.load(SPEC), "words are no part of what is computed"
    assert str(param_said(plain.node_by_name["room"], "reverb_length")) == "144 000 samples"


OLD = """\
version: 1
name: old
sample_rate: 16000
n_samples: 64000
frame_rate: 250
inputs: [[noise_magnitudes, 65]]
modules:
  noise: {class: FilteredNoise, window_size: 0}
  room: {class: Reverb, trainable: true, reverb_length: 3 s}
dag:
  - [noise, [noise_magnitudes]]
  - [room, [noise/signal]]
"""


def test_after_a_migration() -> None:
    node = dg.load(OLD).node_by_name["room"]
    assert param_said(node, "reverb_length") == ("3 s", "48 000 samples")


def test_every_picture_says_them(graph: Graph) -> None:
    dot = to_dot(graph)
    assert 'POINT-SIZE="9" COLOR="#55626e">reverb_length = 3 s</FONT> <FONT POINT-SIZE="8"' in dot
    assert "(144 000 samples)" in dot
    assert "amplitudes = -40 dB" in dot
    assert "reverb_length = 3 s (144 000 samples)" in to_mermaid(graph).replace("#40;", "(").replace("#41;", ")")
    assert "reverb_length = 3 s" in to_dot(graph, stage="source")


def test_the_page_says_them(graph: Graph) -> None:
    shown = picture(graph)
    boxes = {box["name"]: box for box in facts(graph, shown, {})["boxes"].values() if box["kind"] == "node"}
    length = next(p for p in boxes["room"]["params"] if p["name"] == "reverb_length")
    assert (length["value"], length["converted"]) == ("3 s", "144 000 samples")
    level = next(p for p in boxes["tone"]["inputs"] if p["port"] == "amplitudes")
    assert (level["literal"], level["converted"]) == ("-40 dB", "0.01")
