"""How graphs show themselves in Jupyter.

A notebook asks an object itself, by `_repr_html_` and `_repr_svg_`. `Graph` and `CompiledGraph` stand below this
module: their methods hand on to it when they are called, as `CompiledGraph.save` hands on to the backends. The other
ways, methods that a higher module writes into the classes when it is imported, would make what a graph can do depend
on what else was imported.
"""

from __future__ import annotations

import html

from ddspgraph.diagnostics import GraphError
from ddspgraph.ir.graph import Graph
from ddspgraph.render.labels import count_text, name_text, rate_text, shape_text


def svg(graph: Graph) -> str | None:
    """The diagram as `<svg>`; None where graphviz's `dot` is missing or does not end in time."""
    from ddspgraph.render import to_svg

    try:
        return to_svg(graph)
    except GraphError:
        return None


def page(graph: Graph, n_weights: int | None = None) -> str:
    """The diagram under a line that says what it is; a table of the nodes where there is no diagram.

    Args:
      graph: a typed graph.
      n_weights: how many numbers the variables of a compiled graph hold.
    """
    n_nodes = sum(node.is_written for node in graph.nodes)
    said = [f"{n_nodes} node{'s' * (n_nodes != 1)}"]
    if n_weights is not None:
        said = ["compiled", *said, f"{count_text(n_weights)} weights"]
    title = f"<div><b>{_text(graph.name or 'graph')}</b> {', '.join(said)}</div>"
    drawn = svg(graph)
    if drawn is None:
        return f"<div>{title}{_table(graph)}</div>"
    return f'<div style="overflow-x:auto;background:#fff;color:#16202a;padding:4px">{title}{drawn}</div>'


def _table(graph: Graph) -> str:
    rows = [("input", i.name, "", f"{shape_text(i.signal)} {rate_text(i.signal)}") for i in graph.inputs]
    for node in graph.nodes:
        if node.is_written:
            signal = graph.types.get(node.refs[0])
            read = ", ".join(str(ref) for _, ref in graph.reads(node) if not graph.is_literal(ref))
            rows.append((node.op.name, node.name, read, f"{shape_text(signal)} {rate_text(signal)}" if signal else ""))
    rows += [("output", name, str(ref), "") for name, ref in graph.outputs]
    head = "<tr><th>op</th><th>name</th><th>reads</th><th>type</th></tr>"
    cells = ("".join(f"<td>{_text(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{head}{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _text(raw: str) -> str:
    return html.escape(name_text(raw, 200)) if raw else ""
