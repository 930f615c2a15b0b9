"""`ddspgraph check --explain SPEC`: the graph as a table in execution order, with what it is estimated to cost.

TensorFlow is imported only to measure this machine (`--predict` where nothing is known yet, `--calibrate`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ddspgraph.cli.console import load_quietly, paint, stage, width
from ddspgraph.cli.options import Arguments, Parser

if TYPE_CHECKING:
    from ddspgraph.estimates.cost import Costs
    from ddspgraph.estimates.speed import Speed
    from ddspgraph.ir.graph import Graph, Node, Part, Ref
    from ddspgraph.ir.op import Op
    from ddspgraph.ir.types import Signal

_HEADS = ("", "makes", "rate · unit", "M/s", "share", "MB")
#: The columns of names, shapes and units take no more than this in 80 columns; a wider terminal gives to the names.
_MOST_CHARACTERS = (18, 20, 14)


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "--explain",
        action="store_true",
        help="print the graph in execution order: types, and estimated cost and memory",
    )
    parser.add_argument(
        "--predict",
        action="store_true",
        help="with --explain, how fast it will run here; measures this machine once (about 15 s)",
    )
    parser.add_argument("--calibrate", action="store_true", help="as --predict, but measures this machine anew")


def speed_of(arguments: Arguments) -> Speed | None:
    """What is known of this machine, measured first if it was asked for."""
    from ddspgraph.estimates.speed import known_speed, measure_speed

    speed = None if arguments.calibrate else known_speed()
    if speed is None and (arguments.predict or arguments.calibrate):
        with stage("measuring this machine"):
            load_quietly()
            speed = measure_speed()
    return speed


def explain_text(graph: Graph, speed: Speed | None) -> str:
    """The table, the totals and the prediction, in 80 columns."""
    from ddspgraph.estimates.cost import estimate

    costs = estimate(graph)
    rows = [*_input_rows(graph), *_node_rows(graph, costs)]
    widths = [max(len(row[i]) for row, _ in [(_HEADS, ""), *rows]) for i in range(len(_HEADS))]
    lines = [*_head(graph, costs), "", paint(_line(_HEADS, widths), "bold")]
    for cells, details in rows:
        line = _line(cells, widths)
        lines.append(paint(line[: widths[0]], "bold") + line[widths[0] :])
        lines += [paint(line, "dim") for line in _wrapped(details)]
    lines += _part_lines(graph, costs)
    totals = {**_totals(graph, costs), **_prediction(graph, costs, speed)}
    lines += ["", *(paint(name.ljust(8), "bold") + _hanging(text) for name, text in totals.items()), ""]
    return "\n".join(lines)


def explain_data(graph: Graph, speed: Speed | None) -> dict[str, Any]:
    """The same for JSON; counts are of one forward call of `seconds` of audio."""
    from ddspgraph.estimates.cost import estimate

    costs = estimate(graph)
    return {
        "seconds": costs.seconds,
        "sizes": dict(costs.sizes),
        "inputs": [{"name": i.name, **_signal_data(i.signal)} for i in graph.inputs],
        "nodes": [_node_data(graph, node, costs) for node in _nodes(graph)],
        "graphs": [_part_data(part, graph, costs) for part in graph.parts.values()],
        "outputs": {name: str(ref) for name, ref in graph.outputs},
        "multiply_adds_per_s": round(costs.per_second(costs.multiply_adds)),
        "output_multiply_adds_per_s": round(costs.per_second(costs.output_multiply_adds)),
        "weights": costs.n_weights,
        "peak_bytes": costs.peak_bytes,
        "predicted_real_time_factor": speed and _factor(costs.output_multiply_adds, costs, speed),
        "measured_on": speed and speed.measured_on,
        "machine": speed and speed.machine,
    }


def _part_data(part: Part, graph: Graph, costs: Costs) -> dict[str, Any]:
    """A use of a sub-graph: what its nodes cost together."""
    inside = [node.name for node in graph.nodes if node.name.startswith(f"{part.name}.")]
    made = [costs.nodes[name] for name in inside]
    return {
        "name": part.name,
        "graph": part.graph,
        "nodes": sum(node.is_written for node in graph.nodes if node.name.startswith(f"{part.name}.")),
        "weights": sum(cost.n_weights for cost in made),
        "multiply_adds_per_s": round(costs.per_second(sum(cost.multiply_adds for cost in made))),
        "share": sum(costs.share(name) for name in inside),
    }


def _part_lines(graph: Graph, costs: Costs) -> list[str]:
    """A line for every use of a sub-graph."""
    from ddspgraph.render.labels import count_text, share_text

    rows = []
    for part in graph.parts.values():
        found = _part_data(part, graph, costs)
        depth = sum(part.name.startswith(f"{other}.") for other in graph.parts)
        weights = f"{count_text(found['weights'])} weights" if found["weights"] else ""
        name = _short("  " * depth + part.name, _MOST_CHARACTERS[0] + max(0, width() - 80))
        work = f"{found['multiply_adds_per_s'] / 1e6:.1f} M/s"
        nodes = f"{found['nodes']} node{'s' * (found['nodes'] != 1)}"
        rows.append((name, _short(part.graph, 20), nodes, work, share_text(found["share"]), weights))
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    sides = (str.ljust, str.ljust, str.ljust, str.rjust, str.rjust, str.rjust)
    lines = ["  ".join(side(cell, w) for side, cell, w in zip(sides, row, widths, strict=True)) for row in rows]
    return ["", paint("sub-graphs", "bold"), *(line.rstrip() for line in lines)]


def _nodes(graph: Graph) -> list[Node]:
    """Without literals: these stand at the port that they feed."""
    from ddspgraph.render.compose import kind_of
    from ddspgraph.render.picture import Kind

    return [node for node in graph.nodes if kind_of(graph, node) is not Kind.LITERAL]


def _input_rows(graph: Graph) -> Iterator[tuple[tuple[str, ...], str]]:
    for i in graph.inputs:
        yield (*_cut(i.name, *_type_cells(i.signal)), "", "input", ""), ""


def _node_rows(graph: Graph, costs: Costs) -> Iterator[tuple[tuple[str, ...], str]]:
    """Cells, and what stands below them: one row a node, or one more for each output where several are read."""
    from ddspgraph.render.labels import share_text

    for node in _nodes(graph):
        cost, used = costs.nodes[node.name], _used(graph, node)
        said = f"{costs.per_second(cost.multiply_adds) / 1e6:.1f}", share_text(costs.share(node.name))
        numbers, details = (*said, f"{cost.n_bytes / 1e6:.1f}"), _details(graph, node, costs)
        if len(used) == 1:
            yield (*_cut(node.name, *_type_cells(graph.types[used[0]])), *numbers), details
            continue
        yield (*_cut(node.name, "", ""), *numbers), ""
        for ref in used:
            cells = _cut(f"  /{ref.port}", *_type_cells(graph.types[ref]))
            yield (*cells, "", "", ""), details if ref == used[-1] else ""


def _details(graph: Graph, node: Node, costs: Costs) -> str:
    """`mod_delay(audio: warm, gain: 1, phase: sweep), depth_ms = 6 ms`."""
    from ddspgraph.render.labels import count_text
    from ddspgraph.render.values import voices_said

    inputs = ", ".join(f"{port}: {source}" for port, source in _sources(graph, node).items())
    params = [f"{name} = {value}" for name, value in _params(node).items()]
    count = costs.nodes[node.name].n_weights
    weights = f"; {count_text(count)} weight{'s' * (count != 1)}" if count else ""
    return ", ".join([f"{node.op.name}({inputs})", *params, *voices_said(node.op)]) + weights


def _node_data(graph: Graph, node: Node, costs: Costs) -> dict[str, Any]:
    cost = costs.nodes[node.name]
    return {
        "name": node.name,
        "op": node.op.name,
        "inputs": _sources(graph, node),
        "outputs": {ref.port: _signal_data(graph.types[ref]) for ref in _used(graph, node)},
        "params": _params(node),
        **_voices_data(node.op),
        "is_loss": node.name in graph.losses,
        "weights": cost.n_weights,
        "multiply_adds_per_s": round(costs.per_second(cost.multiply_adds)),
        "share": costs.share(node.name),
        "bytes": cost.n_bytes,
    }


def _voices_data(op: Op) -> dict[str, Any]:
    from ddspgraph.ir.mapped import Mapped

    if not isinstance(op, Mapped) or op.voices is None or op.where_needed:
        return {}
    return {"voices": op.voices, "mix": op.mixing, "norm": op.scaling}


def _sources(graph: Graph, node: Node) -> dict[str, str]:
    from ddspgraph.render.compare import source_text

    return {port: source_text(graph, ref) for port, ref in graph.reads(node)}


def _params(node: Node) -> dict[str, str]:
    """Those that differ from their defaults, as their author wrote them."""
    from ddspgraph.render.values import params_said

    return {name: str(said) for name, said in params_said(node).items()}


def _used(graph: Graph, node: Node) -> list[Ref]:
    """The outputs that something reads, the default one where nothing does."""
    read = {*graph.users(), *graph.roots()}
    return [ref for ref in node.refs if ref in read] or list(node.refs[:1])


def _type_cells(signal: Signal) -> tuple[str, str]:
    from ddspgraph.render.labels import rate_text, shape_text

    return shape_text(signal), rate_text(signal)


def _signal_data(signal: Signal) -> dict[str, str]:
    return {"shape": signal.shape_text, "rate": str(signal.rate), "unit": str(signal.unit)}


def _cut(*cells: str) -> tuple[str, ...]:
    first, *others = _MOST_CHARACTERS
    most = (first + max(0, width() - 80), *others)
    return tuple(_short(cell, n) if cell else "" for cell, n in zip(cells, most, strict=True))


def _short(cell: str, most: int) -> str:
    """The cell in so many characters, the middle of a longer one left out; its indent stays."""
    from ddspgraph.render.labels import name_text

    bare = cell.lstrip()
    indent = cell[: len(cell) - len(bare)]
    return indent + name_text(bare, most - len(indent))


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    """Names to the left, numbers to the right."""
    aligned = [cell.ljust(w) if i < 3 else cell.rjust(w) for i, (cell, w) in enumerate(zip(cells, widths, strict=True))]
    return "  ".join(aligned).rstrip()


def _hanging(text: str) -> str:
    """Filled beside a word of eight characters."""
    return textwrap.fill(text, width(), initial_indent=" " * 9, subsequent_indent=" " * 9)[8:]


def _wrapped(details: str) -> list[str]:
    return textwrap.wrap(details, width(), initial_indent="  ", subsequent_indent="      ") if details else []


def _head(graph: Graph, costs: Costs) -> Iterator[str]:
    from ddspgraph.render.labels import clock_text

    if clock_text(graph.clock):
        yield clock_text(graph.clock)
    yield f"estimates for {costs.seconds:g} s, batch 1; M/s: million multiply-adds a second of audio"


def _totals(graph: Graph, costs: Costs) -> dict[str, str]:
    from ddspgraph.render.labels import count_text

    total, heard = (f"{costs.per_second(n) / 1e6:.1f} M" for n in (costs.multiply_adds, costs.output_multiply_adds))
    found = {"outputs": ", ".join(f"{name}: {ref}" for name, ref in graph.outputs)}
    found["work"] = f"{total} multiply-adds a second of audio"
    if graph.losses:
        found["work"] += f", {heard} without the losses"
    found["memory"] = f"{costs.peak_bytes / 1e6:.1f} MB at its peak"
    return found | ({"weights": count_text(costs.n_weights)} if costs.n_weights else {})


def _prediction(graph: Graph, costs: Costs, speed: Speed | None) -> dict[str, str]:
    if speed is None:
        return {"speed": "unknown here; --predict measures this machine once, in about 15 s"}
    if not costs.output_multiply_adds:
        return {}
    text = f"about {_about(_factor(costs.output_multiply_adds, costs, speed))} times real time"
    if graph.losses:
        text += f", with the losses {_about(_factor(costs.multiply_adds, costs, speed))}"
    where = f"(estimated, to a factor of 2: {speed.machine}, measured {speed.measured_on})"
    return {"speed": text, "": where}


def _about(factor: float) -> str:
    """Two digits: `280`, `9.4`."""
    rounded = float(f"{factor:.2g}")
    return f"{rounded:,.0f}".replace(",", " ") if rounded >= 10 else f"{rounded:g}"


def _factor(multiply_adds: int, costs: Costs, speed: Speed) -> float:
    """Seconds of audio that are made in a second."""
    return costs.seconds / speed.seconds(multiply_adds) if multiply_adds else 0.0
