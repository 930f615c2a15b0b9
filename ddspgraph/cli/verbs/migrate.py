"""`ddspgraph migrate FILE`: an older spec in the current version, with a report; a trained model as a run.

TensorFlow is imported for `--verify` and for trained models only.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import difflib
import os
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ddspgraph.cli import migrated_run
from ddspgraph.cli.console import load_quietly, show, show_json, stage, tell
from ddspgraph.cli.options import Arguments, Parser, UsageError, add_limit_option, add_ops_option

if TYPE_CHECKING:
    from ddspgraph.compiler.frontend.values import Document
    from ddspgraph.migrations import MigrationResult
    from ddspgraph.proofs.migration import Comparison

#: Lost bindings that are named again at the end.
_MOST_LOST = 10

EXAMPLE = "ddspgraph migrate old.yaml -o new.yaml"


@dataclass(frozen=True)
class Migrated:
    """A file that was read and migrated; nothing is written yet."""

    file: str
    document: Document
    result: MigrationResult

    @property
    def name(self) -> str:
        return "<stdin>" if self.file == "-" else self.file

    @property
    def is_gin(self) -> bool:
        return self.result.from_version == 0

    @property
    def data(self) -> bytes:
        """What is to be written; a byte order mark stays."""
        mark = b""
        if self.file != "-" and not self.is_gin:
            from ddspgraph.files import open_file

            with open_file(self.file) as file:
                mark = codecs.BOM_UTF8 if file.read(3) == codecs.BOM_UTF8 else b""
        return mark + self.result.text.encode()


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="a spec of any version, or - for stdin; several gin files are one model; or the folder of a model that "
        "magenta/ddsp has trained (ckpt-N.index, operative_config-N.gin), then gin files if it has none",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("-o", "--output", metavar="FILE|RUN", help="write here (without it: to stdout)")
    where.add_argument("--in-place", action="store_true", help="replace FILE, keeping the old one as FILE.bak")
    where.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a FILE is not current")
    parser.add_argument("--diff", action="store_true", help="print what would change")
    parser.add_argument(
        "--draw",
        metavar="PICTURE",
        help="with --diff: draw the new graph, what has changed marked; .svg, .png, .pdf, .dot or .mmd",
    )
    parser.add_argument(
        "--gin-path",
        metavar="FOLDER",
        action="append",
        default=[],
        help="where files that a gin file includes may lie, beside its own folder; may be repeated",
    )
    parser.add_argument(
        "--gin-param",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a binding that overrides those of gin files; may be repeated",
    )
    parser.add_argument(
        "--frame-rate",
        metavar="HZ",
        type=_frame_rate,
        help="frames a second of the graph, whatever a gin file says",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="run a list of processors and its graph on the same inputs; nothing is written if they differ",
    )
    add_ops_option(parser)
    add_limit_option(parser)


def main(arguments: Arguments) -> int:
    """Exit code: that of the worst file; 1 where `--check` found work or something was lost."""
    if migrated_run.is_run_folder(arguments.files[0]):
        return migrated_run.main(arguments)
    _check_usage(arguments)
    if len(arguments.files) == 1 or _is_one_model(arguments):
        report, code = _one(arguments, arguments.files[0], arguments.files[1:])
        if arguments.json:
            show_json(report)
        return code
    done = [_one_of_several(arguments, file) for file in arguments.files]
    if arguments.json:
        show_json([report for report, _ in done])
    return max(code for _, code in done)


def _check_usage(arguments: Arguments) -> None:
    files, output = arguments.files, arguments.output
    if "-" in files and arguments.in_place:
        raise UsageError("--in-place needs a file, not stdin")
    if _is_one_model(arguments):
        files = files[:1]
    if len(files) > 1 and output is not None:
        raise UsageError("-o takes one file, or several gin files of one model; --in-place replaces each")
    if len(files) > 1 and not (arguments.in_place or arguments.check or arguments.diff or arguments.json):
        raise UsageError("several files need --in-place, --check or --diff")
    if arguments.draw is not None and (len(files) > 1 or not arguments.diff):
        raise UsageError("--draw PICTURE goes with --diff of one file")
    for file in files:
        if _is_gin(file):
            _check_gin(arguments, file)
    with contextlib.suppress(OSError):
        if output is not None and any(os.path.samefile(output, file) for file in arguments.files):
            raise UsageError("-o names the file itself; --in-place replaces it and keeps the old one")


def _is_gin(file: str) -> bool:
    return file.lower().endswith(".gin")


def _is_one_model(arguments: Arguments) -> bool:
    """Whether the files are one model, as those of magenta/ddsp's `--gin_file`. `--check` looks at each by itself."""
    return len(arguments.files) > 1 and all(map(_is_gin, arguments.files)) and not arguments.check


def _frame_rate(text: str) -> float:
    try:
        number = float(text.removesuffix("Hz").strip())
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of frames a second, such as 250")
    return number


def _check_gin(arguments: Arguments, file: str) -> None:
    if arguments.in_place:
        new = shlex.quote(str(Path(file).with_suffix(".yaml")))
        raise UsageError(f"--in-place would put YAML into a gin file; -o {new} writes it beside")


def _one(arguments: Arguments, file: str, more: Sequence[str] = ()) -> tuple[dict[str, object], int]:
    """The report of a file, and of others of the same model; and the exit code. Raises GraphError."""
    from ddspgraph.cli.spec import read_spec
    from ddspgraph.files import write_atomically
    from ddspgraph.limits import DEFAULT_LIMITS
    from ddspgraph.migrations import migrate_document
    from ddspgraph.migrations.gin_options import GinOptions

    gin = GinOptions(arguments.gin_path, arguments.gin_param, more, arguments.frame_rate)
    document = read_spec(file, DEFAULT_LIMITS, gin)
    migrated = Migrated(file, document, migrate_document(document))
    if migrated.is_gin:
        _check_gin(arguments, file)
    elif arguments.gin_param or arguments.frame_rate is not None:
        raise UsageError(f"--gin-param and --frame-rate are for gin files; {migrated.name} is none")
    for warning in migrated.result.warnings:
        show(warning, sys.stderr)
    comparisons = _verified(migrated) if arguments.verify else None
    picture = _picture(arguments, migrated)
    backup = _write(arguments, migrated)
    if picture is not None:
        write_atomically(arguments.draw, picture)
    if arguments.diff and not arguments.json:
        _put(_diff(migrated))
    elif not (arguments.check or arguments.in_place or arguments.output or arguments.json):
        _put(migrated.result.text)
    _tell(arguments, migrated, comparisons, backup)
    has_work = arguments.check and migrated.result.changed
    return _as_dict(arguments, migrated, comparisons, backup), int(has_work or bool(migrated.result.lost))


def _one_of_several(arguments: Arguments, file: str) -> tuple[dict[str, object], int]:
    """As `_one`; an error is shown, and the other files go on."""
    from ddspgraph.diagnostics import GraphError

    try:
        return _one(arguments, file)
    except GraphError as error:
        for diagnostic in error.diagnostics:
            show(diagnostic, sys.stderr)
        found = [diagnostic.as_dict() for diagnostic in error.diagnostics]
        return {"file": file, "ok": False, "diagnostics": found}, error.exit_code


def _verified(migrated: Migrated) -> tuple[Comparison, ...]:
    """Runs both sides. Raises GraphError E802 where they differ."""
    if not migrated.result.changed:
        return ()
    with stage(f"verifying {migrated.name}"):
        load_quietly()
        from ddspgraph.proofs.migration import list_of, verify_migration

        if list_of(migrated.document) is None:
            message = f"--verify runs lists of processors; {migrated.name} holds more, which only magenta/ddsp can run"
            raise UsageError(message)
        return verify_migration(migrated.document, migrated.result.text)


def _picture(arguments: Arguments, migrated: Migrated) -> bytes | None:
    """What `--draw` asks for; made before anything is written. Raises GraphError."""
    if arguments.draw is None:
        return None
    from ddspgraph.render.migration import migration_bytes

    with stage(f"drawing {arguments.draw}"):
        return migration_bytes(migrated.document, migrated.result, arguments.draw)


def _write(arguments: Arguments, migrated: Migrated) -> str | None:
    """Writes what was asked for; the name of the backup, if one was made."""
    from ddspgraph.files import open_file, write_atomically

    if arguments.output is not None:
        write_atomically(arguments.output, migrated.data)
    if not (arguments.in_place and migrated.result.changed):
        return None
    with open_file(migrated.file) as file:
        old, mode = file.read(), os.fstat(file.fileno()).st_mode & 0o777
    data, backup = migrated.data, _backup_name(migrated.file, old)
    write_atomically(backup, old)
    os.chmod(backup, mode)
    write_atomically(migrated.file, data)
    return backup


def _backup_name(file: str, data: bytes) -> str:
    """`FILE.bak`, or `FILE.bak2` and so on where that holds something else."""
    names = (f"{file}.bak{n if n > 1 else ''}" for n in range(1, sys.maxsize))
    return next(n for n in names if not os.path.lexists(n) or (os.path.isfile(n) and Path(n).read_bytes() == data))


def _put(text: str) -> None:
    """A spec to stdout: UTF-8 whatever the terminal's encoding, and line ends as they are."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())


def _diff(migrated: Migrated) -> str:
    old, new, name = migrated.document.source.text, migrated.result.text, migrated.name
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), name, f"{name} (migrated)", lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _tell(
    arguments: Arguments, migrated: Migrated, comparisons: tuple[Comparison, ...] | None, backup: str | None
) -> None:
    name, result = migrated.name, migrated.result
    if arguments.draw is not None:
        tell(f"wrote {arguments.draw}: the new graph, what has changed is marked")
    if not result.changed:
        copied = f", copied to {arguments.output}" if arguments.output else ""
        tell(f"{name}: version {result.from_version} is the current one: nothing to do{copied}")
        return
    for change in result.changes:
        tell(str(change))
    for comparison in comparisons or ():
        tell(f"{name}: verified: {comparison}")
    if arguments.check:
        repair = f": `ddspgraph migrate {shlex.quote(name)} --in-place` brings it to"
        if migrated.file == "-":
            repair = ", which is"
        elif migrated.is_gin:
            target = os.path.splitext(name)[0] + ".yaml"
            repair = f": `ddspgraph migrate {shlex.quote(name)} -o {shlex.quote(target)}` brings it to"
        tell(f"{name}: version {result.from_version} is not current{repair} {result.to_version}")
        return
    shown_diff = arguments.diff and not (arguments.output or backup)
    where = arguments.output or (f"{name}, the old one is {backup}" if backup else "stdout")
    unwritten = "nothing was written" if arguments.draw is None else "no spec was written"
    outcome = unwritten if shown_diff else f"to {where}"
    tell(f"{name}: version {result.from_version} -> {result.to_version}, {_counted(result)}, {outcome}")
    _tell_what_is_left(name, result)


def _counted(result: MigrationResult) -> str:
    """`12 changes, 2 guessed, 1 lost`."""
    counts = Counter(str(change.kind) for change in result.changes)
    n = len(result.changes)
    told = [f"{counts[kind]} {kind}" for kind in ("guessed", "lost") if counts[kind]]
    return ", ".join([f"{n} change{'s' * (n != 1)}", *told])


def _tell_what_is_left(name: str, result: MigrationResult) -> None:
    """What a person must still do: last, where it is seen."""
    if result.awaited:
        tell(f"{name}: the graph needs ops that the library does not have: {', '.join(result.awaited)}")
    if result.lost:
        tell(f"{name}: lost, the graph does not compute what these lines say:")
        for change in result.lost[:_MOST_LOST]:
            tell(f"  {change.span}: {change.path} ({change.note})")
        if len(result.lost) > _MOST_LOST:
            tell(f"  and {len(result.lost) - _MOST_LOST} more, see above")


def _as_dict(
    arguments: Arguments, migrated: Migrated, comparisons: tuple[Comparison, ...] | None, backup: str | None
) -> dict[str, object]:
    result = migrated.result
    return {
        "file": migrated.name,
        "ok": True,
        "from_version": result.from_version,
        "to_version": result.to_version,
        "changed": result.changed,
        "lost": len(result.lost),
        "awaited": list(result.awaited),
        "changes": [change.as_dict() for change in result.changes],
        "warnings": [warning.as_dict() for warning in result.warnings],
        "verified": None if comparisons is None else [comparison.as_dict() for comparison in comparisons],
        "written": arguments.output or (migrated.file if backup else None),
        "backup": backup,
        "picture": arguments.draw,
        "text": result.text,
    }
