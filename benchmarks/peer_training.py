"""magenta/ddsp's `solo_instrument`: its training step and its synthesis.

`ddsp.training` imports packages for datasets and cloud jobs that its models do not use: an empty module stands in for
each one that is not installed.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
import types
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

import tensorflow as tf
from cases import FFT_SIZES, Case

_UNUSED = ("note_seq", "apache_beam", "tensorflow_datasets", "hypertune", "tensorflowjs", "matplotlib", "google.cloud")


class _Empty(types.ModuleType):
    """A module in which every name is there, and is such a module again; called, it gives back what it decorates."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Empty(f"{self.__name__}.{name}")

    def __call__(self, *given: Any, **named: Any) -> Any:
        return given[0] if len(given) == 1 and callable(given[0]) and not named else _Empty(self.__name__)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, missing: list[str]) -> None:
        self.missing = missing

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        is_missing = any(name == m or name.startswith(m + ".") for m in self.missing)
        return ModuleSpec(name, self, is_package=True) if is_missing else None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


def _is_missing(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is None
    except ModuleNotFoundError:
        return True


sys.meta_path.insert(0, _Finder([name for name in _UNUSED if _is_missing(name)]))

import ddsp  # noqa: E402
import ddsp.training  # noqa: E402


def autoencoder(
    *,
    n_frames: int,
    n_samples: int,
    sample_rate: int,
    units: int,
    ch: int,
    layers: int,
    fft_sizes: Any,
    reverb_samples: int,
) -> Any:
    """The model that `graphs/models/solo_instrument.yaml` and `tiny_instrument_fast.yaml` are, at other sizes."""
    size = {"n_samples": n_samples, "sample_rate": sample_rate}
    splits = (("amps", 1), ("harmonic_distribution", 60), ("noise_magnitudes", 65))
    dag = [
        (ddsp.synths.Harmonic(name="harmonic", **size), ["amps", "harmonic_distribution", "f0_hz"]),
        (ddsp.synths.FilteredNoise(name="noise", n_samples=n_samples, window_size=0), ["noise_magnitudes"]),
        (ddsp.processors.Add(name="add"), ["noise/signal", "harmonic/signal"]),
        (ddsp.effects.Reverb(name="reverb", trainable=True, reverb_length=reverb_samples), ["add/signal"]),
    ]
    decoder = ddsp.training.decoders.RnnFcDecoder(
        rnn_channels=units,
        rnn_type="gru",
        ch=ch,
        layers_per_stack=layers,
        input_keys=("ld_scaled", "f0_scaled"),
        output_splits=splits,
    )
    return ddsp.training.models.Autoencoder(
        preprocessor=ddsp.training.preprocessing.F0LoudnessPreprocessor(time_steps=n_frames, compute_loudness=False),
        encoder=None,
        decoder=decoder,
        processor_group=ddsp.processors.ProcessorGroup(dag=dag),
        losses=[ddsp.losses.SpectralLoss(fft_sizes=fft_sizes, loss_type="L1", mag_weight=1.0, logmag_weight=1.0)],
    )


def step_of(model: Any) -> Callable[[dict[str, tf.Tensor]], tf.Tensor]:
    """One step of magenta/ddsp's trainer: Adam, gradients clipped to a global norm of 3."""
    optimizer = tf.keras.optimizers.Adam(1e-3)

    def step(batch: dict[str, tf.Tensor]) -> tf.Tensor:
        with tf.GradientTape() as tape:
            _, losses = model(batch, return_losses=True, training=True)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(losses["total_loss"], model.trainable_variables), 3.0)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return losses["total_loss"]

    return step


def build(case: Case) -> Callable[..., Any]:
    """A function of f0_hz and loudness_db [batch, frames, 1], and of the recording [batch, samples] for a step."""
    model = autoencoder(
        n_frames=case.n_frames,
        n_samples=case.n_samples,
        sample_rate=case.sample_rate,
        units=512,
        ch=512,
        layers=3,
        fft_sizes=FFT_SIZES,
        reverb_samples=3 * case.sample_rate,
    )
    take = step_of(model)

    def features(f0_hz: tf.Tensor, loudness_db: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"f0_hz": f0_hz[..., 0], "loudness_db": loudness_db[..., 0]}

    def synthesize(f0_hz: tf.Tensor, loudness_db: tf.Tensor) -> tf.Tensor:
        return model.get_audio_from_outputs(model(features(f0_hz, loudness_db), training=False))

    def step(f0_hz: tf.Tensor, loudness_db: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        return take(features(f0_hz, loudness_db) | {"audio": target})

    return step if case.work == "train_step" else synthesize
