"""`ddspgraph new NAME --from GRAPH`: a spec of one's own to begin with. TensorFlow is not imported."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from ddspgraph.cli.console import put, show_json, table, tell
from ddspgraph.cli.options import Arguments, Parser, UsageError, add_ops_option
from ddspgraph.cli.verbs.schema import schema_text
from ddspgraph.resources import MODELINE, folder

EXAMPLE = "ddspgraph new my_chorus --from guitar_chorus\n  ddspgraph new --list"
_DEFAULT = "guitar_chorus"
_SCHEMA = "ddspgraph.schema.json"
#: What YAML reads as something else than a word.
_NO_WORDS = ("null", "true", "false")


def add_options(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="of the new spec; NAME.yaml is written")
    parser.add_argument("--from", dest="origin", metavar="GRAPH", default=_DEFAULT, help=f"default: {_DEFAULT}")
    parser.add_argument("--list", action="store_true", help="list the graphs to start from")
    add_ops_option(parser)


def main(arguments: Arguments) -> int:
    graphs = _graphs()
    if arguments.list:
        _show(graphs, arguments)
        return 0
    if arguments.name is None:
        raise UsageError("which name? `ddspgraph new NAME --from GRAPH`; `ddspgraph new --list` lists the graphs")
    if arguments.origin not in graphs:
        from ddspgraph.diagnostics import did_you_mean

        hint = did_you_mean(arguments.origin, list(graphs)) or "`ddspgraph new --list` lists them"
        raise UsageError(f"there is no graph '{arguments.origin}' to start from; {hint}")
    path = Path(arguments.name if arguments.name.endswith((".yaml", ".yml")) else f"{arguments.name}.yaml")
    _write(path, graphs[arguments.origin], arguments)
    return 0


def _write(path: Path, origin: Path, arguments: Arguments) -> None:
    """The spec, and the schema beside it unless there is one. Raises GraphError E607 where the spec is there."""
    from ddspgraph.diagnostics import fail
    from ddspgraph.files import place, write_atomically

    if os.path.lexists(path):
        raise fail("E607", "it is there already, and is kept as it is", place(path), hint="choose another name")
    schema = path.with_name(_SCHEMA)
    has_schema = schema.exists()
    schema_json = "" if has_schema else schema_text(arguments.ops)
    write_atomically(path, _renamed(origin.read_text(encoding="utf-8"), path.stem).encode())
    if not has_schema:
        write_atomically(schema, f"{schema_json}\n".encode())
    if arguments.json:
        show_json({"ok": True, "file": str(path), "from": arguments.origin, "schema": str(schema)})
        return
    tell(f"wrote {path}, a copy of {arguments.origin}" + f", and {schema} for editors" * (not has_schema))
    if has_schema and arguments.ops:
        renew = " ".join(f"--ops {shlex.quote(place)}" for place in arguments.ops)
        tell(f"{schema} is kept; this renews it: ddspgraph schema {renew} -o {shlex.quote(str(schema))}")
    tell(f"next: ddspgraph check {shlex.quote(str(path))} --explain")


def _renamed(text: str, stem: str) -> str:
    """The text of a graph under another name, with a first line for editors that leads to the schema beside it."""
    name = re.sub(r"\W", "_", stem, flags=re.ASCII)
    name = f"_{name}" if not re.match(r"[A-Za-z_]", name) or name.lower() in _NO_WORDS else name
    text = re.sub(r"\A#[^\n]*\$schema=[^\n]*\n", "", text)
    return f"{MODELINE.format(_SCHEMA)}\n" + re.sub(r"(?m)^name: .*$", f"name: {name}", text, count=1)


def _graphs() -> dict[str, Path]:
    """Those of the current version that come with the program, models to train last."""
    found = {str(p.relative_to(folder("graphs")).with_suffix("")): p for p in _files()}
    return {name.replace(os.sep, "/"): path for name, path in found.items()}


def _files() -> list[Path]:
    paths = [*sorted(folder("graphs").glob("*.yaml")), *sorted(folder("graphs").glob("models/*.yaml"))]
    return [path for path in paths if re.search(r"(?m)^version: 2$", path.read_text(encoding="utf-8"))]


def _show(graphs: dict[str, Path], arguments: Arguments) -> None:
    from ddspgraph.compiler.frontend.document import read

    docs = {}
    for name, path in graphs.items():
        spec = read(path).root.plain()
        docs[name] = " ".join(str(spec.get("doc", "")).split())
    if arguments.json:
        show_json([{"name": name, "doc": doc, "file": str(graphs[name])} for name, doc in docs.items()])
        return
    put(table([[name, re.split(r"(?<=[a-z)])[.:] ", doc)[0].rstrip(".")] for name, doc in docs.items()], ""))
