"""Pictures of graphs: DOT and Mermaid text, and SVG, PNG, PDF through graphviz. TensorFlow is not imported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Graph
    from ddspgraph.render.picture import Detail

#: What the suffix of a file may be.
FORMATS = (".svg", ".png", ".pdf", ".dot", ".gv", ".mmd")


def draw(
    graph: Graph,
    path: str | os.PathLike[str],
    *,
    detail: Detail = "types",
    theme: str = "light",
    legend: bool = False,
) -> None:
    """Writes a picture of a graph; the suffix of `path` says which kind.

    Args:
      graph: a typed graph, as `load` gives it.
      path: .svg, .png, .pdf (these need graphviz's `dot`), .dot, .gv or .mmd. It appears whole or not at all.
      detail: "names" (names and ops), "types" (also ports, changed parameters and the type of every edge) or "all".
      theme: "light" or "dark".
      legend: add a key of shapes and strokes (not in Mermaid).

    Raises:
      GraphError: E607 for another suffix or where the file cannot be written; E608 where `dot` is missing.
      ValueError: for a detail or theme that does not exist.
    """
    from ddspgraph.diagnostics import clean, fail
    from ddspgraph.files import place, write_atomically

    suffix = Path(os.fsdecode(path)).suffix.lower()
    if suffix not in FORMATS:
        message = f"the suffix says what to draw, '{clean(suffix)[:20]}' says nothing"
        raise fail("E607", message, place(path), hint=f"known: {', '.join(FORMATS)}")
    write_atomically(path, render(graph, suffix[1:], detail=detail, theme=theme, legend=legend))


def render(graph: Graph, kind: str, *, detail: Detail = "types", theme: str = "light", legend: bool = False) -> bytes:
    """The bytes of a picture: "dot", "gv", "mmd", "svg", "png" or "pdf". Raises as `draw` does."""
    if kind == "mmd":
        from ddspgraph.render.mermaid import to_mermaid

        return to_mermaid(graph, detail=detail, theme=theme).encode()
    from ddspgraph.render.dot import to_dot

    dot = to_dot(graph, detail=detail, theme=theme, legend=legend)
    if kind in ("dot", "gv"):
        return dot.encode()
    from ddspgraph.render.image import render_dot

    return render_dot(dot, kind)


def to_svg(graph: Graph, *, detail: Detail = "types", theme: str = "light") -> str:
    """The picture as an `<svg>` element, for a notebook or a page. Raises GraphError E608 without `dot`."""
    return render(graph, "svg", detail=detail, theme=theme).decode()
