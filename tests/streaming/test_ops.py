"""Every op of the library as a stream: the case of the contract test, and the forms that depend on parameters."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph import ops
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.ir.op import Op, Traits
from ddspgraph.ir.streaming import has_time
from ddspgraph.streaming.model import CompiledStream
from tests.ops.test_contract import CASES, graph_of
from tests.streaming.proof import differences, offline, random_blocks, run_stream, tolerance

pytestmark = pytest.mark.usefixtures("functions_as_written")

FRAMES = 60
WHOLE_CLIP = {
    "rnn": "runs backwards from the end of the clip",
    "dilated_conv_stack": "normalizes over the whole clip",
    "dilated_conv_decoder": "normalizes over the whole clip",
    "resnet": "normalizes over the whole clip",
    "resnet_sinusoidal_encoder": "normalizes over the whole clip",
    "mfcc_time_distributed_rnn_encoder": "normalizes over the whole clip",
    "mfcc_rnn_encoder": "normalizes over the whole clip",
    "mfcc_encoder": "normalizes over the whole clip",
    "normalize": "normalizes over the whole clip",
    "conditional_norm": "normalizes over the whole clip",
    "aggregate_features_encoder": "is a mean over the whole clip",
    "f0_loudness_features": "stretches one frame more than f0_hz has over the whole clip",
    "f0_power_features": "stretches one frame more than f0_hz has over the whole clip",
}
RNG = np.random.default_rng(7)


def _f0(hop_frames: int = 6) -> np.ndarray:
    return RNG.uniform(80, 3_000, (2, hop_frames, 1))


def _x(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


_HARMONIC = {"amplitudes": _x(2, 6, 1), "harmonic_distribution": _x(2, 6, 5), "f0_hz": _f0()}
_SINUSOIDAL = {"amplitudes": _x(2, 6, 3), "frequencies": RNG.uniform(50, 9_000, (2, 6, 3))}
_AUDIO = {"audio": 0.3 * _x(2, 192)}
_SPLITS = (("a", 1), ("b", 3))


def _clock(hop: int) -> dict[str, Any]:
    return {"sample_rate": 16_000, "hop_samples": hop}


VARIANTS: dict[str, tuple[Op, Mapping[str, np.ndarray]]] = {
    **{
        f"harmonic {method} fade {fade} hop {hop}": (
            ops.Harmonic(amp_resample_method=method, nyquist_fade=fade, **_clock(hop)),
            _HARMONIC,
        )
        for method, fade, hop in (
            *(("nearest", 0.0, 32), ("nearest", 0.0, 49)),
            *(("linear", 0.0, 49), ("linear", 0.3, 32), ("cubic", 0.0, 32), ("cubic", 0.3, 49), ("window", 0.5, 49)),
        )
    },
    **{
        f"sinusoidal {method} fade {fade}": (
            ops.Sinusoidal(amp_resample_method=method, nyquist_fade=fade, freq_scale_fn=None, **_clock(49)),
            _SINUSOIDAL,
        )
        for method, fade in (("nearest", 0.0), ("linear", 0.2), ("cubic", 0.0), ("cubic", 0.4), ("window", 0.0))
    },
    **{
        f"resample {method} hop {hop}": (ops.Resample(method=method, **_clock(hop)), {"inputs": _x(2, 6, 3)})
        for method, hop in (("nearest", 32), ("nearest", 49), ("linear", 49), ("cubic", 32), ("cubic", 49))
    },
    "resample window to the end": (
        ops.Resample(method="window", add_endpoint=False, **_clock(32)),
        {"inputs": _x(2, 6, 3)},
    ),
    "one wavetable": (
        ops.Wavetable(scale_fn=None, **_clock(32)),
        {"amplitudes": _x(2, 6, 1), "wavetables": _x(2, 1, 16), "f0_hz": _f0()},
    ),
    "wavetables": (
        ops.Wavetable(scale_fn=None, **_clock(49)),
        {"amplitudes": _x(2, 6, 1), "wavetables": _x(2, 6, 16), "f0_hz": _f0()},
    ),
    **{
        f"filtered noise window {window} bands {bands}": (
            ops.FilteredNoise(window_size=window, **_clock(32)),
            {"magnitudes": _x(2, 6, bands)},
        )
        for window, bands in ((0, 1), (0, 33), (1, 9), (3, 9), (6, 9), (7, 9), (257, 65), (100, 65))
    },
    "fir_filter for all": (ops.FIRFilter(window_size=8), {**_AUDIO, "magnitudes": _x(2, 1, 9)}),
    "sinc_filter for all": (
        ops.SincFilter(sample_rate=16_000, window_size=33, high_pass=True),
        {**_AUDIO, "cutoff_frequency": np.full((2, 1, 1), 900.0)},
    ),
    **{
        f"crop {where}": (ops.Crop(frame_size=51, crop_location=where), _AUDIO) for where in ("front", "center", "back")
    },
    "mix by frames": (
        ops.Mix(),
        {"signal_one": _x(2, 192), "signal_two": _x(2, 192), "nn_out_mix_level": _x(2, 6, 1)},
    ),
    "mix by a number": (
        ops.Mix(law="ddsp"),
        {"signal_one": _x(2, 192), "signal_two": _x(2, 192), "nn_out_mix_level": _x(2)},
    ),
    **{
        f"{op.name} {padding}": (op(sample_rate=16_000, frame_rate=500, padding=padding), _AUDIO)
        for op in (ops.Loudness, ops.Power, ops.RmsEnergy)
        for padding in ("center", "clock", "same", "valid")
    },
    "logmel at its own hop": (ops.Logmel(bins=8, fft_size=200, overlap=0.5, sample_rate=16_000), _AUDIO),
    "mel without padding": (ops.Mel(bins=8, fft_size=256, pad_end=False, sample_rate=16_000), _AUDIO),
    "online features": (
        ops.OnlineF0PowerFeatures(sample_rate=16_000, frame_rate=500, frame_size=200, padding="same"),
        {**_AUDIO, "f0_hz": _f0(), "f0_confidence": _x(2, 6, 1)},
    ),
    "online features of a given power": (
        ops.OnlineF0PowerFeatures(sample_rate=16_000, frame_rate=500, compute_power=False),
        {**_AUDIO, "f0_hz": _f0(), "pw_db": -30.0 * np.abs(_x(2, 6, 1))},
    ),
    "loudness features of a given loudness": (
        ops.F0LoudnessFeatures(sample_rate=16_000, frame_rate=500),
        {"f0_hz": _f0(), "loudness_db": -30.0 * np.abs(_x(2, 6, 1))},
    ),
    "lstm": (ops.Rnn(dims=4, rnn_type="lstm"), {"x": _x(2, 6, 3)}),
    "gru": (ops.Rnn(dims=4), {"x": _x(2, 6, 3)}),
    "sandwich of an lstm": (ops.RnnSandwich(fc_stack_ch=5, rnn_ch=4, rnn_type="lstm"), {"x": _x(2, 6, 3)}),
    "decoder with an lstm": (
        ops.RnnFcDecoder(rnn_channels=4, ch=5, layers_per_stack=1, rnn_type="lstm", outputs=_SPLITS),
        {"input_1": _x(2, 6, 1), "input_2": _x(2, 6, 2)},
    ),
    "decoder from a state": (
        ops.RnnFcDecoder(rnn_channels=4, ch=5, layers_per_stack=1, stateless=True, outputs=_SPLITS),
        {"input_1": _x(2, 6, 1), "input_2": _x(2, 4)},
    ),
    **{
        f"dilated stack kernel {k} dilation {d}": (
            ops.DilatedConvStack(ch=4, layers_per_stack=2, stacks=2, kernel_size=k, dilation=d, spectral_norm=d == 3),
            {"x": _x(2, 6, 3), "z": _x(2, 6, 2)},
        )
        for k, d in ((3, 2), (2, 3), (1, 2), (4, 0))
    },
    "dilated stack alone": (ops.DilatedConvStack(ch=4, layers_per_stack=2), {"x": _x(2, 6, 3)}),
    "dilated decoder conditioned": (
        ops.DilatedConvDecoder(
            ch=4, layers_per_stack=2, norm_type=None, conditional=True, precondition_layers=1, outputs=_SPLITS
        ),
        {"input_1": _x(2, 6, 1), "input_2": _x(2, 6, 2)},
    ),
    "sinusoids by an fc stack": (
        ops.SinusoidalToHarmonicEncoder(net="fc_stack", fc_stack_ch=4, n_harmonics=5, f0_depth=4),
        {"sin_freqs": np.abs(_x(2, 6, 3)) * 300, "sin_amps": np.abs(_x(2, 6, 3))},
    ),
    "long reverb": (ops.Reverb(), {**_AUDIO, "ir": 0.1 * _x(2, 1_000)}),
}
FOUND = {name: CASES[name]() for name in CASES if Traits.LOSS not in CASES[name]()[0].traits}


def longer(op: Op, inputs: Mapping[str, np.ndarray], hop: int) -> dict[str, np.ndarray]:
    """Inputs of the same values in random order, as long as `FRAMES` frames."""
    rng = np.random.default_rng(3)
    signals = {item.name: item.signal for item in graph_of(op, inputs).inputs}
    found = {}
    for name, x in inputs.items():
        axis = signals[name].time_axis
        if has_time(signals[name]) and x.shape[axis] != 1:
            count = signals[name].dims[1].at({"frames": FRAMES})
            x = np.take(x, rng.integers(0, x.shape[axis], count), axis=axis)
        found[name] = x
    return found


def streams_of(op: Op, inputs: Mapping[str, np.ndarray]) -> tuple[CompiledGraph, CompiledStream]:
    """An op over whole clips, and as a stream."""
    graph = graph_of(op, inputs)
    for item in graph.inputs:  # a frame that is held for all of the time
        if inputs[item.name].ndim == 3 and inputs[item.name].shape[1] == 1:
            graph = held(graph, item.name)
    legal = run(LEGALISE, graph)
    model = CompiledGraph(graph, legal, legal)
    return model, dg.compile_stream(model)


@functools.lru_cache(maxsize=64)  # as many as `test_latency` leaves: a trace takes megabytes
def streams_of_case(name: str) -> tuple[CompiledGraph, CompiledStream]:
    """Those of a case, traced once for this module and `test_latency`."""
    return streams_of(*FOUND[name])


def prove(name: str, op: Op, inputs: Mapping[str, np.ndarray], streams: tuple[CompiledGraph, CompiledStream]) -> None:
    model, stream = streams
    inputs = longer(op, inputs, model.graph.clock.hop_samples or 1)
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    batch = max((x.shape[0] for x in inputs.values()), default=2)
    whole = offline(model, inputs, seed=9)
    streamed = run_stream(stream, inputs, random_blocks(FRAMES, rng), batch=batch, seed=9)
    for output, difference in differences(stream, whole, streamed).items():
        assert difference <= tolerance(whole[output]), output


def held(graph: Any, name: str) -> Any:
    from dataclasses import replace

    from ddspgraph.compiler.analysis.infer import infer
    from ddspgraph.diagnostics import Report
    from ddspgraph.ir.types import Dim, Signal

    item = graph.input_by_name[name]
    batch, _, *rest = item.signal.dims
    signal = Signal((batch, Dim.of(1), *rest), item.signal.rate, item.signal.unit)
    inputs = tuple(replace(i, signal=signal) if i.name == name else i for i in graph.inputs)
    report = Report()
    graph = infer(graph.replace(inputs=inputs, types={}), report)
    report.raise_errors()
    return graph


@pytest.mark.parametrize("name", FOUND)
def test_the_case_of_an_op(name: str) -> None:
    op, inputs = FOUND[name]
    if name not in WHOLE_CLIP:
        prove(name, op, inputs, streams_of_case(name))
        return
    graph = graph_of(op, inputs)
    legal = run(LEGALISE, graph)
    with pytest.raises(dg.GraphError, match=WHOLE_CLIP[name]) as caught:
        dg.compile_stream(CompiledGraph(graph, legal, legal))
    assert [d.code for d in caught.value.diagnostics] == ["E415"]


@pytest.mark.parametrize("name", VARIANTS)
def test_forms_that_depend_on_parameters(name: str) -> None:
    prove(name, *VARIANTS[name], streams_of(*VARIANTS[name]))


@pytest.mark.parametrize(
    ("op", "inputs", "reason"),
    [
        (ops.Lfo(frame_rate=500, length=8), {"frequency_hz": np.ones(2)}, "has a fixed length of 8"),
        (ops.Resample(add_endpoint=False, hop_samples=32), {"inputs": _x(2, 6, 3)}, "puts its frames between the ends"),
        (ops.Rnn(dims=2, return_sequences=False), {"x": _x(2, 6, 3)}, "gives the state after the whole clip"),
        (
            ops.DilatedConvStack(resample_type="upsample", resample_stride=2),
            {"x": _x(2, 6, 3)},
            "changes the frame rate between its layers",
        ),
        (
            ops.Harmonic(amp_resample_method="nearest", nyquist_fade=0.2, **_clock(32)),
            _HARMONIC,
            "fades by blocks that do not begin with the frames",
        ),
        (
            ops.F0PowerFeatures(sample_rate=16_000, frame_rate=500, time_steps=9),
            {"f0_hz": _f0(), "power_db": _x(2, 6, 1)},
            "stretches the clip to time_steps = 9 frames",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_stream_says_why(op: Op, inputs: Mapping[str, np.ndarray], reason: str) -> None:
    graph = graph_of(op, inputs)
    legal = run(LEGALISE, graph)
    with pytest.raises(dg.GraphError, match=reason) as caught:
        dg.compile_stream(CompiledGraph(graph, legal, legal))
    (finding,) = caught.value.diagnostics
    assert finding.code == "E415"
    assert finding.hint
