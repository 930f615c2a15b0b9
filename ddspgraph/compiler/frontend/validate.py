"""A document against the JSON Schema of its version; schema errors become diagnostics at their lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ddspgraph.compiler.frontend.structure import RESERVED
from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Report, Span, did_you_mean

_TYPE_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
}


def validate(document: Document, schema: Mapping[str, Any], report: Report) -> None:
    """Reports E201, E202, E203, E205 and E206, all of them, each at its place."""
    # Imported here: it is the slowest import of the front end, and `--help` does not need it.
    from jsonschema import Draft7Validator

    for error in Draft7Validator(schema).iter_errors(document.root.plain()):
        _report(error, document.root, report)


def _report(error: Any, root: Value, report: Report) -> None:
    value, key = _locate(root, error.absolute_path)
    where = f"'{'.'.join(map(str, error.absolute_path))}'" if error.absolute_path else "the spec"
    if error.validator == "additionalProperties":
        _unknown_keys(error, value, where, report)
    elif error.validator == "required":
        name = str(error.message).split("'")[1]
        span = key.span if key is not None else _head(value)
        report.add("E201", f"{where} needs the key '{name}'", span, hint=_description(error, name))
    elif (
        error.validator in ("pattern", "maxLength")
        and error.parent is None
        and "propertyNames" in error.absolute_schema_path
    ):
        bad = next((k for k, _ in value.items() if str(k) == error.instance), None)
        report.add(
            "E206",
            f"'{str(error.instance)[:60]}' is not a name",
            bad.span if bad is not None else value.span,
            hint="a letter or _, then letters, digits and _, at most 256",
        )
    else:
        _wrong_value(error, value, where, report)


def _unknown_keys(error: Any, value: Value, where: str, report: Report) -> None:
    known = list(error.schema.get("properties", {}))
    for key, _ in value.items():
        if str(key) in known or key.startswith("x-"):
            continue
        if not error.absolute_path and key in RESERVED:
            report.add("E205", f"'{key}' is reserved: {RESERVED[key]} come with a later version", key.span)
            continue
        hint = did_you_mean(str(key), known) or "a key of your own begins with x-"
        report.add("E202", f"{where} has no key '{str(key)[:60]}'", key.span, hint=hint)


def _wrong_value(error: Any, value: Value, where: str, report: Report) -> None:
    wanted, hint = error.message, error.schema.get("description")
    if error.validator == "type":
        types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        wanted = f"must be {' or '.join(_TYPE_WORDS[t] for t in types)}, this is {value.kind}"
    elif error.validator == "enum":
        wanted = f"cannot be {_shown(value)}"
        hint = did_you_mean(str(value.data), [str(v) for v in error.validator_value])
    elif error.validator == "const":
        wanted = f"must be {error.validator_value}"
    elif error.validator == "pattern":
        wanted = f"cannot be {_shown(value)}"
    elif error.validator == "anyOf":
        wanted = f"must be a whole number of at least 1, or a name, this is {_shown(value)}"
    code = "E206" if error.validator == "pattern" and where == "'name'" else "E203"
    report.add(code, f"{where} {wanted}", value.span, hint=hint)


def _shown(value: Value) -> str:
    return f"'{str(value.data)[:60]}'" if value.is_scalar else value.kind


def _locate(root: Value, path: Iterable[Any]) -> tuple[Value, Key | None]:
    """The value at a path, and the key above it."""
    value, key = root, None
    for step in path:
        if isinstance(step, int):
            value = value.elements()[step]
        else:
            key = next(k for k, _ in value.items() if k == step)
            value = value.get(step)  # type: ignore[assignment]
    return value, key


def _head(value: Value) -> Span:
    """The first line of a mapping, where a complaint about what it lacks points."""
    first = next(iter(value.items()), None)
    return first[0].span if first else value.span


def _description(error: Any, name: str) -> str | None:
    return error.schema.get("properties", {}).get(name, {}).get("description")
