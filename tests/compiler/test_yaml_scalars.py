"""Plain scalars mean what YAML 1.2 says: another parser agrees, on scalars and on documents."""

from __future__ import annotations

import datetime
import io
import random
from typing import Any

import pytest
import ruamel.yaml
from ruamel.yaml.error import YAMLError

from ddspgraph.compiler.frontend.document import read_text
from ddspgraph.compiler.frontend.yaml.scalars import IntegerTooLarge, NotFinite, resolve
from ddspgraph.diagnostics import GraphError

TABLE = """
1e-3 1e3 1E5 .5 +1 -1 0 -0 00 010 08 09 0o17 0o777 0o8 0x1F 0xDEADBEEF 0x1g 0X1F 1,000 1. -1. +.5 1e 1e+
1e+3 1.5e-3 -1e-3 +12 . .. -- + e3 .e3 1.2.3 0.1 .iNf inf nan -.nan yes no on off y n Yes NO On true True TRUE
tRue false False FALSE null Null NULL nULL ~ ~~ 12:30 12:30:45 1:2 190:20:30 2026-1-1 0o 0x
9007199254740992 -9007199254740992 1e22 123456789012345678.0 5e-324 1e-400 0.0 -0.0 0e0 00.5 01e2 1e05 A4 -6dB
16kHz $n a/b .5. 1e3e3 +-1 'yes' '1' "~" "1e3"
"""
SCALARS = [*TABLE.split(), "", "16 kHz", "-6 dB", "1 2", "a b", "'it''s'"]

#: Where ruamel.yaml leaves the core schema (yaml.org/spec/1.2.2, 10.3.2): its 1.2 resolver keeps the binary
#: integers, signed hexadecimals, digit groups, dates and `=` of 1.1, and misses a signed number that begins
#: with its point. The right answers:
CORE = {
    "0b11": "0b11",
    "+0x1F": "+0x1F",
    "1_000": "1_000",
    "2026-01-01": "2026-01-01",
    "2026-01-01T10:00:00Z": "2026-01-01T10:00:00Z",
    "=": "=",
    "<<": "<<",  # a value; as a key it merges
    "-.5e3": -500.0,
}

NOT_FINITE = [
    ".inf",
    "-.inf",
    "+.inf",
    ".Inf",
    ".INF",
    ".nan",
    ".NaN",
    ".NAN",
    "1e400",
    "-1e400",
    "9" * 400 + ".0",
]
TOO_LARGE = ["9007199254740993", "-9007199254740993", "0x20000000000001", "0o400000000000000001"]
TOO_LARGE += ["9" * 5000, "-" + "1" * 60_000, "0x" + "f" * 60_000, "0" * 10 + "9" * 5000]


def oracle(text: str) -> Any:
    """What ruamel.yaml's own parser reads as YAML 1.2."""
    parser = ruamel.yaml.YAML(typ="safe", pure=True)
    parser.version = (1, 2)
    return parser.load(io.StringIO(text))


def ours(text: str) -> Any:
    return read_text(text, "t").root.plain()


def test_the_table_is_large() -> None:
    assert len(set(SCALARS) | set(CORE)) + len(NOT_FINITE) >= 100


@pytest.mark.parametrize("scalar", SCALARS)
def test_scalars_mean_what_yaml_1_2_says(scalar: str) -> None:
    value, expected = ours(f"a: {scalar}\n")["a"], oracle(f"a: {scalar}\n")["a"]
    assert (type(value), repr(value)) == (type(expected), repr(expected))


@pytest.mark.parametrize(("scalar", "expected"), CORE.items())
def test_scalars_mean_what_the_core_schema_says(scalar: str, expected: object) -> None:
    value = ours(f"a: {scalar}\n")["a"]
    assert (type(value), value) == (type(expected), expected)


@pytest.mark.parametrize("scalar", NOT_FINITE)
def test_numbers_are_finite(scalar: str) -> None:
    with pytest.raises(NotFinite):
        resolve(scalar)


@pytest.mark.parametrize("scalar", TOO_LARGE, ids=lambda scalar: scalar[:20])
def test_integers_are_exact_in_a_float(scalar: str) -> None:
    with pytest.raises(IntegerTooLarge):
        resolve(scalar)


def test_integers_up_to_the_limit() -> None:
    assert resolve("0" * 5000 + "7") == 7
    assert [resolve(s, 100) for s in ("100", "-100", "0x64", "0o144")] == [100, -100, 100, 100]
    for scalar in ("101", "-101", "0x65", "0o145"):
        with pytest.raises(IntegerTooLarge):
            resolve(scalar, 100)


# Differential test: documents that both accept read the same.

SEEDS = [
    "version: 2\nclock: {sample_rate: 16 kHz, hop: 64}\nnodes:\n  a: &x {op: add, inputs: [h, n/signal]}\n"
    "  b: *x\n  c:\n    <<: *x\n    op: 'mul'\n",
    "a: |\n  text\n   more\n\nb: >-\n  fold\n  ed\nc: \"q\\n\\x41\"\nd: 'it''s'\ne: [1, -3e-1, ~, true]\n",
    "a:\n- b\n- c: [x, {y: z}]\n  d: e\n# comment\n- 'f' # g\n",
    "{a: 1, 'b': [1, 2,], \"c\": d, e: {f: g}}\n",
]
ALPHABET = " \n:-?[]{},#&*|>'\"%\\~.0123456789aexyz<=\r"


def mutated(text: str, draw: random.Random) -> str:
    characters = list(text)
    for _ in range(draw.randint(1, 4)):
        at, kind = draw.randrange(len(characters)), draw.random()
        if kind < 0.4:
            characters.insert(at, draw.choice(ALPHABET))
        elif kind < 0.7:
            del characters[at : at + draw.randint(1, 3)]
        elif kind < 0.85:
            characters[at] = draw.choice(ALPHABET)
        else:
            other = draw.randrange(len(characters))
            characters[at:at] = characters[other : other + draw.randint(1, 12)]
    return "".join(characters)


def comparable(value: Any) -> bool:
    """False where ruamel.yaml reads dates, or keys as other than their text, which we do on purpose."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and comparable(v) for key, v in value.items())
    if isinstance(value, list):
        return all(map(comparable, value))
    return not isinstance(value, datetime.date)


def test_documents_read_as_by_another_parser() -> None:
    draw = random.Random(7)
    compared = 0
    for index in range(800):
        text = mutated(SEEDS[index % len(SEEDS)], draw)
        try:
            document = ours(text)
        except GraphError:
            continue
        try:
            expected = oracle(text)
        except (YAMLError, NotImplementedError):
            continue  # it refuses some that YAML allows, such as a value `=`
        if comparable(expected):
            assert document == expected, text
            compared += 1
    assert compared > 150
