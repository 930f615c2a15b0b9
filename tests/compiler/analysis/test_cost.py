"""The cost model: what follows from shapes must follow in the counts. Timed checks: `test_estimates.py`, a proof."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ddspgraph as dg
from ddspgraph.compiler.analysis.memory import nominal_sizes
from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.estimates.cost import Costs, estimate
from ddspgraph.ir import costs
from ddspgraph.ir.op import Op, Traits, Weight, param
from ddspgraph.ir.ports import frame
from ddspgraph.ops import OPS
from tests.strategies import plainest

GRAPHS = Path(dg.__file__).parent.parent / "graphs"
SOLO = GRAPHS / "solo_controls.yaml"


def of(text: str) -> Costs:
    return estimate(dg.load(text))


def line(nodes: str, outputs: str = "audio: out") -> str:
    return (
        "version: 2\nname: line\nclock: {sample_rate: 16 kHz, frame_rate: 250 Hz}\ninputs: {audio: {rate: audio}, "
        f"level: {{rate: frame, unit: dB}}}}\nnodes:\n{nodes}outputs: {{{outputs}}}\n"
    )


@pytest.mark.parametrize("name", OPS)
def test_every_op_has_a_cost(name: str) -> None:
    """Not negative, an int, and more for more."""
    graph = run(LEGALISE, dg.load(plainest(name)))
    sizes = nominal_sizes(graph)
    more = {**sizes, "batch": 4, "samples": 4 * sizes["samples"], "frames": 4 * sizes["frames"]}
    small, large = estimate(graph, sizes), estimate(graph, more)
    for node in graph.nodes:
        counts = small.nodes[node.name].multiply_adds, large.nodes[node.name].multiply_adds
        assert all(isinstance(count, int) for count in counts)
        assert 0 <= counts[0] <= counts[1], node.name


def test_cost_grows_with_length() -> None:
    """A minute costs fifteen times as much as four seconds; a single long FFT a little more."""
    graph = dg.load(SOLO)
    short, long = (estimate(graph, {"batch": 1, "samples": 16_000 * s, "frames": 250 * s}) for s in (4, 60))
    for node in graph.nodes:
        ratio = long.nodes[node.name].multiply_adds / short.nodes[node.name].multiply_adds
        assert 7 < ratio < 18, node.name


def test_batch_costs_in_proportion() -> None:
    graph = dg.load(SOLO)
    one, four = (estimate(graph, {"batch": b, "samples": 64_000, "frames": 1000}) for b in (1, 4))
    assert 3 < four.multiply_adds / one.multiply_adds <= 4


def test_what_is_folded_costs_nothing() -> None:
    """The compiler computes it once; `draw --stage optimised` shows what is left."""
    graph = dg.load(line("  a: {op: db_to_amplitude, inputs: [-6 dB]}\n  out: {op: multiply, inputs: [audio, a]}\n"))
    assert estimate(graph).nodes["a"].multiply_adds == 0


def test_what_nothing_reads_costs_nothing() -> None:
    found = of(line("  idle: {op: mfcc, inputs: [audio]}\n  out: {op: tanh, inputs: [audio]}\n"))
    assert found.nodes["idle"].multiply_adds == 0
    assert found.share("out") == 1.0


def test_a_conversion_counts_with_the_node_it_feeds() -> None:
    graph = dg.load(line("  out: {op: gain, inputs: {audio: audio, gain: level}}\n"))
    typed, legal = estimate(graph), estimate(run(LEGALISE, graph))
    assert set(typed.nodes) == {"out"}
    assert legal.nodes["out.gain.resample"].multiply_adds > 0
    assert typed.nodes["out"].multiply_adds == legal.multiply_adds == typed.multiply_adds


def test_totals_are_sums() -> None:
    found = estimate(dg.load(SOLO))
    assert found.multiply_adds == sum(node.multiply_adds for node in found.nodes.values())
    assert found.output_multiply_adds == found.multiply_adds - found.nodes["spectral"].multiply_adds
    assert found.n_weights == 48_000
    assert found.seconds == 4
    assert found.per_second(found.multiply_adds) == found.multiply_adds / 4
    assert sum(found.share(name) for name in found.nodes) == pytest.approx(1.0)


def test_a_graph_that_does_nothing() -> None:
    """No division by the work that there is not."""
    found = of("version: 2\nname: none\nclock: {sample_rate: 16 kHz}\ninputs: {a: {rate: audio}}\noutputs: {b: a}\n")
    assert found.multiply_adds == 0
    assert found.nodes == {}


def test_more_harmonics_cost_as_the_root() -> None:
    """The factored sum: four times as many harmonics, about twice the sines."""
    few, many = (estimate(dg.load(SOLO, params={"n_harmonics": n})).nodes["harmonic"] for n in (25, 100))
    assert 1.3 < many.multiply_adds / few.multiply_adds < 2.5


def test_a_recurrence_waits_for_every_step() -> None:
    """However small it is: twice the frames, twice the time; a dense layer of the same size is soon done."""
    shapes = {"x": (1, 100, 2), "-> signal": (1, 100, 2), "= kernel": (2, 6), "= recurrent_kernel": (2, 6)}
    shapes["= bias"] = (2, 6)
    steps = OPS["rnn"](dims=2).multiply_adds(shapes)
    assert steps == 100 * (2 * 6 + costs.STATE_PRODUCT * 2 * 6 + costs.STEP)
    assert costs.products({"= kernel": (2, 6)}, 100) < steps / 1000


class _Layer(Op):
    """A dense layer, as somebody may write one without a word about its cost: y = x w.

    Source: elementary.
    """

    traits = Traits.TRAINABLE
    inputs = {"x": frame("channels")}
    outputs = {"signal": frame("units")}
    units: int = param(8, ge=1, doc="Channels of the result.")

    def weights(self, signals):
        return {"w": Weight((signals["x"].dims[2].offset, self.units)), "b": Weight((self.units,))}


def test_an_op_that_says_nothing_is_charged_for_its_matrices() -> None:
    shapes = {"x": (2, 10, 4), "-> signal": (2, 10, 8), "= w": (4, 8), "= b": (8,)}
    assert _Layer().multiply_adds(shapes) == 2 * 10 * (4 * 8 + 8 * costs.FUNCTION)


def test_what_is_handed_through_is_not_made() -> None:
    """`add` gives its inputs as outputs: copies of nothing."""
    shapes = {"signal_one": (1, 100), "signal_two": (1, 100)}
    shapes |= {"-> signal": (1, 100), "-> signal_one": (1, 100), "-> signal_two": (1, 100)}
    assert OPS["add"]().multiply_adds(shapes) == 100 * costs.FUNCTION


def test_fft_of_odd_sizes() -> None:
    assert costs.fft(1, 0) == costs.fft(1, 1) > 0
    assert costs.fft(1, 1024) == 6 * 1024 * 10
    assert costs.fft(100, 1024) == 2 * 100 * 1024 * 10


def test_estimates_need_no_tensorflow() -> None:
    code = (
        "import sys, ddspgraph as dg; from ddspgraph.estimates.cost import estimate;"
        f"estimate(dg.load({str(SOLO)!r})); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_what_is_not_trained_is_not_counted() -> None:
    """Spectral norm keeps a vector beside each kernel: it is no weight."""

    def weights(spectral_norm: bool) -> int:
        how = {"ch": 4, "layers_per_stack": 1, "stacks": 1, "spectral_norm": spectral_norm}
        nodes = {"n": {"op": "dilated_conv_stack", "inputs": ["f"], "params": how}}
        inputs = {"f": {"rate": "frame", "channels": 4}}
        clock = {"sample_rate": "16 kHz", "hop": 64}
        spec = {"version": 2, "name": "c", "clock": clock, "inputs": inputs, "nodes": nodes, "outputs": {"o": "n"}}
        return estimate(dg.load(spec)).n_weights

    assert weights(True) == weights(False)
