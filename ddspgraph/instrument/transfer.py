"""Timbre transfer: the melody and the dynamics of one recording, played by a trained model.

Source: Engel et al., DDSP (ICLR 2020), section 5.4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ddspgraph.compiler.tail import with_tail
from ddspgraph.data.pitch import Tracker, swift_f0
from ddspgraph.diagnostics import fail
from ddspgraph.instrument.performance import Fit, Fitted, Frames, fit_performance
from ddspgraph.ir.types import Rate

if TYPE_CHECKING:
    from ddspgraph.instrument.instrument import Instrument
    from ddspgraph.ir.graph import Ref


#: The octave nearest to the training's, and its loudness.
NEAREST = Fit()


@dataclass(frozen=True)
class Transferred:
    """The sound, float32 [samples] at the rate of the model, and how the performance was fitted.

    Attributes:
      values: all that was asked for, by name, with its batch axis; what is at audio rate is as long as the recording.
    """

    audio: np.ndarray
    fitted: Fitted
    values: Mapping[str, np.ndarray]


def transfer(
    instrument: Instrument,
    audio: np.ndarray,
    fit: Fit = NEAREST,
    *,
    tracker: Tracker = swift_f0,
    seed: int = 0,
    parts: Mapping[str, Ref] = MappingProxyType({}),
    tail_samples: int | None = 0,
) -> Transferred:
    """Plays a recording on another instrument.

    >>> violin = open_instrument("run")
    >>> sung = read_audio("voice.wav", violin.graph.clock.sample_rate)
    >>> write_audio("violin.wav", transfer(violin, sung).audio, violin.graph.clock.sample_rate)

    Args:
      instrument: the trained model.
      audio: the recording at the model's sample rate, float [samples].
      fit: how pitch and loudness are fitted to the instrument.
      tracker: of pitch.
      seed: of the noise.
      parts: further values of the graph, under names of the caller's; of an export its outputs alone.
      tail_samples: how much longer it rings, in whole frames, as by `with_tail`; None: as long as its responses are.

    Raises:
      GraphError: E611 a graph without a frame rate; E603 an input that no recording has; E608 without a tracker;
        E605 a tail of an export, which cannot be changed; E708 a recording that needs too much memory.
    """
    from ddspgraph.data.analysis import features_of

    clock = instrument.graph.clock
    if clock.hop_samples is None or clock.frame_rate is None:
        raise fail("E611", "the graph has no frame rate: it takes no pitch and no loudness", clock.span)
    length: int | None = len(audio)
    if instrument.n_samples is not None:
        audio = _lengthened(audio, instrument.n_samples, clock.sample_rate or 1)
    features = features_of(audio, clock, tracker)
    fitted = fit_performance(features, instrument.statistics, float(clock.frame_rate), fit)
    inputs = {name: x[None, :, None] for name, x in fitted.features.items()}
    inputs["audio"] = _levelled(audio, features, fitted.features, clock.hop_samples)[None]
    given = {name: x for name, x in inputs.items() if name in instrument.graph.input_by_name}
    if tail_samples != 0:
        graph = instrument.graph.replace(outputs=(*instrument.graph.outputs, *parts.items()))
        longer, given = with_tail(graph, given, tail_samples)
        instrument, parts, length = instrument.on(longer), {}, None
    values = instrument.values(given, parts, seed)
    types = instrument.graph.types
    for name, x in values.items():
        ref = parts.get(name) or dict(instrument.graph.outputs)[name]
        values[name] = x[:, :length] if types[ref].rate is Rate.AUDIO else x
    return Transferred(values[str(instrument.audio_output)][0], fitted, values)


def _lengthened(audio: np.ndarray, n_samples: int, sample_rate: int) -> np.ndarray:
    """A recording with silence up to the one length that a model plays. Raises GraphError E605."""
    if len(audio) > n_samples:
        seconds = len(audio) / sample_rate
        message = f"the recording has {seconds:.3g} s, this export plays {n_samples / sample_rate:.3g}"
        hint = f"export it with --seconds {math.ceil(seconds)}, or with --streaming for any length"
        raise fail("E605", message, hint=hint)
    return np.pad(audio, (0, n_samples - len(audio)))


def _levelled(audio: np.ndarray, before: Frames, after: Frames, hop_samples: int) -> np.ndarray:
    """The recording, as loud as it was fitted to be: for models that measure power themselves.

    Padded with silence to whole frames, as the features are.
    """
    n_frames = len(before["power_db"])
    padded = np.pad(audio, (0, n_frames * hop_samples - len(audio)))
    change_db = after["power_db"] - before["power_db"]
    gain_db = np.interp(np.arange(len(padded)) / hop_samples, np.arange(n_frames), change_db)
    return (padded * 10.0 ** (gain_db / 20.0)).astype(np.float32)
