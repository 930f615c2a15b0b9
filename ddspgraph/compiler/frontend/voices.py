"""`voices`, `mix` and `norm` of a node, and `{each: ...}` at its inputs: a node mapped over voices."""

from __future__ import annotations

from ddspgraph.compiler.frontend.parameters import whole
from ddspgraph.compiler.frontend.values import Value, text_of
from ddspgraph.diagnostics import Report
from ddspgraph.ir.feedback import FeedbackLine
from ddspgraph.ir.mapped import Mapped
from ddspgraph.ir.op import Op
from ddspgraph.ir.stand_in import StandIn

#: A value for each voice, where a plain one is held for all of them.
EACH = "each"
#: Where a sub-graph is written out with voices, the key of its nodes that says how many. No author can write it.
PART = "voices of its part"


def voices_of(node: Value) -> int | None:
    """How many voices a node or an input has; None of a plain one."""
    value = node.get("voices")
    return whole(value.data) if value is not None else None


def said_voices(node: Value) -> Value | None:
    """Where a node's voices are said: by itself, or by the use of the sub-graph that it is a part of."""
    return node.get("voices") or node.get(PART)


def with_voices(op: Op, name: str, node: Value, report: Report) -> Op:
    """The op of a node, mapped over its voices. Reports E424 where a key has nothing to act on.

    A part of a sub-graph with voices is mapped where something tells its voices apart. A line of feedback holds its
    voices itself.
    """
    if isinstance(op, (StandIn, FeedbackLine)):
        return op
    part = node.get(PART)
    if part is not None:
        return Mapped(inner=op, voices=whole(part.data), where_needed=True)
    mix, norm = read_mix(name, node, report)
    voices = voices_of(node)
    return op if voices is None else Mapped(inner=op, voices=voices, mixing=mix, scaling=norm)


def read_mix(name: str, node: Value, report: Report) -> tuple[str, str]:
    """What becomes of the voices of a node or of a use of a sub-graph. Reports E424."""
    voices, mix, norm = voices_of(node), text_of(node.get("mix")), text_of(node.get("norm"))
    if voices is None:
        for key, item in node.items():
            if key in ("mix", "norm") and node.get("voices") is None:
                message = f"'{name}' has no voices that `{key}` could mix"
                report.add("E424", message, item.span, hint=f"write `voices: 8` beside it, or delete `{key}`")
        return "none", "none"
    if norm and mix != "sum":
        message = f"'{name}' makes no sum that `norm` could scale"
        report.add("E424", message, node.get("norm").span, hint="write `mix: sum`, or delete `norm`")  # type: ignore[union-attr]
    return mix or "none", norm or "none"


def each_of(value: Value) -> Value | None:
    """What `{each: ...}` holds; None of any other value."""
    held = value.get(EACH)
    return held if held is not None and len(value.data) == 1 else None  # type: ignore[arg-type]  # a mapping


def refuse_each(port: str, name: str, value: Value, report: Report) -> None:
    """Reports E424: a value for each voice of a node that has none."""
    message = f"'{port}' of '{name}' has a value for each voice, and '{name}' has no voices"
    report.add("E424", message, value.span, hint=f"write `voices` at '{name}', or give the port one value")
