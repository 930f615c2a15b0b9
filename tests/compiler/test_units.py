"""Units through a graph: what shares a unit has one, and lengths become whole samples at every rate."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.compiler.driver import check
from ddspgraph.ir.graph import Ref
from ddspgraph.ir.op import Op, param
from ddspgraph.ir.ports import anything, same_as
from ddspgraph.ir.types import Signal, Unit, signal
from ddspgraph.ir.units import solve_units, with_units
from ddspgraph.ops import OPS

CLOCK = {"sample_rate": "16 kHz", "frame_rate": "250 Hz", "duration": "1 s"}
KNOWN = [unit for unit in Unit if unit is not Unit.ANY]


def spec(nodes: Mapping[str, Any], output: str = "n", **more: Any) -> dict[str, Any]:
    units = {"x": "any", "hz": "Hz", "midi": "midi", "db": "dB", "part": "linear", "raw": "raw", "s": "s"}
    inputs = {name: {"rate": "frame", "unit": unit} for name, unit in units.items()}
    return {
        "version": 2,
        "name": "t",
        "clock": CLOCK,
        "inputs": inputs,
        "nodes": nodes,
        "outputs": {"o": output},
        **more,
    }


def unit_of(node: Mapping[str, Any]) -> str:
    return str(dg.load(spec({"n": node})).types[Ref("n", "signal")].unit)


def codes(document: Mapping[str, Any]) -> list[str]:
    return [d.code for d in check(document) if d.code not in ("W101", "W102")]


def sharing_inputs(op: type[Op]) -> list[str]:
    names = op.input_names(max(len(op.inputs), 2 if op.variadic else 0))
    ports = {**op.inputs, **{name: op.variadic for name in names if name not in op.inputs and op.variadic}}
    return [name for name in names if ports[name].shares]


PAIRS = {name: sharing_inputs(op) for name, op in OPS.items() if len(sharing_inputs(op)) > 1}


def test_the_library_says_what_shares_a_unit() -> None:
    """Every op that adds, mixes, joins or compares signals, and every one that passes a signal through."""
    losses = {"dc_loss", "esr_loss", "log_cosh_loss", "mel_stft_loss", "param_loss", "si_sdr_loss", "snr_loss"}
    losses |= {"spectral_loss", "sum_difference_loss"}
    assert set(PAIRS) == {"add", "multiply", "mix", "concat", "left_right"} | losses
    through = {name for name, op in OPS.items() if len(sharing_inputs(op)) == 1}
    filters = {"fir_filter", "sinc_filter", "mod_delay", "reverb", "exp_decay_reverb", "filtered_noise_reverb"}
    filters |= {"allpass", "bandpass", "biquad", "dc_blocker", "highpass", "lowpass", "notch", "one_pole", "sos", "svf"}
    filters |= {"fdn", "high_shelf", "low_shelf", "parametric_eq", "peaking"}
    filters |= {"crossover", "graphic_eq", "ladder", "state_space", "a_weighting", "pre_emphasis"}
    filters |= {"delay", "multitap", "chorus", "flanger", "vibrato", "tremolo", "phaser"}
    levels = {"compressor", "expander", "gate", "limiter"}
    channels = {"matrix", "mid_side", "mix_voices", "pan", "split_voices", "width"}
    values = {"curve", "sample_hold", "sequence"}
    assert through == filters | levels | channels | values | {"crop", "resample", "tensor_to_audio", "hold"}
    of_params = {name for name, op in OPS.items() for s in op.params().values() if s.shares}
    assert of_params == {"constant", "learned", "lfo", "straight_through_choice"}


@pytest.mark.parametrize("name", PAIRS)
def test_two_units_are_a_conflict(name: str) -> None:
    op, (first, second) = OPS[name](), PAIRS[name][:2]
    is_product = op.input_ports((first, second))[first].scales
    for one, two in itertools.product(KNOWN, KNOWN):
        given = {first: signal(1, unit=one), second: signal(1, unit=two)}
        units, conflicts = solve_units(op, given)
        fits = Unit.LINEAR in (one, two) or one is two is Unit.RAW if is_product else one is two
        assert bool(conflicts) is not fits, (one, two)
        expected = (two if one is Unit.LINEAR else one) if fits else Unit.ANY
        assert list(units.values()) == [expected]


@pytest.mark.parametrize("name", PAIRS)
def test_any_takes_the_unit_of_the_other(name: str) -> None:
    op, (first, second) = OPS[name](), PAIRS[name][:2]
    is_product = op.input_ports((first,))[first].scales
    for unit in KNOWN:
        if unit is Unit.LINEAR and is_product:
            continue  # a factor: what it scales is not known
        if unit is Unit.DB and is_product:
            for one, two in ((unit, Unit.ANY), (Unit.ANY, unit)):
                assert solve_units(op, {first: signal(1, unit=one), second: signal(1, unit=two)})[1]
            continue  # a level in dB is no factor: as a number, -6 would turn a sound over and six times louder
        for one, two in ((unit, Unit.ANY), (Unit.ANY, unit)):
            units, conflicts = solve_units(op, {first: signal(1, unit=one), second: signal(1, unit=two)})
            assert not conflicts
            assert list(units.values()) == [unit]


@pytest.mark.parametrize(
    ("node", "unit"),
    [
        ({"op": "add", "inputs": ["midi", 12]}, "midi"),
        ({"op": "add", "inputs": ["hz", "A4", 3, "1 kHz"]}, "Hz"),
        ({"op": "add", "inputs": ["x", "20 ms"]}, "ms"),
        ({"op": "add", "inputs": ["20 ms", "1 s"]}, "s"),
        ({"op": "add", "inputs": ["-6 dB", "-3 dB"]}, "dB"),
        ({"op": "add", "inputs": ["hz", ["440 Hz", 1]]}, "Hz"),
        ({"op": "multiply", "inputs": ["midi", 2.0]}, "midi"),
        ({"op": "multiply", "inputs": ["part", "hz", "50 %", 3]}, "Hz"),
        ({"op": "multiply", "inputs": ["part", 2]}, "linear"),
        ({"op": "multiply", "inputs": ["x", 2]}, "any"),
        ({"op": "concat", "inputs": ["hz", 440]}, "Hz"),
        ({"op": "concat", "inputs": ["hz", "db"], "params": {"unit": "any"}}, "any"),
        ({"op": "gain", "inputs": ["hz", -6]}, "Hz"),
        ({"op": "hold", "inputs": ["440 Hz"]}, "Hz"),
        ({"op": "resample", "inputs": ["db"]}, "dB"),
        ({"op": "constant", "params": {"value": ["440 Hz", "A5"]}}, "Hz"),
        ({"op": "lfo", "inputs": [5], "params": {"depth": "20 ms", "offset": "1 s"}}, "s"),
        ({"op": "lfo", "inputs": [5], "params": {"depth": 5, "offset": "A4"}}, "Hz"),
        ({"op": "lfo", "inputs": [5], "params": {"depth": 2, "unit": "midi"}}, "midi"),
        ({"op": "lfo", "inputs": [5], "params": {"depth": 2}}, "any"),
    ],
)
def test_units_that_stay(node: Mapping[str, Any], unit: str) -> None:
    assert unit_of(node) == unit


def test_a_signal_keeps_its_unit_through_a_filter() -> None:
    inputs = {"control": {"rate": "audio", "unit": "midi"}, "ir": {"rate": "const", "shape": [8]}}
    nodes = {
        "smooth": {"op": "sinc_filter", "inputs": ["control", "10 Hz"]},
        "hall": {"op": "reverb", "inputs": ["smooth", "ir"]},
        "cut": {"op": "crop", "inputs": ["hall"], "params": {"frame_size": 2}},
        "wide": {"op": "concat", "inputs": ["cut"]},
        "n": {"op": "tensor_to_audio", "inputs": ["wide"]},
    }
    graph = dg.load(spec(nodes, inputs=inputs))
    assert {str(graph.types[Ref(name, "signal")].unit) for name in nodes} == {"midi"}


def test_an_oscillation_in_the_units_that_were_written() -> None:
    """20 ms about 1 s: 0.98 s to 1.02 s. A quarter turn is 12.5 frames, so the peaks lie beside frames."""
    nodes = {"n": {"op": "lfo", "inputs": [5], "params": {"depth": "20 ms", "offset": "1 s", "shape": "square"}}}
    signal = dg.compile(spec(nodes, inputs={})).signals({})["n/signal"].numpy()
    np.testing.assert_allclose([signal.min(), signal.max()], [0.98, 1.02], rtol=1e-6)


def test_sums_and_products_of_several_constants_and_signals() -> None:
    nodes = {
        "gain": {"op": "db_to_amplitude", "inputs": ["-8 dB"]},
        "n": {"op": "multiply", "inputs": ["x", "gain", 2, "50 %"]},
        "sum": {"op": "add", "inputs": {"input_3": "n", "signal_two": "x", "signal_one": 1, "input_10": 2}},
    }
    document = spec(nodes, inputs={"x": {"rate": "frame"}})
    document["outputs"] = {"n": "n", "sum": "sum", "one": "sum/signal_one"}
    x = np.random.default_rng(1).normal(size=(1, 250, 1)).astype(np.float32)
    results = dg.compile(document)({"x": x})
    expected = 10 ** (-8 / 20) * x
    np.testing.assert_allclose(results["n"], expected, rtol=1e-5)
    np.testing.assert_allclose(results["sum"], expected + x + 3, rtol=1e-5)
    np.testing.assert_array_equal(results["one"], 1.0)


class Halfway(Op):
    """The mean of two signals, shifted.

    Source: elementary.
    """

    inputs = {"left": anything(shares="kind"), "right": anything(shares="kind")}
    outputs = {"signal": same_as("left", shares="kind")}

    shift: float = param(0.0, unit=Unit.SAMPLES, doc="Unused.")


def test_an_op_of_ones_own_shares_units_by_declaration() -> None:
    op = Halfway()
    given: dict[str, Signal] = {"left": signal(1, unit=Unit.DB), "right": signal(1)}
    assert with_units(op, op.infer(given), solve_units(op, given)[0])["signal"].unit is Unit.DB
    found = check(spec({"n": {"op": "halfway", "inputs": ["hz", "midi"]}}), ops=[Halfway])
    assert [d.code for d in found if d.is_error] == ["E412"]
    assert "insert a midi_to_hz node between 'midi' and 'right'" in str(found[0])


def test_the_repair_of_two_units_works() -> None:
    nodes = {"hz_too": {"op": "midi_to_hz", "inputs": ["midi"]}, "n": {"op": "add", "inputs": ["hz", "hz_too"]}}
    assert codes(spec(nodes)) == []


@pytest.mark.parametrize("rate", ["8 kHz", "11.025 kHz", "22.05 kHz", "44.1 kHz", "48 kHz", 96_000])
def test_a_length_in_time_is_the_nearest_sample_at_every_rate(rate: str | int) -> None:
    """As 12.5 ms are 551.25 samples at 44.1 kHz; a count of samples is not rounded."""
    hz = rate if isinstance(rate, int) else float(rate.split()[0]) * 1000
    nodes = {"n": {"op": "reverb", "inputs": ["audio"], "params": {"trainable": True, "reverb_length": "12.5 ms"}}}
    document = spec(nodes, inputs={"audio": {"rate": "audio"}}, clock={"sample_rate": rate, "hop": "1.37 ms"})
    graph = dg.load(document)
    assert abs(graph.node_by_name["n"].op.reverb_length - hz * 0.0125) <= 0.5  # type: ignore[attr-defined]
    assert abs((graph.clock.hop_samples or 0) - hz * 0.00137) <= 0.5
    document["nodes"]["n"]["params"]["reverb_length"] = "551.25 samples"
    assert codes(document) == ["E501"]


@pytest.mark.parametrize("number", [80, 80.0, "80 samples", "80.0 samples"])
def test_one_rule_for_whole_numbers(number: float | str) -> None:
    """Files of MATLAB, Lua and JavaScript have 80.0: parameters, lists, channels, shapes, the clock and training."""
    count = number if not isinstance(number, str) else 80.0
    document = spec(
        {
            "m": {"op": "mel", "inputs": ["audio"], "params": {"bins": count, "fft_size": number, "overlap": 0}},
            "n": {"op": "split", "inputs": ["wide"], "params": {"outputs": {"a": 79.0, "b": 1}}},
        },
        output="n/b",
        inputs={
            "audio": {"rate": "audio"},
            "wide": {"rate": "frame", "channels": count},
            "v": {"rate": "const", "shape": [count]},
        },
        clock={"sample_rate": 16e3, "hop": number, "duration": "160.0 samples"},
        training={"steps": count, "batch_size": 8.0},
        losses={"l": {"op": "spectral_loss", "inputs": ["audio", "audio"], "params": {"fft_sizes": [64.0, 80, count]}}},
        version=2.0,
    )
    graph = dg.load(document)
    assert graph.clock.hop_samples == graph.node_by_name["m"].op.fft_size == graph.training.steps == 80  # type: ignore[attr-defined]
    whole = [graph.node_by_name["m"].op.bins, *graph.node_by_name["l"].op.fft_sizes, graph.training.batch_size]  # type: ignore[attr-defined]
    assert whole == [80, 64, 80, 80, 8]
    assert {type(n) for n in whole} == {int}
    assert str(graph.types[Ref("n", "a")]) == "[batch, frames, 79] frame any"
    assert graph.input_by_name["v"].signal.shape_text == "[batch, 80]"


def test_what_is_no_whole_number_names_the_nearest() -> None:
    nodes = {"n": {"op": "mel", "inputs": ["audio"], "params": {"bins": 80.5, "fft_size": 1024.2}}}
    document = spec(nodes, inputs={"audio": {"rate": "audio"}, "k": {"rate": "frame", "channels": 2.75}})
    found = [d for d in check(document) if d.is_error]
    assert [(d.code, d.hint) for d in found] == [
        ("E203", "write 3, or a name such as `k`"),
        ("E501", "write 80"),
        ("E501", "write 1024"),
    ]


LFO = {"op": "lfo", "inputs": [5], "params": {"depth": "3 dB", "offset": "1 dB"}}
LOUDER = {"op": "add", "inputs": ["db", "3 dB"]}
AUDIO = {"op": "resample", "inputs": ["db"]}
FLAT = {"op": "tensor_to_audio", "inputs": ["wide"]}
IN_HZ = {"op": "concat", "params": {"unit": "Hz"}}
#: What gives a unit, the op that takes another, what the hint has, and the nodes of the repair, `m` before the op.
REPAIRS = {
    "as it is": (LOUDER, "hz_to_midi", "a concat node with `unit: Hz`", {"m": IN_HZ | {"inputs": ["x1"]}}),
    "audio as it is": (
        FLAT,
        "hz_to_midi",
        "a concat node with `unit: Hz` and a tensor_to_audio node",
        {"m0": IN_HZ | {"inputs": ["x1"]}, "m": {"op": "tensor_to_audio", "inputs": ["m0"]}},
    ),
    "parameters": (
        LFO,
        "hz_to_midi",
        "write depth and offset of 'x1' in Hz",
        {"x1": LFO | {"params": {"depth": "3 Hz", "offset": "1 Hz"}}},
    ),
    "a unit that is written": (
        {"op": "concat", "inputs": ["x"], "params": {"unit": "dB"}},
        "hz_to_midi",
        "write `unit: Hz` in the params of 'x1'",
        {"x1": {"op": "concat", "inputs": ["x"], "params": {"unit": "Hz"}}},
    ),
    "two steps": (
        {"op": "normalize", "inputs": ["x"]},
        "db_to_amplitude",
        "insert exp_sigmoid and amplitude_to_db nodes",
        {"m0": {"op": "exp_sigmoid", "inputs": ["x1"]}, "m": {"op": "amplitude_to_db", "inputs": ["m0"]}},
    ),
    "a range": (
        {"op": "sigmoid", "inputs": ["x"]},
        "hz_to_midi",
        "insert a unit_to_hz node between them: its hz_min and hz_max",
        {"m": {"op": "unit_to_hz", "inputs": ["x1"], "params": {"hz_min": 20, "hz_max": 200}}},
    ),
}


@pytest.mark.parametrize("name", REPAIRS)
def test_a_repair_between_two_nodes_works(name: str) -> None:
    """The unit of an input is declared, that of a node's output cannot be."""
    source, op, said, repair = REPAIRS[name]
    helpers = {"wide": AUDIO} if source is FLAT else {}
    broken = spec({**helpers, "x1": source, "n": {"op": op, "inputs": ["x1"]}})
    (finding,) = [d for d in check(broken) if d.code == "E412"]
    assert said in str(finding.hint)
    end = "m" if "m" in repair else "x1"
    assert codes(spec({**helpers, "x1": source, **repair, "n": {"op": op, "inputs": [end]}})) == []
