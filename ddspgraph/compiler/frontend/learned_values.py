"""`{learn: 2 kHz, min: 200 Hz, max: 8 kHz}` at a port -> an op whose value training moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ddspgraph.compiler.frontend.parameters import INVALID, ParameterReader
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.compiler.frontend.wording import written
from ddspgraph.diagnostics import Span, did_you_mean, quote
from ddspgraph.ir.op import Op, ParamSpec
from ddspgraph.ir.types import Unit
from ddspgraph.ir.written import Written

#: The key of the form that stands for the op's parameter `value`.
_LEARN = "learn"


class LearnedLiteral(NamedTuple):
    """The op, and of its parameters the places and the words."""

    op: Op
    spans: Mapping[str, Span]
    written: Mapping[str, Written]


def is_learned(value: Value) -> bool:
    """Whether a value has the form `{learn: ...}`."""
    return value.get(_LEARN) is not None


def learned_hint(value: Value) -> str | None:
    """The repair of a mapping that means to be of that form: `{learnt: 2 kHz}`, `{value: 2 kHz, min: 200 Hz}`."""
    keys = [str(key) for key, _ in value.items()]
    is_near = any(did_you_mean(key, [_LEARN]) == f"did you mean '{_LEARN}'?" for key in keys)
    return (
        "a number to be learned is written {learn: 2 kHz, min: 200 Hz, max: 8 kHz}"
        if is_near or ({"min", "max", "scale"} & set(keys))
        else None
    )


def read_learned(
    value: Value, op_class: type[Op], unit: Unit, name: str, reader: ParameterReader, instead: str | None
) -> LearnedLiteral | None:
    """The op of a mapping with the key `learn`, in the unit of its port; None after reporting E309, E5xx.

    Args:
      op_class: has the parameters `value` and `unit`, and the other keys as parameters.
      name: of the port, for messages.
      instead: the repair of a quantity of another unit.
    """
    specs = _keys(op_class, unit)
    params: dict[str, Any] = {"unit": unit.value}
    spans, words = {}, {}
    for key, item in value.items():
        spec = specs.get(str(key))
        if spec is None:
            hint = did_you_mean(str(key), list(specs)) or f"its keys are {', '.join(specs)}"
            reader.report.add("E309", f"{name}: a learned value has no key {quote(key)}", key.span, hint=hint)
            params[str(key)] = INVALID
            continue
        said = f"'{key}' of {name}"
        parameter = "value" if key == _LEARN else str(key)
        if spec.kind == "values" and not item.is_faulty and not item.is_mapping:
            params[parameter] = reader.numbers(item, unit, said, instead)
        else:
            params[parameter] = reader.read(spec, item, name)
        spans[parameter] = item.span
        if spec.kind != "str" and (text := written(item, unit, reader.sample_rate)) is not None:
            words[parameter] = text
    return None if INVALID in params.values() else LearnedLiteral(op_class(**params), spans, words)


def _keys(op_class: type[Op], unit: Unit) -> dict[str, ParamSpec]:
    """The keys of the form: `learn` for the value, then the parameters of the op but its unit, which the port says."""
    params = op_class.params()
    named = {_LEARN: params["value"]} | {name: s for name, s in params.items() if name not in ("value", "unit")}
    return {name: replace(spec, name=name, unit=unit if spec.shares else spec.unit) for name, spec in named.items()}
