"""Gin text -> tokens: Python's, without Python. Line ends inside of brackets are no tokens."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ddspgraph.diagnostics import GraphError, Report, Source, Span, quote
from ddspgraph.limits import Limits
from ddspgraph.migrations.gin.syntax.statements import Comment

TAB_COLUMNS = 8  # as Python counts them


class Kind(enum.Enum):
    """What a token is, in the words of a message."""

    NAME = "a name"
    NUMBER = "a number"
    STRING = "a string"
    SIGN = "a sign"
    LINE_END = "the end of the line"
    END = "the end of the file"


@dataclass(frozen=True, slots=True)
class Token:
    """A token; `indent` is the column of the first thing on its line, from 0, tabs counted as Python does."""

    kind: Kind
    text: str
    span: Span
    indent: int

    def __str__(self) -> str:
        return quote(self.text) if self.kind in (Kind.NAME, Kind.NUMBER, Kind.SIGN) else self.kind.value


# A selector is one token: gin allows no blanks in it. Each repetition is over characters that cannot start what
# follows it, so matching is linear.
_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t]+)
    | (?P<joined>\\(?:\r\n|\r|\n|\Z))
    | (?P<end>\r\n|\r|\n)
    | (?P<comment>\#[^\r\n]*)
    | (?P<string>(?:[bB][rR]?|[rR][bBfF]?|[uU]|[fF][rR]?)?(?:'''|\"{3}|'|"))
    | (?P<name>[^\W\d]\w*(?:[./][^\W\d]\w*)*)
    | (?P<number>(?:[0-9]|\.[0-9])(?:[eE][+-]|[\w.])*)
    | (?P<sign>[=:@%()\[\]{},-])
    """,
    re.VERBOSE,
)
#: Up to the closing quote: a backslash takes the next character with it.
_BODIES = {
    "'": re.compile(r"(?:[^'\\\r\n]|\\(?:\r\n|.|\n|\r))*'", re.DOTALL),
    '"': re.compile(r'(?:[^"\\\r\n]|\\(?:\r\n|.|\n|\r))*"', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*'''", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*"""', re.DOTALL),
}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_FENCE = re.compile(r"[ \t]*```[^\r\n`]*(?=[\r\n]|\Z)")


@dataclass
class Budget:
    """What is left of the limits, for a file and all that it includes."""

    limits: Limits
    tokens: int = 0
    values: int = 0
    files: int = 0


class Tokens:
    """The tokens of a text, and its comments beside them.

    Reports E902 where a line is not gin, E703 where there are more tokens than YAML may have events.
    """

    def __init__(self, source: Source, budget: Budget, report: Report) -> None:
        self.source, self.budget, self.report = source, budget, report
        self.comments: list[Comment] = []
        self._line, self._line_start, self._at = 1, 0, 0
        self._indent: int | None = None  # of the present line, once something stands on it
        self._open: list[Token] = []

    def __iter__(self) -> Iterator[Token]:
        text = self.source.text
        while self._at < len(text):
            begins = self._at == self._line_start and not self._open and _FENCE.match(text, self._at)
            if begins:  # a config pasted from Markdown: the fence is no part of it
                self._at = begins.end()
                continue
            found = _TOKEN.match(text, self._at)
            if found is None:
                yield from self._unknown()
            elif (kind := found.lastgroup) == "blank":
                self._at = found.end()
            elif kind in ("end", "joined"):
                yield from self._line_end(found.end(), joined=kind == "joined")
            elif kind == "comment":
                span = self._span(found.end())
                is_behind = bool(self.source.text[self._line_start : self._at].strip())
                self.comments.append(Comment(found.group().rstrip(), span, is_behind))
                self._at = found.end()
            else:
                yield from self._token(str(kind), found.end())
        yield from self._finish()

    def _line_end(self, end: int, joined: bool) -> Iterator[Token]:
        if not joined and self._indent is not None and not self._open:
            yield self._made(Kind.LINE_END, self._at + 1)
            self._indent = None
        self._at = self._line_start = end
        self._line += 1

    def _token(self, kind: str, end: int) -> Iterator[Token]:
        if self._indent is None:
            before = self.source.text[self._line_start : self._at]
            self._indent = len(before.expandtabs(TAB_COLUMNS))
        if kind == "string":
            yield from self._string(end)
            return
        token = self._made(Kind[kind.upper()], end)
        self._at = end
        if token.text in _CLOSING:
            if len(self._open) >= self.budget.limits.depth:
                self.stop("E702", f"nested deeper than {self.budget.limits.depth} levels", token.span)
            self._open.append(token)
        elif token.text in (")", "]", "}") and self._open:
            # Which bracket it closes is the parser's business: here it ends the lines that are joined.
            self._open.pop()
        yield token

    def _string(self, opened: int) -> Iterator[Token]:
        text, start = self.source.text, self._at
        quotes = text[start:opened].lstrip("bBrRuUfF")
        body = _BODIES[quotes].match(text, opened)
        if body is None:
            line_end = min((i for c in "\r\n" if (i := text.find(c, opened)) >= 0), default=len(text))
            end = len(text) if len(quotes) == 3 else line_end
            hint = f"close it with {quotes}"
            self.report.add("E902", "a string is opened and never closed", self._span(opened), hint=hint)
            token = self._made(Kind.STRING, opened, text="''")
        else:
            end = body.end()
            lines = text[start:end].replace("\r\n", "\n").replace("\r", "\n")
            more = lines.count("\n")
            column = len(lines) - lines.rfind("\n") if more else self._at - self._line_start + 1 + len(lines)
            span = Span(self.source, self._line, self._at - self._line_start + 1, self._line + more, column)
            token = Token(Kind.STRING, text[start:end], span, self._indent or 0)
            self._spend(token.span)
            if more:
                self._line += more
                self._line_start = end - column + 1
        self._at = end
        yield token

    def _unknown(self) -> Iterator[Token]:
        span = self._span(self._at + 1)
        self.report.add("E902", f"{quote(self.source.text[self._at])} has no meaning in gin", span)
        yield from self._token("sign", self._at + 1)

    def _finish(self) -> Iterator[Token]:
        if self._open:
            opened = self._open[0]
            hint = f"close it with '{_CLOSING[opened.text]}'"
            self.report.add("E902", f"'{opened.text}' is opened and never closed", opened.span, hint=hint)
        if self._indent is not None:
            yield self._made(Kind.LINE_END, self._at + 1)
        self._indent = None
        yield self._made(Kind.END, self._at + 1)

    def _made(self, kind: Kind, end: int, text: str | None = None) -> Token:
        span = self._span(end)
        self._spend(span)
        return Token(kind, self.source.text[self._at : end] if text is None else text, span, self._indent or 0)

    def _spend(self, span: Span) -> None:
        self.budget.tokens += 1
        if self.budget.tokens > self.budget.limits.events:
            self.stop("E703", f"more than {self.budget.limits.events:,} words and signs", span)

    def _span(self, end: int) -> Span:
        column = self._at - self._line_start + 1
        return Span(self.source, self._line, column, self._line, column + max(1, end - self._at))

    def stop(self, code: str, message: str, span: Span) -> None:
        """Ends the reading with all that was found."""
        self.report.add(code, message, span)
        raise GraphError(self.report.diagnostics)
