"""Progress of long work with an estimate, on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from ddspgraph.cli.console import is_terminal, kept_stderr

_FIRST_LINE_S, _NEXT_LINES_S = 5.0, 15.0
_LEAST_SHARE = 0.05  # an estimate needs something to go by


@contextlib.contextmanager
def bar(label: str, total: float) -> Iterator[Callable[[float], None]]:
    """Gives a function to call with how much of `total` is done."""
    with kept_stderr() as stream:
        if is_terminal(stream):
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
            )
            with Progress(*columns, console=Console(file=stream), transient=True, redirect_stderr=False) as progress:
                task = progress.add_task(label, total=total or None)
                yield lambda done: progress.update(task, completed=done)
            return
        first: tuple[float, float] | None = None  # when something was done for the first time, and how much
        last = time.monotonic() + _FIRST_LINE_S - _NEXT_LINES_S

        def tell_now_and_then(done: float) -> None:
            nonlocal first, last
            now = time.monotonic()
            if first is None and done > 0:  # what came before was loading, which says nothing of the speed
                first = (now, done)
            if now - last >= _NEXT_LINES_S and first is not None and first[1] + _LEAST_SHARE * total <= done < total:
                last = now
                left = (now - first[0]) * (total - done) / (done - first[1])
                print(f"{label} ... {done / total:.0%}, about {_spoken(left)} left", file=stream, flush=True)

        yield tell_now_and_then


def _spoken(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
