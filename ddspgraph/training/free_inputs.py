"""The inputs of a fit: what the recording is, what is measured of it, and what is free to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from ddspgraph.data.manifest import FEATURES
from ddspgraph.data.source import needed_inputs
from ddspgraph.diagnostics import did_you_mean, fail, quote
from ddspgraph.ir.graph import Graph, Input
from ddspgraph.ir.types import Rate, Signal, Unit

#: Channels of a free input whose number the graph leaves open.
_CHANNELS = 16
#: What the name of a pitch has in it; another frequency, such as `cutoff_hz`, is none.
_PITCH_WORDS = ("f0", "pitch", "note", "midi")


@dataclass(frozen=True)
class Roles:
    """The inputs that the losses and the outputs need, by what becomes of them.

    Attributes:
      recording: the one that is the recording.
      measured: features of the recording: pitch, loudness, power.
      given: by the caller.
      free: to be changed by the fit.
    """

    recording: str
    measured: tuple[str, ...]
    given: tuple[str, ...]
    free: tuple[Input, ...]


def roles(graph: Graph, recording: str | None, given: Mapping[str, np.ndarray]) -> Roles:
    """Tells the inputs apart.

    The recording is the audio input that only losses read, or the only audio input. Measured are inputs with the
    name and unit of a feature of a dataset, and one channel at frame rate in Hz or midi that is named as a pitch is.

    Args:
      recording: name of the recording's input, None to find it.
      given: values of other inputs.

    Raises:
      GraphError: E603 where the recording has no place, or audio is needed that is not given; E604 for a name that
        the graph does not have.
    """
    for name in (*given, *([recording] if recording else [])):
        if name not in graph.input_by_name:
            raise fail(
                "E604", f"the graph has no input {quote(name)}", hint=did_you_mean(name, list(graph.input_by_name))
            )
    heard = graph.ancestors(tuple(ref for _, ref in graph.outputs))
    needed = [i for i in graph.inputs if i in needed_inputs(graph) or i.name in heard]
    others = [i for i in needed if i.name not in given]
    audio = [i for i in others if i.signal.rate is Rate.AUDIO]
    if recording is None:
        only_losses = [i for i in audio if i.name not in heard]
        candidates = only_losses if len(only_losses) == 1 else audio
        if len(candidates) != 1:
            names = " and ".join(quote(i.name) for i in candidates)
            what = f"it could be {names}" if candidates else "no loss reads audio"
            raise fail("E603", f"which input is the recording? {what}", hint="--audio NAME=FILE")
        recording = candidates[0].name
    for i in audio:
        if i.name != recording:
            hint = f"--input {i.name}=FILE"
            raise fail("E603", f"the input {quote(i.name)} {i.signal} is audio: it must be given", i.span, hint=hint)
    rest = [i for i in others if i.name != recording]
    measured = tuple(i.name for i in rest if is_measured(i))
    return Roles(recording, measured, tuple(given), tuple(i for i in rest if i.name not in measured))


def is_measured(declared: Input) -> bool:
    """Whether an input is a feature of the recording."""
    signal, feature = declared.signal, FEATURES.get(declared.name)
    is_curve = signal.rate is Rate.FRAME and signal.dims[-1].size == 1 and signal.voices is None
    is_feature = feature is not None and feature.unit in (signal.unit, Unit.ANY)
    is_pitch = signal.unit in (Unit.HZ, Unit.MIDI) and any(word in declared.name.lower() for word in _PITCH_WORDS)
    return is_curve and (is_feature or is_pitch)


class FreeInput:
    """An input as a variable: `value()` is what the graph is given.

    A variable moves by about the learning rate in a step (Adam); `_SPAN` says how far the value moves with it. Levels
    move in decibels, frequencies in octaves, fractions by their log odds: no step leaves what the unit allows.
    """

    def __init__(self, declared: Input, sizes: Mapping[str, int]) -> None:
        """
        Args:
          sizes: of the axes: batch, frames, samples.
        """
        self.name, self.unit = declared.name, declared.signal.unit
        shape = [dim.at(sizes, _CHANNELS) for dim in declared.signal.outer_dims]
        self.variable = tf.Variable(tf.zeros(shape), name=f"inputs/{declared.name}")
        self._start = tf.constant(start(declared.signal, shape))

    def value(self) -> tf.Tensor:
        """Float32, the shape of the input with batch 1."""
        moved = _SPAN.get(self.unit, _PLAIN_SPAN) * tf.convert_to_tensor(self.variable)
        if self.unit in (Unit.HZ, Unit.SECONDS, Unit.MILLISECONDS):
            return self._start * tf.pow(2.0, moved)
        return tf.sigmoid(self._start + moved) if self.unit is Unit.LINEAR else self._start + moved


_PLAIN_SPAN = 50.0
_SPAN = {Unit.DB: 300.0, Unit.MIDI: 20.0, Unit.HZ: 2.0, Unit.SECONDS: 20.0, Unit.MILLISECONDS: 20.0, Unit.RADIANS: 20.0}
#: Where nothing is known: in the middle of what is usual.
_START = {Unit.DB: -30.0, Unit.MIDI: 60.0, Unit.SECONDS: 0.1, Unit.MILLISECONDS: 100.0, Unit.LINEAR: -2.0}
_LOWEST_HZ, _HIGHEST_HZ = 50.0, 5_000.0


def start(signal: Signal, shape: list[int]) -> np.ndarray:
    """First values, float32: frequencies spread evenly in octaves over the channels, all else constant."""
    if signal.unit is Unit.HZ:
        share = (np.arange(shape[-1]) + 0.5) / shape[-1]
        spread = _LOWEST_HZ * (_HIGHEST_HZ / _LOWEST_HZ) ** share
        return np.broadcast_to(spread, shape).astype(np.float32)
    return np.full(shape, _START.get(signal.unit, 0.0), np.float32)
