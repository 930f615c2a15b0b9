"""`ddspgraph ops [NAME|WORD...]`: the op library, one op, or the ops that words lead to; without TensorFlow."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any

from ddspgraph.cli.console import paint, put, show_json, width
from ddspgraph.cli.options import Arguments, Parser, UsageError, add_ops_option

if TYPE_CHECKING:
    from ddspgraph.ir.op import Op, ParamSpec
    from ddspgraph.ir.ports import Port

EXAMPLE = "ddspgraph ops harmonic\n  ddspgraph ops make it quieter"


def add_options(parser: Parser) -> None:
    what = "an op: ports, units, shapes, parameters, source; or what it should do: vibrato, make it quieter"
    parser.add_argument("words", metavar="NAME|WORD", nargs="*", help=what)
    add_ops_option(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph.cli.user_ops import load_ops
    from ddspgraph.compiler.frontend.op_names import missing_advice, ops_about
    from ddspgraph.diagnostics import did_you_mean
    from ddspgraph.ops import OPS

    library = OPS | load_ops(arguments.ops)
    words = " ".join(arguments.words)
    if not words:
        if arguments.json:
            show_json([_as_dict(op) for op in library.values()])
        else:
            put(_library(library.values()))
        return 0
    if words in library:
        if arguments.json:
            show_json(_as_dict(library[words]))
        else:
            put(_reference(library[words]))
        return 0
    advice = missing_advice(words)
    found = {} if advice else ops_about(words, library.values())
    if not found and not advice:
        hint = did_you_mean(words, list(library)) or "`ddspgraph ops` lists them"
        raise UsageError(f"there is no op '{words}', and none is about that; {hint}")
    if arguments.json:
        show_json([{**_as_dict(library[name]), "how": how or None} for name, how in found.items()])
    elif advice:
        put(_filled(f"There is no op '{words}': {advice}.", ""))
    else:
        put(_found(words, [(library[name], how) for name, how in found.items()]))
    return 0


def _found(words: str, ops: Sequence[tuple[type[Op], str]]) -> str:
    """The ops that words lead to, best first, with how each of them does it."""
    longest = max(len(op.name) for op, _ in ops)
    entries = [_entry(op, longest, how) for op, how in ops]
    head = _filled(f"No op is called '{words}'; these make one or come near to it:", "")
    return "\n".join([head, "", *entries, "", f"`ddspgraph ops {ops[0][0].name}` explains the first."])


def _library(library: Iterable[type[Op]]) -> str:
    """Every op in one line, by the file that it stands in."""
    groups: dict[str, list[type[Op]]] = {}
    for op in library:
        groups.setdefault(_group(op), []).append(op)
    lines: list[str] = []
    for group, members in groups.items():
        lines += [paint(group, "bold")]
        longest = max(len(op.name) for op in members)
        lines += [_entry(op, longest) for op in members]
        lines.append("")
    return "\n".join([*lines, _filled("`ddspgraph ops NAME` explains one, `ddspgraph ops WORD` finds some.", "")])


def _entry(op: type[Op], longest: int, how: str = "") -> str:
    """What an op does, without its formula, and other words for it: a pipe is searched, a terminal is read."""
    text = re.split(r": |\. ", op.summary())[0].rstrip(".")
    if how:
        text += f" [{how}]"
    if not sys.stdout.isatty():
        also = f" ({', '.join(word.partition(' (')[0] for word in op.words)})" if op.words else ""
        return f"  {op.name.ljust(longest)}  {text}{also}"
    return _filled(text, f"  {op.name.ljust(longest)}  ", " " * (longest + 4))


def _group(op: type[Op]) -> str:
    return "losses" if "LOSS" in _traits(op) else op.__module__.rpartition(".")[2].replace("_", " ")


def _traits(op: type[Op]) -> list[str]:
    """The names of its traits; none where they depend on its parameters (`trainable: true`)."""
    from ddspgraph.ir.op import Traits

    traits = op.traits
    return [t.name for t in Traits if t.value and t in traits and t.name] if isinstance(traits, Traits) else []


def _reference(op: type[Op]) -> str:
    lines = [paint(op.name, "bold"), "", *map(_paragraph, inspect.cleandoc(op.__doc__ or "").split("\n\n"))]
    inputs = dict(op.inputs) | ({op.more_names(): op.variadic} if op.variadic else {})
    lines += _section("Inputs", [(name, _port_facts(port), port.doc) for name, port in inputs.items()])
    lines += _section("Outputs", [(name, port.type_text(), port.doc) for name, port in op.outputs.items()])
    params = op.params().values()
    lines += _section("Parameters", [(p.name, _param_facts(p), _param_doc(p)) for p in params])
    if "RANDOM" in _traits(op):
        lines += [_filled("Random: the seed of the call and the name of the node give the noise.", ""), ""]
    lines.append(f"Python: {op.__module__}.{op.__name__}")
    return "\n".join(lines)


def _paragraph(text: str) -> str:
    """Refilled for the terminal; what is indented (formulas, tables) stays as it is."""
    is_laid_out = any(line.startswith((" ", "-", "|")) for line in text.splitlines())
    return f"{text if is_laid_out else _filled(text, '')}\n"


def _section(title: str, entries: list[tuple[str, str, str]]) -> list[str]:
    if not entries:
        return []
    lines = [paint(title, "bold")]
    for name, facts, doc in entries:
        lines.append(_filled(f"{name}: {facts}", "  ", "      "))
        if doc:
            lines.append(_filled(doc, "      "))
    return [*lines, ""]


def _filled(text: str, indent: str, next_indent: str | None = None) -> str:
    return textwrap.fill(
        text, width(), initial_indent=indent, subsequent_indent=indent if next_indent is None else next_indent
    )


def _port_facts(port: Port) -> str:
    return port.type_text() + (", optional" if port.optional else "")


def _param_facts(param: ParamSpec) -> str:
    facts = [_default(param)]
    if param.choices:
        facts.append("one of " + ", ".join(param.choices))
    if param.range_text():
        facts.append(param.range_text())
    return "; ".join(facts)


def _default(param: ParamSpec) -> str:
    if param.clock and param.clock != "n_samples":
        return "the clock's"
    return "must be given" if param.default is MISSING else f"default {_yaml(param.default)}"


def _param_doc(param: ParamSpec) -> str:
    return param.doc + (f" In {param.unit}." if str(param.unit) != "any" else "")


def _yaml(value: Any) -> str:
    """As YAML writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return "[" + ", ".join(map(_yaml, value)) + "]" if isinstance(value, tuple) else str(value)


def _as_dict(op: type[Op]) -> dict[str, object]:
    return {
        "name": op.name,
        "group": _group(op),
        "summary": op.summary(),
        "doc": inspect.cleandoc(op.__doc__ or ""),
        "inputs": _ports_as_dict(op.inputs),
        "variadic": _port_as_dict(op.variadic) if op.variadic else None,
        "outputs": _ports_as_dict(op.outputs),
        "params": {p.name: _param_as_dict(p) for p in op.params().values()},
        "traits": _traits(op),
        "python": f"{op.__module__}.{op.__name__}",
    }


def _ports_as_dict(ports: Mapping[str, Port]) -> dict[str, object]:
    return {name: _port_as_dict(port) for name, port in ports.items()}


def _port_as_dict(port: Port) -> dict[str, object]:
    return {"type": port.type_text(), "unit": str(port.unit), "optional": port.optional, "doc": port.doc}


def _param_as_dict(param: ParamSpec) -> dict[str, object]:
    return {
        "kind": param.kind,
        "nullable": param.nullable,
        "required": param.is_required,
        "default": None if param.is_required else param.default,
        "from_clock": param.clock,
        "unit": str(param.unit),
        "range": param.range_text() or None,
        "choices": list(param.choices),
        "doc": param.doc,
    }
