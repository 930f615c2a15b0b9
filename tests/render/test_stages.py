"""Stages and costs in pictures: as written, with types, as it runs; and each node's share of the work."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ddspgraph as dg
from ddspgraph.compiler.driver import outline
from ddspgraph.estimates.cost import estimate
from ddspgraph.render import render
from ddspgraph.render.compose import picture
from ddspgraph.render.dot import to_dot
from ddspgraph.render.labels import share_text
from ddspgraph.render.legend import legend_table
from ddspgraph.render.picture import Kind, Picture
from ddspgraph.render.theme import LIGHT
from tests.render.compared import OLD
from tests.render.graphs import CHORUS, SOLO, typed

MISFIT = OLD.replace("depth: {rate: frame, unit: raw}", "depth: {rate: frame, unit: Hz}")


def labels(shown: Picture) -> dict[str, str]:
    return {box.name: " ".join(map(str, box.lines)) for box in shown.boxes}


def test_source_shows_what_was_written() -> None:
    """No types, no conversions, no cost; parameters and literals as they stand."""
    shown = picture(typed(CHORUS), stage="source")
    assert all(arrow.signal is None and not arrow.notes for arrow in shown.arrows)
    assert all(box.share is None for box in shown.boxes)
    assert labels(shown)["chorus"] == "center_ms = 12 ms"
    pins = {pin.port: pin.value for box in shown.boxes for pin in box.inputs}
    assert str(pins["frequency_hz"]) == "0.7 Hz"
    dot = to_dot(typed(CHORUS), stage="source")
    assert "[b, " not in dot
    assert "as written" in dot
    assert 'style="dotted"' not in dot, "a stroke would tell a rate"


def test_source_of_a_spec_whose_types_do_not_fit() -> None:
    """The diagram that shows what is wrong must not need a graph that is right."""
    with pytest.raises(dg.GraphError, match="E412"):
        dg.load(MISFIT)
    graph = outline(MISFIT)
    assert not graph.types
    assert render(graph, "mmd", stage="source") == render(dg.load(OLD), "mmd", stage="source")


def test_outline_still_wants_names_that_exist() -> None:
    with pytest.raises(dg.GraphError, match="E301"):
        outline(OLD.replace("inputs: {audio: chorus, gain: -12 dB}", "inputs: {audio: choru, gain: -12 dB}"))


def test_optimised_is_what_runs() -> None:
    """Conversions are nodes; what depends on constants alone has become one."""
    text = OLD.replace("gain: -12 dB}}", "gain: level}}\n  level: {op: power_to_db, inputs: [0.01]}")
    model = dg.compile(text)
    shown = picture(model.graph, stage="optimised")
    names = {box.node for box in shown.boxes if box.node}
    inlined = {node.name for node in model.optimised.nodes} - names
    assert names <= {node.name for node in model.optimised.nodes}
    assert all("." in name for name in inlined), "literals at their ports"
    assert "level" not in names
    assert {box.name for box in shown.boxes if box.kind is Kind.IMPLIED} >= {"resample", "hold"}
    assert "as it runs" in to_dot(model.graph, stage="optimised")


def test_another_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="stage is one of source, typed, optimised"):
        picture(typed(SOLO), stage="raw")  # type: ignore[arg-type]


def test_shares_are_the_estimate() -> None:
    graph = typed(SOLO)
    costs = estimate(graph)
    shares = {box.node: box.share for box in picture(graph, "all").boxes if box.node}
    assert shares == {node.name: pytest.approx(costs.share(node.name)) for node in graph.nodes}
    assert sum(share for share in shares.values() if share) == pytest.approx(1.0)


def test_small_shares_are_told_in_words() -> None:
    """Every node has its share; a bar of one pixel would say nothing."""
    assert all(box.share is None for box in picture(typed(SOLO), "names").boxes)
    lines = {line.split(" ")[2]: line for line in to_dot(typed(SOLO)).splitlines() if " [id=" in line}
    assert "add · &lt; 1 %" in lines["node_dry"]
    assert "of the work" not in lines["node_dry"]
    assert "of the work" in lines["node_harmonic"]


def test_the_bar_is_as_long_as_the_share() -> None:
    dot = to_dot(typed(SOLO))
    (line,) = [line for line in dot.splitlines() if line.startswith("  node_wet [")]
    share = estimate(typed(SOLO)).share("wet")
    assert f'<TD WIDTH="{round(48 * share)}" HEIGHT="4"' in line
    assert f"{share_text(share)} of the work" in line


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (0.004, "< 1 %"), (0.0149, "1 %"), (0.5, "50 %"), (1.0, "100 %")]
)
def test_share_text(share: float, text: str) -> None:
    assert share_text(share) == text


def test_the_key_of_a_source_names_no_rates() -> None:
    key = legend_table(picture(typed(SOLO), stage="source"), LIGHT)
    assert "rate" not in key
    assert "trainable" in key


def test_source_and_typed_need_no_tensorflow() -> None:
    code = (
        "import sys; from tests.render.graphs import SOLO, typed; from ddspgraph.render import render;"
        "[render(typed(SOLO), 'dot', stage=s, detail='all') for s in ('source', 'typed')];"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
