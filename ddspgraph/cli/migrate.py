"""`ddspgraph migrate FILE`: an older spec in the current version, with a report. TensorFlow is not imported."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ddspgraph.cli.console import show_json, tell
from ddspgraph.cli.options import Arguments, Parser, UsageError

if TYPE_CHECKING:
    from ddspgraph.migrations import MigrationResult

EXAMPLE = "ddspgraph migrate old.yaml -o new.yaml"


def add_options(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="a spec of any version, or - for stdin")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("-o", "--output", metavar="FILE", help="write here (without it: to stdout)")
    where.add_argument("--in-place", action="store_true", help="replace FILE, keeping the old one as FILE.bak")
    where.add_argument("--check", action="store_true", help="write nothing; exit code 1 if FILE is not current")
    parser.add_argument("--diff", action="store_true", help="print what would change")


def main(arguments: Arguments) -> int:
    from ddspgraph.migrations import migrate_text

    file, is_stdin = arguments.file, arguments.file == "-"
    if is_stdin and arguments.in_place:
        raise UsageError("--in-place needs a file, not stdin")
    old = _read(file)
    result = migrate_text(old if is_stdin else Path(file))
    name = "<stdin>" if is_stdin else file
    _write(arguments, result)
    if arguments.json:
        show_json(_as_dict(arguments, name, result))
    elif arguments.diff:
        sys.stdout.write(_diff(old, result.text, name))
    elif not (arguments.check or arguments.in_place or arguments.output):
        sys.stdout.write(result.text)
    _report(arguments, name, result)
    return 1 if arguments.check and result.changed else 0


def _read(file: str) -> str:
    from ddspgraph.cli.spec import read_spec
    from ddspgraph.limits import DEFAULT_LIMITS

    return read_spec(file, DEFAULT_LIMITS).source.text


def _write(arguments: Arguments, result: MigrationResult) -> None:
    from ddspgraph.files import open_file, write_atomically

    if arguments.output is not None:
        write_atomically(arguments.output, result.text.encode())
    elif arguments.in_place and result.changed:
        with open_file(arguments.file) as file:
            write_atomically(f"{arguments.file}.bak", file.read())
        write_atomically(arguments.file, result.text.encode())


def _diff(old: str, new: str, name: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), name, f"{name} (migrated)", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _report(arguments: Arguments, name: str, result: MigrationResult) -> None:
    if not result.changed:
        tell(f"{name}: version {result.from_version} is the current one: nothing to do")
        return
    for change in result.changes:
        tell(str(change))
    if arguments.check:
        outcome = f"is not current: `ddspgraph migrate {name} --in-place` brings it to {result.to_version}"
        tell(f"{name}: version {result.from_version} {outcome}")
        return
    where = arguments.output or (f"{name}, the old one is {name}.bak" if arguments.in_place else "stdout")
    tell(f"{name}: version {result.from_version} -> {result.to_version}, {len(result.changes)} changes, to {where}")


def _as_dict(arguments: Arguments, name: str, result: MigrationResult) -> dict[str, object]:
    return {
        "file": name,
        "from_version": result.from_version,
        "to_version": result.to_version,
        "changed": result.changed,
        "changes": [change.as_dict() for change in result.changes],
        "written": arguments.output or (arguments.file if arguments.in_place and result.changed else None),
        "text": result.text,
    }
