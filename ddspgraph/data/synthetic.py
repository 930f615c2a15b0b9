"""Notes that nobody played: random controls and the sound that a harmonic and a noise synthesizer make of them.

As in magenta/ddsp's synthetic data, each example comes with the controls that it was made of, so that an encoder can be
taught what no recording tells. An example is a function of (seed, position): there is no end to them, and no file.

Source: Engel et al., "Self-supervised pitch detection by inverse audio synthesis" (ICML workshop, 2020), section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ddspgraph import dsp
from ddspgraph.data.manifest import FEATURES, Feature
from ddspgraph.data.settings import level_frame_size
from ddspgraph.data.source import Arrays, Source
from ddspgraph.diagnostics import fail
from ddspgraph.ir.graph import Clock, Graph
from ddspgraph.ir.types import Rate, Unit

_LOWEST_MIDI, _HIGHEST_MIDI = 24.0, 84.0
#: Of raw controls, before exp_sigmoid: the range of loudness, of tilt over all harmonics, and of noise bands.
_RAW_AMPLITUDE, _RAW_TILT, _RAW_NOISE = (-2.0, 2.0), (2.0, 20.0), (-10.0, -1.0)
_RAW_SPREAD = 2.0
_EXAMPLE_S = 4.0
#: What names random notes where a dataset is asked for.
SYNTHETIC = "synthetic"
_VIBRATO_SEMITONES, _VIBRATO_HZ = 0.5, (4.0, 7.0)
#: What keeps "eval" apart from "train".
_EVAL_KEY = 1 << 63


@dataclass(frozen=True)
class SyntheticNotes(Source):
    """Endless examples of random notes.

    Besides the features of recordings: `harm_amp`, `harm_dist`, `noise_magnitudes`, `sin_freqs`, `sin_amps`, frame
    by frame. In silence f0_hz, f0_confidence and all amplitudes are 0.

    Attributes:
      clock: rates; `n_samples` is the length of an example.
      n_harmonics: of the harmonic synthesizer.
      n_noise_bands: of the noise.
      note_secs: shortest and longest note.
      silent_share: how many notes are rests.
      vibrato_share: how many notes have vibrato.
    """

    clock: Clock
    n_harmonics: int = 100
    n_noise_bands: int = 65
    note_secs: tuple[float, float] = (0.16, 0.8)
    silent_share: float = 0.1
    vibrato_share: float = 0.5

    @property
    def features(self) -> Mapping[str, Feature]:  # type: ignore[override]
        n_harmonics = self.n_harmonics
        return {
            **FEATURES,
            "harm_amp": Feature(Rate.FRAME, Unit.LINEAR),
            "harm_dist": Feature(Rate.FRAME, Unit.LINEAR, n_harmonics),
            "noise_magnitudes": Feature(Rate.FRAME, Unit.LINEAR, self.n_noise_bands),
            "sin_freqs": Feature(Rate.FRAME, Unit.HZ, n_harmonics),
            "sin_amps": Feature(Rate.FRAME, Unit.LINEAR, n_harmonics),
        }

    def at(self, names: Sequence[str], positions: np.ndarray, *, split: str, seed: int) -> Arrays:
        """As in `Source`: the examples of one seed and position are always the same."""
        made = [self._controls(int(position), split, seed) for position in positions]
        arrays = {name: np.stack([controls[name] for controls in made]) for name in made[0]}
        harmonics = np.arange(1, self.n_harmonics + 1, dtype=np.float32)
        arrays["sin_freqs"] = arrays["f0_hz"] * harmonics
        arrays["sin_amps"] = arrays["harm_amp"] * arrays["harm_dist"]
        arrays["f0_confidence"] = (arrays["f0_hz"] > 0).astype(np.float32)
        if {"audio", "loudness_db", "power_db"} & set(names):
            arrays |= self._sound(arrays, positions, seed)
        return {name: arrays[name] for name in names}

    def _controls(self, position: int, split: str, seed: int) -> Arrays:
        """The controls of one example: notes one after the other, the last one cut."""
        key = np.array([seed % (1 << 63) + (_EVAL_KEY if split == "eval" else 0), position], np.uint64)
        rng = np.random.Generator(np.random.Philox(key=key))
        frame_rate, n_frames = float(self.clock.frame_rate or 1), self.clock.n_frames or 0
        notes: list[Arrays] = []
        made = 0
        while made < n_frames:
            length = max(1, round(_between(rng, self.note_secs) * frame_rate))
            notes.append(self._note(rng, length))
            made += length
        return {name: np.concatenate([note[name] for note in notes])[:n_frames] for name in notes[0]}

    def _note(self, rng: np.random.Generator, n: int) -> Arrays:
        is_silent, has_vibrato = rng.random() < self.silent_share, rng.random() < self.vibrato_share
        t = np.arange(n) / float(self.clock.frame_rate or 1)
        depth = _VIBRATO_SEMITONES * rng.random() * has_vibrato
        wave = np.sin(2 * np.pi * (_between(rng, _VIBRATO_HZ) * t + rng.random()))
        midi = _between(rng, (_LOWEST_MIDI, _HIGHEST_MIDI)) + depth * wave
        k = np.arange(self.n_harmonics) / self.n_harmonics
        ends = [_spread(rng, self.n_harmonics) - _between(rng, _RAW_TILT) * k for _ in range(2)]
        f0_hz = 440.0 * 2.0 ** ((midi[:, None] - 69.0) / 12.0)
        below_nyquist = f0_hz * np.arange(1, self.n_harmonics + 1) < (self.clock.sample_rate or 0) / 2
        shares = _exp_sigmoid(_blend(rng, *ends, n)) * below_nyquist
        amplitude = _exp_sigmoid(_blend(rng, *(np.array([_between(rng, _RAW_AMPLITUDE)]) for _ in range(2)), n))
        bands = [_between(rng, _RAW_NOISE) + _spread(rng, self.n_noise_bands) for _ in range(2)]
        note = {
            "f0_hz": f0_hz,
            "harm_amp": amplitude,
            "harm_dist": shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-7),
            "noise_magnitudes": _exp_sigmoid(_blend(rng, *bands, n)),
        }
        sounds = {name: x * (not is_silent or name == "harm_dist") for name, x in note.items()}
        return {name: x.astype(np.float32) for name, x in sounds.items()}

    def _sound(self, arrays: Arrays, positions: np.ndarray, seed: int) -> Arrays:
        import tensorflow as tf

        clock, n_samples = self.clock, self.clock.n_samples or 0
        with tf.device("CPU"):
            tones = dsp.harmonic_synthesis(
                arrays["f0_hz"],
                arrays["harm_amp"],
                harmonic_distribution=arrays["harm_dist"],
                n_samples=n_samples,
                sample_rate=clock.sample_rate or 0,
            )
            noises = [dsp.uniform_noise(n_samples, seed, start=int(p) * n_samples) for p in positions]
            audio = tones + dsp.frequency_filter(tf.concat(noises, axis=0), arrays["noise_magnitudes"])
            rates, size = (clock.sample_rate or 0, clock.frame_rate or 0), level_frame_size(clock.hop_samples or 0)
            loudness_db = dsp.compute_loudness(audio, *rates, n_fft=size)
            power_db = dsp.compute_power(audio, *rates, frame_size=size)
        n_frames = clock.n_frames  # centred frames are one more
        levels = {"loudness_db": loudness_db, "power_db": power_db}
        return {"audio": audio.numpy(), **{name: x.numpy()[:, :n_frames, None] for name, x in levels.items()}}


def notes_for(graph: Graph) -> SyntheticNotes:
    """Random notes with the clock of a graph, and as many harmonics and noise bands as its inputs want.

    Examples have the nominal duration of the clock, 4 s where it says none.

    Raises:
      GraphError: E611 a graph without a frame rate.
    """
    clock = graph.clock
    if clock.sample_rate is None or clock.hop_samples is None:
        raise fail("E611", "the graph has no frame rate: no notes can be made for it", clock.span)
    n_samples = clock.n_samples or round(_EXAMPLE_S * clock.sample_rate / clock.hop_samples) * clock.hop_samples
    wanted = {i.name: i.signal.dims[-1].size for i in graph.inputs}
    notes = SyntheticNotes(replace(clock, n_samples=n_samples))
    for name in ("harm_dist", "sin_freqs", "sin_amps"):
        notes = replace(notes, n_harmonics=wanted.get(name) or notes.n_harmonics)
    return replace(notes, n_noise_bands=wanted.get("noise_magnitudes") or notes.n_noise_bands)


def _between(rng: np.random.Generator, ends: tuple[float, float]) -> float:
    return ends[0] + (ends[1] - ends[0]) * rng.random()


def _spread(rng: np.random.Generator, n: int) -> np.ndarray:
    return _RAW_SPREAD * (2 * rng.random(n) - 1)


def _blend(rng: np.random.Generator, begin: np.ndarray, end: np.ndarray, n: int) -> np.ndarray:
    """From one vector to another in n frames, early or late, [n, channels]."""
    share = np.linspace(0.0, 1.0, n)[:, None] ** 2.0 ** (2 * rng.random() - 1)
    return begin + (end - begin) * share


def _exp_sigmoid(x: np.ndarray) -> np.ndarray:
    """Raw controls to amplitudes from 0 to 2, as the op `exp_sigmoid`."""
    return 2.0 / (1.0 + np.exp(-x)) ** np.log(10.0) + 1e-7
