"""Trains small models with magenta/ddsp, and keeps what its trainer writes for the tests: tests/golden/checkpoints.

    TF_USE_LEGACY_KERAS=1 PEER_PYTHON tools/record_checkpoints.py [NAME ...]

PEER_PYTHON has magenta/ddsp 3.7.0 (`make bench` installs it in .venv-peer). Every folder has the files of `ddsp_run`
after three steps, and `io.npz`: `in_*` a batch, `noise` what every FilteredNoise played, `out_*` keys of the model's
outputs of that batch, `next_*` the variables after one more step on it, by the path that the checkpoint has for them,
`losses` of that step.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"
sys.path.insert(0, os.fspath(Path(__file__).resolve().parent.parent / "benchmarks"))

import gin
import numpy as np
import peer_training  # noqa: F401  # stands in for packages that magenta/ddsp imports and does not need here
import tensorflow as tf
from ddsp.training import models, train_util, trainers

TO = Path(__file__).resolve().parent.parent / "tests" / "golden" / "checkpoints"
STEPS, N_SAMPLES, N_FRAMES = 3, 3_200, 50
RATE, HOP = 16_000, 64
OUTPUTS = ("z", "amps", "harmonic_distribution", "noise_magnitudes")

_COMMON = """
import ddsp
import ddsp.training
get_model.model = @models.Autoencoder()
Autoencoder.preprocessor = @preprocessing.F0LoudnessPreprocessor()
F0LoudnessPreprocessor.time_steps = 50
Autoencoder.losses = [@losses.SpectralLoss()]
SpectralLoss.fft_sizes = (512, 128)
SpectralLoss.loss_type = 'L2'
Autoencoder.processor_group = @processors.ProcessorGroup()
Harmonic.n_samples = 3200
Harmonic.use_angular_cumsum = True
FilteredNoise.n_samples = 3200
FilteredNoise.window_size = 0
processors.Add.name = 'add'
ProcessorGroup.dag = [
    (@synths.Harmonic(), ['amps', 'harmonic_distribution', 'f0_hz']),
    (@synths.FilteredNoise(), ['noise_magnitudes']),
    (@processors.Add(), ['filtered_noise/signal', 'harmonic/signal']),
    {last}
]
"""
_REVERB = "(@effects.Reverb(), ['add/signal']),\n"
_SPLITS = "(('amps', 1), ('harmonic_distribution', 5), ('noise_magnitudes', 4))"
_RNN = f"""
Autoencoder.decoder = @decoders.RnnFcDecoder()
RnnFcDecoder.ch = 6
RnnFcDecoder.output_splits = {_SPLITS}
"""
#: Small, and between them all kinds of parts that the releases' own models have, and some that they may have.
MODELS = {
    "gru": _COMMON.replace("{last}", _REVERB)
    + _RNN
    + """
RnnFcDecoder.rnn_channels = 5
RnnFcDecoder.layers_per_stack = 2
RnnFcDecoder.input_keys = ('ld_scaled', 'f0_scaled')
Reverb.name = 'reverb'
Reverb.reverb_length = 400
Reverb.trainable = True
""",
    "lstm": _COMMON.replace("{last}", "")
    + _RNN
    + """
Autoencoder.encoder = @encoders.MfccTimeDistributedRnnEncoder()
MfccTimeDistributedRnnEncoder.rnn_channels = 4
MfccTimeDistributedRnnEncoder.rnn_type = 'lstm'
MfccTimeDistributedRnnEncoder.z_dims = 3
MfccTimeDistributedRnnEncoder.z_time_steps = 125
RnnFcDecoder.rnn_channels = 5
RnnFcDecoder.rnn_type = 'lstm'
RnnFcDecoder.layers_per_stack = 1
RnnFcDecoder.input_keys = ('ld_scaled', 'f0_scaled', 'z')
""",
    "convolutions": _COMMON.replace("{last}", "(@effects.ExpDecayReverb(), ['add/signal']),\n")
    + f"""
Autoencoder.encoder = @encoders.MfccRnnEncoder()
MfccRnnEncoder.rnn_channels = 4
MfccRnnEncoder.z_dims = 3
MfccRnnEncoder.mean_aggregate = True
Autoencoder.decoder = @decoders.DilatedConvDecoder()
DilatedConvDecoder.ch = 6
DilatedConvDecoder.layers_per_stack = 2
DilatedConvDecoder.stacks = 1
DilatedConvDecoder.output_splits = {_SPLITS}
DilatedConvDecoder.precondition_stack = @nn.FcStack()
FcStack.ch = 4
FcStack.layers = 1
ExpDecayReverb.name = 'room'
ExpDecayReverb.reverb_length = 400
ExpDecayReverb.trainable = True
""",
}


def batch() -> dict[str, np.ndarray]:
    """Two notes that glide and swell."""
    n, t = np.arange(N_SAMPLES), np.arange(N_FRAMES)
    f0_hz = np.stack([220 + 0.5 * t, 330 - 0.4 * t]).astype(np.float32)
    phase = 2 * np.pi * np.cumsum(np.repeat(f0_hz, HOP, axis=1).astype(float), axis=1) / RATE
    level = np.sin(np.pi * (n + 1) / (N_SAMPLES + 1))
    rng = np.random.default_rng(0)
    audio = level * (np.sin(phase) + 0.3 * np.sin(3 * phase)) * 0.4 + 0.01 * rng.standard_normal([2, N_SAMPLES])
    return {
        "audio": audio.astype(np.float32),
        "f0_hz": f0_hz,
        "loudness_db": rng.uniform(-50, -20, [2, N_FRAMES]).astype(np.float32),
        "f0_confidence": np.ones([2, N_FRAMES], np.float32),
    }


def record(name: str, config: str, to: Path) -> None:
    """Trains, saves, and notes what comes next."""
    gin.clear_config()
    with gin.unlock_config():
        gin.parse_config(config)
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(3)
    model = models.get_model()
    trainer = trainers.Trainer(model, train_util.get_strategy())
    inputs = {key: tf.constant(x) for key, x in batch().items()}
    noise = np.random.default_rng(1).uniform(-1, 1, N_SAMPLES).astype(np.float32)
    random = tf.compat.v2.random  # the module that magenta/ddsp takes it of
    uniform, random.uniform = random.uniform, lambda shape, *_, **__: tf.broadcast_to(noise[: shape[-1]], shape)
    try:
        trainer.build(inputs)
        for _ in range(STEPS):
            trainer.train_step(inputs)
        with tempfile.TemporaryDirectory() as folder:
            trainer.save(folder)
            (Path(folder) / f"operative_config-{STEPS}.gin").write_text(gin.operative_config_str())
            arrays = {"noise": noise, **{f"in_{key}": x for key, x in batch().items()}}
            outputs = model(inputs, training=False)
            arrays |= {f"out_{key}": np.array(outputs[key]) for key in OUTPUTS if key in outputs}
            arrays["out_signal"] = np.array(model.get_audio_from_outputs(outputs))
            losses = trainer.train_step(inputs)
            arrays |= {"losses": np.array([float(losses["total_loss"])])}
            arrays |= next_variables(trainer, folder)
            np.savez_compressed(Path(folder) / "io.npz", **arrays)
            shutil.rmtree(to / name, ignore_errors=True)
            shutil.copytree(folder, to / name)
    finally:
        random.uniform = uniform
    print(name, sum(f.stat().st_size for f in (to / name).iterdir()), "bytes")


def next_variables(trainer: trainers.Trainer, folder: str) -> dict[str, np.ndarray]:
    """The variables of the model as they are now, by their paths in the checkpoint."""
    with tempfile.TemporaryDirectory() as other:
        prefix = tf.train.Checkpoint(model=trainer.model, optimizer=trainer.optimizer).save(f"{other}/ckpt")
        reader = tf.train.load_checkpoint(prefix)
        keys = [k for k in reader.get_variable_to_shape_map() if k.startswith("model/") and "OPTIMIZER_SLOT" not in k]
        return {f"next_{key.split('/.ATTRIBUTES')[0]}": reader.get_tensor(key) for key in keys}


if __name__ == "__main__":
    for model_name in sys.argv[1:] or MODELS:
        record(model_name, MODELS[model_name], TO)
