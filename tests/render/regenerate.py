"""Writes the golden pictures anew: `python -m tests.render.regenerate`, then look at the diff."""

from __future__ import annotations

from pathlib import Path

from ddspgraph.render.compare import compare
from ddspgraph.render.diff import diff_picture
from ddspgraph.render.dot import dot_of, to_dot
from ddspgraph.render.mermaid import mermaid_of, to_mermaid
from ddspgraph.render.theme import theme_named
from tests.render.compared import EDITS, edited, graph, many_changes
from tests.render.graphs import GOLDEN, typed

FOLDER = Path(__file__).parent / "golden"


def texts() -> dict[str, str]:
    """File name -> what it should hold."""
    found = {}
    for name, text in GOLDEN.items():
        found[f"{name}.dot"] = to_dot(typed(text))
        found[f"{name}.mmd"] = to_mermaid(typed(text))
    found["solo_names_dark_legend.dot"] = to_dot(typed(GOLDEN["solo"]), detail="names", theme="dark", legend=True)
    found["chorus_all.dot"] = to_dot(typed(GOLDEN["chorus"]), detail="all")
    found["chorus_source.dot"] = to_dot(typed(GOLDEN["chorus"]), stage="source")
    found |= _comparisons()
    return found


def _comparisons() -> dict[str, str]:
    found = {}
    for name in EDITS:
        found[f"compare_{name}.txt"] = compare(graph(), graph(edited(name))).text()
    many = compare(graph(), graph(many_changes()))
    found["compare_many.txt"] = many.text()
    found["compare_many.dot"] = dot_of(diff_picture(many), theme_named("light"))
    found["compare_many.mmd"] = mermaid_of(diff_picture(many), theme_named("light"))
    return found


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, content in texts().items():
        (FOLDER / file).write_text(content, encoding="utf-8")
