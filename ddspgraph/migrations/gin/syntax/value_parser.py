"""Tokens -> values: literals, containers, references and macros."""

from __future__ import annotations

import re
from typing import NoReturn

from ddspgraph.compiler.frontend.yaml.text import forbidden_character
from ddspgraph.diagnostics import Span
from ddspgraph.migrations.gin.syntax.literals import NotFinite, TooLarge, number, string
from ddspgraph.migrations.gin.syntax.statements import GinValue, Items, Literal, Macro, Pairs, Reference
from ddspgraph.migrations.gin.syntax.tokens import Kind, Token, Tokens

IDENTIFIER = re.compile(r"[^\W\d]\w*")
SCOPED = re.compile(r"(?:[^\W\d]\w*/)*[^\W\d]\w*(?:\.[^\W\d]\w*)*")
#: The scopes of a reference may hold points.
_SCOPED_REFERENCE = re.compile(r"[^\W\d]\w*(?:[./][^\W\d]\w*)*")
_NAMED = {"True": True, "False": False, "None": None}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class WrongStatement(Exception):
    """A statement that cannot be read; it was reported."""


class ValueParser:
    """Reads tokens from `at` on. Reports E902, E503, E705, E706 and E102; raises `WrongStatement` after E902."""

    def __init__(self, reader: Tokens) -> None:
        self.reader = reader
        before = len(reader.report.diagnostics)
        self.tokens = list(reader)
        self.faulty = {d.span.line for d in reader.report.diagnostics[before:] if d.span is not None}
        self.report, self.limits = reader.report, reader.budget.limits
        self.at = 0
        self.begin = self.tokens[0]  # of the statement

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def value_to_line_end(self) -> GinValue:
        """The value after a '=', which the line ends with."""
        self.at += 1
        value = self._value()
        self.line_end()
        return value

    def _value(self) -> GinValue:
        token, budget = self.token, self.reader.budget
        budget.values += 1
        if budget.values > self.limits.values:
            self.reader.stop("E704", f"more than {self.limits.values:,} values", token.span)
        if token.text in _CLOSING:
            return self._container()
        if self.sees("@"):
            return self._reference()
        if self.sees("%"):
            self.at += 1
            name = self.selector(_SCOPED_REFERENCE, "the name of a macro belongs after '%'")
            return Macro(name.text, _joined(token.span, name.span))
        if token.kind in (Kind.NAME, Kind.NUMBER, Kind.STRING) or self.sees("-"):
            return self.basic()
        return self.fail(f"a value is missing before {token}")

    def _container(self) -> GinValue:
        opened = self.token
        closing = _CLOSING[opened.text]
        self.at += 1
        elements: list[GinValue] = []
        entries: list[tuple[GinValue, GinValue]] = []
        comma = False
        while not self.sees(closing):
            key = self._value()
            if opened.text == "{":
                if not self.sees(":"):
                    self.fail("':' is missing after a key")
                self.at += 1
                entries.append((key, self._value()))
            elements.append(key)
            if self.sees(","):
                comma = True
                self.at += 1
            elif not self.sees(closing):
                self.fail(f"',' or '{closing}' is missing before {self.token}")
        self.at += 1
        span = _joined(opened.span, self.last().span)
        if opened.text == "{":
            return Pairs(tuple(entries), span)
        if opened.text == "(" and len(elements) == 1 and not comma:
            return elements[0]
        return Items(tuple(elements), opened.text == "(", span)

    def _reference(self) -> Reference:
        first = self.token
        self.at += 1
        name = self.selector(_SCOPED_REFERENCE, "the name of a class or function belongs after '@'")
        is_call = self.sees("(")
        if is_call:
            self.at += 1
            if not self.sees(")"):
                self.fail("a reference is called without arguments: write ()")
            self.at += 1
        *scopes, selector = name.text.split("/")
        return Reference(tuple(scopes), selector, is_call, _joined(first.span, self.last().span))

    def basic(self) -> Literal:
        first, sign = self.token, 1
        if self.sees("-"):
            sign, self.at = -1, self.at + 1
            if self.token.kind is not Kind.NUMBER:
                self.fail("a number belongs after '-'")
        token = self.token
        self.at += 1
        if token.kind is Kind.NAME:
            if token.text not in _NAMED:
                known = {"true": "True", "false": "False", "none": "None", "null": "None"}.get(token.text.lower())
                hint = f"write {known}" if known else f"quote it to mean text, or write @{token.text} or %{token.text}"
                self.fail(f"{token} is no value", token, hint)
            return Literal(_NAMED[token.text], token.span)
        try:
            if token.kind is Kind.NUMBER:
                value = sign * number(token.text, self.limits.integer_magnitude)
                return Literal(value, _joined(first.span, token.span))
            return self._text(token)
        except TooLarge:
            self.report.add("E706", f"an integer beyond {self.limits.integer_magnitude:,}", token.span)
        except NotFinite:
            self.report.add("E503", f"{token} is not a finite number", token.span)
        except ValueError as error:
            self.fail(str(error), token)
        return Literal(0, token.span)

    def _text(self, first: Token) -> Literal:
        """One string, or several that stand beside each other."""
        parts = [string(first.text)]
        while self.token.kind is Kind.STRING:
            parts.append(string(self.token.text))
            self.at += 1
        text, span = "".join(parts), _joined(first.span, self.last().span)
        limit = self.limits.scalar_bytes
        if len(text) * 4 > limit and len(text.encode(errors="replace")) > limit:
            self.reader.stop("E705", f"a text of more than {limit:,} bytes", span)
        bad = forbidden_character(text)
        if bad is not None:
            self.report.add("E102", f"a spec cannot hold {bad}, not even escaped", span)
        return Literal(text, span)

    # -- tokens ------------------------------------------------------------------------------------

    def selector(self, pattern: re.Pattern[str], wanted: str) -> Token:
        token = self.token
        if token.kind is not Kind.NAME:
            self.fail(f"{wanted}, this is {token}")
        if not pattern.fullmatch(token.text):
            self.fail(f"{token} is not such a name: {wanted}")
        if token.text.count("/") + token.text.count(".") > self.limits.depth:
            self.reader.stop("E702", f"a name of more than {self.limits.depth} scopes and modules", token.span)
        self.at += 1
        return token

    def sees(self, sign: str) -> bool:
        return self.token.kind is Kind.SIGN and self.token.text == sign

    def last(self) -> Token:
        """The last token that was read and has a text."""
        at = self.at - 1
        while at > 0 and self.tokens[at].kind is Kind.LINE_END:
            at -= 1
        return self.tokens[at]

    def line_end(self) -> None:
        if self.token.kind is Kind.END:
            return
        if self.token.kind is not Kind.LINE_END:
            self.fail(f"the line should end before {self.token}")
        self.at += 1

    def fail(self, message: str, at: Token | None = None, hint: str | None = None) -> NoReturn:
        """E902 at a token, unless it follows from what the tokenizer found."""
        token = at or self.token
        lines = range(self.begin.span.line, self.token.span.line + 1)
        if not self.faulty.intersection(lines):  # else it is a consequence of what was reported
            self.report.add("E902", message, token.span, hint=hint)
        raise WrongStatement


def _joined(first: Span, last: Span) -> Span:
    return Span(first.source, first.line, first.column, last.end_line, last.end_column)
