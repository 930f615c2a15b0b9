"""Records what the networks of magenta/ddsp 3.7.0 compute: run it with that installed, not with ours.

    TF_USE_LEGACY_KERAS=1 python tests/ops/neural/record.py

Modules that its training library imports and that are not needed here are replaced by empty ones.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import inputs  # type: ignore[import-not-found]
import numpy as np
import tensorflow as tf

NOT_NEEDED = (
    *("crepe", "note_seq", "apache_beam", "tensorflow_datasets", "hypertune", "google.cloud", "tensorflowjs"),
    *("matplotlib", "seaborn", "IPython", "mir_eval", "pydub", "hmmlearn"),
)
SPLITS = (("amps", 1), ("harmonic_distribution", 5))


class Empty(types.ModuleType):
    """A module that has everything and does nothing."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Empty(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args[0] if len(args) == 1 and callable(args[0]) and not kwargs else Empty("result")


class Finder:
    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        is_empty = any(name == n or name.startswith(n + ".") for n in NOT_NEEDED)
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if is_empty else None  # type: ignore[arg-type]

    def create_module(self, spec: Any) -> types.ModuleType:
        return Empty(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


sys.meta_path.insert(0, Finder())  # type: ignore[arg-type]
from ddsp.training import decoders, encoders, nn, preprocessing  # type: ignore[import-not-found]  # noqa: E402

RECORDED: dict[str, np.ndarray] = {}


def record(name: str, layer: Any, *args: Any, scale: float = 0.3, call: Any = None, every: int = 1) -> None:
    call = call or layer
    call(*args)  # makes the weights
    for i, variable in enumerate(layer.weights):
        variable.assign(inputs.weight(i, variable.name.split(":")[0], variable.shape, scale))
    result = call(*args)
    named = result if isinstance(result, dict) else {"signal": result}
    if isinstance(result, (list, tuple)):
        named = dict(zip(("signal", "ids"), result, strict=False))
    for port, value in named.items():
        RECORDED[f"{name}/{port}"] = np.asarray(value)[..., ::every]


def x(*shape: int, seed: int = 0) -> np.ndarray:
    return inputs.normal(seed, *shape)


record("fc", nn.Fc(8), x(2, 5, 3))
record("fc_stack", nn.FcStack(8, 3), x(2, 5, 3))
record("fc_tanh", nn.Fc(8, "tanh"), x(2, 5, 3))
for kind in ("gru", "lstm"):
    for both in (False, True):
        record(f"rnn_{kind}_{both}", nn.Rnn(6, kind, bidir=both), x(2, 7, 3))
        record(f"rnn_{kind}_{both}_last", nn.Rnn(6, kind, bidir=both, return_sequences=False), x(2, 7, 3))
record("rnn_sandwich", nn.RnnSandwich(8, 2, 6), x(2, 7, 3))
pair = x(2, 7, 1), x(2, 7, 1, seed=1)
for kind in ("gru", "lstm"):
    record(
        f"rnn_fc_decoder_{kind}",
        decoders.RnnFcDecoder(6, kind, 8, 2, input_keys=("a", "b"), output_splits=SPLITS),
        *pair,
    )
record("tiny_decoder", decoders.RnnFcDecoder(6, "gru", 8, 0, input_keys=("a", "b"), output_splits=SPLITS), *pair)
record(
    "stateless_decoder",
    decoders.RnnFcDecoder(6, "gru", 8, 2, stateless=True, input_keys=("a", "b"), output_splits=SPLITS),
    *(x(2, 1, 1), x(2, 1, 1, seed=1), tf.constant(x(2, 6, seed=2))),
)
for norm in (None, "layer", "instance"):
    record(f"stack_{norm}", nn.DilatedConvStack(8, 3, 2, norm_type=norm), x(2, 20, 3))
for shift in (False, True):
    stack = nn.DilatedConvStack(8, 2, 1, norm_type="layer", conditional=True, shift_only=shift)
    record(f"stack_conditional_{shift}", stack, [x(2, 20, 3), x(2, 20, 4, seed=1)])
up = {"norm_type": "layer", "resample_type": "upsample", "resample_stride": 2}
record("stack_up", nn.DilatedConvStack(8, 2, 2, **up), x(2, 20, 3))
down = {"norm_type": "layer", "resample_type": "downsample"}
record(
    "stack_down", nn.DilatedConvStack(8, 2, 2, resample_stride=2, resample_after_convolve=False, **down), x(2, 20, 3)
)
record("stack_down_late", nn.DilatedConvStack(8, 2, 2, resample_stride=3, stacks_per_resample=2, **down), x(2, 20, 3))
keys = {"input_keys": ("a", "b"), "output_splits": SPLITS}
pair = x(2, 20, 1), x(2, 20, 1, seed=1)
record("conv_decoder", decoders.DilatedConvDecoder(8, 3, 2, 2, conditioning_keys=None, **keys), *pair)
conditional = decoders.DilatedConvDecoder(8, 3, 2, 1, conditioning_keys=("z",), **keys)
record("conv_decoder_z", conditional, *pair, x(2, 20, 4, seed=2))
conditional = decoders.DilatedConvDecoder(
    8, 3, 2, 1, conditioning_keys=("z",), precondition_stack=nn.FcStack(5, 2), **keys
)
record("conv_decoder_pre", conditional, *pair, x(2, 20, 4, seed=2))
for norm in ("layer", "instance", "group"):
    record(f"normalize_{norm}", nn.Normalize(norm), x(2, 9, 64))
record("conditional_norm", nn.ConditionalNorm("instance"), [x(2, 9, 1, 64), x(2, 9, 1, 4, seed=1)])
record("conditional_norm_shift", nn.ConditionalNorm("layer", True), [x(2, 9, 1, 64), x(2, 9, 1, 4, seed=1)])
record("vector_quantization", nn.VectorQuantization(k=5, num_heads=2), x(2, 9, 8))
record("resnet", nn.ResNet("small"), x(1, 8, 64, 1), scale=0.05, every=16)
record("resnet_z", nn.ResNet("small", conditional=True), [x(1, 8, 64, 1), x(1, 8, 1, 4, seed=1)], scale=0.05, every=16)
for steps in (63, 125, 250, 500, 1000):
    encoder = encoders.MfccTimeDistributedRnnEncoder(6, "gru", 4, steps)
    record(f"z_{steps}", encoder, inputs.audio(), call=encoder.compute_z)
encoder = encoders.MfccTimeDistributedRnnEncoder(6, "gru", 4, 125)
record("z_expanded", encoder, {"audio": inputs.audio(), "f0_scaled": x(2, 250, 1)})
encoder = encoders.MfccRnnEncoder(6, "gru", 4, True)
record("z_mean", encoder, inputs.audio(), call=encoder.compute_z)
encoder = encoders.AggregateFeaturesEncoder(8)
record("z_features", encoder, x(2, 50, 1), x(2, 50, 1, seed=1), call=encoder.compute_z)
splits = (("frequencies", 256), ("amplitudes", 4), ("noise_magnitudes", 3))
record("sinusoids", encoders.ResnetSinusoidalEncoder(splits, size="small"), inputs.audio(1, 8000), scale=0.05)
for name, net in (("fc_stack", nn.FcStack(8, 2)), ("rnn_sandwich", nn.RnnSandwich(8, 2, 6))):
    encoder = encoders.SinusoidalToHarmonicEncoder(net=net, n_harmonics=5)
    record(f"harmonics_{name}", encoder, 300 * np.abs(x(2, 10, 4)), np.abs(x(2, 10, 4, seed=1)))


def features(name: str, layer: Any, **given: np.ndarray) -> None:
    for port, value in layer(given).items():
        RECORDED[f"{name}/{port}"] = np.asarray(value)


f0, level = inputs.f0_hz(), inputs.level_db()
loudness = preprocessing.F0LoudnessPreprocessor
features("loudness_given", loudness(250, compute_loudness=False), f0_hz=f0, loudness_db=level)
features("loudness_longer", loudness(500, compute_loudness=False), f0_hz=f0, loudness_db=level)
features("loudness_made", loudness(250), f0_hz=f0, loudness_db=level, audio=inputs.audio())
features("power_given", preprocessing.F0PowerPreprocessor(250), f0_hz=f0, power_db=level)
for size in (64, 256):
    features(f"power_{size}", preprocessing.F0PowerPreprocessor(250, frame_size=size), f0_hz=f0, audio=inputs.audio())
for padding, frames in (("center", 51), ("same", 50)):
    online = preprocessing.OnlineF0PowerPreprocessor(50, padding=padding, compute_f0=False, crepe_saved_model_path=None)
    sure = np.abs(x(2, 250, 1, seed=1))[:, :frames]
    features(f"online_{padding}", online, f0_hz=f0[:, :frames], f0_confidence=sure, audio=inputs.audio())

np.savez_compressed(Path(__file__).with_name("recorded.npz"), **RECORDED)  # type: ignore[arg-type]
