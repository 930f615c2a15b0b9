"""The comments of gin files -> comments of the graph, each at the entry that its statement became."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Span
from ddspgraph.migrations.change import Change
from ddspgraph.migrations.gin.map.config import canonical
from ddspgraph.migrations.gin.syntax.statements import Binding, Comment, GinFile, Include, Statement
from ddspgraph.migrations.text import comments as yaml_comments

_SECTIONS = ("params", "inputs", "nodes", "outputs", "losses", "training")
#: Editors' mode lines, and what gin writes into the configs that it makes.
_MODE = re.compile(r"#\s*-\*-.*-\*-\s*")
_MADE = re.compile(r"#+ (?:Parameters for .*:|Macros:|None\.)")
_RULER = re.compile(r"#\s*=+")
_FIRST_LINE = 1 << 40  # of the lines that stand for entries: beyond those of any text

_Owner = tuple[str, str | None]


@dataclass(frozen=True)
class Placed:
    """A document whose keys stand on lines of their own, and comments that name these lines."""

    document: Document
    comments: tuple[yaml_comments.Comment, ...]


def place(document: Document, file: GinFile, changes: tuple[Change, ...]) -> Placed:
    """The comments of a file and all that it includes, for `emit`: a line number there says which entry is meant."""
    lines: dict[_Owner, int] = {}
    came_from = {
        (k.span.source.name, k.span.line): (str(key), str(k))
        for key, value in document.root.items()
        if key in _SECTIONS
        for k, _ in value.items()
    }
    root: dict[Key, Value] = {}
    for key, value in document.root.items():
        root[_moved(key, lines, (str(key), None))] = (
            Value({_moved(k, lines, (str(key), str(k))): v for k, v in value.items()}, value.span)
            if key in _SECTIONS
            else value
        )
    owners = _Owners(_became(file, changes), came_from, lines)
    found = list(_comments(file, owners, lines["version", None]))
    return Placed(Document(Value(root, document.root.span), document.source), tuple(found))


def _became(file: GinFile, changes: tuple[Change, ...]) -> dict[tuple[str, str], str]:
    """Place and key of a binding -> where it went; of one that a later one overrides, where that went."""
    went = {(str(change.span), change.path): change.to for change in reversed(changes) if change.to is not None}
    bindings = [s for s in file.flat() if isinstance(s, Binding)]
    by_name = {(b.scopes, *canonical(b)): went[str(b.span), b.key] for b in bindings if (str(b.span), b.key) in went}
    for b in bindings:
        if (b.scopes, *canonical(b)) in by_name:
            went.setdefault((str(b.span), b.key), by_name[(b.scopes, *canonical(b))])
    return went


def _moved(key: Key, lines: dict[_Owner, int], owner: _Owner) -> Key:
    line = lines.setdefault(owner, _FIRST_LINE + len(lines))
    return Key(str(key), Span(key.span.source, line, 1, line, 1 + len(key)))


def _comments(file: GinFile, owners: _Owners, top: int) -> Iterator[yaml_comments.Comment]:
    headers, seen = set(), set()
    blocks: set[tuple[int, tuple[str, ...]]] = set()
    pending: list[Comment] = []
    for source in _files(file):
        if source.source.name in seen:  # included twice
            continue
        seen.add(source.source.name)
        for i, statement in enumerate(source.statements):
            own = tuple(_kept(statement.comments))
            if i == 0:
                above = tuple(c for c in own if c.span.line < statement.span.line)
                texts = tuple(c.text for c in above)
                if texts not in headers:  # the licence of every file is the same
                    headers.add(texts)
                    yield from (yaml_comments.Comment(c.text, top, False) for c in above)
                own = own[len(above) :]
            line = owners.of(statement)
            if line is None:
                pending += own  # of what the graph does not have: they go on to the next
                continue
            block = line, tuple(c.text for c in (*pending, *own))
            if block not in blocks:  # a heading that stands in two files, or over what one file overrides
                blocks.add(block)
                yield from (yaml_comments.Comment(c.text, line, False) for c in pending)
                yield from (yaml_comments.Comment(c.text, owners.inside(statement, c, line), c.is_behind) for c in own)
            pending = []
        yield from (yaml_comments.Comment(c.text, None, False) for c in (*pending, *_kept(source.trailing)))
        pending = []


@dataclass(frozen=True)
class _Owners:
    """Which entry a statement or a line of a file became.

    Attributes:
      became: place and key of a binding -> where it went.
      came_from: file and line -> the entry whose name stands there.
      lines: entry -> the line that stands for it.
    """

    became: Mapping[tuple[str, str], str]
    came_from: Mapping[tuple[str, int], _Owner]
    lines: Mapping[_Owner, int]

    def of(self, statement: Statement) -> int | None:
        """The line that stands for the entry that a binding became; None where there is none."""
        to = self.became.get((str(statement.span), statement.key)) if isinstance(statement, Binding) else None
        if to is None:
            return None
        section, _, rest = to.partition(".")
        return self.lines.get((section, rest.partition(".")[0] or None)) or self.lines.get((section, None))

    def inside(self, statement: Statement, comment: Comment, line: int) -> int:
        """The line for a comment between the lines of a value: that of the entry behind or above which it stands."""
        if not isinstance(statement, Binding) or comment.span.line <= statement.span.line:
            return line
        name, first = comment.span.source.name, comment.span.line
        last = first if comment.is_behind else statement.value.span.end_line
        owner = next((o for n in range(first, last + 1) if (o := self.came_from.get((name, n))) is not None), None)
        return line if owner is None else self.lines[owner]


def _files(file: GinFile) -> Iterator[GinFile]:
    """A file, then what it includes, in order."""
    yield file
    for statement in file.statements:
        if isinstance(statement, Include) and statement.file is not None:
            yield from _files(statement.file)
    for more in file.more:
        yield from _files(more)


def _kept(comments: tuple[Comment, ...]) -> Iterator[Comment]:
    """All comments that a person wrote."""
    was_made = False
    for comment in comments:
        is_made = _MADE.fullmatch(comment.text) is not None
        if not (is_made or _MODE.fullmatch(comment.text) or (was_made and _RULER.fullmatch(comment.text))):
            yield comment
        was_made = is_made
