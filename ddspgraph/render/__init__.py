"""Pictures of graphs: DOT and Mermaid text, and SVG, PNG, PDF through graphviz. TensorFlow is not imported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Graph
    from ddspgraph.render.compare import Comparison
    from ddspgraph.render.picture import Detail, Picture, Stage
    from ddspgraph.render.theme import Theme

#: What the suffix of a file may be.
FORMATS = (".svg", ".png", ".pdf", ".dot", ".gv", ".mmd")


def draw(
    graph: Graph,
    path: str | os.PathLike[str],
    *,
    detail: Detail = "types",
    theme: str = "light",
    legend: bool = False,
    stage: Stage = "typed",
    fold: bool = False,
) -> None:
    """Writes a picture of a graph; the suffix of `path` says which kind.

    Args:
      graph: a typed graph, as `load` gives it.
      path: .svg, .png, .pdf (these need graphviz's `dot`), .dot, .gv or .mmd. It appears whole or not at all.
      detail: "names" (names and ops), "types" (also ports, changed parameters and types where they are new) or "all".
      theme: "light" or "dark".
      legend: add a key of shapes and strokes (not in Mermaid).
      fold: draw every sub-graph as one box.
      stage: "source" (as written, nothing inferred), "typed", or "optimised": after the compiler's passes, which
        imports TensorFlow.

    Raises:
      GraphError: E607 for another suffix or where the file cannot be written; E608 where `dot` is missing.
      ValueError: for a detail, theme or stage that does not exist.
    """
    kind = kind_of_file(path)
    from ddspgraph.files import write_atomically

    write_atomically(path, render(graph, kind, detail=detail, theme=theme, legend=legend, stage=stage, fold=fold))


def draw_comparison(
    old: Graph, new: Graph, path: str | os.PathLike[str], *, detail: Detail = "types", theme: str = "light"
) -> Comparison:
    """Writes one picture of two graphs: what was added, removed and changed is marked.

    Args:
      old: a typed graph.
      new: a typed graph.
      path: as of `draw`.
      detail: "names", "types" or "all".
      theme: "light" or "dark".

    Returns:
      What became of every part; `text()` says it in words.

    Raises:
      GraphError: as `draw` does.
      ValueError: for a detail or theme that does not exist.
    """
    from ddspgraph.files import write_atomically
    from ddspgraph.render.compare import compare
    from ddspgraph.render.diff import diff_picture
    from ddspgraph.render.theme import theme_named

    kind, comparison = kind_of_file(path), compare(old, new)
    write_atomically(path, bytes_of(diff_picture(comparison, detail), kind, theme_named(theme)))
    return comparison


def kind_of_file(path: str | os.PathLike[str]) -> str:
    """The kind of picture that a suffix asks for, without its dot. Raises GraphError E607 for another one."""
    from ddspgraph.diagnostics import clean, fail
    from ddspgraph.files import place

    suffix = Path(os.fsdecode(path)).suffix.lower()
    if suffix not in FORMATS:
        message = f"the suffix says what to draw, '{clean(suffix)[:20]}' says nothing"
        raise fail("E607", message, place(path), hint=f"known: {', '.join(FORMATS)}")
    return suffix[1:]


def render(
    graph: Graph,
    kind: str,
    *,
    detail: Detail = "types",
    theme: str = "light",
    legend: bool = False,
    stage: Stage = "typed",
    fold: bool = False,
) -> bytes:
    """The bytes of a picture: "dot", "gv", "mmd", "svg", "png" or "pdf". Raises as `draw` does."""
    from ddspgraph.render.compose import picture
    from ddspgraph.render.theme import theme_named

    return bytes_of(picture(graph, detail, stage, fold=fold), kind, theme_named(theme), legend)


def bytes_of(shown: Picture, kind: str, theme: Theme, legend: bool = False) -> bytes:
    """The bytes of a picture that is composed. Raises as `draw` does."""
    if kind == "mmd":
        from ddspgraph.render.mermaid import mermaid_of

        return mermaid_of(shown, theme).encode()
    from ddspgraph.render.dot import dot_of

    dot = dot_of(shown, theme, legend)
    if kind in ("dot", "gv"):
        return dot.encode()
    from ddspgraph.render.image import render_dot

    return render_dot(dot, kind)


def to_svg(graph: Graph, *, detail: Detail = "types", theme: str = "light") -> str:
    """The picture as an `<svg>` element, for a notebook or a page. Raises GraphError E608 without `dot`."""
    return render(graph, "svg", detail=detail, theme=theme).decode()
