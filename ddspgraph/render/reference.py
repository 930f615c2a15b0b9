"""The op reference as text, from the declarations: `docs/ops.md`."""

from __future__ import annotations

import inspect
from dataclasses import MISSING
from typing import Any

from ddspgraph.ir.op import Op, ParamSpec, Traits
from ddspgraph.ir.ports import Port
from ddspgraph.ir.registry import Registry
from ddspgraph.ir.types import Unit


def ops_markdown(ops: Registry) -> str:
    """Every op with its formula, source, ports and parameters."""
    lines = [
        "# Ops",
        "",
        "Generated from the op library. `ddspgraph ops NAME` prints the same for one op.",
        "",
        "Shapes: audio `[batch, samples]`, controls `[batch, frames, channels]`, constants `[batch, ...]`.",
        "A slower value may stand where a faster one is wanted: a frame value is resampled, a constant held.",
        "",
        "| op | what it does |",
        "|---|---|",
        *(f"| [`{name}`](#{name}) | {op.summary()} |" for name, op in ops.items()),
        "",
    ]
    for op in ops.values():
        lines += _op(op)
    return "\n".join(lines)


def _op(op: type[Op]) -> list[str]:
    lines = [f"## {op.name}", "", inspect.cleandoc(op.__doc__ or ""), ""]
    inputs = [_port(name, port) for name, port in op.inputs.items()]
    if op.variadic is not None:
        inputs.append(_port(op.more_names(), op.variadic))
    if inputs:
        lines += ["| input | type | |", "|---|---|---|", *inputs, ""]
    if op.outputs:
        lines += ["| output | type | |", "|---|---|---|", *(_port(n, p) for n, p in op.outputs.items()), ""]
    if op.params():
        lines += ["| parameter | default | range | |", "|---|---|---|---|"]
        lines += [_param(spec) for spec in op.params().values()]
        lines.append("")
    traits = op.traits
    if isinstance(traits, Traits) and Traits.RANDOM in traits:
        lines += ["Random: the seed of the call and the name of the node give the noise.", ""]
    return lines


def _port(name: str, port: Port) -> str:
    optional = "optional; " if port.optional else ""
    return f"| `{name}` | {port.type_text()} | {optional}{port.doc} |"


def _param(spec: ParamSpec) -> str:
    if spec.clock and spec.clock != "n_samples":
        default = "the clock's"
    else:
        default = "must be given" if spec.default is MISSING else f"`{_shown(spec.default)}`"
    allowed = ", ".join(spec.choices) or spec.range_text().replace("<", "&lt;")
    unit = f" In {spec.unit}." if spec.unit is not Unit.ANY else ""
    return f"| `{spec.name}` | {default} | {allowed} | {spec.doc}{unit} |"


def _shown(value: Any) -> str:
    """As YAML writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return "[" + ", ".join(map(_shown, value)) + "]" if isinstance(value, tuple) else str(value)
