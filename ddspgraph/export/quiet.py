"""Converters talk: to both streams, from C++ and Python, and warn of their own past. Their errors are exceptions."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator

_LOGGERS = ("tensorflow", "tf2onnx", "absl")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing that is said within reaches stdout or stderr; no warning is raised, and none shown."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        for logger in map(logging.getLogger, _LOGGERS):
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.CRITICAL + 1)
        nowhere = stack.enter_context(tempfile.TemporaryFile("w"))
        for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
            stream.flush()
            with contextlib.suppress(OSError):  # one that is closed says nothing
                kept = os.dup(number)
                stack.callback(os.close, kept)
                stack.callback(os.dup2, kept, number)
                os.dup2(nowhere.fileno(), number)
        stack.enter_context(contextlib.redirect_stdout(nowhere))
        stack.enter_context(contextlib.redirect_stderr(nowhere))
        stack.callback(nowhere.flush)
        yield
