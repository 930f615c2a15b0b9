"""A document against the JSON Schema of its version; schema errors become diagnostics at their lines."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ddspgraph.compiler.frontend.key_slips import (
    OTHER_RATES,
    has_other_word,
    is_entry,
    is_misplaced,
    list_hint,
    misplaced_entry,
    misplaced_section,
    text_hint,
    unknown_key,
)
from ddspgraph.compiler.frontend.parameters import LARGEST_WHOLE, whole
from ddspgraph.compiler.frontend.structure import RESERVED
from ddspgraph.compiler.frontend.values import FAULTY, Document, Key, Value
from ddspgraph.diagnostics import Report, Span, did_you_mean, quote
from ddspgraph.ir.op import Op
from ddspgraph.limits import DEFAULT_LIMITS, Limits

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]

_TYPE_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
}
_LONGEST_NAME = 256


def validate(
    document: Document,
    schema: Schema,
    report: Report,
    limits: Limits = DEFAULT_LIMITS,
    ops: Mapping[str, type[Op]] | None = None,
    whole: str = "the spec",
) -> Document:
    """`ops` tell where a key belongs that stands in the wrong place; messages call the document `whole`.

    Reports E201, E202, E203, E205, E206 and E707, all of them, each at its place.

    Returns the document with what was refused replaced by `FAULTY`, so that the rest can be checked in the same
    run.
    """
    faults = [*_too_many(document.root, limits, report), *_misplaced(document.root, report)]
    document = _without(document, faults)
    faults = []
    for error in _validator(schema).iter_errors(_visible(document.root, schema, schema)):
        if report.is_full:
            break
        faults += _report(error, document.root, report, ops or {}, whole)
    return _without(document, faults)


def _validator(schema: Schema) -> Any:
    # Imported here: it is the slowest import of the front end, and `--help` does not need it.
    from jsonschema import Draft7Validator, ValidationError, validators

    def pattern(_: Any, pattern: str, instance: object, __: object) -> Iterator[Any]:
        # In Python a `$` also matches before a line end: `name: "a\n"`.
        if isinstance(instance, str) and (instance.endswith("\n") or not re.search(pattern, instance)):
            yield ValidationError("it does not match the pattern")

    types = Draft7Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, x: (number := whole(x)) is not None and abs(number) <= LARGEST_WHOLE
    )
    return validators.extend(Draft7Validator, {"pattern": pattern}, type_checker=types)(schema)


def _visible(value: Value, schema: Any, root: Schema) -> Any:
    """Plain data as deep as the schema looks.

    Aliases may make a small file large: what no rule asks for is never written out, nor printed into the error
    texts that jsonschema makes.
    """
    schema = schema if isinstance(schema, dict) else {}
    if "$ref" in schema:
        schema = functools.reduce(lambda part, step: part[step], schema["$ref"].split("/")[1:], root)
    if value.is_mapping:
        known = schema.get("properties", {})
        others = schema.get("additionalProperties")
        return {
            str(key): _visible(item, known.get(key, others if not key.startswith("x-") else None), root)
            for key, item in value.items()
        }
    if value.is_list:
        items = schema.get("items")
        shown = value.elements()[: schema.get("maxItems", len(value.elements())) + 1]  # one more is too many already
        each = items if isinstance(items, list) else [items] * len(shown)
        return [_visible(item, sub, root) for item, sub in zip(shown, each, strict=False)]
    return None if value.is_faulty else value.data


def _too_many(root: Value, limits: Limits, report: Report) -> Iterator[Path]:
    """A section of more entries than a graph may have nodes is not looked at."""
    for name, section in root.items():
        entries = [*(key for key, _ in section.items()), *section.elements()]
        if len(entries) > limits.nodes and not name.startswith("x-"):
            message = f"'{name}' has {len(entries):,} entries: the limit is {limits.nodes:,}"
            report.add("E707", message, entries[limits.nodes].span, hint="make it several graphs")
            yield (str(name),)


def _misplaced(root: Value, report: Report) -> Iterator[Path]:
    """A section that is indented as an entry of another."""
    for section, entries in root.items():
        for key, item in entries.items():
            if is_misplaced(section, key, item, root) and not report.is_full:
                message, hint = misplaced_section(key, (section,))
                report.add("E203", message, key.span, hint=hint)
                yield (str(section), str(key))


def _without(document: Document, faults: Sequence[Path]) -> Document:
    return Document(_replaced(document.root, faults), document.source) if faults else document


def _replaced(value: Value, faults: Sequence[Path]) -> Value:
    """The value with `FAULTY` at every path; what holds it is copied, aliased values elsewhere stay."""
    if () in faults:
        return Value(FAULTY, value.span)
    below: dict[str | int, list[Path]] = {}
    for path in faults:
        below.setdefault(path[0], []).append(path[1:])
    if value.is_mapping:
        data = {k: _replaced(v, below[str(k)]) if str(k) in below else v for k, v in value.items()}
        return Value(data, value.span)
    items = enumerate(value.elements())
    return Value(tuple(_replaced(v, below[i]) if i in below else v for i, v in items), value.span)


# -- one error of jsonschema -> one finding, and the paths of what it refuses ----------------------------


def _report(error: Any, root: Value, report: Report, ops: Mapping[str, type[Op]], whole: str) -> list[Path]:
    path: Path = tuple(error.absolute_path)
    value, key = _locate(root, path)
    if value.is_faulty:
        return []
    where = f"'{'.'.join(map(str, path))}'" if path else whole
    misplaced = misplaced_entry(path, value, root)
    if misplaced is not None:
        report.add("E203", misplaced[0], key.span if key is not None else value.span, hint=misplaced[1])
        return [path]
    if error.validator == "additionalProperties":
        return [(*path, name) for name in _unknown_keys(error, value, report, ops, whole)]
    if error.validator == "required":
        name = str(error.message).split("'")[1]
        known = error.schema.get("properties", {})
        if has_other_word(name, value, known):
            return []
        wanted = known.get(name, {})
        hint = f"add `{_example(name, wanted)}`" + (f": {wanted['description']}" if "description" in wanted else "")
        report.add("E201", f"{where} needs the key '{name}'", key.span if key is not None else _head(value), hint=hint)
        return []
    if error.validator == "not" and not value.is_mapping:
        return []  # it is refused for what it is
    if error.validator in ("anyOf", "not") and value.is_mapping:
        return _op_or_graph(error, value, key, where, report)
    is_name = "propertyNames" in error.absolute_schema_path
    if error.validator == "pattern" and path[0] == "outputs" and not is_name:
        return []  # a reference that leads nowhere: `build` knows where it could lead
    if is_name:
        bad = next((k for k, _ in value.items() if str(k) == error.instance), None)
        span = bad.span if bad is not None else value.span
        is_own = str(error.instance).startswith("x-")
        hint = "a key of your own stands at the top, in an input or in a node" if is_own else name_hint(error.instance)
        report.add("E206", f"{quote(error.instance)} is not a name", span, hint=hint)
        return [(*path, str(error.instance))] if is_own else []
    _wrong_value(error, value, where, report)
    return [path]


def _op_or_graph(error: Any, value: Value, key: Key | None, where: str, report: Report) -> list[Path]:
    """A node has one of the two."""
    span = key.span if key is not None else _head(value)
    if error.validator == "not":
        graph = next(found.span for found, _ in value.items() if found == "graph")
        report.add("E207", f"{where} has an op and a graph: a node is one of the two", graph, hint="remove one of them")
        return [tuple(error.absolute_path)]
    op = error.schema["properties"]["op"]
    strangers = [str(key) for key, _ in value.items() if key not in error.schema["properties"]]
    if not has_other_word("op", value, error.schema["properties"]) and not get_close_matches("graph", strangers):
        hint = f"add `{_example('op', op)}`: {op['description']}"
        report.add("E201", f"{where} needs the key 'op'", span, hint=hint)
    return []


def _unknown_keys(error: Any, value: Value, report: Report, ops: Mapping[str, type[Op]], whole: str) -> Iterator[str]:
    known = list(error.schema.get("properties", {}))
    lost_indentation: Key | None = None  # the section with nothing under it that this key may belong to
    reported: Key | None = None
    for key, item in value.items():
        if str(key) in known or key.startswith("x-") or report.is_full:
            lost_indentation = key if not error.absolute_path and item.data is None else None
            continue
        if lost_indentation is not None and is_entry(lost_indentation, item):
            if reported is not lost_indentation:
                hint = "indent what belongs under it, or remove the key"
                message = f"'{lost_indentation}' must be a mapping, this is nothing"
                report.add("E203", message, value.get(lost_indentation).span, hint=hint)  # type: ignore[union-attr]
                yield str(lost_indentation)
            reported = lost_indentation
            yield str(key)
            continue
        is_text = value.get(key).is_scalar  # type: ignore[union-attr]
        is_section = not is_text or "{" in key or "[" in key  # `outputs {out: both}`
        if error.absolute_path or is_section:  # at the top a stray scalar cannot be a section that was meant
            yield str(key)
        if not error.absolute_path and key in RESERVED:
            message = f"'{key}' is reserved for a later version: {RESERVED[key]}"
            report.add("E205", message, key.span, hint="remove it; a key of your own begins with x-")
            continue
        message, hint = unknown_key(tuple(error.absolute_path), key, value, known, ops, whole)
        report.add("E202", message, key.span, hint=hint)


def _wrong_value(error: Any, value: Value, where: str, report: Report) -> None:
    wanted, hint = error.message, error.schema.get("description")
    code = "E203"
    if error.validator == "type":
        types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        types = [kind for kind in types if kind != "null"]  # nothing is right, and nobody means to write it
        wanted = f"must be {' or '.join(_TYPE_WORDS[t] for t in types)}, this is {value.said}"
        if error.path:
            path, example = tuple(error.absolute_path), _example(str(error.path[-1]), error.schema)
            hint = f"for example `{example}`"
            if types == ["object"]:
                hint = list_hint(str(path[-1]), value, example) if value.is_list else hint
            if "object" in types and isinstance(value.data, str):
                known = list(error.schema.get("properties", {}))
                hint = text_hint(path, value.data, example, known)
        if value.data is None:
            hint = "indent what belongs under it, or remove the key"
    elif error.validator == "enum":
        wanted = f"cannot be {_shown(value)}"
        other = OTHER_RATES.get(str(value.data).lower())
        is_known = other in error.validator_value
        hint = f"write {other}" if is_known else did_you_mean(str(value.data), [str(v) for v in error.validator_value])
    elif error.validator == "const":
        wanted = f"must be {error.validator_value}"
        hint = f"write {error.validator_value}"
    elif error.validator in ("pattern", "maxLength"):
        wanted = f"cannot be {_shown(value)}"
        if where == "'name'":
            code, hint = "E206", name_hint(value.data)
    elif error.validator == "minimum":
        wanted = f"must be at least {error.validator_value}, this is {value.said}"
        hint = f"write {error.validator_value} or more"
    elif error.validator == "maximum":
        wanted = f"must be at most {error.validator_value}, this is {value.said}"
        hint = f"write {error.validator_value} or less"
    elif error.validator in ("minItems", "maxItems"):
        bound = "at least" if error.validator == "minItems" else "at most"
        wanted = f"must have {bound} {error.validator_value} entries, this has {len(value.elements())}"
    elif error.validator == "anyOf":
        wanted = f"must be a whole number of at least 1, or a name, this is {value.said}"
        nearest = whole(value.data, is_rounded=True)
        near = f"write {nearest}" if nearest is not None and 1 <= nearest <= LARGEST_WHOLE else "write a number"
        hint = f"{near}, or a name such as `k`"
    report.add(code, f"{where} {wanted}", value.span, hint=hint)


def name_hint(text: object) -> str:
    """`write low_pass` for `low-pass`, and what a name is."""
    name = re.sub(r"\W+", "_", str(text), flags=re.ASCII).strip("_")
    name = f"_{name}" if name[:1].isdigit() else name
    written = f"write {name}: " if name and len(name) <= 40 else ""
    return f"{written}a name is a letter or _, then letters, digits and _, at most {_LONGEST_NAME}"


def _shown(value: Value) -> str:
    return quote(value.data) if isinstance(value.data, str) else value.said


def _example(name: str, schema: Schema) -> str:
    """`clock: {sample_rate: 16 kHz}`, from the examples of the schema."""
    examples = schema.get("examples")
    return f"{name}: {_flow(examples[0])}" if examples else f"{name}: ..."


def _flow(example: Any) -> str:
    if isinstance(example, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(value)}" for key, value in example.items()) + "}"
    return "[" + ", ".join(map(_flow, example)) + "]" if isinstance(example, list) else str(example)


def _locate(root: Value, path: Iterable[str | int]) -> tuple[Value, Key | None]:
    """The value at a path, and the key above it."""
    value, key = root, None
    for step in path:
        if isinstance(step, int):
            value = value.elements()[step]
        else:
            key, value = next((k, v) for k, v in value.items() if k == step)
    return value, key


def _head(value: Value) -> Span:
    """The first line of a mapping, where a complaint about what it lacks points."""
    first = next(iter(value.items()), None)
    return first[0].span if first else value.span
