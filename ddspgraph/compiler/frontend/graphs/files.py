"""Sub-graphs by file: another spec, which lies in the folder of the one that names it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable

from ddspgraph.compiler.frontend.document import file_bytes, read_text
from ddspgraph.compiler.frontend.values import Document, Key, Value, text_of
from ddspgraph.diagnostics import GraphError, Note, Report, Source, quote
from ddspgraph.limits import Limits

#: All files together may be this many times as large as one.
_MOST_FILES = 16


class SpecFiles:
    """The files of one spec, each read once.

    Args:
      upgrade: brings a document to the current version.
    """

    def __init__(self, upgrade: Callable[[Document, Report], Document], report: Report, limits: Limits) -> None:
        self._upgrade, self._report, self._limits = upgrade, report, limits
        self._documents: dict[str, tuple[Document | None, str]] = {}  # and the SHA-256
        self._size = 0

    @property
    def paths(self) -> list[str]:
        """The files that were read."""
        return list(self._documents)

    def read(self, key: Key, value: Value, source: Source) -> Document | None:
        """The spec that `file:` names. None after reporting E315, E601, E701, E709, or what reading it finds."""
        file = value.get("file")
        assert file is not None
        path = self._path(file, source)
        if path is None:
            return None
        if path not in self._documents:
            self._documents[path] = None, ""  # so that what is refused is refused once
            self._documents[path] = self._open(path, file, source)
        document, digest = self._documents[path]
        sha256 = value.get("sha256")
        if document is not None and sha256 is not None and text_of(sha256).lower() != digest:
            message = f"{quote(text_of(file))} is not the file with this SHA-256"
            hint = f"look at what has changed in it, then write `sha256: {digest}`"
            self._report.add("E315", message, sha256.span, Note("the file is", file.span), hint=hint)
            return None
        return document

    def _path(self, file: Value, source: Source) -> str | None:
        said = text_of(file)
        message = f"{quote(said)} is not in the folder of the spec"
        hint = "a sub-graph is a file beside the spec or in a folder below: `file: rooms/hall.yaml`"
        if source.path is None:
            message, hint = "a text has no folder that its sub-graphs lie in", "give the spec as a file"
        elif not (re.match(r"/|\\|[A-Za-z]:|~", said) or ".." in re.split(r"[/\\]", said) or "\0" in said) and said:
            folder = os.path.realpath(os.path.dirname(source.path) or os.curdir)
            path = os.path.realpath(os.path.join(folder, said))
            if os.path.commonpath([folder, path]) == folder and path != folder:
                return path
            hint = "it is a link that leads out: copy the file into the folder"
        self._report.add("E315", message, file.span, hint=hint)
        return None

    def _open(self, path: str, file: Value, source: Source) -> tuple[Document | None, str]:
        name = os.path.join(os.path.dirname(source.name), text_of(file))
        try:
            data = file_bytes(path, self._limits)
        except GraphError as error:  # about the file; its line is where the reader looks
            found = error.diagnostics[0]
            self._report.add(found.code, f"{quote(text_of(file))}: {found.message}", file.span, hint=found.hint)
            return None, ""
        self._size += len(data)
        if self._size > _MOST_FILES * self._limits.file_bytes:
            most = _MOST_FILES * self._limits.file_bytes
            self._report.add("E701", f"the files of sub-graphs have more than {most:,} bytes together", file.span)
            return None, ""
        try:
            document = self._upgrade(read_text(data, name, self._limits, path), self._report)
        except GraphError as error:
            self._report.diagnostics += error.diagnostics
            return None, ""
        return document, hashlib.sha256(data).hexdigest()
