"""Numbers that YAML took apart at their decimal commas: `[0,5, 0,25]` is a list of four."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ddspgraph.compiler.frontend.number_slips import Slip, decimal_comma, is_decimal_comma
from ddspgraph.compiler.frontend.values import FAULTY, Value
from ddspgraph.compiler.frontend.yaml.collections import touches
from ddspgraph.diagnostics import Span, quote

_BARE = re.compile(r"[+-]?[0-9]+")
_DIGITS = re.compile(r"[0-9]+(?:[eE][+-]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"0[0-9]")
_NUMBER_WITH_A_POINT = re.compile(r"[+-]?[0-9]*\.[0-9]")


class Parted(NamedTuple):
    """A number in two halves: its first element in the list, its halves as they are written, the place of both."""

    first: int
    whole: str
    part: str
    span: Span

    def slip(self) -> Slip:
        """What is wrong, and the number; or both numbers, where only the spaces tell that one was meant."""
        cause, hint = decimal_comma(self.whole, self.part)
        may_be_two = _DIGITS.fullmatch(self.part) and not _LEADING_ZERO.match(self.part)
        two = f", or `{self.whole}, {self.part}` if they are two numbers" if may_be_two else ""
        return Slip(f"{quote(f'{self.whole},{self.part}')} {cause}", hint + two)


def parted_numbers(values: Sequence[Value]) -> list[Parted]:
    """The numbers of a list that are in halves for certain; `[0,5,0,25]` may be four whole numbers.

    A half is one for certain by its unit (`-6,5 dB`), by a zero before it (`0,05`), or where the author parts the
    elements by spaces, and nothing but these halves stands without one.
    """
    pairs = [i for i in range(len(values) - 1) if touches(values[i].span, values[i + 1].span)]
    if not pairs:
        return []
    texts = _texts(values)
    halves = [i for i in pairs if is_decimal_comma(texts[i], texts[i + 1])]
    by_spaces = _are_parted_by_spaces(values, texts, pairs)
    certain = [
        i
        for i in halves
        if (by_spaces and _DIGITS.fullmatch(texts[i + 1]))
        or _LEADING_ZERO.match(texts[i + 1])
        or (not _DIGITS.fullmatch(texts[i + 1]) and not _ends_a_run(values, texts, i))
    ]
    return _all_of(values, texts, halves, certain) if certain else []


def touching_halves(values: Sequence[Value]) -> list[Parted]:
    """What may be a number in two halves, where a list is known to be too long."""
    texts = _texts(values)
    pairs = (i for i in range(len(values) - 1) if touches(values[i].span, values[i + 1].span))
    return _all_of(values, texts, [i for i in pairs if is_decimal_comma(texts[i], texts[i + 1])], ())


def joined(values: Sequence[Value], parted: Sequence[Parted]) -> Iterator[Value]:
    """The values with one that is refused in place of both halves of each number."""
    spans = {number.first: number.span for number in parted}
    for i, value in enumerate(values):
        if i in spans:
            yield Value(FAULTY, spans[i])
        elif i - 1 not in spans:
            yield value


def _are_parted_by_spaces(values: Sequence[Value], texts: Sequence[str], pairs: Sequence[int]) -> bool:
    """Whether spaces follow some commas and not others, and each pair without a space reads as one number."""
    spaced = any(
        one.span.end_line == two.span.line and not touches(one.span, two.span)
        for one, two in itertools.pairwise(values)
    )
    of_numbers = [i for i in pairs if _BARE.fullmatch(texts[i]) or _BARE.fullmatch(texts[i + 1])]
    return (
        spaced
        and all(is_decimal_comma(texts[i], texts[i + 1]) for i in of_numbers)
        and all(b - a > 1 for a, b in itertools.pairwise(of_numbers))
        and not any(map(_NUMBER_WITH_A_POINT.match, texts))
    )


def _ends_a_run(values: Sequence[Value], texts: Sequence[str], i: int) -> bool:
    """Whether one more bare number stands before a pair without a space: `1,2,3 dB` may be three levels."""
    is_bare = i > 0 and _BARE.fullmatch(texts[i - 1]) is not None
    return is_bare and touches(values[i - 1].span, values[i].span)


def _all_of(
    values: Sequence[Value], texts: Sequence[str], halves: Sequence[int], certain: Sequence[int]
) -> list[Parted]:
    """The numbers that are certain, and with them what else reads as one: who writes one comma writes all."""
    taken = {half for i in certain for half in (i, i + 1)}
    found = set(certain)
    for i in halves:
        if not taken & {i, i + 1}:
            found.add(i)
            taken |= {i, i + 1}
    spans = [(values[i].span, values[i + 1].span) for i in sorted(found)]
    places = [Span(a.source, a.line, a.column, b.end_line, b.end_column) for a, b in spans]
    return [Parted(i, texts[i], texts[i + 1], place) for i, place in zip(sorted(found), places, strict=True)]


def _texts(values: Sequence[Value]) -> list[str]:
    return [value.span.text() if value.is_scalar else "" for value in values]
