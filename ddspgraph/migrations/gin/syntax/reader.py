"""Reading a gin file and all that it includes. Nothing is imported and nothing is run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from ddspgraph.compiler.frontend.yaml.text import check_characters, decode
from ddspgraph.diagnostics import GraphError, Note, Report, Source, Span, clean, fail, quote
from ddspgraph.files import open_file
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations.gin.syntax.parser import parse
from ddspgraph.migrations.gin.syntax.released import released_file
from ddspgraph.migrations.gin.syntax.search_path import RELEASED, Found, OutsideError, SearchPath, parts_of
from ddspgraph.migrations.gin.syntax.statements import GinFile, Include
from ddspgraph.migrations.gin.syntax.tokens import Budget

#: A diamond of includes reads a file once for each way to it: the number bounds what that may cost.
_MOST_FILES, _DEEPEST = 200, 16

Path_ = str | os.PathLike[str]


def read_gin(
    path: Path_ | Sequence[Path_],
    *,
    gin_path: Sequence[Path_] = (),
    gin_params: Sequence[str] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> GinFile:
    """Reads a gin file, or several that describe one model.

    Args:
      path: of the file, or of several: later ones override. What a file includes may lie in its folder.
      gin_path: folders where included files may lie as well; there, the end of a path is enough to find one.
      gin_params: bindings that override all files, `NAME = VALUE`.
      limits: bounds on the text, on that of all included files together where they count values.

    Raises:
      GraphError: E902 and others, all that is wrong with any of the files; E601 where `path` is not there; E7.
        An included file that is not there is no error: `Include.problem` says so.
    """
    reader = _Reader(limits)
    for one in [path] if isinstance(path, (str, os.PathLike)) else path:
        name = os.fsdecode(one)
        with open_file(name, (".gin",)) as file:
            data = file.read(limits.file_bytes + 1)
        search = SearchPath(os.path.dirname(name), gin_path)
        reader.add(data, clean(name), search, Found(0, (os.path.basename(name),)))
    return reader.result(gin_params)


def read_gin_text(
    text: str | bytes,
    name: str = "<text>",
    *,
    gin_path: Sequence[Path_] = (),
    gin_params: Sequence[str] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> GinFile:
    """Reads gin text that messages call `name`; includes are looked for in `gin_path` alone. Raises as `read_gin`."""
    data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    reader = _Reader(limits)
    reader.add(data, name, SearchPath(None, gin_path), None)
    return reader.result(gin_params)


class _Reader:
    def __init__(self, limits: Limits) -> None:
        self.limits, self.search = limits, SearchPath(None)
        self.budget, self.report = Budget(limits), Report()
        self.open: list[tuple[Found | None, Span | None]] = []
        self.files: list[GinFile] = []

    def add(self, data: bytes, name: str, search: SearchPath, place: Found | None) -> None:
        """Reads a file, which overrides those before it."""
        self.search, self.open = search, [(place, None)]
        self.files.append(self._file(data, name, place))

    def result(self, params: Sequence[str]) -> GinFile:
        """All files as one, then bindings of single lines. Raises GraphError."""
        if params:
            self.add("\n".join(params).encode(errors="surrogatepass"), "--gin-param", SearchPath(None), None)
        self.report.raise_errors()
        first, *more = self.files
        return replace(first, more=tuple(more))

    def _file(self, data: bytes, name: str, place: Found | None) -> GinFile:
        if len(data) > self.limits.file_bytes:
            at = Span.start_of(Source(name, ""))
            raise fail("E701", f"the file has more than {self.limits.file_bytes:,} bytes", at)
        source = decode(data, name)
        check_characters(source)
        file = parse(source, self.budget, self.report)
        statements = [self._followed(s, place) if isinstance(s, Include) else s for s in file.statements]
        return replace(file, statements=tuple(statements))

    def _followed(self, include: Include, place: Found | None) -> Include:
        """The include with its file, or with why there is none. Reports E902 where it includes itself."""
        self.budget.files += 1
        if self.budget.files > _MOST_FILES:
            self._stop("E703", f"more than {_MOST_FILES} included files", include.span)
        if len(self.open) > _DEEPEST:
            self._stop("E702", f"includes nested deeper than {_DEEPEST} files", include.span)
        try:
            found = self.search.find(include.path, place)
            if found is None:
                return self._released(include)
            if self._is_open(include, found):
                return include
            data = self.search.read(found, self.limits.file_bytes)
        except OutsideError as error:
            return replace(include, problem=f"not read: {error}")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return replace(include, problem=f"it cannot be read: {clean(reason)}")
        return replace(include, file=self._included(data, found, include.span))

    def _released(self, include: Include) -> Include:
        """An include that leads nowhere: magenta/ddsp may have had such a file."""
        parts = parts_of(include.path)
        data = released_file(parts)
        if data is None:
            return replace(include, problem=f"not found in {self._folders()}")
        found = Found(RELEASED, parts)
        if self._is_open(include, found):
            return include
        return replace(include, file=self._included(data, found, include.span), is_released=True)

    def _included(self, data: bytes, found: Found, span: Span) -> GinFile | None:
        self.open.append((found, span))
        is_released = found.root == RELEASED
        name = f"magenta/ddsp's {'/'.join(found.parts)}" if is_released else clean(self.search.name(found))
        try:
            return self._file(data, name, None if is_released else found)
        except GraphError as error:
            self.report.diagnostics += [d for d in error.diagnostics if d not in self.report.diagnostics]
            if any(d.code.startswith("E7") for d in error.diagnostics):
                raise GraphError(self.report.diagnostics) from None
            return None  # its characters are at fault; go on with the other files
        finally:
            self.open.pop()

    def _is_open(self, include: Include, found: Found) -> bool:
        for other, span in self.open:
            if other == found:
                notes = [Note("it is included", span)] if span is not None else []
                self.report.add("E902", f"{quote(include.path)} includes itself", include.span, *notes)
                return True
        return False

    def _folders(self) -> str:
        return ", ".join(clean(folder) for folder in self.search.folders) or "any folder: --gin-path adds one"

    def _stop(self, code: str, message: str, span: Span) -> NoReturn:
        self.report.add(code, message, span)
        raise GraphError(self.report.diagnostics)
