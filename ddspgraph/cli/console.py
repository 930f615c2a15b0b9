"""What people read: plain text, and colour and a spinner where it is a terminal (`rich`, unless NO_COLOR is set)."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from ddspgraph.tensorflow_start import load_tensorflow

if TYPE_CHECKING:
    from ddspgraph.diagnostics import Diagnostic

#: A stage that takes longer than the first is named where there is no terminal, and again after each second.
_FIRST_LINE_S, _NEXT_LINES_S = 2.0, 10.0
_MOST_COLUMNS = 100


def tell(message: str) -> None:
    """A message, to stderr."""
    print(message, file=sys.stderr, flush=True)


def put(text: str) -> None:
    """Data, to stdout."""
    print(text)


def show_json(data: Any) -> None:
    """Data as JSON, to stdout. Text stays within ASCII: any pipe takes it."""
    print(json.dumps(data, indent=2))


def show(diagnostic: Diagnostic, stream: TextIO | None = None) -> None:
    """A finding, in colour where it is a terminal."""
    out = stream or sys.stdout
    text = str(diagnostic)
    if is_terminal(out):
        head, rest = text.split("\n", 1) if "\n" in text else (text, "")
        colour = "bold red" if diagnostic.is_error else "bold yellow"
        head = head.replace(diagnostic.code, paint(diagnostic.code, colour, out), 1)
        rest = re.sub(r"(?m)^( +\| +)(\^+)$", lambda m: m[1] + paint(m[2], colour, out), rest)
        rest = re.sub(r"(?m)^( += help: )(.*)$", lambda m: m[1] + paint(m[2], "cyan", out), rest)
        text = f"{head}\n{rest}" if rest else head
    print(text, file=out)


def show_warning(diagnostic: Diagnostic) -> None:
    """A finding that does not end the command, to stderr."""
    show(diagnostic, sys.stderr)


def is_terminal(stream: TextIO) -> bool:
    """Whether colours and movement are welcome."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """The text in a style of `rich`, where it is a terminal."""
    if not is_terminal(stream or sys.stdout):
        return text
    from rich.style import Style

    return Style.parse(style).render(text)


def width() -> int:
    """Columns to fill: those of the terminal up to a readable length, 80 in a pipe."""
    return min(shutil.get_terminal_size((80, 24)).columns, _MOST_COLUMNS) if sys.stdout.isatty() else 80


def table(rows: Sequence[Sequence[str]], indent: str = "  ") -> str:
    """Columns as wide as their widest cell."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(indent + line for line in lines)


@contextlib.contextmanager
def stage(label: str) -> Iterator[None]:
    """Shows on stderr that something takes time: a spinner on a terminal, a line now and then elsewhere."""
    with kept_stderr() as stream:
        if is_terminal(stream):
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            console = Console(file=stream)
            columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
            with Progress(*columns, console=console, transient=True, redirect_stderr=False) as progress:
                progress.add_task(label, total=None)
                yield
            return
        ended = threading.Event()
        watcher = threading.Thread(target=_name_now_and_then, args=(label, stream, ended), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()


def _name_now_and_then(label: str, stream: TextIO, ended: threading.Event) -> None:
    begin, wait = time.monotonic(), _FIRST_LINE_S
    while not ended.wait(wait):
        print(f"{label} ... {time.monotonic() - begin:.0f} s", file=stream, flush=True)
        wait = _NEXT_LINES_S


@contextlib.contextmanager
def kept_stderr() -> Iterator[TextIO]:
    """stderr as it is now, even while `load_quietly` holds it back."""
    try:
        stream = os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding, errors="backslashreplace")
    except (OSError, io.UnsupportedOperation, ValueError):
        yield sys.stderr
        return
    with stream:
        yield stream


def load_quietly() -> Any:
    """TensorFlow, without what it says on stderr while it is imported, which no setting silences; shown if it fails."""
    if "tensorflow" in sys.modules:
        return load_tensorflow()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        kept = os.dup(2)
    except OSError:  # stderr is closed: nothing is to be silenced
        return load_tensorflow()
    import tempfile

    with tempfile.TemporaryFile() as said:
        sys.stderr.flush()
        os.dup2(said.fileno(), 2)
        try:
            tf = load_tensorflow()
        except Exception:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
    import logging

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # "Assets written to", of a staged folder
    return tf


def load_for_blocks() -> None:
    """TensorFlow as a stream wants it."""
    tf = load_quietly()
    with contextlib.suppress(RuntimeError):  # TensorFlow runs already
        # The operations of a block are small and wait for each other: more threads only wait for the processor.
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.threading.set_intra_op_parallelism_threads(1)
