"""Tokens -> statements. The grammar is that of gin-config's own reader, and more lenient about indentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ddspgraph.diagnostics import Report, Source, quote
from ddspgraph.migrations.gin.syntax.statements import (
    Binding,
    Block,
    Comment,
    GinFile,
    GinValue,
    Import,
    Include,
    Literal,
    Statement,
)
from ddspgraph.migrations.gin.syntax.tokens import Budget, Kind, Token, Tokens
from ddspgraph.migrations.gin.syntax.value_parser import IDENTIFIER, SCOPED, ValueParser, WrongStatement

#: A statement, and the last token of it.
_Placed = tuple[Statement, Token]


def parse(source: Source, budget: Budget, report: Report) -> GinFile:
    """The statements of a text. Reports E902, E503, E705, E706 and E102, all of them.

    Raises:
      GraphError: E702, E703, E704 or E705, where a limit ends the reading.
    """
    tokens = Tokens(source, budget, report)
    placed = list(_Parser(tokens).statements())
    return GinFile(source, *_with_comments(placed, tokens.comments))


class _Parser(ValueParser):
    def statements(self) -> Iterator[_Placed]:
        """Each statement, and the last token of it."""
        while self.token.kind is not Kind.END and not self.report.is_full:
            if self.token.kind is Kind.LINE_END:
                self.at += 1
                continue
            yield from self._recovering(self._statement)

    def _recovering(self, read: Callable[[], Iterator[_Placed]]) -> Iterator[_Placed]:
        self.begin = self.token
        try:
            yield from read()
        except WrongStatement:
            while self.token.kind not in (Kind.LINE_END, Kind.END):
                self.at += 1

    def _statement(self) -> Iterator[_Placed]:
        key = self.selector(SCOPED, "a statement begins with a name")
        if self.sees("="):
            value = self.value_to_line_end()
            yield self._binding(key, value), self.last()
        elif self.sees(":"):
            yield from self._block(key)
        elif key.text in ("import", "from"):
            yield self._import(key)
        elif key.text == "include":
            path = self.token
            value = self.basic() if path.kind is Kind.STRING else self.fail("include wants a path in quotes")
            assert isinstance(value, Literal)
            self.line_end()
            yield Include(str(value.data), value.span), self.last()
        else:
            self.fail("'=' or ':' is missing after the name")

    def _binding(self, key: Token, value: GinValue) -> Binding:
        *scopes, name = key.text.split("/")
        selector, _, parameter = name.rpartition(".")
        if not selector:
            selector, parameter = name, ""
        if selector.rpartition(".")[2] == "macro" and parameter == "value" and scopes:
            selector, parameter = scopes.pop(), ""  # what `name = value` is short for
        return Binding(tuple(scopes), selector, parameter, value, key.span)

    def _block(self, key: Token) -> Iterator[_Placed]:
        self.at += 1
        self.line_end()
        *scopes, selector = key.text.split("/")
        if self.token.indent <= key.indent or self.token.kind is Kind.END:
            self.fail(f"indented lines with the parameters of {quote(selector)} are missing", key)
        yield Block(tuple(scopes), selector, key.span), self.last()
        while self.token.kind is not Kind.END and self.token.indent > key.indent and not self.report.is_full:
            yield from self._recovering(lambda: self._member(tuple(scopes), selector))
            if self.token.kind is Kind.LINE_END:  # after a statement at fault
                self.at += 1

    def _member(self, scopes: tuple[str, ...], selector: str) -> Iterator[_Placed]:
        name = self.selector(IDENTIFIER, "the name of a parameter belongs here")
        if not self.sees("="):
            self.fail("'=' is missing after the name")
        value = self.value_to_line_end()
        yield Binding(scopes, selector, name.text, value, name.span), self.last()

    def _import(self, keyword: Token) -> _Placed:
        module = self.selector(SCOPED, "the name of a module belongs here")
        text, name = f"{keyword.text} {module.text}", module.text
        if keyword.text == "from":
            if self.token.text != "import":
                self.fail("'import' is missing")
            self.at += 1
            what = self.selector(IDENTIFIER, "a name belongs here")
            text, name = f"{text} import {what.text}", f"{name}.{what.text}"
        if self.token.text == "as":
            self.at += 1
            text += f" as {self.selector(IDENTIFIER, 'a name belongs here').text}"
        self.line_end()
        return Import(text, name, keyword.span), self.last()


def _with_comments(placed: list[_Placed], comments: list[Comment]) -> tuple[tuple[Statement, ...], tuple[Comment, ...]]:
    """Each comment goes to the statement that it stands behind, in or above; the others come last."""
    found: list[list[Comment]] = [[] for _ in placed]
    trailing, at = [], 0
    for comment in comments:
        line = comment.span.line
        while at < len(placed) and placed[at][1].span.end_line < line:
            at += 1
        (found[at] if at < len(placed) else trailing).append(comment)
    # A statement at fault has no place in the list: what stood with it goes to its neighbour.
    statements = tuple(
        _with(statement, tuple(own)) if own else statement for (statement, _), own in zip(placed, found, strict=True)
    )
    return statements, tuple(trailing)


def _with(statement: Statement, comments: tuple[Comment, ...]) -> Statement:
    return replace(statement, comments=comments)
