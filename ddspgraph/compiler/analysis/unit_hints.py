"""What to write where a signal has another unit than its port takes: the repairs of E412."""

from __future__ import annotations

from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.types import RANGE_CONVERSIONS, UNIT_CONVERSIONS, Rate, Signal, Unit
from ddspgraph.ir.units import UNITS, scaling_parameter


def unit_hint(graph: Graph, node: Node, port: str, wanted: Unit, given: Signal) -> str:
    """The repair of `given` at a port of a node that takes the unit `wanted`."""
    ref = node.input(port)
    assert ref is not None
    between = conversions(given.unit, wanted)
    unscaled = scaling_parameter(node.op, port, given.unit)
    if len(between) == 1:
        return f"insert {article(between[0])} {between[0]} node between them"
    if unscaled:
        repair = f"write `{unscaled}: null` in the params of '{node.name}'"
        taken = node.op.with_params(**{unscaled: None}).input_ports((port,))[port].unit
        if taken is not given.unit:
            op = UNIT_CONVERSIONS[given.unit, taken]
            return f"{repair}, and insert {article(op)} {op} node between them"
        return f"{repair}: then '{port}' takes {given.unit}"
    if ref.node in graph.input_by_name:
        return f"give it in {wanted}, or declare its unit as any"
    written = _where_it_is_written(graph, ref, wanted)
    if written:
        return written
    if between:
        return f"insert {' and '.join(between)} nodes between them"
    if (given.unit, wanted) in RANGE_CONVERSIONS:
        op, low, high = RANGE_CONVERSIONS[given.unit, wanted]
        return f"insert {article(op)} {op} node between them: its {low} and {high} say what 0 and 1 are"
    return _taken_as_it_is(port, wanted, given)


def conversions(given: Unit, wanted: Unit) -> list[str]:
    """The one op, or the two, that make one unit of another; none where more is needed."""
    if (given, wanted) in UNIT_CONVERSIONS:
        return [UNIT_CONVERSIONS[given, wanted]]
    for (begin, middle), op in UNIT_CONVERSIONS.items():
        if begin is given and (middle, wanted) in UNIT_CONVERSIONS:
            return [op, UNIT_CONVERSIONS[middle, wanted]]
    return []


def article(word: str) -> str:
    return "an" if word[0] in "aeio" else "a"  # unit_to_hz begins with the sound of you


def _where_it_is_written(graph: Graph, ref: Ref, wanted: Unit) -> str | None:
    """For a node whose parameters say the unit of what it gives."""
    source = graph.node_by_name[ref.node]
    specs = source.op.params()
    if "unit" not in specs or specs["unit"].choices != UNITS or getattr(source.op, "unit", None) is None:
        return None
    shared = [name for name, spec in specs.items() if spec.shares == "unit"]
    if not shared:
        return f"write `unit: {wanted}` in the params of '{ref.node}'"
    return f"write {' and '.join(shared)} of '{ref.node}' in {wanted}"


def _taken_as_it_is(port: str, wanted: Unit, given: Signal) -> str:
    """For what no op converts: another signal, or the same numbers with another unit."""
    other = f"give '{port}' a signal in {wanted}"
    if given.rate is Rate.CONST:
        return other
    concat = f"a concat node with `unit: {wanted}`"
    ops = concat if given.rank == 3 else f"{concat} and a tensor_to_audio node"
    return f"{other}; where its numbers are {wanted} as they are, insert {ops}"
