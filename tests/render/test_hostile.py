"""T14: whatever a name, parameter or doc holds, it is shown as text and nothing else."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from ddspgraph.diagnostics import clean
from ddspgraph.ir.graph import Graph
from ddspgraph.render import render, to_svg
from ddspgraph.render.labels import doc_text, name_text
from ddspgraph.render.mermaid import escape, to_mermaid
from tests.render.hostile import CORPUS, hostile_graph

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
#: Nothing here runs, loads or links: `a` carries the tooltip, and its `href` is not among the attributes.
ELEMENTS = {f"{SVG}{name}" for name in ("svg", "g", "title", "a", "polygon", "polyline", "path", "ellipse", "text")}
ATTRIBUTES = {
    *("id", "class", "transform", "width", "height", "viewBox", "points", "d", "x", "y", "cx", "cy", "rx", "ry"),
    *("fill", "stroke", "stroke-width", "stroke-dasharray", "text-anchor", f"{XLINK}title"),
    *("font-family", "font-weight", "font-style", "font-size"),
}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return hostile_graph()


@pytest.fixture(scope="module")
def svg(graph: Graph) -> ElementTree.Element:
    return ElementTree.fromstring(to_svg(graph))


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 80


def test_svg_holds_drawing_and_text_only(svg: ElementTree.Element) -> None:
    assert {element.tag for element in svg.iter()} <= ELEMENTS
    assert {name for element in svg.iter() for name in element.attrib} <= ATTRIBUTES


def test_svg_holds_one_box_a_thing(graph: Graph, svg: ElementTree.Element) -> None:
    """No text made a node, an edge or a group of its own, and none was swallowed."""
    classes = [element.get("class", "") for element in svg.iter(f"{SVG}g")]
    n_ends = len(graph.inputs) + len(graph.nodes) + len(graph.outputs)
    assert sum(c.startswith("node ") for c in classes) == n_ends
    assert classes.count("edge") == 2 * len(graph.nodes) + len(graph.outputs)
    assert classes.count("cluster") == len(graph.nodes)


def test_svg_shows_the_names_themselves(svg: ElementTree.Element) -> None:
    lines = {_squeezed(element.text or "") for element in svg.iter(f"{SVG}text")}
    for text in CORPUS:
        assert _squeezed(name_text(f"in {text}")) in lines
        assert _squeezed(name_text(f"out {text}")) in lines
        assert _squeezed(name_text(f"group {text}")) in lines


def test_tooltips_are_the_docs_themselves(svg: ElementTree.Element) -> None:
    shown = {element.get(f"{XLINK}title") for element in svg.iter(f"{SVG}a")}
    assert shown == {doc_text(text).replace("\\", "∖") for text in CORPUS if text.strip()}


def test_ids_are_plain_and_unique(svg: ElementTree.Element) -> None:
    ids = [element.get("id", "") for element in svg.iter(f"{SVG}g") if "node" in element.get("class", "")]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z0-9_]{1,80}", found) for found in ids)


def test_svg_has_no_prolog(graph: Graph) -> None:
    """No document type, no comment, no address but the two names of the format itself."""
    text = to_svg(graph)
    assert text.startswith("<svg ")
    assert "<!" not in text
    assert set(re.findall(r'="(https?://[^"]*)"', text)) == {SVG.strip("{}"), XLINK.strip("{}")}


@pytest.mark.parametrize("detail", ["names", "types", "all"])
def test_dot_reads_every_detail(graph: Graph, detail: str) -> None:
    assert render(graph, "svg", detail=detail, legend=True)  # type: ignore[arg-type]


LABEL = r'"[\w ,.=/()+\-\[\]:·−…×→#;]*(?:<br/>[\w ,.=/()+\-\[\]:·−…×→#;]*)*"'
BOX = rf"\w+(?:\(\[{LABEL}\]\)|>{LABEL}\]|\[\[{LABEL}\]\]|\[{LABEL}\]|\(({LABEL})\)|\{{\{{{LABEL}\}}\}})"
LINE = re.compile(
    rf"flowchart TB|  subgraph group_\d+\[{LABEL}\]|  end|  (?:  )?{BOX}|  \w+ (?:-->|==>|-\.->)(?:\|{LABEL}\|)? \w+"
    r"|  classDef \w+ [\w:#,\- ]+|  class [\w,]+ \w+"
)


def test_mermaid_is_of_its_grammar(graph: Graph) -> None:
    """Every line is one of five forms, and a label holds letters, digits, harmless signs and numeric entities."""
    for line in to_mermaid(graph).rstrip("\n").split("\n"):
        assert LINE.fullmatch(line), line[:200]


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_mermaid_escapes_are_reversible(text: str) -> None:
    escaped = escape(text)
    assert re.sub(r"#(\d+);", lambda m: chr(int(m[1])), escaped) == clean(text)
    assert not set('"<>&{}|%`\\\n$@') & set(escaped)


def _squeezed(text: str) -> str:
    return "".join(text.split())
