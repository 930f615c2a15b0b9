"""`ddspgraph migrate RUN_FOLDER -o RUN`: what magenta/ddsp's trainer wrote as a run, with a report."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ddspgraph.cli.console import load_quietly, show_json, show_warning, stage, tell
from ddspgraph.cli.options import Arguments, UsageError

if TYPE_CHECKING:
    from ddspgraph.training.migrated import MigratedRun


def is_run_folder(argument: str) -> bool:
    """Whether an argument is a folder of magenta/ddsp's trainer, or a checkpoint in one."""
    from ddspgraph.migrations.checkpoint.folder import is_trained_folder

    return argument != "-" and is_trained_folder(argument)


def main(arguments: Arguments) -> int:
    """Exit code: 1 where something of the model is not in the run."""
    from ddspgraph.cli.options import limits_of
    from ddspgraph.cli.remembered_ops import confirm
    from ddspgraph.cli.user_ops import load_ops
    from ddspgraph.export.staged_folder import check_target
    from ddspgraph.migrations.checkpoint.folder import trained_folder

    folder, more = arguments.files[0], arguments.files[1:]
    gin, gin_path = _gin_files(more, arguments.gin_path)
    _check_usage(arguments, more)
    # What can be wrong without TensorFlow is found before it is loaded.
    trained_folder(folder, gin)
    check_target(arguments.output, lambda existing: False)
    ops, ops_files = (load_ops(arguments.ops), confirm(arguments.ops)) if arguments.ops else ((), ())
    limits = limits_of(arguments.limit)
    with stage("loading TensorFlow"):
        load_quietly()
        from ddspgraph.training.migrated import migrate_run
    with stage(f"migrating {folder}"):
        done = migrate_run(
            folder,
            arguments.output,
            gin=gin,
            gin_path=gin_path,
            gin_params=arguments.gin_param,
            frame_rate_hz=arguments.frame_rate,
            ops=ops,
            ops_files=ops_files,
            limits=limits,
        )
    for warning in done.warnings:
        show_warning(warning)
    lacks = any(warning.code == "W138" for warning in done.warnings)
    if arguments.json:
        show_json(_as_dict(arguments, done))
    else:
        _tell(arguments, done)
    return int(bool(done.spec.lost) or lacks)


def _gin_files(more: Sequence[str], gin_path: Sequence[str]) -> tuple[list[str], list[str]]:
    """The gin files of the model, and folders of what they include; `--gin-path` may name either."""
    named = [path for path in gin_path if os.path.isfile(path)]
    return [*more, *named], [path for path in gin_path if path not in named]


def _check_usage(arguments: Arguments, more: Sequence[str]) -> None:
    if arguments.output is None:
        name = shlex.quote(Path(arguments.files[0]).resolve().name + "_run")
        raise UsageError(f"a folder of magenta/ddsp becomes a run: -o {name} says where")
    for option in ("in_place", "check", "diff", "draw", "verify"):
        if getattr(arguments, option):
            raise UsageError(f"--{option.replace('_', '-')} is for specs, {arguments.files[0]} is a trained model")
    for file in more:
        if not file.lower().endswith(".gin"):
            raise UsageError(f"after the folder come gin files of its model, {file} is none")


def _tell(arguments: Arguments, done: MigratedRun) -> None:
    for change in done.spec.changes:
        tell(str(change))
    if done.spec.lost:
        tell("lost, the graph does not compute what these lines say:")
        for change in done.spec.lost:
            tell(f"  {change.span}: {change.path} ({change.note})")
    gin = ", ".join(path.name for path in done.gin)
    weights = f"{len(done.weights)} weights of {done.checkpoint.name}"
    tell(f"wrote {arguments.output}: the graph of {gin}, {weights}, Adam at step {done.step:,}")


def _as_dict(arguments: Arguments, done: MigratedRun) -> dict[str, object]:
    return {
        "ok": True,
        "run": arguments.output,
        "step": done.step,
        "checkpoint": str(done.checkpoint),
        "gin": [str(path) for path in done.gin],
        "weights": dict(done.weights),
        "lost": len(done.spec.lost),
        "changes": [change.as_dict() for change in done.spec.changes],
        "warnings": [warning.as_dict() for warning in done.warnings],
    }
