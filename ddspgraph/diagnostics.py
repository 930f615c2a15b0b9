"""What goes wrong, said at its place: source texts, spans, diagnostics and the errors that carry them."""

from __future__ import annotations

import difflib
import functools
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace

from ddspgraph.codes import CODES, REPAIRS

#: An excerpt never prints more of a line than this; a spec may hold one line of a megabyte.
EXCERPT_COLUMNS = 100
#: A name in a message is cut here, and a finding prints no more notes than this.
_LONGEST_NAME, _MOST_NOTES = 60, 12
#: A run lists this many findings: a file with more is not a spec with slips, but something else.
MOST_FINDINGS = 100
#: Longer lists of names are thinned out before `difflib` compares, which takes 20 us a name.
_MOST_COMPARED = 30


@dataclass(frozen=True, eq=False)
class Source:
    """A text and the name it is known by (`graphs/violin.yaml`, `<stdin>`, `--set`)."""

    name: str
    text: str
    path: str | None = None  # of a file

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end; empty where there is none."""
        if not 1 <= number <= len(self._lines()):
            return ""
        return self._lines()[number - 1]

    def _lines(self) -> list[str]:
        lines = self.__dict__.get("_split")
        if lines is None:
            # YAML breaks lines at these three only; str.splitlines would also break at form feeds.
            lines = self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            object.__setattr__(self, "_split", lines)
        return lines


@dataclass(frozen=True)
class Use:
    """A use of a sub-graph: what is said of its definition holds at this place."""

    graph: str
    span: Span

    def chain(self) -> Iterator[Use]:
        """The use, and the one that the definition is part of in which it stands, outward."""
        use: Use | None = self
        while use is not None:
            yield use
            use = use.span.use

    def __str__(self) -> str:
        return f"in {quote(self.graph)}, used at {self.span}"


@dataclass(frozen=True)
class Span:
    """A place in a source: 1-based line and column, and one past its end.

    `use` is that of the sub-graph whose definition it is a place in, where one use is meant.
    """

    source: Source
    line: int
    column: int
    end_line: int
    end_column: int
    use: Use | None = None

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

    @staticmethod
    def of_line(source: Source, line: int, column: int = 1) -> Span:
        """The rest of a line from a column on."""
        return Span(source, line, column, line, max(column + 1, len(source.line(line)) + 1))

    @staticmethod
    def start_of(source: Source) -> Span:
        """The first character: where a complaint about a whole file points."""
        return Span(source, 1, 1, 1, 2)

    def within(self, use: Use | None) -> Span:
        """The same place for one use of a sub-graph."""
        return self if use is None else Span(self.source, self.line, self.column, self.end_line, self.end_column, use)

    def text(self) -> str:
        """What stands there, as it is written; empty where it spans several lines."""
        return self.source.line(self.line)[self.column - 1 : self.end_column - 1] if self.line == self.end_line else ""

    def excerpt(self) -> str:
        """The line with carets under the span, as it stands in an error message."""
        text = self.source.line(self.line).replace("\t", " ")
        last = self.end_column if self.end_line == self.line else len(text) + 1
        first = self.column - 1
        offset = 0 if first < EXCERPT_COLUMNS - 10 else first - EXCERPT_COLUMNS // 2
        shown = "".join(c if c.isprintable() else "�" for c in text[offset : offset + EXCERPT_COLUMNS])
        before, under = shown[: first - offset], shown[first - offset : last - 1 - offset]
        lead, trail = "…" * (offset > 0), "…" * (offset + EXCERPT_COLUMNS < len(text))
        blank = " " * (_columns(before) + len(lead))
        return f"{self.line:>5} | {lead}{shown}{trail}\n{' ' * 6}| {blank}{'^' * max(1, _columns(under))}"


def _columns(text: str) -> int:
    """How wide a terminal shows it: East Asian characters take two columns, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


@dataclass(frozen=True)
class Note:
    """A second place that the message speaks of: the other end of an edge, the first of two keys."""

    message: str
    span: Span | None = None

    def __str__(self) -> str:
        return f"{self.message} at {self.span}" if self.span else self.message


@dataclass(frozen=True)
class Diagnostic:
    """One finding: a stable code of `codes.CODES`, one sentence, its place, and a repair (else that of the code)."""

    code: str
    message: str
    span: Span | None = None
    notes: tuple[Note, ...] = ()
    hint: str | None = None

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(f"{self.code} is not in codes.CODES")
        if self.hint is None:
            object.__setattr__(self, "hint", REPAIRS.get(self.code))

    @property
    def is_error(self) -> bool:
        return self.code.startswith("E")

    @property
    def title(self) -> str:
        """`file:line:col: E412 message`, one line."""
        where = f"{self.span}: " if self.span else ""
        return f"{where}{self.code} {clean(self.message)}"

    def __str__(self) -> str:
        lines = [self.title]
        if self.span is not None and self.span.source.text:
            lines.append(self.span.excerpt())
        for use in self._uses():
            lines += [f"      = {clean(str(use))}", *([use.span.excerpt()] if use.span.source.text else [])]
        lines += [f"      = {clean(str(note))}" for note in self.notes[:_MOST_NOTES]]
        if len(self.notes) > _MOST_NOTES:
            lines.append(f"      = ... and {len(self.notes) - _MOST_NOTES} more places")
        if self.hint:
            lines.append(f"      = help: {clean(self.hint)}")
        return "\n".join(lines)

    def _uses(self) -> list[Use]:
        return [] if self.span is None or self.span.use is None else list(self.span.use.chain())

    def as_dict(self) -> dict[str, object]:
        """The finding as plain data, for `--json`."""
        place = {}
        if self.span is not None:
            span = self.span
            place = {"file": span.source.name, "line": span.line, "column": span.column}
            place |= {"end_line": span.end_line, "end_column": span.end_column}
        notes = [{"message": f"in {quote(use.graph)}, used", "at": str(use.span)} for use in self._uses()]
        notes += [{"message": note.message, "at": str(note.span) if note.span else None} for note in self.notes]
        severity = "error" if self.is_error else "warning"
        return {
            "code": self.code,
            "severity": severity,
            "message": self.message,
            **place,
            "notes": notes,
            "hint": self.hint,
        }


def clean(text: str) -> str:
    """Names come from the author's file: nothing in them may steer a terminal or break a line."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def quote(name: object) -> str:
    """A name in a message: in quotes, and cut where it is very long."""
    text = str(name)
    return f"'{text}'" if len(text) <= _LONGEST_NAME else f"'{text[:_LONGEST_NAME]}...'"


class GraphError(Exception):
    """One or more errors in a spec, its data or its use, all of them at once and in source order.

    Attributes:
      diagnostics: the findings, warnings included.
      exit_code: what a command line answers: 3 spec, 4 data or file, 5 limit, 6 numerical failure.
    """

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        if isinstance(diagnostics, str):  # as Keras would make one anew, which then takes a plain error instead
            raise TypeError("a GraphError is made of findings, see `fail`")
        found = [diagnostics] if isinstance(diagnostics, Diagnostic) else list(diagnostics)
        self.diagnostics: tuple[Diagnostic, ...] = in_source_order(found)
        super().__init__("\n".join(str(d) for d in self.diagnostics))

    @property
    def exit_code(self) -> int:
        families = {d.code[1] for d in self.diagnostics if d.is_error}
        return next((code for family, code in (("7", 5), ("6", 4), ("8", 6)) if family in families), 3)


def fail(
    code: str,
    message: str,
    span: Span | None = None,
    *notes: Note,
    hint: str | None = None,
) -> GraphError:
    """A `GraphError` of one finding, for `raise fail(...)`."""
    return GraphError(Diagnostic(code, message, span, notes, hint))


def in_source_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings without repetition, ordered by file, line and column."""

    def place(d: Diagnostic) -> tuple[str, int, int]:
        return (d.span.source.name, d.span.line, d.span.column) if d.span else ("", 0, 0)

    return tuple(sorted(dict.fromkeys(diagnostics), key=place))


_NO_OTHER_USE = nullcontext()


@dataclass
class Report:
    """Collects findings, so that one run names all errors of a file; up to `MOST_FINDINGS` of them.

    What is wrong in the definition of a sub-graph is one finding, however often it is used.
    """

    diagnostics: list[Diagnostic] = field(default_factory=list)
    _use: Use | None = field(default=None, repr=False)
    _first_uses: dict[tuple[str, Span], Use | None] = field(default_factory=dict, repr=False)

    def within(self, use: Use | None) -> AbstractContextManager[None]:
        """What is found meanwhile holds for one use of a sub-graph."""
        return _NO_OTHER_USE if use is self._use else self._within(use)

    @contextmanager
    def _within(self, use: Use | None) -> Iterator[None]:
        before, self._use = self._use, use
        try:
            yield
        finally:
            self._use = before

    def add(self, code: str, message: str, span: Span | None, *notes: Note, hint: str | None = None) -> None:
        if span is not None:
            span = span if span.use is not None else span.within(self._use)
            if self._first_uses.setdefault((code, replace(span, use=None)), span.use) != span.use:
                return
        if not self.is_full:
            self.diagnostics.append(Diagnostic(code, message, span, notes, hint))
        elif self.diagnostics[-1].code != "W109":
            more = f"more than {MOST_FINDINGS} findings: the others are not listed"
            self.diagnostics.append(Diagnostic("W109", more, span, hint="repair these first"))

    def take(self, other: Report) -> None:
        """Adds what another report has found."""
        for found in other.diagnostics:
            if found.span is not None:
                self._first_uses.setdefault((found.code, replace(found.span, use=None)), found.span.use)
        self.diagnostics += other.diagnostics

    @property
    def is_full(self) -> bool:
        """Whether further findings are dropped: a loop that makes them may end."""
        return len(self.diagnostics) >= MOST_FINDINGS

    @property
    def has_errors(self) -> bool:
        return any(d.is_error for d in self.diagnostics)

    def raise_errors(self) -> None:
        """Raises all findings as one `GraphError` where one of them is an error."""
        if self.has_errors:
            raise GraphError(self.diagnostics)


def did_you_mean(name: str, known: Sequence[str], count: int = 3) -> str | None:
    """A repair for a misspelt name: the nearest known ones, or all of them when they are few."""
    lowered = {k.lower(): k for k in known}
    # difflib is quadratic in the length: a hostile name of 64 KiB is not worth comparing.
    wanted = name.lower()[:80]
    near = difflib.get_close_matches(wanted, _plausible(wanted, list(lowered)), n=count, cutoff=0.55)
    if len(wanted) > 2:  # `noise` is not near `filtered_noise`, but meant
        near += [k for k in lowered if wanted in k and k not in near]
    if near:
        return "did you mean " + " or ".join(f"'{lowered[n]}'" for n in near[:count]) + "?"
    return "known: " + ", ".join(known) if 0 < len(known) <= 12 else None


def _plausible(name: str, known: list[str]) -> list[str]:
    """The names that share the most pairs of letters with it, where there are too many to compare."""
    if len(known) <= _MOST_COMPARED:
        return known
    pairs, others = set(itertools.pairwise(name)), _pairs(tuple(known))
    unlike = [abs(len(k) - len(name)) - 2 * len(pairs & other) for k, other in zip(known, others, strict=True)]
    return [known[i] for i in sorted(range(len(known)), key=unlike.__getitem__)[:_MOST_COMPARED]]


@functools.lru_cache(maxsize=4)  # a spec with one misspelt name has more of them
def _pairs(names: tuple[str, ...]) -> list[set[tuple[str, str]]]:
    return [set(itertools.pairwise(name[:80])) for name in names]
