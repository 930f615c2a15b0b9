"""Writes the golden pictures anew: `python -m tests.render.regenerate`, then look at the diff."""

from __future__ import annotations

from pathlib import Path

from ddspgraph.render.dot import to_dot
from ddspgraph.render.mermaid import to_mermaid
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
    return found


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, content in texts().items():
        (FOLDER / file).write_text(content, encoding="utf-8")
