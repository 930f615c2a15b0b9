"""Names with dots are the author's as well: what a node is does not hang on its name."""

from __future__ import annotations

import ddspgraph as dg
from ddspgraph.ir.graph import Origin

SPEC = """\
version: 2
name: paths
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs: {audio: {rate: audio}, level: {rate: frame, unit: dB}}
nodes:
  vox.cut: {op: fir_filter, inputs: {audio: audio, magnitudes: [1, 0.5]}}
  vox.out: {op: gain, inputs: [vox.cut/signal, level]}
  vox.unused: {op: gain, inputs: [vox.cut, -7 dB]}
outputs: {audio: vox.out}
"""


def test_the_origin_of_a_node_is_a_field() -> None:
    seen = {}
    dg.compile(dg.load(SPEC), observe=lambda name, graph: seen.setdefault(name, graph))
    origins = {node.name: (node.origin, node.owner) for graph in seen.values() for node in graph.nodes}
    assert origins["vox.cut"] == (Origin.WRITTEN, "")
    assert origins["vox.cut.magnitudes"] == (Origin.LITERAL, "vox.cut")
    assert origins["vox.out.gain.resample"] == (Origin.CONVERSION, "vox.out")


def test_a_written_name_with_dots_is_a_name() -> None:
    graph = dg.load(SPEC)
    assert [(w.code, w.span.line) for w in graph.warnings if w.span] == [("W101", 8)], "unused, and somebody wrote it"
    signals = dg.compile(graph).signals({"audio": [[0.0] * 64], "level": [[[0.0]]]})
    assert {name.partition("/")[0] for name in signals} == {"vox.cut", "vox.out", "vox.unused"}
