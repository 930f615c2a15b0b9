"""Documents as text: what is written reads back equal, in YAML 1.2 and in YAML 1.1, and looks as it should."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ddspgraph.compiler.frontend.document import read, read_text
from ddspgraph.compiler.frontend.values import Document, Value
from ddspgraph.compiler.frontend.yaml.text import forbidden_character
from ddspgraph.diagnostics import Source, Span
from ddspgraph.migrations.text.comments import comments_of
from ddspgraph.migrations.text.edits import plain
from ddspgraph.migrations.text.emit import emit
from ddspgraph.resources import folder

SOURCE = Source("made.yaml", "")


def document(data: dict) -> Document:
    return Document(plain(data, Span.start_of(SOURCE)), SOURCE)


def written(value: object) -> str:
    """How a value stands behind `x-key:`."""
    return emit(document({"x-key": value})).removeprefix("x-key:").rstrip("\n").removeprefix(" ")


texts = st.text(max_size=200).filter(lambda text: forbidden_character(text) is None)
words = st.sampled_from(
    ["yes", "No", "on", "y", "null", "~", "", "1e-3", "1_000", "0o7", "010", "12:30:45", "0x1F", ".5", "+1", "1.",
     "2026-01-01", "<<", "=", "-", "- a", "a: b", "a #b", "#a", "[a", "a]", "{", "$n", "16 kHz", "-6 dB", "*a", "&a",
     "!a", "%a", "@a", "`a", "a,b", "?", "? a", ":", "a:", "'", '"', "|", ">", " a", "a ", "\t", "a\tb", "é", "😀",
     "true", "TRUE", ".inf", "1.5e300", "---", "...", "a\nb", "a\n\nb\n", "\na", " a\nb", "a\n", "a\n\n", "x" * 300,
     "word " * 50 + "end", "word " * 50 + "end\n", "two  spaces " * 30, "- " * 60 + "a", "# " * 60, "a\n- b\n# c\n"]
)  # fmt: skip
numbers = st.one_of(
    st.integers(-(1 << 53), 1 << 53), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none()
)
values = st.recursive(
    st.one_of(texts, words, numbers),
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(st.one_of(words, texts), inner, max_size=6)),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["doc", "params", "nodes", "clock", "x-a", "x-b"]), values, min_size=1))
def test_what_is_written_reads_back_equal(data):
    assert read_text(emit(document(data)), "again.yaml").root.plain() == data


@settings(max_examples=150, deadline=None)
@given(st.one_of(words, texts, numbers))
def test_yaml_1_1_readers_read_the_same_scalars(value):
    for text in (emit(document({"x-a": value})), emit(document({"x-a": [value]}))):
        (again,) = yaml.safe_load(text).values()
        assert again in (value, [value])
        assert type(again[0] if isinstance(again, list) else again) is type(value)


@pytest.mark.parametrize("path", sorted(folder("graphs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_example_graphs_read_back_equal_with_all_their_comments(path):
    found = read(path)
    text = emit(found, comments_of(found.source, 2))
    assert read_text(text, "again.yaml").root.plain() == found.root.plain()
    for comment in comments_of(found.source, 2):
        assert comment.text in text


def test_a_graph_looks_like_those_that_people_write():
    data = {
        "nodes": {
            "tone": {"op": "harmonic", "inputs": {"f0_hz": "A4"}, "params": {"scale_fn": None, "nyquist_fade": 0.1}},
            "long": {"op": "concat", "inputs": [f"a_signal_with_a_name_{i}" for i in range(12)]},
        },
        "x-mine": [1, 2],
        "clock": {"sample_rate": "16 kHz", "hop": 64},
        "outputs": {"audio": "tone"},
        "version": 2,
        "doc": "A tone.",
        "name": "tone",
    }
    assert emit(document(data)) == (
        "version: 2\nname: tone\ndoc: A tone.\n\nclock: {sample_rate: 16 kHz, hop: 64}\n\nnodes:\n"
        "  tone: {op: harmonic, inputs: {f0_hz: A4}, params: {scale_fn: null, nyquist_fade: 0.1}}\n"
        "  long:\n    op: concat\n    inputs: [a_signal_with_a_name_0, a_signal_with_a_name_1, "
        "a_signal_with_a_name_2,\n"
        "      a_signal_with_a_name_3, a_signal_with_a_name_4, a_signal_with_a_name_5,\n"
        "      a_signal_with_a_name_6, a_signal_with_a_name_7, a_signal_with_a_name_8,\n"
        "      a_signal_with_a_name_9, a_signal_with_a_name_10, "
        "a_signal_with_a_name_11]\n\noutputs:\n  audio: tone\n\nx-mine: [1, 2]\n"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("16 kHz", "16 kHz"),
        ("-6 dB", "-6 dB"),
        ("$n_harmonics", "$n_harmonics"),
        ("decoder/amps", "decoder/amps"),
        ("A4", "A4"),
        ("yes", '"yes"'),
        ("y", '"y"'),
        ("1e-3", '"1e-3"'),
        ("12:30:45", '"12:30:45"'),
        ("", '""'),
        (1e-5, "1.0e-05"),
        (1e22, "1.0e+22"),
        (0.001, "0.001"),
        (2.0, "2.0"),
        (True, "true"),
        (None, "null"),
        ({}, "{}"),
        ([], "[]"),
        ([[1, 2], {"a": "b, c"}], '[[1, 2], {a: "b, c"}]'),
        ("tab\there", '"tab\\there"'),
    ],
)
def test_scalars(value, text):
    assert written(value) == text


def test_no_line_is_longer_than_it_must_be():
    data = {"nodes": {f"node_{i}": {"op": "add", "inputs": ["x" * i, "y" * i]} for i in range(1, 48)}}
    assert max(len(line) for line in emit(document(data)).splitlines()) <= 100


def test_deep_values_are_written():
    value: object = "leaf"
    for _ in range(60):
        value = {"key_of_a_deep_mapping": [value]}
    assert Document(plain({"x-a": value}, Span.start_of(SOURCE)), SOURCE).root.plain() == {"x-a": value}
    text = emit(document({"x-a": [value]}))
    assert text.count("key_of_a_deep_mapping") == 60
    assert yaml.safe_load(text) == {"x-a": [value]}


def test_values_of_no_span_do_not_matter():
    assert emit(Document(Value({}, Span.start_of(SOURCE)), SOURCE)) == "\n"
