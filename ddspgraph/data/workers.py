"""Work in several processes: with progress, without orphans.

Processes are spawned, not forked: TensorFlow does not survive a fork. A process ends by itself when the one that
started it is gone (kill -9) or stops (Ctrl-C).
"""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from ddspgraph.diagnostics import fail

_T = TypeVar("_T")
_R = TypeVar("_R")
#: Adds to how much is done.
Tick = Callable[[float], None]
#: Told how much is done.
Progress = Callable[[float], None]
_POLL_S = 0.25
_CONTEXT = mp.get_context("spawn")

_tick: Tick  # of this process, where it is a worker


def nothing() -> None:
    """What a process may begin with."""


class Workers:
    """Runs a function on many tasks, here or in several processes.

    `workers(n, begin)` is to be used in a `with` statement.
    """

    def __init__(self, n_processes: int, pool: ProcessPoolExecutor | None, done: Any) -> None:
        self.n_processes, self._pool, self._done = n_processes, pool, done

    def run(self, work: Callable[[_T, Tick], _R], tasks: Sequence[_T], progress: Progress) -> list[_R]:
        """`work(task, tick)` of every task, in order; with several processes both must be picklable.

        Raises:
          GraphError: E617 where a process was killed.
        """
        if self._pool is None:
            done = 0.0

            def tick(amount: float) -> None:
                nonlocal done
                done += amount
                progress(done)

            return [work(task, tick) for task in tasks]
        before = sum(self._done)
        futures = [self._pool.submit(_call, work, task) for task in tasks]
        pending = set(futures)
        while pending:
            _, pending = wait(pending, _POLL_S)
            progress(sum(self._done) - before)
        try:
            return [future.result() for future in futures]
        except BrokenProcessPool:
            hint = "it may have run out of memory: try --processes 1; what is done is kept"
            raise fail("E617", "a helper process was ended from outside", hint=hint) from None


@contextlib.contextmanager
def workers(n_processes: int, begin: Callable[[], None]) -> Iterator[Workers]:
    """So many processes, each of which calls `begin` first; 1 is this process."""
    if n_processes <= 1:
        begin()
        yield Workers(1, None, None)
        return
    # Plain memory without locks: a process that is killed leaves none locked. Each worker writes its own counter.
    done, stopping, names = _CONTEXT.RawArray("d", n_processes), _CONTEXT.RawValue("b", 0), _CONTEXT.SimpleQueue()
    for i in range(n_processes):
        names.put(i)
    pool = ProcessPoolExecutor(n_processes, _CONTEXT, _begin, (done, stopping, names, begin))
    try:
        yield Workers(n_processes, pool, done)
    except BaseException:
        stopping.value = 1
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(done: Any, stopping: Any, names: Any, begin: Callable[[], None]) -> None:
    global _tick
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one says what it means
    index = names.get()

    def tick(amount: float) -> None:
        done[index] += amount

    _tick = tick
    threading.Thread(target=_watch, args=(stopping,), daemon=True).start()
    begin()


def _watch(stopping: Any) -> None:
    parent = mp.parent_process()
    while parent is not None and parent.is_alive() and not stopping.value:
        parent.join(_POLL_S)
    os._exit(1)


def _call(work: Callable[[_T, Tick], _R], task: _T) -> _R:
    return work(task, _tick)
