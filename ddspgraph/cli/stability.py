"""`ddspgraph check --stability SPEC`: a table of the loops, and what is known of each."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from ddspgraph.cli.console import paint, width
from ddspgraph.cli.spec import read_spec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ddspgraph.cli.options import GraphOptions
    from ddspgraph.compiler.analysis.stability import Verdict
    from ddspgraph.diagnostics import Diagnostic
    from ddspgraph.ir.graph import Graph

_COLOURS = {"stable": "bold green", "unstable": "bold red", "not proven": "bold yellow"}
_HEADS = ("loop", "verdict", "T60", "radius or gain", "line")


def stability_text(verdicts: tuple[Verdict, ...]) -> str:
    """The table, in 80 columns."""
    if not verdicts:
        return "no loops\n"
    rows = [_HEADS, *(_cells(verdict) for verdict in verdicts)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADS))]
    lines = []
    for row, verdict in zip(rows, [None, *verdicts], strict=True):
        cells = [cell.ljust(n) for cell, n in zip(row, widths, strict=True)]
        if verdict is None:
            lines.append(paint("  ".join(cells).rstrip(), "bold"))
            continue
        cells[1] = paint(cells[1], _COLOURS[verdict.outcome])
        lines.append("  ".join(cells).rstrip())
        for text in (verdict.why, *map(str, verdict.notes)):
            lines += textwrap.wrap(text, width(), initial_indent="  ", subsequent_indent="    ")
    return "\n".join([*lines, ""])


def stability_data(verdicts: tuple[Verdict, ...]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [verdict.as_dict() for verdict in verdicts]


def verdicts_of(spec: str, graph: Graph | None, diagnostics: Iterable[Diagnostic], options: GraphOptions) -> Any:
    """A verdict for each loop, also of a spec that is refused since a loop grows; None where it has other errors."""
    from ddspgraph.compiler.driver import stability

    if graph is not None:
        return stability(graph)
    if spec == "-" or any(found.is_error and found.code != "E418" for found in diagnostics):
        return None
    document = read_spec(spec, options.limits)
    return stability(document, params=options.params, ops=options.ops, limits=options.limits)


def _cells(verdict: Verdict) -> tuple[str, ...]:
    from ddspgraph.render.labels import name_text

    t60 = "" if verdict.t60_s is None else f"{'' if verdict.is_exact else '<= '}{_time_text(verdict.t60_s)}"
    size = ""
    if verdict.radius is not None:
        size = f"radius {verdict.radius:.6f}"
    elif verdict.gain is not None:
        size = f"gain {verdict.gain:.4g}"
    line = "" if verdict.span is None else str(verdict.span.line)
    return name_text(verdict.name, 24), verdict.outcome, t60, size, line


def _time_text(seconds: float) -> str:
    return f"{1000.0 * seconds:.3g} ms" if seconds < 1.0 else f"{seconds:.3g} s"
