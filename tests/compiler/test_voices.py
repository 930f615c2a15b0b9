"""Voices from a spec to every back end: N voices are N written-out copies, in values, noise and gradients."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.export.fixed import fixed_graph
from ddspgraph.ir.mapped import Mapped, as_met
from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.text import parse_graph, print_graph
from ddspgraph.ir.types import BATCH, FRAMES, SAMPLES, Dim, Rate, Signal
from ddspgraph.ops import OPS, Add, SincFilter
from tests.export.converted import both_ways
from tests.streaming.proof import differences, random_blocks, run_stream, tolerance

VOICES, FRAMES_LONG = 3, 24
HEAD = "version: 2\nname: pad\nclock: {sample_rate: 8 kHz, hop: 32}\n"
PLACES = [-1.0, 0.0, 0.5]
LEVELS = [-3.0, -3.5, -4.0]
SPEC = f"""{HEAD}inputs:
  f0_hz: {{rate: frame, unit: Hz, voices: {VOICES}}}
  level: {{rate: frame, unit: linear}}
nodes:
  tone:
    op: harmonic
    voices: {VOICES}
    inputs: {{amplitudes: level, harmonic_distribution: [1, 0.5], f0_hz: f0_hz}}
    params: {{scale_fn: null}}
  air: {{op: filtered_noise, voices: {VOICES}, inputs: [{{each: {LEVELS}}}], params: {{window_size: 0}}}}
  both: {{op: add, voices: {VOICES}, inputs: [tone, air]}}
  placed: {{op: pan, voices: {VOICES}, inputs: [both, {{each: {PLACES}}}], mix: sum, norm: mean}}
outputs: {{audio: placed, dry: tone}}
"""


def _copies() -> str:
    """The same graph written out: the voices of a node `x` are x, x.voice_1, x.voice_2."""
    lines = []
    for v in range(VOICES):
        end = f".voice_{v}" if v else ""
        lines += [
            f"  tone{end}: {{op: harmonic, inputs: {{amplitudes: level, harmonic_distribution: [1, 0.5], "
            f"f0_hz: f0_hz_{v}}}, params: {{scale_fn: null}}}}",
            f"  air{end}: {{op: filtered_noise, inputs: [{LEVELS[v]}], params: {{window_size: 0}}}}",
            f"  both{end}: {{op: add, inputs: [tone{end}, air{end}]}}",
            f"  placed{end}: {{op: pan, inputs: [both{end}, {PLACES[v]}]}}",
        ]
    inputs = "".join(f"  f0_hz_{v}: {{rate: frame, unit: Hz}}\n" for v in range(VOICES))
    return (
        f"{HEAD}inputs:\n{inputs}  level: {{rate: frame, unit: linear}}\nnodes:\n" + "\n".join(lines) + "\n"
        f"  sum: {{op: add, inputs: [placed, placed.voice_1, placed.voice_2]}}\n"
        f"  out: {{op: multiply, inputs: [sum, {1 / VOICES!r}]}}\noutputs: {{audio: out}}\n"
    )


@functools.cache
def model() -> CompiledGraph:
    return dg.compile(SPEC)


@functools.cache
def inputs() -> Mapping[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {
        "f0_hz": rng.uniform(100, 900, [2, VOICES, FRAMES_LONG, 1]).astype(np.float32),
        "level": rng.uniform(0, 0.5, [2, FRAMES_LONG, 1]).astype(np.float32),
    }


def test_voices_are_written_out_copies_in_values_noise_and_gradients() -> None:
    copies = dg.compile(_copies())
    apart = {f"f0_hz_{v}": inputs()["f0_hz"][:, v] for v in range(VOICES)} | {"level": inputs()["level"]}
    sounds, gradients = [], []
    for made, given in ((model(), inputs()), (copies, apart)):
        tensors = {name: tf.constant(x) for name, x in given.items()}
        with tf.GradientTape() as tape:
            tape.watch(list(tensors.values()))
            sound = made.traced_outputs(tensors, tf.constant(3, tf.int64))["audio"]  # not traced: half of the time
            total = tf.reduce_sum(sound**2)
        sounds.append(sound.numpy())
        gradients.append({name: x.numpy() for name, x in tape.gradient(total, tensors).items()})
    np.testing.assert_allclose(*sounds, atol=1e-6)
    voiced, plain = gradients
    for name, x in voiced.items():
        wanted = plain[name] if name in plain else np.stack([plain[f"{name}_{v}"] for v in range(VOICES)], axis=1)
        # Of sums over thousands of samples, in float32.
        np.testing.assert_allclose(x, wanted, atol=1e-5 * np.max(np.abs(wanted)))


def test_voices_stream() -> None:
    offline = {name: x.numpy() for name, x in model()(inputs(), seed=9).items()}
    assert offline["dry"].shape == (2, VOICES, FRAMES_LONG * 32)
    assert offline["audio"].shape == (2, FRAMES_LONG * 32, 2)
    stream = dg.compile_stream(model())
    blocks = random_blocks(FRAMES_LONG, np.random.default_rng(1))
    found = run_stream(stream, inputs(), blocks, batch=2, seed=9)
    for name, difference in differences(stream, offline, found).items():
        assert difference <= tolerance(offline[name]), name


@pytest.mark.parametrize("target", ["litert", "onnx"])
def test_voices_are_constants_of_an_export(target: str) -> None:
    """A model of another runtime sees rows of a batch."""
    fixed = fixed_graph(model(), batch=1, samples=FRAMES_LONG * 32)
    given = {"f0_hz": inputs()["f0_hz"][:1], "level": inputs()["level"][:1], "seed": np.array(3, np.int32)}
    assert [t.shape for t in fixed.inputs] == [(1, VOICES, FRAMES_LONG, 1), (1, FRAMES_LONG, 1), ()]
    wanted, found = both_ways(lambda **x: fixed.function(**x), target, given)
    for name, x in wanted.items():
        # As portable models are held to: 3e-5 of the peak.
        np.testing.assert_allclose(found[name], x, atol=3e-5 * np.max(np.abs(x)))


def test_many_nodes_with_voices_share_a_trace() -> None:
    """Noise is by node and voice also where one traced kernel makes all of it."""
    air = "{op: filtered_noise, voices: 2, inputs: [[-3, -2, -1]], params: {window_size: 0}, mix: stack}"
    nodes = "".join(f"  air_{i}: {air}\n" for i in range(5))
    spec = f"{HEAD}inputs: {{t: {{rate: frame}}}}\nnodes:\n{nodes}  all: {{op: concat, inputs: " + (
        "[air_0, air_1, air_2, air_3, air_4]}\n  held: {op: multiply, inputs: [all, t]}\noutputs: {audio: held}\n"
    )
    sound = dg.compile(spec)({"t": np.ones([1, 40, 1])}, seed=1)["audio"].numpy()[0]
    alone = f"{HEAD}inputs: {{t: {{rate: frame}}}}\nnodes:\n  air_3.voice_1: {{op: filtered_noise, " + (
        "inputs: [[-3, -2, -1]], params: {window_size: 0}}\n"
        "  held: {op: multiply, inputs: [air_3.voice_1, t]}\noutputs: {audio: held}\n"
    )
    wanted = dg.compile(alone)({"t": np.ones([1, 40, 1])}, seed=1)["audio"].numpy()[0]
    np.testing.assert_allclose(sound[:, 7], wanted, atol=1e-6)
    likeness = np.corrcoef(sound.T) - np.eye(10)
    assert np.max(np.abs(likeness)) < 0.3  # unlike noises of 1280 samples through a filter of 4 taps


def test_a_part_of_something_with_voices_is_plain_where_nothing_tells_them_apart() -> None:
    op = Mapped(inner=SincFilter(sample_rate=8000), voices=4, where_needed=True)
    sound = Signal((BATCH, SAMPLES), Rate.AUDIO)
    cutoff = Signal((BATCH, FRAMES, Dim.of(1)), Rate.FRAME)
    assert as_met(op, {"audio": sound, "cutoff_frequency": cutoff}) == op.inner
    met = as_met(op, {"audio": sound, "cutoff_frequency": Signal(cutoff.dims, Rate.FRAME, voices=4)})
    assert isinstance(met, Mapped)
    assert met.own == ("cutoff_frequency",)


def test_a_sub_graph_with_voices_is_its_nodes_with_voices() -> None:
    """`voices` and `mix` at its use; what depends on no voice stays plain."""
    part = f"""{HEAD}inputs:
  f0_hz: {{rate: frame, unit: Hz, voices: {VOICES}}}
  level: {{rate: frame, unit: linear}}
graphs:
  voice:
    inputs:
      pitch: {{rate: frame, unit: Hz}}
      level: {{rate: frame, unit: linear}}
      bright: {{rate: frame, unit: raw}}
      place: {{rate: const}}
    nodes:
      louder: {{op: multiply, inputs: [level, 1]}}
      tone: {{op: harmonic, inputs: [louder, [1, 0.5], pitch], params: {{scale_fn: null}}}}
      air: {{op: filtered_noise, inputs: [bright], params: {{window_size: 0}}}}
      both: {{op: add, inputs: [tone, air]}}
      placed: {{op: pan, inputs: [both, place]}}
    outputs: {{audio: placed}}
nodes:
  pad:
    graph: voice
    voices: {VOICES}
    inputs: {{pitch: f0_hz, level: level, bright: {{each: {LEVELS}}}, place: {{each: {PLACES}}}}}
    mix: sum
outputs: {{audio: pad}}
"""
    flat = SPEC.replace(", norm: mean", "")
    for node in ("tone", "air", "both", "placed"):
        flat = flat.replace(f"  {node}:", f"  pad.{node}:")
    flat = flat.replace("[tone, air]", "[pad.tone, pad.air]").replace("[both, {", "[pad.both, {")
    flat = flat.replace("{audio: placed, dry: tone}", "{audio: pad.placed}")
    wanted = dg.compile(flat)(inputs(), seed=4)["audio"]
    graph = dg.load(part)
    np.testing.assert_array_equal(dg.compile(graph)(inputs(), seed=4)["audio"], wanted)
    voiced = {node.name for node in graph.nodes if graph.types[node.refs[0]].voices and node.is_written}
    assert voiced == {"pad.tone", "pad.air", "pad.both", "pad.placed"}


@pytest.mark.parametrize(
    ("op", "made", "wanted"),
    [
        ("sum", 6.0, [2, 8]),
        ("stack", 2.0, [2, 8, 3]),
    ],
)
def test_a_plain_value_is_held_for_the_voices_that_are_mixed(op: str, made: float, wanted: list[int]) -> None:
    found = OPS["mix_voices"](mix=op, voices=3, is_plain=True)(np.full([2, 8], 2.0))  # type: ignore[call-arg]
    np.testing.assert_array_equal(found, np.full(wanted, made))


def test_graphs_with_voices_are_text_and_back() -> None:
    graph = run(LEGALISE, dg.load(SPEC))
    text = print_graph(graph)
    assert "over 3 voices, sum, mean" in text
    assert "f0_hz = input [batch, 3 voices, frames, 1] frame Hz" in text
    read = parse_graph(text, OPS)
    assert [i.signal for i in read.inputs] == [i.signal for i in graph.inputs]
    assert [getattr(n.op, "voices", None) for n in read.nodes] == [getattr(n.op, "voices", None) for n in graph.nodes]


def test_no_parameter_is_hidden_by_what_maps_an_op() -> None:
    own = {"inner", "voices", "own", "mixing", "scaling", "where_needed", "draws"}
    assert [f"{op.name}.{name}" for op in OPS.values() for name in op.params() if name in own - {"voices"}] == []


# -- what docs/types.md promises of broadcasting ----------------------------------------------------------

_SIZES = [Dim.of(1), Dim.of(1), Dim.of(2), Dim.of(3)]


def _operand(rng: random.Random) -> Signal:
    if rng.random() < 0.2:
        return Signal((Dim.of(1),) * 3, Rate.AUDIO)
    return Signal((rng.choice([BATCH, Dim.of(1)]), rng.choice([SAMPLES, Dim.of(1)]), rng.choice(_SIZES)), Rate.AUDIO)


def _sum(*signals: Signal) -> Signal | str:
    names = Op.input_names.__func__(Add, len(signals))  # type: ignore[attr-defined]
    try:
        return Add().infer(dict(zip(names, signals, strict=True)))["signal"]
    except Mismatch as mismatch:
        return mismatch.code


def test_sums_of_three_do_not_depend_on_their_order() -> None:
    rng = random.Random(7)
    refused = 0
    for _ in range(500):
        a, b, c = (_operand(rng) for _ in range(3))
        whole = _sum(a, b, c)
        refused += isinstance(whole, str)
        for one, two, three in ((a, c, b), (b, a, c), (b, c, a), (c, a, b), (c, b, a)):
            assert _sum(one, two, three) == whole
            part = _sum(one, two)
            nested = part if isinstance(part, str) else _sum(part, three)
            assert nested == whole
    assert 50 < refused < 450  # both happen


def test_voices_and_then_channels_are_rows_in_the_order_item_voice_channel() -> None:
    """A filter with voices on a stereo sound is the filter on each channel of each voice."""
    spec = f"""{HEAD}inputs: {{x: {{rate: audio, channels: 2, voices: 3}}}}
nodes: {{low: {{op: sinc_filter, voices: 3, inputs: [x, {{each: [500, 1000, 2000]}}], params: {{window_size: 8}}}}}}
outputs: {{y: low}}
"""
    x = np.random.default_rng(2).uniform(-1, 1, [2, 3, 64, 2]).astype(np.float32)
    y = dg.compile(spec)({"x": x})["y"].numpy()
    assert y.shape == x.shape
    alone = SincFilter(sample_rate=8000, window_size=8)
    for voice, hz in enumerate((500.0, 1000.0, 2000.0)):
        for channel in range(2):
            wanted = alone(x[:, voice, :, channel], np.full([1, 1, 1], hz))
            np.testing.assert_allclose(y[:, voice, :, channel], wanted, atol=1e-6)
