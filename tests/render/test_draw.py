"""Files: the suffix decides, they appear whole or not at all, and errors say what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ddspgraph.diagnostics import GraphError
from ddspgraph.render import FORMATS, draw, to_svg
from ddspgraph.render.dot import to_dot
from ddspgraph.render.image import render_dot
from tests.render.graphs import CHORUS, SOLO, typed

MAGIC = {
    ".svg": b"<svg ",
    ".png": b"\x89PNG",
    ".pdf": b"%PDF",
    ".dot": b"digraph",
    ".gv": b"digraph",
    ".mmd": b"flowchart",
}


def code_of(error: GraphError) -> str:
    return error.diagnostics[0].code


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_suffix_says_which_kind(tmp_path: Path, suffix: str) -> None:
    draw(typed(CHORUS), tmp_path / f"graph{suffix.upper()}")
    (made,) = tmp_path.iterdir()
    assert made.read_bytes().startswith(MAGIC[suffix])


def test_a_picture_replaces_the_older_one(tmp_path: Path) -> None:
    target = tmp_path / "graph.dot"
    draw(typed(SOLO), target)
    draw(typed(CHORUS), str(target))
    assert target.read_text() == to_dot(typed(CHORUS))
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["graph", "graph.bmp", "graph.", "graph.svg.exe\n"])
def test_another_suffix(tmp_path: Path, name: str) -> None:
    with pytest.raises(GraphError) as caught:
        draw(typed(CHORUS), tmp_path / name)
    assert code_of(caught.value) == "E607"
    assert caught.value.exit_code == 4
    assert "known: .svg, .png, .pdf, .dot, .gv, .mmd" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(GraphError) as caught:
        draw(typed(CHORUS), tmp_path / "none" / "graph.svg")
    assert code_of(caught.value) == "E607"
    assert "does not exist" in str(caught.value)


def test_without_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text needs no program; pictures name the one that they need."""
    monkeypatch.setenv("PATH", str(tmp_path))
    graph = typed(CHORUS)
    for suffix in (".dot", ".gv", ".mmd"):
        draw(graph, tmp_path / f"graph{suffix}")
    for suffix in (".svg", ".png", ".pdf"):
        target = tmp_path / f"picture{suffix}"
        target.write_bytes(b"the older one")
        with pytest.raises(GraphError) as caught:
            draw(graph, target)
        assert code_of(caught.value) == "E608"
        assert "apt-get install graphviz" in str(caught.value)
        assert "brew install graphviz" in str(caught.value)
        assert target.read_bytes() == b"the older one"


def test_a_dot_that_takes_too_long() -> None:
    with pytest.raises(GraphError) as caught:
        render_dot(to_dot(typed(SOLO)), "svg", timeout_s=0.0)
    assert code_of(caught.value) == "E607"


def test_a_dot_that_fails() -> None:
    with pytest.raises(GraphError) as caught:
        render_dot("digraph {", "svg")
    assert code_of(caught.value) == "E608"
    assert "syntax error" in str(caught.value)


def test_unknown_detail_and_theme() -> None:
    with pytest.raises(ValueError, match="detail is one of names, types, all"):
        to_dot(typed(CHORUS), detail="some")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="theme is one of light, dark"):
        to_dot(typed(CHORUS), theme="pink")


def test_svg_for_a_page() -> None:
    svg = to_svg(typed(CHORUS), theme="dark")
    assert svg.startswith("<svg ")
    assert svg.rstrip().endswith("</svg>")
    assert "transparent" not in svg


def test_pictures_need_no_tensorflow(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.render.graphs import SOLO, typed; from ddspgraph.render import draw;"
        f"draw(typed(SOLO), {str(tmp_path / 'graph.svg')!r}); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
