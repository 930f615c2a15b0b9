"""Reading specs: located values, and every error of the text at its line and column."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ddspgraph.compiler.frontend.document import Document, Key, Value, read_text
from ddspgraph.compiler.frontend.yaml.values import build
from ddspgraph.diagnostics import GraphError, Source
from ddspgraph.limits import DEFAULT_LIMITS, Limits

SPEC = """\
version: 2
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
nodes:
  harmonic: &h
    op: harmonic
    gains: [1, -2.5, 1e-3]
  copy: *h
  merged:
    <<: *h
    op: 'noise'
doc: |
  Two
  lines.
"""


def error_of(text: str | bytes, limits: Limits = DEFAULT_LIMITS) -> GraphError:
    with pytest.raises(GraphError) as caught:
        read_text(text, "t.yaml", limits)
    return caught.value


def findings(text: str | bytes, limits: Limits = DEFAULT_LIMITS) -> list[tuple[str, int, int]]:
    """(code, line, column) of every error of a text."""
    found = error_of(text, limits).diagnostics
    return [(d.code, d.span.line, d.span.column) for d in found if d.span is not None]


def place(value: Value | Key) -> tuple[int, int, int, int]:
    span = value.span
    return span.line, span.column, span.end_line, span.end_column


def at(document: Document, *path: str | int) -> Value:
    value = document.root
    for step in path:
        found = value.elements()[step] if isinstance(step, int) else value.get(step)
        assert found is not None
        value = found
    return value


def test_values_are_plain_data() -> None:
    harmonic = {"op": "harmonic", "gains": [1, -2.5, 0.001]}
    assert read_text(SPEC, "t").root.plain() == {
        "version": 2,
        "clock": {"sample_rate": "16 kHz", "frame_rate": "250 Hz"},
        "nodes": {"harmonic": harmonic, "copy": harmonic, "merged": {**harmonic, "op": "noise"}},
        "doc": "Two\nlines.\n",
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("version",), (1, 10, 1, 11)),
        (("clock",), (2, 8, 2, 49)),
        (("clock", "frame_rate"), (2, 42, 2, 48)),
        (("nodes", "harmonic", "gains"), (6, 12, 6, 27)),
        (("nodes", "harmonic", "gains", 1), (6, 16, 6, 20)),
        (("nodes", "merged"), (9, 5, 10, 16)),  # a block ends with its last value, not where the next begins
        (("nodes", "merged", "op"), (10, 9, 10, 16)),
        (("nodes", "copy", "op"), (5, 9, 5, 17)),  # an alias is the value that its anchor names
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_values_know_their_place(path: tuple[str, ...], expected: tuple[int, ...], end: str) -> None:
    assert place(at(read_text(SPEC.replace("\n", end), "t"), *path)) == expected


def test_keys_know_their_place_and_are_strings() -> None:
    nodes = at(read_text(SPEC, "t"), "nodes")
    keys = {key: place(key) for key, _ in nodes.items()}
    assert keys == {"harmonic": (4, 3, 4, 11), "copy": (7, 3, 7, 7), "merged": (8, 3, 8, 9)}
    key = next(key for key, _ in nodes.items())
    assert isinstance(key, Key)
    assert copy.deepcopy(key) == "harmonic" == copy.copy(key)
    assert copy.deepcopy(key).span.line == 4


def test_columns_count_characters() -> None:
    assert place(at(read_text("\ufeffé: {日本: '😀', b: 1}\n", "t"), "é", "b")) == (1, 17, 1, 18)
    assert place(at(read_text("\ufeffa: 1\n".encode(), "t"), "a")) == (1, 4, 1, 5)


def test_merged_keys_keep_their_place_and_explicit_ones_theirs() -> None:
    document = read_text("a: &a {x: 1, y: 1}\nb: {y: 2, <<: *a}\n", "t")
    places = {str(key): place(key)[:2] for key, _ in at(document, "b").items()}
    assert places == {"x": (1, 8), "y": (2, 5)}


def test_of_merged_mappings_the_first_wins() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\nd: {'<<': 1}\ne: {<<: {z: 3}}\n"
    plain = read_text(text, "t").root.plain()
    assert (plain["c"], plain["d"], plain["e"]) == ({"x": 1, "y": 2}, {"<<": 1}, {"z": 3})


def test_an_anchor_may_be_taken_again() -> None:
    plain = read_text("a: &x [&x 1, *x]\nb: *x\nc: &x 2\n&k d: [*x, *k]\n", "t").root.plain()
    assert plain == {"a": [1, 1], "b": 1, "c": 2, "d": [2, "d"]}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("~", "nothing"),
        ("true", "true or false"),
        ("1", "a number"),
        (".5", "a number"),
        ("x", "text"),
        ("[]", "a list"),
        ("{}", "a mapping"),
    ],
)
def test_kinds_in_words(text: str, kind: str) -> None:
    value = at(read_text(f"a: {text}", "t"), "a")
    assert value.kind == kind
    assert (value.is_list, value.is_mapping) == (kind == "a list", kind == "a mapping")
    assert value.is_scalar == (not value.is_list and not value.is_mapping)
    assert value.is_number == (kind == "a number")
    assert value.get("x") is None
    assert list(value.items()) == []
    assert value.elements() == ()


# Every code of the text, at its place.
LOCATED: dict[str, tuple[str, list[tuple[str, int, int]]]] = {
    "no space after a colon": ("a:1\nb: 2\n", [("E101", 1, 1)]),
    "no space, in brackets": ("a: {b:[1]}\n", [("E101", 1, 6)]),
    "a tab": ("a:\n\tb: 1\n", [("E101", 2, 1)]),
    "begins with @": ("a: @x\n", [("E101", 1, 4)]),
    "begins with %": ("a: 1\nb: %x\n", [("E101", 2, 4)]),
    "two colons": ("a: b: c\n", [("E101", 1, 5)]),
    "no closing quote": ("a: 1\nb: 'x\nc: 2\n", [("E101", 2, 4)]),
    "no closing bracket": ("a: [1,\n", [("E101", 1, 4)]),
    "bracket closed too late": ("a: [1\nb: 2\n", [("E101", 1, 4)]),
    "an unknown escape": ('a: "\\q"\n', [("E101", 1, 5)]),
    "another YAML": ("%YAML 1.1\n---\na: 1\n", [("E101", 1, 1)]),
    "a control character": ("a: 1\nb: x\x07y\n", [("E102", 2, 5)]),
    "an escaped NUL": ('a: "\\0"\n', [("E102", 1, 4)]),
    "a key twice": ("a: 1\nb: 2\na: 3\n", [("E103", 3, 1)]),
    "a key twice, deep": ("a: [{b: {c: 1, c: 2}}]\n", [("E103", 1, 16)]),
    "a merge key twice": ("a: &a {x: 1}\nb: {<<: *a, <<: *a}\n", [("E103", 2, 13)]),
    "a quoted key twice": ("a: 1\n'a': 2\n", [("E103", 2, 1)]),
    "a tag": ("a: !x 1\n", [("E104", 1, 4)]),
    "a tag directive": ("%TAG ! tag:x,2026:\n---\na: 1\n", [("E104", 1, 1)]),
    "nothing": ("", [("E105", 1, 1)]),
    "only a comment": ("# version: 2\n", [("E105", 1, 1)]),
    "only a marker": ("---\n", [("E105", 2, 1)]),
    "a list on top": ("- a\n- b\n", [("E105", 1, 1)]),
    "a word on top": ("hello\n", [("E105", 1, 1)]),
    "two documents": ("a: 1\n---\nb: 2\n", [("E106", 2, 1)]),
    "an empty second document": ("a: 1\n...\n---\n", [("E106", 3, 1)]),
    "an alias of nothing": ("a: 1\nb: *c\n", [("E107", 2, 4)]),
    "an alias in itself": ("a: &a [1, *a]\n", [("E107", 1, 11)]),
    "an alias merged in itself": ("a: &a {<<: *a}\n", [("E107", 1, 12)]),
    "a list as a key": ("a: 1\n? [b]\n: 2\n", [("E108", 2, 3)]),
    "a mapping as a key": ("a: {{b}}\n", [("E108", 1, 5)]),
    "an alias as a key": ("a: &a x\n*a : 1\n", [("E108", 2, 1)]),
    "no key": ("a: 1\nb: {? : 2}\n", [("E108", 2, 7)]),
    "no key in a block": ("a: 1\n: 2\n", [("E101", 2, 1)]),
    "a merge of a number": ("a: {<<: 1}\n", [("E203", 1, 9)]),
    "an infinity": ("a: [1, -.inf]\n", [("E503", 1, 8)]),
    "not a number": ("a: .NaN\n", [("E503", 1, 4)]),
    "a float that overflows": ("a: 1e999\n", [("E503", 1, 4)]),
    "an integer beyond 2^53": ("a: [1,\n 9007199254740993]\n", [("E706", 2, 2)]),
    "a hexadecimal one": ("a: 0x20000000000001\n", [("E706", 1, 4)]),
    "5,000 digits": ("a: -" + "9" * 5000, [("E706", 1, 4)]),
    "all in one run": (
        "a: .inf\na: !x 1\nb: *z\nc: [2, 1e999]\n? {}\n: 1\n",
        [("E503", 1, 4), ("E103", 2, 1), ("E104", 2, 4), ("E107", 3, 4), ("E503", 4, 8), ("E108", 5, 3)],
    ),
    "also those before a syntax error": ("a: 1\na: 2\nb: [\n", [("E103", 2, 1), ("E101", 3, 4)]),
}


@pytest.mark.parametrize(("text", "expected"), LOCATED.values(), ids=LOCATED.keys())
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_errors_are_located(text: str, expected: list[tuple[str, int, int]], end: str) -> None:
    assert findings(text.replace("\n", end)) == expected


LIMITED: dict[str, tuple[str, Limits, list[tuple[str, int, int]]]] = {
    "bytes": ("a: éé\n", Limits(file_bytes=7), [("E701", 1, 1)]),
    "depth in brackets": ("a: [[1, [2]]]\n", Limits(depth=3), [("E702", 1, 9)]),
    "depth of blocks": ("a:\n  b:\n    c: 1\n", Limits(depth=2), [("E702", 3, 5)]),
    "depth by aliases": ("a: &a [[1]]\nb: [*a]\n", Limits(depth=3), [("E702", 2, 5)]),
    "events": ("a: 1\nb: 2\nc: 3\n", Limits(events=7), [("E703", 3, 1)]),
    "values": ("a: [1, 2, 3]\n", Limits(values=4), [("E704", 1, 11)]),
    "values by aliases": ("a: &a [1, 2]\nb: *a\nc: *a\n", Limits(values=9), [("E704", 3, 4)]),
    "values by merges": ("a: &a {x: 1}\nb: {<<: [*a, *a]}\n", Limits(values=8), [("E704", 2, 14)]),
    "scalar": ("a: 1\nb: éé\n", Limits(scalar_bytes=3), [("E705", 2, 4)]),
    "key": ("a: 1\nbcde: 2\n", Limits(scalar_bytes=3), [("E705", 2, 1)]),
    "integer": ("a: 9\nb: -10\n", Limits(integer_magnitude=9), [("E706", 2, 4)]),
}


@pytest.mark.parametrize(("text", "limits", "expected"), LIMITED.values(), ids=LIMITED.keys())
def test_limits_are_located(text: str, limits: Limits, expected: list[tuple[str, int, int]]) -> None:
    error = error_of(text, limits)
    assert findings(text, limits) == expected
    assert error.exit_code == 5


@pytest.mark.parametrize(("text", "limits", "expected"), LIMITED.values(), ids=LIMITED.keys())
def test_limits_are_inclusive(text: str, limits: Limits, expected: object) -> None:
    larger = {k: v + 1 for k, v in vars(limits).items() if isinstance(v, int) and v != getattr(Limits, k)}
    if larger.keys() == {"events"}:
        larger["events"] += 4  # the value, and the ends of mapping, document and stream
    if larger.keys() == {"file_bytes"}:
        larger["file_bytes"] = len(text.encode())
    assert read_text(text, "t", replace(limits, **larger)).root.is_mapping


def test_a_duplicate_names_both_lines() -> None:
    assert str(error_of("a: 1\nb: 2\na: 3\n")) == (
        "t.yaml:3:1: E103 the key 'a' stands twice in this mapping\n"
        "    3 | a: 3\n"
        "      | ^\n"
        "      = 'a' stands first at t.yaml:1:1\n"
        "      = help: remove one of them"
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:1\nb: 2\n", "write `a: 1`"),
        ("a: {b:[1]}\n", "write a space after the colon: `key: value`"),
        ("a:\n\tb: 1\n", "indent with spaces"),
        ("a: @x\n", "write the name alone, x"),
        ("a: @!\n", "quote it: '@...'"),
        ("a: `x\n", "quote it: '`...'"),
        ("a: 'x\n", "close the quote"),
        ("a: [1\nb: 2\n", "close it with ']'"),
        ("a: {b: 1\n", "close it with '}'"),
        ("a: {{b}}\n", "a value that begins with '{' or '[' is a collection: quote it to mean text"),
        ("a: .inf\n", "write a finite number; quote it to mean text"),
    ],
)
def test_errors_say_what_to_do(text: str, hint: str) -> None:
    assert error_of(text).diagnostics[0].hint == hint


def test_a_bracket_error_shows_where_it_opens() -> None:
    note = error_of("a: 1\nb: [1}\nc: 2\n").diagnostics[0].notes[0]
    assert str(note) == "the '[' is at t.yaml:2:4"


def test_a_flood_of_errors_is_cut() -> None:
    assert len(error_of("a: 1\n" * 10_000).diagnostics) == 100
    assert len(error_of("\0" * 10_000).diagnostics) == 20


def test_libyaml_and_the_pure_parser_agree() -> None:
    for parser in (yaml.SafeLoader, yaml.CSafeLoader):
        document = build(Source("t", SPEC), DEFAULT_LIMITS, parser)
        assert document.root.plain() == read_text(SPEC, "t").root.plain()
        assert place(at(document, "nodes", "merged")) == (9, 5, 10, 16)
        for text, expected in (LOCATED["no closing bracket"], LOCATED["a tab"], LOCATED["all in one run"]):
            with pytest.raises(GraphError) as caught:
                build(Source("t", text), DEFAULT_LIMITS, parser)
            codes = [(d.code, d.span.line, d.span.column) for d in caught.value.diagnostics if d.span]
            assert codes == expected


# Anything

YAML_LIKE = st.text("abk01.- :\n\t\r[]{},#&*!|>'\"%@`?~<=\\/é\u202e", max_size=60)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), YAML_LIKE, st.binary(max_size=40)))
def test_any_text_is_a_document_or_a_graph_error(text: str | bytes) -> None:
    found = ()
    try:
        assert isinstance(read_text(text, "t").root.plain(), dict)
    except GraphError as error:
        found = error.diagnostics
    for diagnostic in found:
        assert diagnostic.span is not None
        assert min(diagnostic.span.line, diagnostic.span.column) >= 1
        assert str(diagnostic)
