"""Two graphs: every edit of a spec is told as what it is, and the picture marks the same. Words: `golden/compare_*`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ddspgraph.diagnostics import GraphError
from ddspgraph.ir.graph import Ref
from ddspgraph.render import draw_comparison
from ddspgraph.render.compare import Comparison, compare
from ddspgraph.render.diff import diff_picture
from ddspgraph.render.dot import dot_of
from ddspgraph.render.picture import Change, Edge, Kind, Picture
from ddspgraph.render.theme import THEMES
from tests.render.compared import EDITS, OLD, edited, graph, many_changes
from tests.render.hostile import hostile_graph


def changes(comparison: Comparison) -> set[tuple[str, str, str]]:
    return {(d.kind, d.name, d.change.value) for d in comparison.differences}


def test_an_equal_graph_is_the_same() -> None:
    """Order, docs and lines of the file are no part of a graph."""
    found = compare(graph(), graph(edited("order_and_doc")))
    assert found.is_same
    assert found.text() == "the same graph: 4 nodes, 10 edges\n"
    assert set(found.edges.values()) == {Change.SAME}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("parameter", {("node", "chorus", "~")}),
        ("literal", {("node", "out", "~")}),
        ("rewired", {("node", "out", "~")}),
        ("another_op", {("node", "out", "~")}),
        ("renamed", {("node", "body", "~"), ("node", "wide", "~")}),
        ("inserted", {("node", "soft", "+"), ("node", "out", "~")}),
        ("removed", {("node", "out", "-"), ("loss", "spectral", "~"), ("output", "audio", "~")}),
        ("input_type", {("input", "depth", "~")}),
        ("input_added", {("input", "level", "+"), ("node", "out", "~")}),
        ("outputs", {("output", "sound", "+"), ("output", "dry", "+"), ("output", "audio", "-")}),
        ("clock", {("clock", "chorus", "~")}),
        ("loss", {("loss", "spectral", "~")}),
    ],
)
def test_each_edit_is_one_thing(name: str, expected: set[tuple[str, str, str]]) -> None:
    assert changes(compare(graph(), graph(edited(name)))) == expected


@pytest.mark.parametrize("name", EDITS)
def test_backwards_it_is_the_opposite(name: str) -> None:
    """What was added on the way there is removed on the way back."""
    opposite = {"+": "-", "-": "+", "~": "~"}
    there, back = compare(graph(), graph(edited(name))), compare(graph(edited(name)), graph())
    names = {after: before for before, after in there.names.items()}
    assert changes(back) == {(kind, names.get(n, n), opposite[sign]) for kind, n, sign in changes(there)}


def test_a_renamed_node_keeps_its_edges() -> None:
    found = compare(graph(), graph(edited("renamed")))
    assert found.names["warm"] == "body"
    assert set(found.edges.values()) == {Change.SAME}


def test_two_candidates_are_no_renaming() -> None:
    """Which of two equal nodes it has become nobody can tell."""
    text = edited("renamed").replace("  wide:", "  twin: {op: gain, inputs: {audio: body, gain: 1 dB}}\n  wide:")
    old = OLD.replace("  chorus:", "  one: {op: gain, inputs: {audio: warm, gain: 1 dB}}\n  chorus:")
    assert compare(graph(old), graph(text)).names["one"] == "twin"
    second = text.replace("  wide:", "  twin2: {op: gain, inputs: {audio: body, gain: 1 dB}}\n  wide:")
    found = compare(graph(old), graph(second))
    assert "one" not in found.names
    assert {("node", "one", "-"), ("node", "twin", "+"), ("node", "twin2", "+")} <= changes(found)


def test_json_says_the_same() -> None:
    found = compare(graph(), graph(edited("rewired"))).as_dict()
    assert found == {
        "same": False,
        "parts": [{"kind": "node", "name": "out", "change": "changed", "details": ["audio: chorus -> warm"]}],
        "edges": [
            {"edge": "warm/signal -> out/audio", "change": "added"},
            {"edge": "chorus/signal -> out/audio", "change": "removed"},
        ],
    }


@pytest.fixture
def shown() -> Picture:
    return diff_picture(compare(graph(), graph(many_changes())))


def test_the_picture_marks_what_the_words_say(shown: Picture) -> None:
    told = compare(graph(), graph(many_changes()))
    marked = {(box.kind, box.name, box.change) for box in shown.boxes if box.change is not Change.SAME}
    kinds = {"input": Kind.INPUT, "output": Kind.OUTPUT, "node": Kind.NODE, "loss": Kind.LOSS}
    assert marked == {(kinds[d.kind], d.name, d.change) for d in told.differences}
    drawn = {(arrow.edge, arrow.change) for arrow in shown.arrows}
    literals = {edge for edge in told.edges if "." in edge.value.node}
    assert drawn == {(edge, change) for edge, change in told.edges.items() if edge not in literals}


def test_every_arrow_has_its_boxes(shown: Picture) -> None:
    ids = [box.id for box in shown.boxes]
    assert len(set(ids)) == len(ids)
    assert {end for arrow in shown.arrows for end in (arrow.source, arrow.target)} <= set(ids)


@pytest.mark.parametrize("name", EDITS)
def test_what_is_gone_is_drawn(name: str) -> None:
    """Every box and every arrow of both graphs is there once."""
    told = compare(graph(), graph(edited(name)))
    shown = diff_picture(told)
    n_gone = sum(d.change is Change.REMOVED for d in told.differences)
    assert sum(box.change is Change.REMOVED for box in shown.boxes) == n_gone
    removed = [edge for edge, change in told.edges.items() if change is Change.REMOVED and "." not in edge.value.node]
    assert sorted(str(a.edge) for a in shown.arrows if a.change is Change.REMOVED) == sorted(map(str, removed))


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_a_change_is_told_without_colour(theme) -> None:
    """A sign and an outline or stroke of its own for each."""
    dot = dot_of(diff_picture(compare(graph(), graph(many_changes()))), theme)
    lines = {line.split(" ")[2]: line for line in dot.splitlines() if " [id=" in line}
    assert 'penwidth="2.4"' in lines["node_soft"]
    assert "<B>+ soft</B>" in lines["node_soft"]
    assert "<B>~ out</B>" in lines["node_out"]
    assert 'style="filled,dashed"' in lines["gone_audio"]
    assert "− <S>audio</S>" in lines["gone_audio"]
    assert 'penwidth="1"' in lines["node_warm"]
    removed = [line for line in dot.splitlines() if " -> " in line and 'style="dashed"' in line]
    assert len(removed) == 2
    assert all("<B>−</B>" in line for line in removed)


def test_a_changed_edge_says_what_it_was() -> None:
    shown = diff_picture(compare(graph(), graph(edited("input_type"))))
    arrow = next(a for a in shown.arrows if a.change is Change.CHANGED)
    assert arrow.notes == ("was [b, frames, 1]", "was frame · raw")


def test_a_cycle_of_both_graphs_is_drawn() -> None:
    """Old: one feeds two; new: two feeds one. And an input that is gone feeds a node that stays."""
    head = "version: 2\nname: a\nclock: {sample_rate: 16 kHz}\noutputs: {b: one, c: two}\n"
    inputs = ("inputs: {x: {rate: audio}}\n", "inputs: {y: {rate: audio}}\n")
    nodes = (
        "nodes: {one: {op: tanh, inputs: [x]}, two: {op: tanh, inputs: [one]}}\n",
        "nodes: {two: {op: tanh, inputs: [y]}, one: {op: tanh, inputs: [two]}}\n",
    )
    told = compare(*(graph(head + i + n) for i, n in zip(inputs, nodes, strict=True)))
    assert ("input", "x", "-") in changes(told)
    assert "gone_x:s -> node_one" in dot_of(diff_picture(told), THEMES["light"])


def test_only_what_differs_of_a_clock() -> None:
    longer = OLD.replace("frame_rate: 250 Hz", "frame_rate: 250 Hz, duration: 2 s")
    found = compare(graph(), graph(longer)).differences
    assert [d.details for d in found] == [("duration: open -> 32000 samples",)]


def test_hostile_names_are_compared_and_drawn() -> None:
    """T14: names with slashes, arrows and markup are names."""
    hostile = hostile_graph()
    found = compare(hostile, hostile)
    assert found.is_same
    assert {arrow.change for arrow in diff_picture(found).arrows} == {Change.SAME}
    fewer = hostile.replace(outputs=hostile.outputs[1:])
    gone = compare(hostile, fewer)
    assert [d.change for d in gone.differences] == [Change.REMOVED]
    assert dot_of(diff_picture(gone), THEMES["dark"]).count('style="filled,dashed"') >= 1


def test_an_edge_says_where_it_leads() -> None:
    assert str(Edge(Ref("a", "signal"), "b", "audio")) == "a/signal -> b/audio"
    assert str(Edge(Ref("a", "signal"), "", "audio")) == "a/signal -> audio"


def test_files(tmp_path: Path) -> None:
    for suffix in (".svg", ".mmd", ".dot"):
        found = draw_comparison(graph(), graph(many_changes()), tmp_path / f"changes{suffix}", theme="dark")
        assert not found.is_same
        assert (tmp_path / f"changes{suffix}").stat().st_size > 1000
    with pytest.raises(GraphError, match="E607"):
        draw_comparison(graph(), graph(), tmp_path / "changes.bmp")
    with pytest.raises(ValueError, match="detail is one of"):
        draw_comparison(graph(), graph(), tmp_path / "a.dot", detail="some")  # type: ignore[arg-type]


def test_no_tensorflow_is_needed() -> None:
    code = (
        "import sys; from tests.render.compared import *; from ddspgraph.render.compare import compare;"
        "compare(graph(), graph(many_changes())).text(); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
