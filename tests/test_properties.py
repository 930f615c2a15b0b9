"""What holds of any spec: valid ones are accepted, broken ones are answered and never more than that (T34)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ddspgraph.compiler.driver import check, load
from ddspgraph.compiler.frontend.mapping_text import mapping_text
from ddspgraph.diagnostics import Diagnostic
from ddspgraph.limits import DEFAULT_LIMITS
from ddspgraph.ops import OPS
from tests.strategies import broken_specs, plainest, specs

_EXAMPLES = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
_NIGHTLY = settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))


def errors(spec: dict[str, Any]) -> list[str]:
    return [str(finding) for finding in check(spec) if finding.is_error]


@pytest.mark.parametrize("name", OPS)
def test_the_plainest_spec_of_an_op_is_accepted(name: str) -> None:
    assert errors(plainest(name)) == []


def valid(spec: dict[str, Any]) -> None:
    assert errors(spec) == []
    graph = load(spec)
    # A graph is a value: the text that the mapping became gives the same one.
    assert load(mapping_text(spec, "built", DEFAULT_LIMITS)) == graph
    assert all(ref in graph.types for ref in graph.values())


def answered(spec: dict[str, Any]) -> None:
    found = check(spec)
    assert all(isinstance(finding, Diagnostic) for finding in found)
    assert len(str(found)) < 100_000
    json.dumps([finding.as_dict() for finding in found])
    assert found == check(spec) or [str(d) for d in found] == [str(d) for d in check(spec)]


test_valid_specs_are_accepted = _EXAMPLES(given(specs())(valid))
test_broken_specs_are_answered = _EXAMPLES(given(broken_specs())(answered))
test_many_valid_specs_are_accepted = pytest.mark.proof(_NIGHTLY(given(specs(12))(valid)))
test_many_broken_specs_are_answered = pytest.mark.proof(_NIGHTLY(given(broken_specs())(answered)))
