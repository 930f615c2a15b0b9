"""Each pass as text in and text out."""

from __future__ import annotations

from functools import partial
from textwrap import dedent
from typing import Any, ClassVar

import numpy as np
import pytest

from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.compiler.analysis.verify import InvalidGraph
from ddspgraph.compiler.execute import evaluate
from ddspgraph.compiler.passes.drop_dead import drop_dead
from ddspgraph.compiler.passes.fold_constants import fold_constants
from ddspgraph.compiler.passes.merge_duplicates import merge_duplicates
from ddspgraph.compiler.pipeline import LEGALISE, Pass, fixpoint, run
from ddspgraph.diagnostics import Report
from ddspgraph.ir.frozen import FrozenArray
from ddspgraph.ir.graph import Graph, Node, Ref
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.ports import Port
from ddspgraph.ir.text import parse_graph, print_graph
from ddspgraph.ir.types import Dim, Rate, Unit
from ddspgraph.ops import OPS

FOLD = partial(fold_constants, evaluate=evaluate, ops=OPS)


def typed(text: str) -> Graph:
    report = Report()
    graph = infer(parse_graph(dedent(text), OPS), report)
    report.raise_errors()
    return graph


def after(step: Pass, text: str) -> str:
    """What a pass makes of a graph, without the types."""
    lines = print_graph(run((step,), typed(text))).splitlines()
    return "\n".join(line.split(" : ")[0].rstrip() for line in lines)


def same(found: str, expected: str) -> None:
    assert found.split("\n") == [line.rstrip() for line in dedent(expected).strip("\n").splitlines()]


def test_drop_dead_keeps_ancestors_of_outputs_and_losses() -> None:
    found = after(
        drop_dead,
        """
        graph g {sample_rate=16000, hop_samples=64}
          x = input [batch, 64*frames] audio any
          y = input [batch, 64*frames] audio any
          c = constant() {value=-6.0, unit='dB'}
          a = gain(audio=x, gain=c/signal)
          unused = mfcc(audio=x)
          l = spectral_loss(target_audio=y, audio=x)
          output audio = a/signal
          loss l
        """,
    )
    same(
        found,
        """
        graph g {sample_rate=16000, hop_samples=64}
          x = input [batch, 64*frames] audio any
          y = input [batch, 64*frames] audio any
          c = constant() {value=-6.0, unit='dB'}
          a = gain(audio=x, gain=c/signal)
          l = spectral_loss(target_audio=y, audio=x)
          output audio = a/signal
          loss l
        """,
    )


def test_merge_duplicates_keeps_one_of_two_pure_twins_and_both_noises() -> None:
    found = after(
        merge_duplicates,
        """
        graph g {sample_rate=16000, hop_samples=64}
          p = input [batch, frames, 1] frame midi
          m = input [batch, frames, 9] frame raw
          a = midi_to_hz(notes=p)
          b = midi_to_hz(notes=p)
          n1 = filtered_noise(magnitudes=m)
          n2 = filtered_noise(magnitudes=m)
          s = add(signal_one=n1/signal, signal_two=n2/signal)
          output audio = s/signal
          output hz = b/signal
        """,
    )
    assert "b = midi_to_hz" not in found
    assert "output hz = a/signal" in found
    assert found.count("filtered_noise") == 2


def test_fold_constants_computes_what_is_known() -> None:
    graph = run(
        (FOLD,),
        typed(
            """
            graph g {sample_rate=16000, hop_samples=64, n_samples=640}
              c = constant() {value=69.0, unit='midi'}
              f = midi_to_hz(notes=c/signal)
              output hz = f/signal
            """
        ),
    )
    folded = graph.node_by_name["f.signal"]
    assert folded.op.name == "constant"
    assert folded.op.value.array == pytest.approx(440.0)  # type: ignore[attr-defined]
    assert graph.types[folded.refs[0]].unit.value == "Hz"
    assert "f" not in graph.node_by_name


def test_insert_rate_conversions_writes_implied_steps_out() -> None:
    graph = run(
        LEGALISE,
        typed(
            """
            graph g {sample_rate=16000, hop_samples=64}
              x = input [batch, 64*frames] audio any
              g = input [batch, frames, 1] frame dB
              h = constant() {value=440.0, unit='Hz'}
              a = input [batch, frames, 1] frame raw
              d = input [batch, frames, 5] frame raw
              loud = gain(audio=x, gain=g)
              tone = harmonic(amplitudes=a, harmonic_distribution=d, f0_hz=h/signal)
              output audio = loud/signal
              output tone = tone/signal
            """
        ),
    )
    assert [ref.node for _, ref in graph.node_by_name["tone"].inputs][-1] == "tone.f0_hz.hold"
    names = [node.name for node in graph.nodes]
    assert "loud.gain.resample" in names
    assert names.index("loud.gain.resample") < names.index("loud")


def test_fixpoint_stops_when_nothing_changes() -> None:
    seen: list[str] = []
    graph = typed(
        """
        graph g {sample_rate=16000, hop_samples=64, n_samples=640}
          c = constant() {value=60.0, unit='midi'}
          a = midi_to_hz(notes=c/signal)
          b = hz_to_midi(frequencies=a/signal)
          output midi = b/signal
        """
    )
    done = run((fixpoint(FOLD, merge_duplicates),), graph, lambda name, _: seen.append(name))
    assert len([n for n in done.nodes if n.op.name != "constant"]) == 0
    assert seen[-2:] == ["fold_constants", "merge_duplicates"]


def test_a_pass_that_breaks_the_graph_is_named() -> None:
    def lose_a_node(graph: Graph) -> Graph:
        return graph.replace(nodes=graph.nodes[1:])

    graph = typed(
        """
        graph g {sample_rate=16000, hop_samples=64}
          p = input [batch, frames, 1] frame midi
          a = midi_to_hz(notes=p)
          b = hz_to_midi(frequencies=a/signal)
          output midi = b/signal
        """
    )
    with pytest.raises(InvalidGraph, match="lose_a_node"):
        run((lose_a_node,), graph)


def test_a_pass_that_leaves_an_output_or_a_loss_without_its_node_is_named() -> None:
    def lose_the_last(graph: Graph) -> Graph:
        return graph.replace(nodes=graph.nodes[:-1])

    text = """
        graph g {sample_rate=16000, hop_samples=64}
          a = input [batch, 64*frames] audio any
          b = input [batch, 64*frames] audio any
          last = LAST(audio=a, target_audio=b)
          END
    """
    for op, end, fault in (
        ("spectral_loss", "loss last", "loss 'last' does not exist"),
        ("spectral_loss", "output o = last/loss", "output 'o' reads 'last/loss', which does not exist"),
    ):
        graph = typed(text.replace("LAST", op).replace("END", end))
        with pytest.raises(InvalidGraph, match=f"lose_the_last: {fault}"):
            run((lose_the_last,), graph)


def test_text_round_trip() -> None:
    graph = typed(
        """
        graph g {sample_rate=16000, hop_samples=64}
          x = input [batch, 64*frames - 320] audio any
          y = crop(audio=x) {frame_size=320, crop_location='front'}
          output audio = y/signal
        """
    )
    assert parse_graph(print_graph(graph), OPS) == graph


def test_outputs_that_are_called_like_inputs_fold_beside_their_literals() -> None:
    """`add` has the ports signal_one and signal_two on both sides; n.signal_one is the literal's name already."""
    graph = run(
        (fixpoint(FOLD, merge_duplicates), drop_dead),
        typed(
            """
            graph g {sample_rate=16000, hop_samples=64}
              n.signal_one = constant() {value=-6.0, unit='dB'}
              n.signal_two = constant() {value=-3.0, unit='dB'}
              n = add(signal_one=n.signal_one/signal, signal_two=n.signal_two/signal)
              output sum = n/signal
              output one = n/signal_one
            """
        ),
    )
    ends = dict(graph.outputs)
    values = {name: graph.node_by_name[ref.node].op.value for name, ref in ends.items()}  # type: ignore[attr-defined]
    assert {name: float(getattr(value, "array", value)) for name, value in values.items()} == {"sum": -9.0, "one": -6.0}


@pytest.mark.parametrize(("count", "is_folded"), [(2_000, True), (1 << 18, True), ((1 << 18) + 1, False)])
def test_large_constants_are_folded_where_storing_them_is_cheap(count: int, is_folded: bool) -> None:
    report = Report()
    values = FrozenArray(np.zeros(count, np.float32))
    nodes = (
        Node("c", OPS["constant"](value=values, unit="midi")),  # type: ignore[call-arg]
        Node("f", OPS["midi_to_hz"](), (("notes", Ref("c", "signal")),)),
    )
    graph = infer(Graph("g", nodes=nodes, outputs=(("hz", Ref("f", "signal")),)), report)
    assert ("f" not in run((FOLD,), graph).node_by_name) is is_folded


def test_a_loss_of_constants_stays_a_loss() -> None:
    graph = run(
        (FOLD,),
        typed(
            """
            graph g {sample_rate=16000, hop_samples=64}
              a = constant() {value=1.0, unit='any'}
              b = constant() {value=3.0, unit='any'}
              l = param_loss(pred=a/signal, target=b/signal)
              loss l
            """
        ),
    )
    assert graph.losses == ("l",)
    assert "l" in graph.node_by_name


class ClipSeconds(Op):
    """How long a call is, in seconds.

    Source: a test.
    """

    traits = Traits.PURE | Traits.SIZED
    inputs: ClassVar = {}
    outputs: ClassVar = {"signal": Port((Dim.of(1),), Rate.CONST, Unit.SECONDS)}

    def kernel(self, sizes: Any) -> Any:
        return np.array([sizes.samples / 16_000], np.float32)


def test_what_depends_on_the_length_of_a_call_is_not_folded() -> None:
    report = Report()
    nodes = (Node("s", ClipSeconds()),)
    graph = infer(Graph("g", nodes=nodes, outputs=(("s", Ref("s", "signal")),)), report)
    assert run((FOLD,), graph).nodes == graph.nodes
