"""The pages of the Python API, from signatures and docstrings: `docs/api/`."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import GenericAlias
from typing import Any

import ddspgraph as dg

FOLDER = Path(__file__).parent.parent / "docs" / "api"

#: The names of the package by what they are for. A class that a function gives, and that has no public name of its
#: own, follows that function as `module:class`.
ROOT_SECTIONS: dict[str, tuple[str, ...]] = {
    "From a spec to a graph": ("load", "check", "migrate", "MigrationResult", "with_tail"),
    "To see and hear": ("draw", "explore", "plot"),
    "To run": (
        "compile",
        "CompiledGraph",
        "compile_stream",
        "CompiledStream",
        "Stream",
        "LiveStream",
        "watch",
        "Watch",
    ),
    "Exports": (
        *("load_saved_model", "export.exported:ExportedGraph"),
        *("load_stream", "export.exported_stream:ExportedStream"),
        *("load_target", "export.exported_target:TargetModel"),
    ),
    "To train": (
        *("make_dataset", "open_dataset", "data.dataset:Dataset"),
        *("train", "training.train:Trained", "load_run", "migrate_run", "MigratedRun"),
        *("fit", "training.fit:Fitted"),
        *("open_instrument", "instrument.instrument:Instrument"),
        *("evaluate", "transfer", "instrument.transfer:Transferred"),
    ),
    "To write an op": (
        *("Op", "param", "from_clock", "Traits", "Weight", "Sizes", "Splits", "Advice", "Registry", "OPS"),
        *("audio", "frame", "const", "scalar", "anything", "same_as", "Port", "Mismatch"),
        *("Rate", "Unit", "Dim", "Signal"),
    ),
    "Graphs and errors": ("Graph", "Clock", "Input", "Node", "Ref", "GraphError", "Diagnostic", "Span", "Limits"),
}
_SECTION = re.compile(r"(Args|Returns|Raises|Attributes):(.*)")
_ENTRY = re.compile(r"  (\S.*?): (.*)")


def pages() -> dict[Path, str]:
    """Every page by its path."""
    return {
        FOLDER / "README.md": _root_page(),
        FOLDER / "dsp.md": _module_page("dsp", _contents("dsp")),
        FOLDER / "nn.md": _module_page("nn", _contents("nn")),
        FOLDER / "losses.md": _module_page("losses", {"functions": dg.losses._FUNCTIONS}),
    }


def public_objects() -> Iterator[tuple[str, Any]]:
    """Everything that the pages show, by its name there, members of classes included."""
    for names in ROOT_SECTIONS.values():
        for name in names:
            found = _root_object(name)
            yield f"dg.{name}", found
            if _is_class(found):
                yield from ((f"dg.{name}.{inner}", member) for inner, member in _members(found))
    for module, contents in (("dsp", _contents("dsp")), ("nn", _contents("nn"))):
        for names in contents.values():
            yield from ((f"dg.{module}.{name}", getattr(getattr(dg, module), name)) for name in names)
    yield from ((f"dg.losses.{name}", getattr(dg.losses, name)) for name in dg.losses._FUNCTIONS)


def _contents(package: str) -> dict[str, tuple[str, ...]]:
    """File -> its public functions, from the stub that is the table of contents of a package."""
    stub = Path(dg.__file__).parent / package / "__init__.pyi"
    statements = ast.parse(stub.read_text(encoding="utf-8")).body
    return {s.module or "": tuple(a.name for a in s.names) for s in statements if isinstance(s, ast.ImportFrom)}


def _root_object(name: str) -> Any:
    module, _, attribute = name.rpartition(":")
    return getattr(importlib.import_module(f"ddspgraph.{module}"), attribute) if module else getattr(dg, name)


def _root_page() -> str:
    lines = [
        "# The Python API",
        "",
        "Generated from the docstrings of the code. `import ddspgraph as dg` does not load TensorFlow.",
        "",
        "- [`dg.dsp`](dsp.md): tensor maths of audio, by the names of magenta/ddsp's `core` and `spectral_ops`",
        "- [`dg.nn`](nn.md): tensor maths of networks",
        "- [`dg.losses`](losses.md): tensor maths of losses; as classes they are among the [ops](../ops.md)",
        "- `dg.ops`: one class an op, such as `dg.ops.Harmonic`: [all ops](../ops.md)",
        "",
    ]
    for title, names in ROOT_SECTIONS.items():
        lines += [f"## {title}", ""]
        for name in names:
            found = _root_object(name)
            shown = name.rpartition(":")[2]
            lines += _entry(shown, shown if ":" in name else f"dg.{shown}", found)
            if _is_class(found):
                for inner, member in _members(found):
                    lines += _member(shown, inner, member)
    return "\n".join(lines)


def _module_page(name: str, contents: Mapping[str, tuple[str, ...]]) -> str:
    module = getattr(dg, name)
    lines = [f"# `dg.{name}`", "", "Generated from the docstrings of the code.", "", *_prose(module.__doc__ or ""), ""]
    if name != "losses":
        lines += ["| file | functions |", "|---|---|"]
        for file, names in contents.items():
            lines.append(f"| `{file}` | {', '.join(f'[`{n}`](#{n.lower()})' for n in names)} |")
        lines.append("")
    for file, names in contents.items():
        inner = importlib.import_module(f"ddspgraph.{name}.{file}")
        lines += [f"## {file}", "", *_prose(inner.__doc__ or ""), ""]
        for each in names:
            lines += _entry(each, f"dg.{name}.{each}", getattr(module, each))
    return "\n".join(lines)


def _is_class(found: Any) -> bool:
    """Whether it is a class; Python 3.10 also counts `tuple[str, ...]`, another name for a type."""
    return inspect.isclass(found) and not isinstance(found, GenericAlias)


def _entry(title: str, called: str, found: Any) -> list[str]:
    lines = [f"### {title}", ""]
    if isinstance(found, GenericAlias):
        return [*lines, "```py", f"{called} = {found}", "```", ""]
    if inspect.isclass(found) or callable(found):
        lines += ["```py", signature_text(called, found), "```", ""]
        return [*lines, *_prose(inspect.getdoc(found) or ""), ""]
    value = found if isinstance(found, (int, float)) else ", ".join(f"`{key}`" for key in found)
    return [*lines, f"`{called}` = {value}" if isinstance(found, (int, float)) else f"By name: {value}.", ""]


def _member(owner: str, name: str, member: Any) -> list[str]:
    if isinstance(member, property) or not callable(member):
        shown, text = f"{owner}.{name}", inspect.getdoc(member) or ""
    else:
        shown, text = signature_text(f"{owner}.{name}", member), inspect.getdoc(member) or ""
    return ["```py", shown, "```", "", *_prose(text), ""]


def _members(kind: type) -> list[tuple[str, Any]]:
    """Public methods and properties of a class, those that it has from other classes of the package included."""
    if issubclass(kind, enum.Enum):
        return []
    found: dict[str, Any] = {}
    for base in kind.__mro__:
        if not base.__module__.startswith("ddspgraph"):
            continue
        for name, member in vars(base).items():
            shown = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
            is_member = inspect.isfunction(shown) or isinstance(shown, property) or hasattr(shown, "attrname")
            if is_member and (not name.startswith("_") or name == "__call__") and getattr(shown, "__doc__", None):
                found.setdefault(name, shown)
    return list(found.items())


def signature_text(called: str, found: Any) -> str:
    """A call with its parameters, on one line or one line each."""
    if inspect.isclass(found) and (issubclass(found, (enum.Enum, Exception)) or found.__init__ is object.__init__):
        return f"class {called}"
    if inspect.isclass(found) and not (inspect.isfunction(found.__init__) or inspect.isfunction(found.__new__)):
        return f"{called}(...)"  # which signature a class of Python itself has depends on the version
    try:
        signature = inspect.signature(inspect.unwrap(found))
    except (TypeError, ValueError):
        return f"{called}(...)"
    parts, starred = [], False
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
        starred |= parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL)
        parts.append(_parameter(parameter))
    answer = signature.return_annotation
    after = "" if answer is signature.empty or inspect.isclass(found) else f" -> {_type_text(answer)}"
    line = f"{called}({', '.join(parts)}){after}"
    return line if len(line) <= 100 else f"{called}(\n" + "".join(f"    {part},\n" for part in parts) + f"){after}"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = stars + parameter.name
    if parameter.annotation is not parameter.empty:
        text += f": {_type_text(parameter.annotation)}"
    if parameter.default is not parameter.empty:
        text += f" = {_default_text(parameter.default)}"
    return text


def _type_text(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _default_text(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    return repr(value) if isinstance(value, (int, float, str, tuple, type(None))) else "..."


def _prose(text: str) -> list[str]:
    """A docstring as Markdown: sections become lists, examples become blocks."""
    lines: list[str] = []
    section, block = "", False
    for line in inspect.cleandoc(text).replace("``", "`").splitlines():
        if block and not line.strip():
            lines, block = [*lines, "```"], False
        heading = _SECTION.fullmatch(line)
        entry = _ENTRY.fullmatch(line) if section else None
        if line.startswith(">>>") and not block:
            lines, block = [*lines, "```pycon"], True
        if heading and not block:
            section = heading[1]
            lines += ["", f"**{section}**{':' + heading[2] if heading[2] else ''}", ""]
        elif entry:
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        elif section and line.startswith("  ") and not line.startswith("   "):
            lines.append(line.strip() if section == "Returns" else f"- {line.strip()}")
        elif section and line.strip():
            lines.append(f"  {line.strip()}" if section != "Returns" else line.strip())
        else:
            section = "" if line.strip() else section
            lines.append(line)
    return [*lines, "```"] if block else lines
