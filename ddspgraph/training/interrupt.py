"""Ctrl-C between two steps, never within one."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass
class Interrupt:
    """Whether somebody asked to end."""

    is_requested: bool = False


@contextlib.contextmanager
def interruptible(tell: Callable[[str], None]) -> Iterator[Interrupt]:
    """Turns the first Ctrl-C into a request; the second one interrupts at once.

    Args:
      tell: told in a sentence what the first one does.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield interrupt
        return

    def request(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        interrupt.is_requested = True
        tell("ending after this step, with a checkpoint; Ctrl-C again ends at once")

    before = signal.signal(signal.SIGINT, request)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
