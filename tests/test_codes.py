"""Every code, wherever the package makes it, comes with a place and a repair; exceptions are named with a reason."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import ddspgraph
from ddspgraph.codes import CODES, REPAIRS
from ddspgraph.compiler.driver import check
from ddspgraph.compiler.frontend.document import read_text
from ddspgraph.diagnostics import Diagnostic, GraphError
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from tests.test_errors import SPECS, findings

ROOT = Path(ddspgraph.__file__).parent
#: Codes that are made without a place somewhere, and why there is none.
NO_PLACE = {
    **dict.fromkeys(("E102", "E108", "E203", "E702", "E704", "E705", "E706"), "a Python mapping has no lines"),
    **dict.fromkeys(("E312", "E416", "E502", "E603", "E804"), "of a graph as a whole, or of an option"),
    **dict.fromkeys(("E604", "E605", "E606", "E611", "E612", "E613", "E708", "E801"), "of arrays that a caller gives"),
    **dict.fromkeys(("E601", "E602", "E701"), "of a pipe or a sound card"),
    **dict.fromkeys(("E607", "E608", "E617"), "of the machine, not of a file of the author's"),
}
#: Small texts for what no file of `tests/errors` shows.
TEXTS: dict[str, tuple[str, Limits]] = {
    "E102": ("a: x\x07y\n", DEFAULT_LIMITS),
    "E104": ("a: !x 1\n", DEFAULT_LIMITS),
    "E105": ("", DEFAULT_LIMITS),
    "E106": ("a: 1\n---\nb: 2\n", DEFAULT_LIMITS),
    "E107": ("a: *b\n", DEFAULT_LIMITS),
    "E108": ("a: {{b}}\n", DEFAULT_LIMITS),
    "E701": ("a: 1\n", Limits(file_bytes=2)),
    "E702": ("a: [[1]]\n", Limits(depth=2)),
    "E703": ("a: 1\nb: 2\n", Limits(events=4)),
    "E704": ("a: [1, 2, 3]\n", Limits(values=3)),
    "E705": ("a: abcdef\n", Limits(scalar_bytes=3)),
    "E706": ("a: 9007199254740993\n", DEFAULT_LIMITS),
}
#: The functions that make findings -> which argument is the place, which the repair.
_MAKERS = {"fail": (2, None), "add": (2, None), "Diagnostic": (2, 4), "Mismatch": (1, 3), "Advice": (2, 3)}
_REFUSALS = {"refuse": (2, 3), "_refused": (2, 3), "_stop": (2, 3)}


def _made() -> Iterator[tuple[str, str, bool, bool]]:
    """(code, where, has a place, has a repair) for every call in the package that makes a finding of a fixed code."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            makers = _MAKERS | _REFUSALS
            if name not in makers or not isinstance(node, ast.Call) or not node.args:
                continue
            code = getattr(node.args[0], "value", None)
            if code not in CODES:
                continue
            place, repair = makers[name]
            given = {k.arg: k.value for k in node.keywords} | dict(enumerate(node.args))
            where = given.get(place, given.get("span", given.get("port", given.get("at"))))
            hint = given.get("hint", given.get(repair))
            is_there = where is not None and getattr(where, "value", "") is not None
            yield str(code), f"{path.relative_to(ROOT)}:{node.lineno}", is_there, hint is not None


MADE: dict[str, list[tuple[str, bool, bool]]] = defaultdict(list)
for _code, *_facts in _made():
    MADE[_code].append(tuple(_facts))  # type: ignore[arg-type]


@pytest.mark.parametrize("code", CODES)
def test_wherever_a_code_is_made_it_has_a_place_and_a_repair(code: str) -> None:
    bare = [where for where, _, has_repair in MADE[code] if not has_repair]
    assert not bare or code in REPAIRS, f"{bare} have no repair, and REPAIRS has none for {code}"
    lost = [where for where, has_place, _ in MADE[code] if not has_place]
    assert bool(lost) is (code in NO_PLACE), f"{code} is made without a place at {lost}"


def test_every_general_repair_is_needed() -> None:
    assert not REPAIRS.keys() - CODES.keys()
    needed = {code for code, made in MADE.items() if not all(has_repair for _, _, has_repair in made)}
    assert sorted(REPAIRS.keys() - needed) == []


@pytest.fixture(scope="module")
def shown() -> dict[str, list[Diagnostic]]:
    found: dict[str, list[Diagnostic]] = defaultdict(list)
    for path in SPECS:
        for finding in findings(path):
            found[finding.code].append(finding)
    for code, (text, limits) in TEXTS.items():
        with pytest.raises(GraphError) as raised:
            read_text(text, "t.yaml", limits)
        found[code] += [d for d in raised.value.diagnostics if d.code == code]
    return found


#: Of streams, exports and old versions, which no check of a spec alone meets; tested where they are.
_NOT_OF_A_SPEC = (
    "E415",
    "E416",
    "E434",
    "W108",
    "W109",
    "W110",
    "W111",
    "W112",
    "W120",
    "W123",
    "W124",
    "W131",
    "W138",
    "W139",
)


@pytest.mark.parametrize(
    "code", [code for code in CODES if (code[1] in "12345" and code not in _NOT_OF_A_SPEC) or code in TEXTS]
)
def test_every_code_of_a_spec_is_seen_with_a_place_and_a_repair(code: str, shown: dict[str, list[Diagnostic]]) -> None:
    assert shown[code], f"nothing shows {code}"
    for finding in shown[code]:
        assert finding.span is not None
        assert finding.hint


def test_memory_that_conversions_need_has_a_place() -> None:
    spec = "version: 2\nname: m\nclock: {sample_rate: 16 kHz, frame_rate: 250 Hz, duration: 60 s}\n"
    spec += (
        "nodes:\n  a: {op: lfo, inputs: [1.0]}\n  b: {op: gain, inputs: [a, 0 dB]}\n  c: {op: resample, inputs: [a]}\n"
    )
    (found,) = check(read_text(spec + "outputs: {x: b, y: c}\n", "m.yaml"), limits=Limits(memory_bytes=1000))
    assert (found.code, found.span and found.span.line) == ("E708", 7)
    assert found.hint
