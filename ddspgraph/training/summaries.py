"""What TensorBoard shows of a run: scalars, sounds, spectrograms and pitch.

The event files are written here, record by record: `tf.summary` asks for the package `tensorboard` even to write.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.ir.types import Rate, Unit
from ddspgraph.training.run_folder import TENSORBOARD

_FFT_SIZE = 1024
_DYNAMIC_RANGE_DB = 80.0
#: The level that counts as none.
_SILENCE_DB = -140.0
_CURVE_ROWS = 192
_LOWEST_HZ = 27.5

_Event, _Summary = tf.compat.v1.Event, tf.compat.v1.Summary


def has_tensorboard() -> bool:
    """Whether somebody could look at event files here."""
    return importlib.util.find_spec("tensorboard") is not None


class Summaries:
    """Writes event files of a run; nothing where TensorBoard is not installed."""

    def __init__(self, model: CompiledGraph, folder: Path) -> None:
        self.model, self.folder = model, folder / TENSORBOARD
        self._writer: tf.io.TFRecordWriter | None = None

    def write(self, record: Mapping[str, Any], batch: Mapping[str, tf.Tensor], seed: int) -> None:
        """A line of the log, and the first example of the batch in sound and pictures.

        Args:
          record: the line.
          batch: inputs of the graph by name.
          seed: of the noise.
        """
        if not has_tensorboard():
            return
        step = record["step"]
        if self._writer is None:
            self.folder.mkdir(exist_ok=True)
            name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.v2"
            self._writer = tf.io.TFRecordWriter(str(self.folder / name))
            self._put(_Event(file_version="brain.Event:2"))
            # What an earlier process wrote from this step on is done again: TensorBoard then forgets it.
            self._put(_Event(step=step, session_log=tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)))
        numbers = {f"losses/{name}": value for name, value in record["losses"].items()}
        numbers |= {name: record[name] for name in ("gradient_norm", "learning_rate", "skipped")}
        values = [_Summary.Value(tag=name, simple_value=x) for name, x in numbers.items() if x is not None]
        self._put(_Event(step=step, summary=_Summary(value=values + self._signals(batch, seed))))
        self._writer.flush()

    def close(self) -> None:
        """Closes the file."""
        if self._writer is not None:
            self._writer.close()

    def _put(self, event: Any) -> None:
        assert self._writer is not None
        event.wall_time = time.time()
        self._writer.write(event.SerializeToString())

    def _signals(self, batch: Mapping[str, tf.Tensor], seed: int) -> list[Any]:
        """Every sound and every pitch among inputs and outputs."""
        graph, found = self.model.graph, []
        one = {name: x[:1] for name, x in batch.items()}
        values = {f"input/{i.name}": (i.signal, one[i.name]) for i in graph.inputs if i.name in one}
        if graph.outputs and set(one) >= set(self.model.input_specs(graph, [ref for _, ref in graph.outputs])):
            made = self.model(one, seed=seed)
            values |= {f"output/{name}": (graph.types[ref], made[name]) for name, ref in graph.outputs}
        for name, (signal, tensor) in values.items():
            if signal.rate is Rate.AUDIO and signal.rank == 2 and signal.voices is None:
                found += [self._sound(name, tensor), _picture(f"{name}/spectrogram", spectrogram_image(tensor))]
            elif signal.unit is Unit.HZ:
                curve = tensor.numpy()[0, :, 0]
                found.append(_picture(name, pitch_image(curve, graph.clock.sample_rate or 16_000)))
        return found

    def _sound(self, name: str, audio: tf.Tensor) -> Any:
        rate = self.model.graph.clock.sample_rate
        text = tf.audio.encode_wav(tf.clip_by_value(audio[0], -1.0, 1.0)[:, None], rate).numpy()
        sound = _Summary.Audio(
            sample_rate=rate,
            num_channels=1,
            length_frames=int(tf.shape(audio)[1]),
            encoded_audio_string=text,
            content_type="audio/wav",
        )
        return _Summary.Value(tag=name, audio=sound)


def spectrogram_image(audio: tf.Tensor) -> np.ndarray:
    """uint8 [bins, frames]: the magnitudes of audio [1, samples], the loudest white, 80 dB less and NaN black."""
    magnitudes = dsp.compute_mag(audio, size=_FFT_SIZE, overlap=0.75).numpy()[0].T[::-1]
    level_db = 20.0 * np.log10(np.maximum(np.nan_to_num(magnitudes, posinf=0.0), 10.0 ** (_SILENCE_DB / 20.0)))
    loudest_db = max(level_db.max(), _SILENCE_DB + _DYNAMIC_RANGE_DB)  # silence is black, not its own loudest
    return _grey((level_db - loudest_db) / _DYNAMIC_RANGE_DB + 1.0)


def pitch_image(f0_hz: np.ndarray, sample_rate: int) -> np.ndarray:
    """uint8 [rows, frames]: a white curve, octaves of one height, from 27.5 Hz to the Nyquist frequency."""
    f0_hz = np.nan_to_num(f0_hz, posinf=0.0)
    octaves = np.log2(sample_rate / 2 / _LOWEST_HZ)
    height = np.log2(np.maximum(f0_hz, _LOWEST_HZ) / _LOWEST_HZ) / octaves
    rows = np.clip(np.rint((1.0 - height) * (_CURVE_ROWS - 1)), 0, _CURVE_ROWS - 1).astype(int)
    image = np.zeros((_CURVE_ROWS, len(f0_hz)))
    image[rows, np.arange(len(f0_hz))] = np.where(f0_hz > 0, 1.0, 0.0)
    return _grey(image)


def _grey(x: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(x, 0.0, 1.0) * 255).astype(np.uint8)


def _picture(name: str, image: np.ndarray) -> Any:
    rows, columns = image.shape
    text = tf.io.encode_png(image[..., None]).numpy()
    return _Summary.Value(
        tag=name, image=_Summary.Image(height=rows, width=columns, colorspace=1, encoded_image_string=text)
    )
