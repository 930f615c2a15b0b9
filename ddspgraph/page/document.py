"""The HTML file: template, style and script of `assets/`, the diagram, and everything else as JSON.

Nothing that comes from a spec becomes markup: the script inserts it as text, and a content security policy, with the
digests of this style and this script, forbids all other scripts and every request.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from ddspgraph.ir.graph import Graph
from ddspgraph.page.diagram import diagram
from ddspgraph.page.facts import facts
from ddspgraph.render.compose import picture
from ddspgraph.render.labels import name_text

#: In the order in which the one script is put together.
_SCRIPTS = ("dom.js", "plots.js", "signals.js", "diagram.js", "panel.js", "search.js", "main.js")
_SLOT = re.compile(r"<!--slot:(\w+)-->")


def html_of(graph: Graph, values: Mapping[str, Any] | None = None) -> str:
    """The page of a typed graph.

    Args:
      graph: as `load` gives it.
      values: NumPy arrays of its inputs and ports by name, `{"warm/signal": ...}`, as `port_values` gives them;
        None for a page without signals.

    Raises:
      GraphError: E608 where graphviz's `dot` is missing.
    """
    shown = picture(graph)
    views, index = _views(graph, values or {})
    svg, colours = diagram(shown)
    data = facts(graph, shown, index) | {"views": views, "has_signals": values is not None}
    if views:
        from ddspgraph.page.png import data_uri, png, ramp

        data["ramp"] = data_uri("image/png", png(ramp()))
    style, script = colours + _asset("page.css"), _script()
    slots = {
        "title": html.escape(f"{name_text(graph.name) if graph.name else 'graph'} · ddspgraph"),
        "policy": _policy(style, script),
        "style": style,
        "diagram": svg,
        "data": _json(data),
        "script": script,
    }
    return _SLOT.sub(lambda match: slots[match[1]], _asset("page.html"))


def _views(graph: Graph, values: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    own = {node.name for node in graph.nodes if not node.is_written}
    known = {str(ref): signal for ref, signal in graph.types.items() if ref.node not in own}
    known |= {i.name: i.signal for i in graph.inputs}
    wanted = {name: value for name, value in values.items() if name in known}
    if not wanted:
        return [], {}
    from ddspgraph.page.wire import views_of

    return views_of(wanted, known, graph.clock)


def _json(data: Any) -> str:
    """JSON that no HTML parser takes for markup: ASCII, and `<`, `>` and `&` only as escapes."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; media-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@functools.cache
def _script() -> str:
    parts = "\n".join(_asset(name) for name in _SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


@functools.cache
def _asset(name: str) -> str:
    return (resources.files("ddspgraph.page") / "assets" / name).read_text(encoding="utf-8")
