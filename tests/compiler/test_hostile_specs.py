"""A hostile spec ends in typed findings: without memory, without TensorFlow."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ddspgraph.compiler.driver import check
from ddspgraph.compiler.frontend.schema import graph_schema
from ddspgraph.ops import OPS
from tests.compiler.hostile_specs import TEXTS
from tests.strategies import plainest

ROOT = Path(__file__).parents[2]
#: Makes no tensor: a window is cut to the filter, a reverb that is given its response makes none, what is cropped
#: away is gone, and there are no more coefficients than bands.
FREE = (
    "fdn.seed",
    *("filtered_noise.window", "fir_filter.window", "hold.ch", "filtered_noise_reverb.", "crop.", "mfcc.mfcc_bins"),
    "mel_stft_loss.hop_size",
    *("f0_power_features.frame_size", "dilated_conv_decoder.precondition_ch"),  # what they size is not asked for
)


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    """Of a process of its own, with 2 GiB of address space; fails if it ends by a signal."""
    command = [sys.executable, "-m", "tests.compiler.hostile_specs"]
    child = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT, check=False)
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, f"{lines[-1:]} ended with {child.returncode}: {child.stderr[-2000:]}"
    return {line["name"]: line for line in lines if "codes" in line}


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_specs_end_in_findings(name: str, results: dict[str, dict[str, Any]]) -> None:
    result, expected = results[name], TEXTS[name][1]
    assert expected <= set(result["codes"])
    assert expected or not result["codes"]
    assert result["characters"] < 60_000


def test_nothing_is_allocated_and_no_tensor_code_loaded(results: dict[str, dict[str, Any]]) -> None:
    assert sum(result["kib"] for result in results.values()) < 200 << 10
    assert not any(result["tensorflow"] for result in results.values())


def test_huge_sizes_are_answered(results: dict[str, dict[str, Any]]) -> None:
    """2**31-long filters, 10**12 bins: every whole parameter of every op (T10)."""
    huge = {name: result for name, result in results.items() if " = " in name}
    assert len(huge) > 100
    for name, result in huge.items():
        is_refused = any(code.startswith("E") for code in result["codes"])
        assert is_refused or name.startswith(FREE), name


def test_findings_are_bounded() -> None:
    """W109: a hundred findings are listed; the rest of a file that is no spec is not worth a terminal."""
    found = check(TEXTS["4,096 nodes without an op"][0])
    assert len(found) == 101
    assert [d.code for d in found if not d.is_error] == ["W109"]


def test_a_long_cycle_is_named_whole() -> None:
    """T9: a thousand nodes, each with its place."""
    (found,) = check(TEXTS["cycle of 1,000"][0])
    path = found.message.partition(": ")[2].split(" -> ")
    assert path[0] == path[-1]
    assert sorted(path[:-1]) == sorted(f"n{i}" for i in range(1_000))
    assert [note.span.line for note in found.notes if note.span] == list(range(6, 1_005))
    assert len(str(found).splitlines()) < 20


def test_the_limits_name_the_first_node_too_many() -> None:
    """E707: for nodes and for edges."""
    (nodes,) = (d for d in check(TEXTS["5,000 nodes"][0]) if d.is_error)
    assert (nodes.code, nodes.span and nodes.span.line) == ("E707", 4 + 1 + 4_096)
    edges = [d for d in check(TEXTS["20,000 edges"][0]) if d.code == "E707"]
    assert [d.span and d.span.line for d in edges] == [5 + 1 + 16]


# -- numbers (T12) --------------------------------------------------------------------------------

_NUMBERS = [math.nan, math.inf, -math.inf, 1e308, -1e308, 1e39, True, False, "x", "1e400", "", [], {}, "1 parsec"]
_PARAMETERS = [
    (name, param.name)
    for name, op in OPS.items()
    for param in op.params().values()
    if param.kind in ("int", "float", "ints", "floats", "values")
]


@pytest.mark.parametrize(("op", "name"), _PARAMETERS, ids=lambda value: value)
def test_numbers_that_are_none_are_refused_at_their_place(op: str, name: str) -> None:
    spec = OPS[op].params()[name]
    wrong: list[Any] = [*_NUMBERS, *([1.5, 1e30, 2.0**54] if spec.kind in ("int", "ints") else [])]
    wrong += [bound - 1 for bound in (spec.ge, spec.gt) if bound is not None]
    wrong += [bound for bound in (spec.gt, spec.lt) if bound is not None]
    wrong += [1e-320] if spec.gt == 0 and spec.kind == "float" else []
    for value in wrong:
        if (spec.kind in ("ints", "floats") and value == []) or (spec.kind == "values" and value is None):
            continue
        given = [value] if spec.kind in ("ints", "floats") and not isinstance(value, (list, dict)) else value
        findings = [d for d in check(_with(op, name, given)) if d.is_error]
        assert len(findings) == 1, (value, findings)
        assert findings[0].code in ("E501", "E502", "E503", "E504", "E505"), value
        assert findings[0].span
        line = findings[0].span.source.line(findings[0].span.line)
        assert name in line or name in findings[0].span.source.line(findings[0].span.line - 1), value


def _with(op: str, name: str, value: Any) -> dict[str, Any]:
    spec = plainest(op)
    entry = next(iter((spec.get("nodes") or spec["losses"]).values()))
    entry.setdefault("params", {})[name] = value
    return spec


# -- patterns (T13) -------------------------------------------------------------------------------


def test_patterns_are_linear() -> None:
    """No pattern of ours can go back over a text made to confuse it; no text of a spec becomes a pattern."""
    patterns = set(_patterns(graph_schema(OPS)))
    assert patterns
    for pattern in patterns:
        # Tried at one place alone, and no repetition stands within a repetition.
        assert pattern.startswith("^"), pattern
        assert not re.search(r"\([^()]*[*+}][^()]*\)[*+{]", pattern), pattern


def _patterns(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [p for item in schema for p in _patterns(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
    own += list(schema["patternProperties"]) if isinstance(schema.get("patternProperties"), dict) else []
    return own + [p for item in schema.values() for p in _patterns(item)]
