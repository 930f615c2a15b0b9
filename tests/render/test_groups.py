"""Groups: what an author keeps together stands together, in every picture and through every pass."""

from __future__ import annotations

import pytest

import ddspgraph as dg
from ddspgraph.ir.graph import Graph
from ddspgraph.render.compare import compare
from ddspgraph.render.compose import picture
from ddspgraph.render.diff import diff_picture
from ddspgraph.render.dot import to_dot
from ddspgraph.render.mermaid import to_mermaid
from ddspgraph.render.picture import Picture, groups

SPEC = """\
version: 2
name: grouped
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs: {audio: {rate: audio}, level: {rate: frame, unit: dB}, target: {rate: audio}}
nodes:
  soft: {op: tanh, inputs: [audio], group: colour}
  warm: {op: fir_filter, inputs: {audio: soft, magnitudes: [1.0, 0.5]}, group: colour}
  quiet: {op: gain, inputs: {audio: warm, gain: level}, group: end}
  plain: {op: tanh, inputs: [quiet]}
outputs: {audio: plain}
losses:
  near: {op: spectral_loss, inputs: {target_audio: target, audio: quiet}}
  far: {op: spectral_loss, inputs: {target_audio: target, audio: plain}}
"""


@pytest.fixture(scope="module")
def graph() -> Graph:
    return dg.load(SPEC)


def names(shown: Picture) -> dict[str, list[str]]:
    return {members[0].group: [box.name for box in members] for members in groups(shown.boxes)}


def test_what_an_author_said(graph: Graph) -> None:
    found = names(picture(graph))
    assert found == {"colour": ["soft", "warm"], "end": ["quiet"], "losses": ["near", "far"]}


def test_one_loss_is_no_group() -> None:
    assert "losses" not in names(picture(dg.load(SPEC[: SPEC.index("  far:")])))


def test_what_the_compiler_adds_stands_with_its_node(graph: Graph) -> None:
    found = names(picture(graph, stage="optimised"))
    assert "resample" in found["end"]
    assert len(found["colour"]) > 2


def test_a_group_changes_nothing_else(graph: Graph) -> None:
    assert compare(graph, dg.load(SPEC.replace("group: end", "group: start"))).is_same


def test_what_is_gone_stands_in_its_group(graph: Graph) -> None:
    fewer = SPEC.replace("  soft: {op: tanh, inputs: [audio], group: colour}\n", "").replace(
        "audio: soft", "audio: audio"
    )
    assert names(diff_picture(compare(graph, dg.load(fewer))))["colour"] == ["warm", "soft"]


def test_frames(graph: Graph) -> None:
    dot = to_dot(graph)
    assert dot.count("subgraph cluster_") == 3
    assert "style=rounded" in dot
    assert "style=dotted, labelloc=b" in dot
    mermaid = to_mermaid(graph)
    assert mermaid.count("\n  end\n") == 3
    assert '  subgraph group_0["colour"]\n    node_soft[' in mermaid


def test_a_group_in_two_columns_has_two_frames() -> None:
    lines = ["version: 2", "name: chain", "clock: {sample_rate: 16 kHz}", "inputs: {a: {rate: audio}}", "nodes:"]
    lines += [f"  n{i}: {{op: tanh, inputs: [{f'n{i - 1}' if i else 'a'}], group: all}}" for i in range(60)]
    dot = to_dot(dg.load("\n".join([*lines, "outputs: {a: n59}"])))
    assert dot.count("label=<all>") == dot.count("subgraph cluster_") > 2


def test_a_group_is_text() -> None:
    with pytest.raises(dg.GraphError) as caught:
        dg.load(SPEC.replace("group: end", "group: 3"))
    assert [d.code for d in caught.value.diagnostics] == ["E203"]
    assert dg.load(SPEC.replace("group: end", "group: $n")).node_by_name["quiet"].group == "$n"
