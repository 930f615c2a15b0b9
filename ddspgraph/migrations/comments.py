"""The comments of a YAML text, each with the line that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from ddspgraph.compiler.frontend.yaml_values import PARSER
from ddspgraph.diagnostics import Source

_COMMENT = re.compile(r"(?:(?<=[ \t\r\n])|\A)#[^\r\n]*")
_SCHEMA = re.compile(r"graph-v\d+\.schema\.json")


@dataclass(frozen=True)
class Comment:
    """A comment: its text from the `#` on, and the line of the thing that it stands behind or above.

    `subject` is None for a comment that nothing follows.
    """

    text: str
    subject: int | None
    is_behind: bool


def comments_of(source: Source, version: int) -> tuple[Comment, ...]:
    """All comments in order; the comment that tells editors the schema then names that of `version`."""
    text = source.text
    starts: list[int] = []  # lines where something stands, in order
    raw: list[tuple[int, int, str]] = []  # line, number of lines in `starts` before it, text
    for token_line, gap_line, gap in _gaps(text):
        for found in _COMMENT.finditer(gap):
            line = gap_line + _line_ends(gap[: found.start()])
            raw.append((line, len(starts), found.group().rstrip()))
        if token_line is not None and (not starts or starts[-1] != token_line):
            starts.append(token_line)
    comments = []
    for line, before, comment in raw:
        is_behind = before > 0 and starts[before - 1] == line
        after = starts[before] if before < len(starts) else None
        subject = line if is_behind else after
        if "yaml-language-server" in comment:
            comment = _SCHEMA.sub(f"graph-v{version}.schema.json", comment)
        comments.append(Comment(comment, subject, is_behind))
    return tuple(comments)


def _gaps(text: str) -> Iterator[tuple[int | None, int, str]]:
    """What stands between tokens: the line of the token after it, its own first line, and its text."""
    position, line = 0, 1
    for token in yaml.scan(text, Loader=PARSER):
        start, end = token.start_mark, token.end_mark
        if end.index <= start.index:
            continue  # tokens without text: block starts and ends
        header = _block_header(text, token)
        yield start.line + 1, line, text[position : start.index]
        if header is not None:
            yield start.line + 1, start.line + 1, header
        # A block scalar ends at the start of the line after it; what is between is not a comment.
        position, line = max(position, end.index), end.line + 1
    yield None, line, text[position:]


def _block_header(text: str, token: yaml.Token) -> str | None:
    """The rest of the line `key: | # comment`, which the scanner counts to the scalar."""
    if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
        return re.split("[\r\n]", text[token.start_mark.index : token.end_mark.index], maxsplit=1)[0]
    return None


def _line_ends(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
