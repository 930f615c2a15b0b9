"""`voices`, `mix` and `norm` of a node, and `{each: ...}` at its inputs: a node mapped over voices."""

from __future__ import annotations

from ddspgraph.compiler.frontend.parameters import whole
from ddspgraph.compiler.frontend.values import Value, text_of
from ddspgraph.diagnostics import Report
from ddspgraph.ir.mapped import Mapped
from ddspgraph.ir.op import Op
from ddspgraph.ir.stand_in import StandIn

#: A value for each voice, where a plain one is held for all of them.
EACH = "each"


def voices_of(node: Value) -> int | None:
    """How many voices a node or an input has; None of a plain one."""
    value = node.get("voices")
    return whole(value.data) if value is not None else None


def with_voices(op: Op, name: str, node: Value, report: Report, part_of: int | None = None) -> Op:
    """The op of a node, mapped over its voices. Reports E424 where a key has nothing to act on.

    `part_of` are the voices of the sub-graph that the node is a part of: it is mapped where something tells them apart.
    """
    if isinstance(op, StandIn):
        return op
    if part_of is not None:
        return Mapped(inner=op, voices=part_of, where_needed=True)
    voices, mix, norm = voices_of(node), text_of(node.get("mix")), text_of(node.get("norm"))
    if voices is None:
        for key, item in node.items():
            if key in ("mix", "norm") and node.get("voices") is None:
                message = f"'{name}' has no voices that `{key}` could mix"
                report.add("E424", message, item.span, hint=f"write `voices: 8` beside it, or delete `{key}`")
        return op
    if norm and mix != "sum":
        message = f"'{name}' makes no sum that `norm` could scale"
        report.add("E424", message, node.get("norm").span, hint="write `mix: sum`, or delete `norm`")  # type: ignore[union-attr]
    return Mapped(inner=op, voices=voices, mixing=mix or "none", scaling=norm or "none")


def each_of(value: Value) -> Value | None:
    """What `{each: ...}` holds; None of any other value."""
    held = value.get(EACH)
    return held if held is not None and len(value.data) == 1 else None  # type: ignore[arg-type]  # a mapping


def refuse_each(port: str, name: str, value: Value, report: Report) -> None:
    """Reports E424: a value for each voice of a node that has none."""
    message = f"'{port}' of '{name}' has a value for each voice, and '{name}' has no voices"
    report.add("E424", message, value.span, hint=f"write `voices` at '{name}', or give the port one value")
