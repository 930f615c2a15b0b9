"""The JSON Schema of the current version, generated from the op library: what an editor completes and explains."""

from __future__ import annotations

import copy
import inspect
from dataclasses import MISSING
from typing import Any

from ddspgraph.compiler.frontend.structure import CONSTANT, DEFINITION, IMPORT, NAME, STRUCTURE
from ddspgraph.ir.op import Op, ParamSpec, Traits
from ddspgraph.ir.ports import Port
from ddspgraph.ir.registry import Registry
from ddspgraph.ir.training import TRAINING_PARAMS
from ddspgraph.ir.types import Unit

_QUANTITIES = {
    Unit.HZ: "`440 Hz`, `16 kHz`, `A4`",
    Unit.MIDI: "`69 midi`, `A4`",
    Unit.DB: "`-6 dB`",
    Unit.LINEAR: "`0.5 linear`, `50 %`, `-6 dB`",
    Unit.SECONDS: "`3 s`, `20 ms`",
    Unit.MILLISECONDS: "`20 ms`, `1 s`",
    Unit.SAMPLES: "`512 samples`, `20 ms`, `3 s`",
    Unit.RADIANS: "`1.57 rad`, `90 deg`",
}
_CONSTANT = {"type": "string", "pattern": CONSTANT}
#: What stands at a port: a reference, a literal, or a literal that training moves.
_VALUE = {"$ref": "#/definitions/a value"}
_LITERAL = {"type": ["string", "number", "array"]}


def graph_schema(ops: Registry) -> dict[str, Any]:
    """Draft-07; `STRUCTURE` with the ports and parameters of every op."""
    schema = copy.deepcopy(STRUCTURE)
    schema["description"] = "A graph of neural and DSP nodes. https://json-schema.org/draft-07"
    definitions: dict[str, Any] = {name: _op_schema(op) for name, op in ops.items()} | {"a value": _value_at_a_port()}
    for section, wants_loss in (("nodes", False), ("losses", True)):
        names = [name for name, op in ops.items() if _is_loss(op) is wants_loss]
        node = copy.deepcopy(STRUCTURE["properties"][section]["additionalProperties"])  # the sections share theirs
        schema["properties"][section]["additionalProperties"] = node
        # Editors show the description of the `const` that fits; one beside it, or an enum, they would show instead.
        node["properties"]["op"] = {"oneOf": [_named(ops[name]) for name in names]}
        node["allOf"] = [
            {
                "if": {"properties": {"op": {"const": name}}, "required": ["op"]},
                "then": {"$ref": f"#/definitions/{name}"},
            }
            for name in names
        ]
    schema["properties"]["graphs"]["additionalProperties"] = {"$ref": "#/definitions/graphs: a sub-graph"}
    definition = copy.deepcopy(DEFINITION)
    for section in ("params", "graphs", "inputs", "feedback", "nodes", "outputs"):
        said = definition["properties"][section]["description"]
        definition["properties"][section] = {**schema["properties"][section], "description": said}
    definitions["graphs: a sub-graph"] = {
        "if": {"required": ["file"]},
        "then": copy.deepcopy(IMPORT),
        "else": definition,
    }
    options = schema["properties"]["training"]["properties"]
    options.update({name: param_schema(spec) for name, spec in TRAINING_PARAMS.items()})
    schema["definitions"] = definitions
    return schema


def _named(op: type[Op]) -> dict[str, Any]:
    """The name of an op, with what an editor shows where somebody points at it."""
    doc = inspect.cleandoc(op.__doc__ or op.summary())
    also = f"\n\nAlso looked for as: {', '.join(op.words)}." if op.words else ""
    return {"const": op.name, "description": op.summary(), "markdownDescription": f"**{op.name}**: {doc}{also}"}


def _is_loss(op: type[Op]) -> bool:
    return isinstance(op.traits, Traits) and Traits.LOSS in op.traits


def _op_schema(op: type[Op]) -> dict[str, Any]:
    required = [spec.name for spec in op.params().values() if spec.is_required]
    params: dict[str, Any] = {
        "type": "object" if required else ["object", "null"],
        "properties": {spec.name: param_schema(spec) for spec in op.params().values()},
        "additionalProperties": False,
    }
    if required:
        params["required"] = required
    schema: dict[str, Any] = {
        "description": op.summary(),
        "properties": {"params": params, "inputs": _inputs_schema(op)},
    }
    needed = [name for name, present in (("params", required), ("inputs", _needed(op))) if present]
    if needed:
        schema["required"] = needed
    return schema


def _needed(op: type[Op]) -> list[str]:
    """Ports that every instance needs; some become optional with a parameter, so an editor never insists."""
    return [] if op.input_ports is not Op.input_ports else [n for n, p in op.inputs.items() if not p.optional]


def _inputs_schema(op: type[Op]) -> dict[str, Any]:
    by_name: dict[str, Any] = {
        "type": "object",
        "properties": {name: _port_schema(port) for name, port in op.inputs.items()},
        "additionalProperties": False,
    }
    in_order: dict[str, Any] = {"type": "array", "items": _VALUE}
    if op.variadic is not None:
        more = f"[{len(op.inputs) + 1}-9]|[1-9][0-9]{{1,5}}"  # as many as the named ones, and one more
        by_name["patternProperties"] = {f"^input_({more})$": _port_schema(op.variadic)}
    else:
        in_order["maxItems"] = len(op.inputs)
    if _needed(op):
        by_name["required"] = _needed(op)
    return {"anyOf": [by_name, in_order, *([] if _needed(op) else [{"type": "null"}])]}


def _port_schema(port: Port) -> dict[str, Any]:
    text = port.type_text() + (f". {port.doc}" if port.doc else "")
    return {"description": text, "allOf": [_VALUE]}


def _value_at_a_port() -> dict[str, Any]:
    number = {"type": ["number", "string"]}
    keys = {
        "learn": {**_LITERAL, "description": "Where it begins; `train` and `fit` move it."},
        "min": {**number, "description": "It stays above."},
        "max": {**number, "description": "It stays below."},
        "scale": {"enum": ["linear", "log"], "description": "log: steps are ratios, as frequencies are heard."},
        "shape": {"type": "array", "description": "So many numbers, all from one value."},
    }
    kinds = [*_LITERAL["type"], "object"]
    return {"type": kinds, "properties": keys, "required": ["learn"], "additionalProperties": False}


def param_schema(spec: ParamSpec) -> dict[str, Any]:
    """One parameter: type, range, choices, default, unit and doc; quantities and `$name` are allowed."""
    options, quantity = [_value_schema(spec)], ""
    if spec.kind in ("int", "float") and spec.unit not in (Unit.ANY, Unit.RAW):
        # Said here: editors show the description of the alternative that fits in place of this one's.
        quantity = f" A quantity, in {spec.unit} or what converts to it: {_QUANTITIES[spec.unit]}."
        options.append({"type": "string"})
    elif spec.shares and spec.kind == "float":  # of the unit that the others have
        options.append({"type": "string"})
    if spec.nullable:
        options.append({"type": "null"})
    options.append(_CONSTANT)
    unit = f" [{spec.unit}]" if spec.unit is not Unit.ANY else ""
    clock = f" From the clock ({spec.clock}) unless said." if spec.clock else ""
    schema: dict[str, Any] = {"description": f"{spec.doc}{unit}{clock}{quantity}", "anyOf": options}
    if spec.default is not MISSING and spec.clock is None:
        schema["default"] = _plain(spec.default)
    return schema


def _value_schema(spec: ParamSpec) -> dict[str, Any]:
    bounds = {"minimum": spec.ge, "exclusiveMinimum": spec.gt, "maximum": spec.le, "exclusiveMaximum": spec.lt}
    limits = {key: bound for key, bound in bounds.items() if bound is not None}
    if spec.kind == "bool":
        return {"type": "boolean"}
    if spec.kind == "str":
        return {"enum": list(spec.choices)} if spec.choices else {"type": "string"}
    if spec.kind in ("int", "float"):
        return {"type": "integer" if spec.kind == "int" else "number", **limits}
    if spec.kind in ("ints", "floats"):
        item = {"type": "integer" if spec.kind == "ints" else "number", **limits}
        quantity = [{"type": "string"}] if spec.unit not in (Unit.ANY, Unit.RAW) else [_CONSTANT]
        return {"type": "array", "items": {"anyOf": [item, *quantity]}}
    if spec.kind == "splits":
        count = {"anyOf": [{"type": "integer", "minimum": 1}, _CONSTANT]}
        return {"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": count, "minProperties": 1}
    return {"type": ["number", "string", "array"]}


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
