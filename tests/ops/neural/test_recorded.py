"""The networks give what magenta/ddsp 3.7.0 gave with the same weights (recorded.npz, made by record.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ddspgraph import ops
from ddspgraph.ir.call import bind_arguments, call_op, signal_of
from ddspgraph.ir.op import Op, Traits
from tests.ops.neural import inputs

RECORDED = np.load(Path(__file__).with_name("recorded.npz"))
SPLITS = (("amps", 1), ("harmonic_distribution", 5))
SINUSOIDS = (("frequencies", 256), ("amplitudes", 4), ("noise_magnitudes", 3))


def x(*shape: int, seed: int = 0) -> np.ndarray:
    return inputs.normal(seed, *shape)


def _decoder(**params: Any) -> Op:
    return ops.RnnFcDecoder(rnn_channels=6, ch=8, outputs=SPLITS, **params)


def _stack(layers: int, stacks: int, **params: Any) -> Op:
    return ops.DilatedConvStack(ch=8, layers_per_stack=layers, stacks=stacks, **params)


_SHORT = x(2, 7, 1), x(2, 7, 1, seed=1)
_LONG = x(2, 20, 1), x(2, 20, 1, seed=1)
_F0_AUDIO = {"f0_hz": inputs.f0_hz(), "audio": inputs.audio()}

#: Name of the recording -> op, inputs by position.
CASES: dict[str, tuple[Op, tuple[np.ndarray, ...]]] = {
    "fc": (ops.Fc(ch=8), (x(2, 5, 3),)),
    "fc_stack": (ops.FcStack(ch=8, layers=3), (x(2, 5, 3),)),
    "fc_tanh": (ops.Fc(ch=8, nonlinearity="tanh"), (x(2, 5, 3),)),
    **{
        f"rnn_{kind}_{both}{'' if whole else '_last'}": (
            ops.Rnn(dims=6, rnn_type=kind, bidir=both, return_sequences=whole),
            (x(2, 7, 3),),
        )
        for kind in ("gru", "lstm")
        for both in (False, True)
        for whole in (False, True)
    },
    "rnn_sandwich": (ops.RnnSandwich(fc_stack_ch=8, rnn_ch=6), (x(2, 7, 3),)),
    "rnn_fc_decoder_gru": (_decoder(layers_per_stack=2), _SHORT),
    "rnn_fc_decoder_lstm": (_decoder(layers_per_stack=2, rnn_type="lstm"), _SHORT),
    "tiny_decoder": (_decoder(layers_per_stack=0), _SHORT),
    "stateless_decoder": (
        _decoder(layers_per_stack=2, stateless=True),
        (x(2, 1, 1), x(2, 1, 1, seed=1), x(2, 6, seed=2)),
    ),
    **{f"stack_{norm}": (_stack(3, 2, norm_type=norm), (x(2, 20, 3),)) for norm in (None, "layer", "instance")},
    **{
        f"stack_conditional_{shift}": (
            _stack(2, 1, norm_type="layer", shift_only=shift),
            (x(2, 20, 3), x(2, 20, 4, seed=1)),
        )
        for shift in (False, True)
    },
    "stack_up": (_stack(2, 2, norm_type="layer", resample_type="upsample", resample_stride=2), (x(2, 20, 3),)),
    "stack_down": (
        _stack(2, 2, norm_type="layer", resample_type="downsample", resample_stride=2, resample_after_convolve=False),
        (x(2, 20, 3),),
    ),
    "stack_down_late": (
        _stack(2, 2, norm_type="layer", resample_type="downsample", resample_stride=3, stacks_per_resample=2),
        (x(2, 20, 3),),
    ),
    "conv_decoder": (ops.DilatedConvDecoder(ch=8, layers_per_stack=2, outputs=SPLITS), _LONG),
    "conv_decoder_z": (
        ops.DilatedConvDecoder(ch=8, layers_per_stack=2, stacks=1, conditional=True, outputs=SPLITS),
        (*_LONG, x(2, 20, 4, seed=2)),
    ),
    "conv_decoder_pre": (
        ops.DilatedConvDecoder(
            ch=8,
            layers_per_stack=2,
            stacks=1,
            conditional=True,
            precondition_layers=2,
            precondition_ch=5,
            outputs=SPLITS,
        ),
        (*_LONG, x(2, 20, 4, seed=2)),
    ),
    **{f"normalize_{norm}": (ops.Normalize(norm_type=norm), (x(2, 9, 64),)) for norm in ("layer", "instance", "group")},
    "conditional_norm": (ops.ConditionalNorm(), (x(2, 9, 64), x(2, 9, 4, seed=1))),
    "conditional_norm_shift": (
        ops.ConditionalNorm(norm_type="layer", shift_only=True),
        (x(2, 9, 64), x(2, 9, 4, seed=1)),
    ),
    "vector_quantization": (ops.VectorQuantization(k=5, num_heads=2), (x(2, 9, 8),)),
    "resnet": (ops.Resnet(size="small"), (x(1, 8, 64),)),
    "resnet_z": (ops.Resnet(size="small"), (x(1, 8, 64), x(1, 8, 4, seed=1))),
    **{
        f"z_{steps}": (
            ops.MfccTimeDistributedRnnEncoder(rnn_channels=6, z_dims=4, z_time_steps=steps),
            (inputs.audio(),),
        )
        for steps in (63, 125, 250, 500, 1000)
    },
    "z_expanded": (
        ops.MfccTimeDistributedRnnEncoder(rnn_channels=6, z_dims=4, z_time_steps=125, hop_samples=64),
        (inputs.audio(),),
    ),
    "z_mean": (ops.MfccRnnEncoder(rnn_channels=6, z_dims=4, mean_aggregate=True), (inputs.audio(),)),
    "z_features": (ops.AggregateFeaturesEncoder(ch=8), (x(2, 50, 1), x(2, 50, 1, seed=1))),
    "sinusoids": (ops.ResnetSinusoidalEncoder(outputs=SINUSOIDS), (inputs.audio(1, 8000),)),
    **{
        f"harmonics_{net}": (
            ops.SinusoidalToHarmonicEncoder(net=net, fc_stack_ch=8, rnn_ch=6, n_harmonics=5),
            (300 * np.abs(x(2, 10, 4)), np.abs(x(2, 10, 4, seed=1))),
        )
        for net in ("fc_stack", "rnn_sandwich")
    },
}
#: The deep ones have small weights; a recording of them keeps every 16th channel.
SCALES = {"resnet": 0.05, "resnet_z": 0.05, "sinusoids": 0.05}

FEATURES: dict[str, tuple[Op, dict[str, np.ndarray]]] = {
    "loudness_given": (ops.F0LoudnessFeatures(), {"f0_hz": inputs.f0_hz(), "loudness_db": inputs.level_db()}),
    "loudness_longer": (
        ops.F0LoudnessFeatures(time_steps=500),
        {"f0_hz": inputs.f0_hz(), "loudness_db": inputs.level_db()},
    ),
    "loudness_made": (ops.F0LoudnessFeatures(), _F0_AUDIO),
    "power_given": (ops.F0PowerFeatures(), {"f0_hz": inputs.f0_hz(), "power_db": inputs.level_db()}),
    "power_64": (ops.F0PowerFeatures(), _F0_AUDIO),
    "power_256": (ops.F0PowerFeatures(frame_size=256), _F0_AUDIO),
    **{
        f"online_{padding}": (
            ops.OnlineF0PowerFeatures(frame_rate=50, padding=padding),
            {
                "audio": inputs.audio(),
                "f0_hz": inputs.f0_hz(frames),
                "f0_confidence": np.abs(x(2, 250, 1, seed=1))[:, :frames],
            },
        )
        for padding, frames in (("center", 51), ("same", 50))
    },
}


def _outputs(name: str) -> dict[str, np.ndarray]:
    return {key.partition("/")[2]: RECORDED[key] for key in RECORDED.files if key.partition("/")[0] == name}


def test_every_recording_has_a_case() -> None:
    assert {key.partition("/")[0] for key in RECORDED.files} == {*CASES, *FEATURES}


def _run(name: str) -> dict[str, Any]:
    op, given = CASES[name]
    signals = {port: signal_of(_tensor(value).shape) for port, value in bind_arguments(op, given, {}).items()}
    weights = {
        key: inputs.weight(i, key, spec.shape, SCALES.get(name, 0.3))
        for i, (key, spec) in enumerate(op.weights(signals).items())
    }
    return call_op(op, given, {}, seed=0, variables=weights)


def _tensor(value: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.constant(value)


@pytest.mark.parametrize("name", list(CASES))
def test_network(name: str) -> None:
    results = _run(name)
    expected = _outputs(name)
    if set(expected) == {"signal"}:
        expected = {next(iter(results)): expected["signal"]}
    assert set(expected) == set(results)
    for port, value in expected.items():
        found = np.asarray(results[port])
        if name.startswith("resnet"):
            found = found.reshape(1, 8, 2, -1)[..., ::16]
        scale = np.abs(value).max()
        assert found.size == value.size
        np.testing.assert_allclose(found, value.reshape(found.shape), rtol=1e-4, atol=1e-4 * scale)


@pytest.mark.parametrize("name", list(FEATURES))
def test_features(name: str) -> None:
    op, given = FEATURES[name]
    results = call_op(op, (), given, seed=0, variables=None)
    expected = _outputs(name)
    assert set(expected) == set(results)
    for port, value in expected.items():
        np.testing.assert_allclose(np.asarray(results[port]), value, rtol=1e-4, atol=2e-4)


def test_networks_declare_that_they_are_trained() -> None:
    assert all(Traits.TRAINABLE in op.traits for op, _ in CASES.values())
    assert not any(Traits.TRAINABLE in op.traits for op, _ in FEATURES.values())
