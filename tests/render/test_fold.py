"""Sub-graphs in pictures: frames around their nodes, or one box each."""

from __future__ import annotations

import ddspgraph as dg
from ddspgraph.render.compose import picture

SPEC = """\
version: 2
name: echoes
clock: {sample_rate: 16 kHz}
graphs:
  echo:
    doc: It comes again.
    inputs: {audio: {rate: audio}}
    feedback: {line: {from: damp, delay: 50 ms}}
    nodes:
      into: {op: add, inputs: [audio, line]}
      damp: {op: gain, inputs: {audio: into, gain: -6 dB}}
    outputs: {audio: into, quiet: damp}
  pair:
    inputs: {audio: {rate: audio}}
    nodes:
      one: {graph: echo, inputs: [audio]}
      two: {graph: echo, inputs: [one/quiet]}
    outputs: {audio: two}
inputs: {voice: {rate: audio}}
nodes:
  a: {graph: pair, inputs: [voice]}
  b: {graph: echo, inputs: [a]}
  mix: {op: add, inputs: [b, b/quiet, a.one.into]}
outputs: {audio: mix, inside: b.damp}
"""


def test_nodes_of_a_use_stand_together() -> None:
    boxes = {box.name: box.group for box in picture(dg.load(SPEC)).boxes}
    assert boxes["a.one.into"] == "a.one: echo"
    assert boxes["b.line"] == "b: echo"
    assert boxes["mix"] == ""


def test_a_closed_sub_graph_is_one_box_with_what_goes_in_and_out() -> None:
    graph = dg.load(SPEC)
    shown = picture(graph, fold=True)
    boxes = {box.name: box for box in shown.boxes}
    assert set(boxes) == {"voice", "a", "b", "mix", "audio", "inside"}
    assert (boxes["b"].op, boxes["b"].doc) == ("echo", "It comes again.")
    assert [pin.port for pin in boxes["b"].outputs] == ["audio", "quiet"]
    names = {box.id: box.name for box in shown.boxes}
    arrows = sorted((names[a.source], a.source_port, names[a.target]) for a in shown.arrows)
    assert arrows == [
        ("a", "audio", "b"),
        ("a", "one.into/signal", "mix"),
        ("b", "audio", "mix"),
        ("b", "quiet", "inside"),
        ("b", "quiet", "mix"),
        ("mix", "", "audio"),
        ("voice", "", "a"),
    ]
    open_shares = {box.name: box.share or 0 for box in picture(graph).boxes}
    inside = sum(share for name, share in open_shares.items() if name.startswith("a."))
    assert abs((boxes["a"].share or 0) - inside) < 1e-9


def test_a_spec_without_sub_graphs_has_nothing_to_close() -> None:
    graph = dg.load(SPEC[: SPEC.index("graphs:")] + "inputs: {x: {rate: audio}}\noutputs: {x: x}\n")
    assert picture(graph, fold=True) == picture(graph)
