"""The comments of a YAML text, each with the line that it speaks of."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from ddspgraph.compiler.frontend.yaml.values import PARSER
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
    found: list[tuple[int, bool, str]] = []  # line, whether it stands behind something, text
    starts: list[int] = []  # lines where something begins, in order
    for line, begins, is_behind, gap in _gaps(text):
        for comment in _COMMENT.finditer(gap):
            lines_down = _line_ends(gap[: comment.start()])
            found.append((line + lines_down, is_behind and not lines_down, comment.group().rstrip()))
        if begins is not None:
            starts.append(begins)
    comments = []
    for line, is_behind, comment in found:
        after = bisect.bisect(starts, line)
        subject = line if is_behind else starts[after] if after < len(starts) else None
        comments.append(Comment(_with_schema(comment, version), subject, is_behind))
    return tuple(comments)


def _with_schema(comment: str, version: int) -> str:
    return _SCHEMA.sub(f"graph-v{version}.schema.json", comment) if "yaml-language-server" in comment else comment


def _gaps(text: str) -> Iterator[tuple[int, int | None, bool, str]]:
    """What stands between tokens: its first line, that of the token after it, whether a token ends on its first
    line, and its text."""
    position, line, is_behind = 0, 1, False
    for token in yaml.scan(text, Loader=PARSER):
        start, end = token.start_mark, token.end_mark
        if end.index <= start.index:
            continue  # tokens without text: block starts and ends
        yield line, start.line + 1, is_behind, text[position : start.index]
        header = _block_header(text, token)
        if header is not None:
            yield start.line + 1, None, True, header
        # A block scalar ends where the line after it begins.
        position, line, is_behind = end.index, end.line + 1, end.column > 0
    yield line, None, is_behind, text[position:]


def _block_header(text: str, token: yaml.Token) -> str | None:
    """The rest of the line `key: | # comment`, which the scanner counts to the scalar."""
    if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
        return re.split("[\r\n]", text[token.start_mark.index : token.end_mark.index], maxsplit=1)[0]
    return None


def _line_ends(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
