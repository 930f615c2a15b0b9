"""Specs of any version and form: YAML, or a gin file of magenta/ddsp."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ddspgraph.compiler.frontend.document import read, read_text
from ddspgraph.compiler.frontend.values import Document
from ddspgraph.files import open_file
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations.gin_options import NO_OPTIONS, GinOptions

_YAML_SUFFIXES = (".yaml", ".yml", ".json")


def open_spec(
    source: str | os.PathLike[str] | Mapping[str, object],
    *,
    gin: GinOptions = NO_OPTIONS,
    limits: Limits = DEFAULT_LIMITS,
) -> Document:
    """Reads a spec: a path, text or mapping. What ends in `.gin` or looks like it is read as gin.

    Args:
      gin: how a gin file is read; of no effect on others.

    Raises:
      GraphError: as `read` does; of a gin file, all that reading and upgrading it find.
    """
    if isinstance(source, Mapping):
        return read(source, limits=limits)
    if isinstance(source, str) and ("\n" in source or "\r" in source):
        return open_text(source, "<text>", gin=gin, limits=limits)
    from ddspgraph.migrations.gin.syntax.sniff import is_gin_path, looks_like_gin

    if is_gin_path(source):
        from ddspgraph.migrations.gin.document import open_gin

        return open_gin(source, options=gin, limits=limits)
    suffix = Path(os.fsdecode(source)).suffix.lower() if "\0" not in os.fsdecode(source) else ""
    if suffix not in _YAML_SUFFIXES and os.path.isfile(source):
        with open_file(source) as file:
            begin = file.read(limits.file_bytes).decode(errors="replace")
        if looks_like_gin(begin):
            from ddspgraph.migrations.gin.document import open_gin

            return open_gin(source, options=gin, limits=limits)
    return read(source, limits=limits)


def open_text(
    text: str | bytes, name: str, *, gin: GinOptions = NO_OPTIONS, limits: Limits = DEFAULT_LIMITS
) -> Document:
    """Reads the text of a spec, which messages call `name`. Raises as `open_spec` does."""
    from ddspgraph.migrations.gin.syntax.sniff import looks_like_gin

    begin = text[: limits.file_bytes]
    if looks_like_gin(begin if isinstance(begin, str) else begin.decode(errors="replace")):
        from ddspgraph.migrations.gin.document import open_gin

        return open_gin(name, text=text, options=gin, limits=limits)
    return read_text(text, name, limits)
