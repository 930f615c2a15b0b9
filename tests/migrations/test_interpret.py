"""The version-1 interpreter: independent of the migration, and of one mind with the compiler on generated lists."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from ddspgraph.compiler.frontend.document import read
from ddspgraph.diagnostics import GraphError
from ddspgraph.migrations import interpret as module
from ddspgraph.migrations import migrate_text
from ddspgraph.migrations.interpret import interpret
from ddspgraph.proofs import migration as verify_migration_module
from ddspgraph.proofs.migration import Comparison, verify_migration
from tests.migrations.test_v1_generated import specs

SMALL = {"version": 1, "name": "a", "sample_rate": 16000, "n_samples": 640}
NOISE = {**SMALL, "inputs": [["m", 5]], "modules": {"n": {"class": "FilteredNoise"}}, "dag": [["n", ["m"]]]}


def verified(spec: dict[str, Any], new_text: str | None = None) -> tuple[Comparison, ...]:
    return verify_migration(read(spec), new_text or migrate_text(spec).text)


def test_it_shares_the_kernels_and_nothing_of_the_migration_or_the_compiler():
    imports = [
        n.module for n in ast.walk(ast.parse(Path(module.__file__).read_text())) if isinstance(n, ast.ImportFrom)
    ]
    own = {name for name in imports if name and name.startswith("ddspgraph")}
    assert own == {"ddspgraph.ir.call", "ddspgraph.ir.initialisers", "ddspgraph.ir.op", "ddspgraph.ops"}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs(n_samples=640))
def test_list_and_graph_sound_the_same(spec):
    (audio,) = verified(spec)
    assert audio.is_equal
    assert audio.name == "audio"


def test_losses_and_learned_rooms_are_compared_too():
    spec = {
        **SMALL,
        "inputs": ["m", "audio"],
        "modules": {
            "n": {"class": "FilteredNoise", "initial_bias": 0.0},
            "r": {"class": "Reverb", "trainable": True, "reverb_length": 100},
            "l": {"class": "SpectralLoss", "fft_sizes": [64]},
            "h": {"class": "FilteredNoiseConsistencyLoss"},
        },
        "dag": [["n", ["m"]], ["r", ["n/signal"]]],
        "losses": [["l", ["audio", "r/signal"]], ["h", ["n/controls/magnitudes", "m"]]],
    }
    found = verified(spec)
    assert [c.name for c in found] == ["audio", "l", "h"]
    assert all(c.peak > 1e-3 for c in found)


def test_every_value_has_the_name_that_a_later_call_reads_it_by():
    spec = {**SMALL, "inputs": ["a", "b"], "modules": {}, "dag": [[{"class": "Add", "name": "sum"}, ["a", "b"]]]}
    one, two = np.ones([1, 4], np.float32), np.full([1, 4], 2.0, np.float32)
    found = interpret(spec, {"a": one, "b": two}, {})
    names = {
        "a",
        "b",
        "inputs/a",
        "inputs/b",
        "sum",
        "sum/signal",
        "sum/controls/signal_one",
        "sum/controls/signal_two",
    }
    assert set(found.values) == names
    np.testing.assert_array_equal(found.audio, one + two)
    np.testing.assert_array_equal(found.values["sum/controls/signal_two"], two)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("window_size: 9", "window_size: 5"),  # another parameter
        ("[a, b, m]", "[b, a, m]"),  # another order
        ("law: ddsp", "law: constant_power"),  # another curve
    ],
)
def test_a_wrong_migration_is_caught(old, new):
    spec = {
        **SMALL,
        "inputs": ["a", "b", "m", ["g", 9]],
        "modules": {"f": {"class": "FIRFilter", "window_size": 9}, "mix": {"class": "Mix"}},
        "dag": [["f", ["a", "g"]], ["mix", ["f/signal", "b", "m"]]],
    }
    text = migrate_text(spec).text.replace(
        "inputs: {signal_one: f, signal_two: b, nn_out_mix_level: m}", "inputs: [f, b, m]"
    )
    assert verified(spec, text)
    wrong = text.replace("[f, b, m]", "[b, f, m]") if old.startswith("[") else text.replace(old, new)
    assert wrong != text
    with pytest.raises(GraphError) as caught:
        verified(spec, wrong)
    (found,) = caught.value.diagnostics
    assert (found.code, caught.value.exit_code) == ("E802", 6)
    assert "'audio' differs by" in found.message


def test_a_list_that_magenta_could_not_run_is_said():
    """One input as frames and as audio: version 2 resamples it, the list form has no such thing."""
    spec = {
        **SMALL,
        "inputs": ["x", "c", "f"],
        "modules": {"h": {"class": "Harmonic"}, "d": {"class": "ModDelay"}},
        "dag": [["h", ["x", "c", "f"]], ["d", ["h/signal", "x", "x"]]],
    }
    with pytest.raises(GraphError) as caught:
        verified(spec)
    (found,) = caught.value.diagnostics
    assert found.code == "E802"
    assert found.message.startswith("the version-1 list cannot be run: the call of 'd' in `dag` fails")


def test_a_list_that_would_fill_the_memory_is_not_run():
    with pytest.raises(GraphError) as caught:
        verified({**NOISE, "n_samples": 1 << 40})
    (found,) = caught.value.diagnostics
    assert (found.code, str(found.span)) == ("E708", "<mapping> (migrated):10:3")


def test_what_is_not_finite_must_be_so_on_both_sides():
    wanted = np.array([1.0, np.nan], np.float32)
    compared = verify_migration_module._compared
    assert compared("x", wanted, wanted).difference == 0.0
    assert compared("x", wanted, np.array([1.0, 2.0], np.float32)).difference == float("inf")
    assert compared("x", wanted[:1], np.array([np.inf], np.float32)).difference == float("inf")
    assert compared("x", wanted, wanted[:1]).difference == float("inf")
    assert compared("x", np.zeros(2, np.float32), np.full(2, 1e-9, np.float32)).is_equal
