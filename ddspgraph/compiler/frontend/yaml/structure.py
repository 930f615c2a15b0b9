"""The limits of a text that no parser may meet first: its nesting and its longest scalar, found before YAML is read.

Parsers look ahead and have limits of their own: what they would say of a text beyond ours depends on their version, and
some have crashed or stalled. This walks over the text once and knows as much of YAML as it takes to tell structure
from what stands in quotes, comments and block scalars. It never counts more levels than a parser does, and fewer only
where the events of the parser are counted anyway (aliases written out, the pairs of `[a: 1]`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ddspgraph.diagnostics import Source, Span, fail
from ddspgraph.limits import Limits

_END = r"[ \t\r\n]|\Z"
_BLANK = re.compile(r"[ \t]*(?:#[^\r\n]*)?(\r\n|\r|\n)?")
_PLAIN = re.compile(rf"[^\r\n:#]*(?:(?::(?!{_END})|(?<![ \t\r\n])#)[^\r\n:#]*)*")
_PLAIN_IN_FLOW = re.compile(rf"[^\r\n:#,\[\]{{}}]*(?:(?::(?!{_END}|[,\[\]{{}}])|(?<![ \t\r\n])#)[^\r\n:#,\[\]{{}}]*)*")
_NEXT_LINE = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+ *")
_QUOTED = {'"': re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.S), "'": re.compile(r"'[^']*(?:''[^']*)*'")}
_ESCAPE = re.compile(r"\\(?:x..|u.{4}|U.{8}|.)", re.S)
_PROPERTY = re.compile(r"[&*!][^ \t\r\n,\[\]{}]*")
_DOCUMENT = re.compile(rf"(?:---|\.\.\.)(?={_END})")
_BLOCK_SCALAR = re.compile(r"[|>]([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_STATED_INDENT = re.compile(r"[+-]?([1-9])")
_LINE = re.compile(r"( *)([^\r\n]*)(\r\n|\r|\n|\Z)")
_LINE_END = re.compile(r"\r\n|\r|\n")


class _Block(NamedTuple):
    column: int
    is_mapping: bool


def check_structure(source: Source, limits: Limits) -> None:
    """Raises GraphError E702 at the first collection that is too deep, E705 at the first scalar that is too long."""
    _Walk(source, limits).run()


class _Walk:
    def __init__(self, source: Source, limits: Limits) -> None:
        self.source, self.text, self.limits = source, source.text, limits
        self.at, self.line, self.line_start = 0, 1, 0
        self.blocks: list[_Block] = []
        self.flow = 0  # brackets and braces that are open
        self.key: tuple[int, int] | None = None  # line and column of what a ':' would make a key
        self.may_be_key = True
        self.node: tuple[int, int] | None = None  # where the anchor or tag of the next node stands

    def run(self) -> None:
        text, is_new_line = self.text, True
        while self.at < len(text):
            blank = _BLANK.match(text, self.at)
            if blank and blank.end() > self.at:
                self.at = blank.end()
                if blank[1]:
                    self._line_begins()
                    is_new_line = True
                continue
            if is_new_line and not self.flow:
                is_new_line = False
                if self._begin_line():
                    continue
            self._token(text[self.at])

    def _line_begins(self) -> None:
        self.line, self.line_start = self.line + 1, self.at
        if not self.flow:
            self.may_be_key = True

    def _begin_line(self) -> bool:
        """Ends the blocks that this line is not in; true where the line is a directive or a document's mark."""
        column = self.at - self.line_start
        if column == 0 and (mark := _DOCUMENT.match(self.text, self.at)):
            self.blocks.clear()
            self.at = mark.end()
            return True
        if column == 0 and self.text[self.at] == "%":
            self.at = _LINE.match(self.text, self.at).end(2)  # type: ignore[union-attr]
            return True
        while self.blocks and self.blocks[-1].column > column:
            self.blocks.pop()
        columns = [block.column for block in self.blocks[-2:]]
        if columns == [column, column] and not self._is_indicator("-"):
            self.blocks.pop()  # a list at the column of its key
        return False

    def _is_indicator(self, character: str) -> bool:
        return self.text[self.at] == character and self.text[self.at + 1 : self.at + 2] in ("", " ", "\t", "\r", "\n")

    def _token(self, character: str) -> None:
        if not self.flow and character in "-?:" and self._is_indicator(character):
            self._indicator(character)
        elif character in "[{":
            self._note_node()
            self.flow += 1
            self._check_depth(self.node or (self.line, self.at - self.line_start))
            self.at, self.node = self.at + 1, None
        elif self.flow and character in "]},?:" and (character in "]},") | self._is_indicator(character):
            self.flow -= character in "]}"
            self.at += 1
        elif character in "&*!":
            self._note_node()
            self.node = self.node or (self.line, self.at - self.line_start)
            self.at = max(self.at + 1, _PROPERTY.match(self.text, self.at).end())  # type: ignore[union-attr]
        elif character in "\"'":
            self._quoted(character)
        elif character in "|>" and not self.flow:
            self._block_scalar()
        elif character in "@`%":
            self.at += 1  # the parser refuses it
        else:
            self._plain()

    def _note_node(self) -> None:
        """A node begins here that a ':' after it on this line makes a key."""
        if self.may_be_key and not self.flow:
            self.key, self.may_be_key = (self.line, self.at - self.line_start), False

    def _indicator(self, character: str) -> None:
        column = self.at - self.line_start
        is_value = character == ":" and self.key is not None and self.key[0] == self.line
        if is_value:
            column = self.key[1]  # type: ignore[index]
        elif not self.may_be_key:
            self.at += 1  # the parser refuses it
            return
        top = self.blocks[-1] if self.blocks else _Block(-1, False)
        is_list_of_key = character == "-" and top.is_mapping and top.column == column
        if top.column < column or is_list_of_key:
            self.blocks.append(_Block(column, character != "-"))
            self._check_depth((self.line, column))
        self.at, self.key, self.node, self.may_be_key = self.at + 1, None, None, not is_value

    def _check_depth(self, place: tuple[int, int]) -> None:
        if len(self.blocks) + self.flow > self.limits.depth:
            line, column = place
            span = Span(self.source, line, column + 1, line, column + 2)
            raise fail("E702", f"nested deeper than {self.limits.depth} levels", span)

    def _quoted(self, quote: str) -> None:
        self._note_node()
        found = _QUOTED[quote].match(self.text, self.at)
        if found is None:  # never closed: the parser says so
            self.at = len(self.text)
            return
        if found.end() - found.start() > self.limits.scalar_bytes:
            body = found.group()[1:-1]
            body = _ESCAPE.sub("x", body) if quote == '"' else body.replace("''", "'")
            self._check_length("".join(body.split()) if _LINE_END.search(body) else body, found.end())
        self._move(found.end())

    def _plain(self) -> None:
        self._note_node()
        pattern = _PLAIN_IN_FLOW if self.flow else _PLAIN
        indent = -1 if self.flow or not self.blocks else self.blocks[-1].column
        end = pattern.match(self.text, self.at).end()  # type: ignore[union-attr]
        if end - self.at > self.limits.scalar_bytes // 4:
            self._check_length(self.text[self.at : end].rstrip(), end)
        end = max(end, self.at + 1)
        while following := _NEXT_LINE.match(self.text, end):
            begin = following.end()
            column = begin - max(self.text.rfind("\n", end, begin), self.text.rfind("\r", end, begin)) - 1
            more = pattern.match(self.text, begin)
            is_over = column <= indent or self.text.startswith("#", begin) or not more or more.end() == begin
            if is_over or (column == 0 and _DOCUMENT.match(self.text, begin)):
                break
            end = more.end()  # type: ignore[union-attr]
        self._move(end)

    def _block_scalar(self) -> None:
        """Skips the lines of a block scalar: those that are blank or further in than what holds it."""
        header = _BLOCK_SCALAR.match(self.text, self.at)
        assert header is not None
        least = max(self.blocks[-1].column + 1 if self.blocks else 0, 1)
        stated = _STATED_INDENT.match(header[1])
        indent = least + int(stated[1]) - 1 if stated else None
        end, last = header.end(), header.end(1)
        while end < len(self.text):
            line = _LINE.match(self.text, end)
            assert line is not None
            if line[2]:
                indent = max(least, len(line[1])) if indent is None else indent
                if len(line[1]) < indent:
                    break
            end, last = line.end(), line.end(2)
        self._move(last)

    def _check_length(self, text: str, end: int) -> None:
        limit = self.limits.scalar_bytes
        if len(text) <= limit and len(text.encode(errors="replace")) <= limit:
            return
        begin = self.at - self.line_start + 1
        span = Span(self.source, self.line, begin, self.line, begin + end - self.at)
        raise fail("E705", f"a scalar of more than {limit:,} bytes", span)

    def _move(self, end: int) -> None:
        """To the end of a scalar, which may be lines further on."""
        for found in _LINE_END.finditer(self.text, self.at, end):
            self.line, self.line_start = self.line + 1, found.end()
        self.at, self.node = end, None
