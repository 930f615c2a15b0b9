"""What stands between a value and a port: seen in the types of a graph and in what it computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.compiler.analysis.order import order
from ddspgraph.compiler.analysis.verify import InvalidGraph, verify
from ddspgraph.compiler.driver import outline
from ddspgraph.diagnostics import Report
from ddspgraph.ir.graph import Ref
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.ports import Port, audio, const, frame, same_as
from ddspgraph.ir.types import BATCH, FRAMES, Dim, Rate, Signal, Unit


def spec(nodes: dict[str, Any], output: str = "n", **inputs: Any) -> dict[str, Any]:
    clock = {"sample_rate": "16 kHz", "hop": 64}
    whole = {"version": 2, "name": "adapt", "clock": clock, "nodes": nodes, "outputs": {"o": output}}
    return whole | ({"inputs": inputs} if inputs else {})


def node(op: str, *inputs: Any, **params: Any) -> dict[str, Any]:
    return {"op": op, "inputs": list(inputs), **({"params": params} if params else {})}


def codes(given: dict[str, Any], **how: Any) -> list[str]:
    return [d.code for d in dg.check(given, **how) if d.is_error]


def test_a_table_of_constants_is_not_held() -> None:
    """[batch, 2, 3] is no [batch, 3] that could be held: the port says that the axes do not fit."""
    table = {"rate": "const", "shape": [2, 3]}
    assert codes(spec({"n": node("filtered_noise", "t")}, t=table, f={"rate": "frame"})) == ["E414"]


def test_what_is_held_has_all_items() -> None:
    nodes = {"n": node("resample", [0.5, 0.25]), "both": node("concat", "n", "a")}
    graph = dg.load(spec(nodes, "both", a={"rate": "audio"}))
    assert graph.types[Ref("n", "signal")].dims == (BATCH, FRAMES * 64, Dim.of(2))
    found = dg.compile(graph)({"a": np.zeros([3, 640])})["o"]
    np.testing.assert_array_equal(found, np.broadcast_to([0.5, 0.25, 0.0], [3, 640, 3]))


def test_a_network_fed_with_a_number_has_all_items() -> None:
    """The number is one item; what the network makes of it over time belongs to every item of the batch."""
    nodes = {"n": node("rnn", 0.5, dims=4), "both": node("concat", "n", "f")}
    assert dg.load(spec(nodes, "both", f={"rate": "frame"})).types[Ref("n", "signal")].dims[0] == BATCH


def test_frames_of_a_free_size_keep_their_channels_beside_audio() -> None:
    """Only a port that takes mono audio may take the last axis away: `concat` takes any."""
    frames, mono = {"rate": "frame", "channels": "k"}, {"rate": "audio"}
    stereo = {"rate": "audio", "channels": 2}
    for others, wanted in (({"a": mono}, 5), ({"a": mono, "b": stereo}, 7), ({"b": stereo, "a": mono}, 7)):
        model = dg.compile(spec({"n": node("concat", "f", *others)}, f=frames, **others))
        given = {name: np.zeros([1, 640] + ([2] if name == "b" else [])) for name in others}
        assert model({"f": np.zeros([1, 10, 4]), **given})["o"].shape == [1, 640, wanted]


class Spread(Op):
    """Frames of a table each.

    Source: a test.
    """

    traits = Traits.PURE
    inputs = {"audio": audio()}
    outputs = {"signal": Port(None, Rate.FRAME)}

    def infer(self, signals: Any) -> dict[str, Signal]:
        return {"signal": Signal((BATCH, FRAMES, Dim.of(2), Dim.of(3)), Rate.FRAME)}


def test_frames_of_tables_do_not_become_audio() -> None:
    given = spec({"s": node("spread", "a"), "n": node("sinc_filter", "a", "s")}, a={"rate": "audio"})
    assert codes(given, ops=[Spread]) == ["E413"]
    given = spec({"s": node("spread", "a"), "n": node("power", "s")}, a={"rate": "audio"})
    assert codes(given, ops=[Spread]) == ["E413"]


class Rotated(Op):
    """Channels turned by a square matrix.

    Source: a test.
    """

    traits = Traits.PURE
    inputs = {"matrix": const("n", "n"), "frames": frame("n")}
    outputs = {"signal": same_as("frames")}


def test_a_value_that_does_not_fit_itself_is_declared_once() -> None:
    matrix, frames = {"rate": "const", "shape": [2, 3]}, {"rate": "frame", "channels": 2}
    (found,) = dg.check(spec({"n": node("rotated", "m", "f")}, m=matrix, f=frames), ops=[Rotated])
    assert (found.code, [note.message for note in found.notes]) == ("E414", ["'m' is declared"])


def test_a_constant_condition_fits_any_number_of_frames() -> None:
    stack = {"op": "dilated_conv_stack", "inputs": {"x": "f", "z": "z"}, "params": {"ch": 4}}
    given = spec({"n": stack}, f={"rate": "frame", "channels": 4}, z={"rate": "const", "shape": [2]})
    assert codes(given) == []


def test_both_ends_of_one_value_are_named_once() -> None:
    """Two ports that read one input: it is declared in one place."""
    given = spec({"n": node("sinusoidal", "f", "f", depth=2)}, f={"rate": "frame", "channels": 4})
    (finding,) = [d for d in dg.check(given) if d.code == "E414"]
    assert [note.message for note in finding.notes] == ["'f' is declared"]


class Octave(Op):
    """An octave up.

    Source: a test.
    """

    traits = Traits.PURE
    inputs = {"f0_hz": frame(1, unit=Unit.HZ)}
    outputs = {"signal": same_as("f0_hz")}


def test_a_unit_at_fault_is_one_finding() -> None:
    """What follows is judged as if the unit had been converted."""
    nodes = {"up": node("octave", "p"), "n": node("harmonic", "a", [1.0], "up")}
    given = spec(nodes, a={"rate": "frame"}, p={"rate": "frame", "unit": "midi"})
    (finding,) = dg.check(given, ops=[Octave])
    assert finding.code == "E412"
    assert "port 'f0_hz' of 'up' wants Hz, 'p' is midi" in finding.message


def test_a_cycle_keeps_its_nodes() -> None:
    nodes = {"a": node("add", "b", 1.0), "b": node("add", "a", 1.0), "n": node("add", "x", 1.0)}
    acyclic = dict(nodes, b=node("add", "x", 1.0))
    graph = outline(spec(acyclic, x={"rate": "audio"}))
    cyclic = graph.replace(
        nodes=tuple(n.rewired({Ref("x"): Ref("a", "signal")}) if n.name == "b" else n for n in graph.nodes)
    )
    report = Report()
    ordered = order(cyclic, report)
    assert [d.code for d in report.diagnostics] == ["E307"]
    assert {n.name for n in ordered.nodes} == {n.name for n in graph.nodes}
    assert [n.name for n in ordered.nodes][-2:] == ["a", "b"]


def test_an_output_of_nothing_is_no_graph() -> None:
    graph = dg.load(spec({"n": node("add", "x", 1.0)}, x={"rate": "audio"}))
    verify(graph)
    for broken in (graph.replace(outputs=(("o", Ref("gone")),)), graph.replace(losses=("gone",))):
        with pytest.raises(InvalidGraph, match="does not exist"):
            verify(broken)


def test_a_constant_input_says_no_length() -> None:
    given = spec({"n": node("resample", "c")}, c={"rate": "const", "shape": [2]})
    assert codes(given) == ["E402"]
    assert "depends on constants only" in str(dg.check(given)[0])
