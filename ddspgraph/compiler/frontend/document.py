"""Reading a spec: a path, YAML text or a mapping becomes a `Document` whose every value knows its place.

A spec is data from anyone. Reading it opens that one file, runs nothing of it, and ends in bounded time and
memory or with a `GraphError`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import replace

from ddspgraph.compiler.frontend.mapping_text import mapping_text
from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.compiler.frontend.yaml.structure import check_structure
from ddspgraph.compiler.frontend.yaml.text import check_characters, decode
from ddspgraph.compiler.frontend.yaml.values import build
from ddspgraph.diagnostics import GraphError, Source, Span, clean, did_you_mean, fail
from ddspgraph.limits import DEFAULT_LIMITS, Limits

__all__ = ["Document", "Key", "Value", "read", "read_text"]

_SPEC_SUFFIXES = (".yaml", ".yml", ".gin")
_MOST_NAMES = 1_000
_LONGEST_NAME = 4_096


def read(
    source: str | os.PathLike[str] | Mapping[str, object],
    *,
    limits: Limits = DEFAULT_LIMITS,
    name: str | None = None,
) -> Document:
    """Reads a spec.

    Args:
      source: a path; or YAML text, which is a `str` that holds a line end or `: `, begins with `{`, or is
        blank; or a mapping, which is written as YAML first so that errors can show its lines.
      limits: bounds on the text; a spec cannot set them.
      name: what messages call the source; the path, `<text>` or `<mapping>` unless said.

    Raises:
      GraphError: E1 not the YAML that we read, E503 a number that is not finite, E601 no such file, E7 a
        limit. All errors of the text are in one exception.
    """
    if isinstance(source, Mapping):
        name = name or "<mapping>"
        return read_text(mapping_text(source, name, limits), name, limits)
    if isinstance(source, str) and _is_text(source):
        return read_text(source, name or "<text>", limits)
    path = os.fsdecode(source)
    return read_text(file_bytes(path, limits), name or clean(path), limits, path)


def read_text(text: str | bytes, name: str, limits: Limits = DEFAULT_LIMITS, path: str | None = None) -> Document:
    """Reads YAML text, or the bytes of the file at `path`, that messages call `name`. Raises like `read`."""
    if isinstance(text, str):
        source = Source(name, text.removeprefix("\ufeff"))
        size = len(text) if len(text) > limits.file_bytes else len(text.encode(errors="replace"))
    else:
        size = len(text)
        source = decode(text, name) if size <= limits.file_bytes else Source(name, "")
    if size > limits.file_bytes:
        raise _too_large(name, size, limits)
    source = replace(source, path=path)
    check_characters(source)
    check_structure(source, limits)
    return build(source, limits)


def _is_text(source: str) -> bool:
    begins_like_yaml = source.lstrip()[:1] in ("", "{")
    return begins_like_yaml or ": " in source or "\n" in source or "\r" in source


def file_bytes(path: str, limits: Limits) -> bytes:
    """The bytes of a regular file within the limit; opening never waits for the other end of a pipe."""
    try:
        _check_file(path, os.stat(path), limits)
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(path, flags), "rb") as file:
            _check_file(path, os.fstat(file.fileno()), limits)  # what was opened, not what was there before
            data = file.read(limits.file_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _unreadable(path, error) from None
    if len(data) > limits.file_bytes:
        raise _too_large(path, len(data), limits)
    return data


def _check_file(path: str, status: os.stat_result, limits: Limits) -> None:
    mode = status.st_mode
    if not stat.S_ISREG(mode):
        kinds = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISCHR, "a device"))
        kind = next((word for is_kind, word in kinds if is_kind(mode)), "not a regular file")
        raise fail("E709", f"this is {kind}; a spec is a regular file", _nowhere(path))
    if status.st_size > limits.file_bytes:
        raise _too_large(path, status.st_size, limits)


def _too_large(name: str, size: int, limits: Limits) -> GraphError:
    return fail("E701", f"the file has {size:,} bytes; the limit is {limits.file_bytes:,}", _nowhere(name))


def _unreadable(path: str, error: OSError | ValueError) -> GraphError:
    if isinstance(error, OSError) and error.errno == errno.ENOENT:
        return fail("E601", "the file does not exist", _nowhere(path), hint=_similar_file(path))
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return fail("E601", f"the file cannot be read: {reason}", _nowhere(path))


def _similar_file(path: str) -> str | None:
    folder, wanted = os.path.split(path)
    try:
        with os.scandir(folder or os.curdir) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False)]
    except OSError:
        return f"the folder '{folder}' does not exist or cannot be read"
    return did_you_mean(wanted, sorted(n for n in names if n.endswith(_SPEC_SUFFIXES)))


def _nowhere(name: str) -> Span:
    return Span.start_of(Source(clean(name[:_LONGEST_NAME]), ""))
