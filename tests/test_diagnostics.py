"""How a finding reads: its place, its excerpt, its repair, and how much of it there is."""

from __future__ import annotations

import json

import pytest

from ddspgraph.compiler.driver import check, overrides_from_text
from ddspgraph.diagnostics import (
    MOST_FINDINGS,
    Diagnostic,
    GraphError,
    Note,
    Report,
    Source,
    Span,
    clean,
    did_you_mean,
    in_source_order,
    quote,
)

SOURCE = Source("a.yaml", "one: 1\ntwo: {three: x}\n\tfour\nフレーム: 250 hz\ne\u0301: 3\n")


def span(line: int, column: int, end: int) -> Span:
    return Span(SOURCE, line, column, line, end)


def carets(excerpt: str) -> str:
    """What the carets stand under, by terminal columns (two for an East Asian character)."""
    import unicodedata

    text, marks = excerpt.split("\n")
    columns = "".join(
        c + "\0" * (unicodedata.east_asian_width(c) in "WF") for c in text if not unicodedata.combining(c)
    )
    return columns[marks.index("^") : marks.rindex("^") + 1].replace("\0", "")


@pytest.mark.parametrize(
    ("place", "under"),
    [
        ((1, 1, 4), "one"),
        ((2, 14, 15), "x"),
        ((3, 2, 6), "four"),
        ((4, 1, 5), "フレーム"),
        ((4, 7, 13), "250 hz"),
        ((5, 5, 6), "3"),
    ],
)
def test_carets_stand_under_the_text(place: tuple[int, int, int], under: str) -> None:
    assert carets(span(*place).excerpt()) == under


def test_a_span_over_lines_is_shown_to_the_end_of_its_first() -> None:
    assert carets(Span(SOURCE, 2, 6, 3, 2).excerpt()) == "{three: x}"


def test_an_excerpt_of_a_very_long_line_is_short() -> None:
    source = Source("long.yaml", "x" * 500_000 + " here " + "y" * 500_000)
    excerpt = Span(source, 1, 500_002, 1, 500_006).excerpt()
    assert carets(excerpt) == "here"
    assert len(excerpt) < 300


def test_a_place_beyond_the_text_has_an_empty_excerpt() -> None:
    assert Span(SOURCE, 99, 1, 99, 2).excerpt() == "   99 | \n      | ^"


def test_a_finding_reads_as_documented() -> None:
    found = Diagnostic(
        "E412", "port 'a' wants Hz", span(1, 1, 4), (Note("'b' is declared", span(2, 1, 4)),), "insert it"
    )
    assert str(found).splitlines() == [
        "a.yaml:1:1: E412 port 'a' wants Hz",
        "    1 | one: 1",
        "      | ^^^",
        "      = 'b' is declared at a.yaml:2:1",
        "      = help: insert it",
    ]
    data = json.loads(json.dumps(found.as_dict()))
    assert (data["code"], data["severity"], data["line"], data["column"]) == ("E412", "error", 1, 1)
    assert data["notes"] == [{"message": "'b' is declared", "at": "a.yaml:2:1"}]


def test_many_notes_are_counted() -> None:
    found = Diagnostic("E307", "a cycle", None, tuple(Note(f"note {i}") for i in range(20)))
    assert [line for line in str(found).splitlines() if "help" not in line][-2:] == [
        "      = note 11",
        "      = ... and 8 more places",
    ]


def test_a_code_must_be_known() -> None:
    with pytest.raises(KeyError, match="E999"):
        Diagnostic("E999", "no such code")


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\nb", "\u202eright to left", "\x00"])
def test_nothing_in_a_name_steers_a_terminal(text: str) -> None:
    assert clean(text).isprintable()
    assert str(Diagnostic("E301", text, None, hint=text)).replace("\n", "").isprintable()


def test_long_names_are_cut() -> None:
    assert quote("short") == "'short'"
    assert quote("x" * 1_000) == f"'{'x' * 60}...'"


def test_findings_come_in_source_order_without_repetition() -> None:
    late, early = Diagnostic("E301", "late", span(2, 1, 4)), Diagnostic("E301", "early", span(1, 1, 4))
    assert in_source_order([late, early, late]) == (early, late)


def test_a_report_ends_at_a_hundred() -> None:
    report = Report()
    for i in range(1_000):
        report.add("E301", str(i), None)
    assert len(report.diagnostics) == MOST_FINDINGS + 1
    assert report.diagnostics[-1].code == "W109"


@pytest.mark.parametrize(
    ("codes", "exit_code"), [(("E301", "W101"), 3), (("E601",), 4), (("E301", "E708"), 5), (("E801",), 6)]
)
def test_the_family_gives_the_exit_code(codes: tuple[str, ...], exit_code: int) -> None:
    assert GraphError([Diagnostic(code, "x", None) for code in codes]).exit_code == exit_code


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "known", "nearest"),
    [
        ("harmonc", ["harmonic", "harmonic_to_sinusoidal", "add"], "'harmonic'"),
        ("HARMONIC", ["harmonic", "add"], "'harmonic'"),
        ("FilteredNoise", ["filtered_noise", "fir_filter"], "'filtered_noise'"),
        ("noise", ["filtered_noise", "fir_filter", "add"], "'filtered_noise'"),
        ("khz", ["kHz", "Hz"], "'kHz'"),
    ],
)
def test_the_nearest_name_comes_first(name: str, known: list[str], nearest: str) -> None:
    assert str(did_you_mean(name, known)).startswith(f"did you mean {nearest}")


def test_few_names_are_listed_and_many_are_not() -> None:
    assert did_you_mean("zzz", ["a", "b"]) == "known: a, b"
    assert did_you_mean("zzz", [f"name_{i}" for i in range(50)]) is None
    assert did_you_mean("zzz", []) is None


def test_the_nearest_of_thousands_is_found() -> None:
    known = [f"oscillator_{i}" for i in range(4_000)]
    assert "'oscillator_1234'" in str(did_you_mean("osillator_1234", known))


# -- values from outside ----------------------------------------------------------------------------

SPEC = """\
version: 2
name: t
clock: {sample_rate: 16 kHz}
params: {gain: -6 dB}
inputs: {audio: {rate: audio}}
nodes: {out: {op: gain, inputs: {audio: audio, gain: $gain}}}
outputs: {audio: out}
"""


def test_a_setting_replaces_a_constant() -> None:
    assert check(SPEC, params={"gain": -3}) == check(SPEC, params=overrides_from_text(["gain=-3 dB"])) == ()


def test_a_setting_that_does_not_fit_is_shown_at_both_places() -> None:
    (found,) = check(SPEC, params=overrides_from_text(["gain=3 s"]))
    assert (found.code, str(found.span), str(found.notes[0])) == (
        "E505",
        "<text>:6:54",
        "the value is said at --set:1:7",
    )


def test_a_setting_of_an_unknown_name() -> None:
    (found,) = check(SPEC, params=overrides_from_text(["gian=3"]))
    assert (found.code, str(found.span), found.hint) == ("E308", "--set:1:7", "did you mean 'gain'?")


def test_constants_are_not_made_of_each_other() -> None:
    (found,) = check(SPEC, params={"gain": "$gain"})
    assert found.code == "E308"
