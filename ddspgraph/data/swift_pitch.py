"""swift-f0 on recordings of any level: it hears them at full scale, and what it cannot know is refused.

swift-f0 reads a spectrogram on an absolute scale: of a guitar at full scale half the frames are pitched, of the same
guitar 50 dB below, 5 %. So it hears a copy that is scaled by the peak so far, which a stream knows as well as a
recording does: both have the same pitch. Levels are never changed by it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from ddspgraph.diagnostics import fail
from ddspgraph.installation import install_command

#: The range of swift-f0, in Hz.
LOWEST_HZ, HIGHEST_HZ = 46.875, 2093.75
#: Confidence from which a frame counts as pitched; swift-f0 is calibrated to 0.5.
VOICED = 0.5
_RATE, _HOP = 16_000, 256
#: How many estimates before and after one its receptive field of 2,815 samples each way touches.
_BEFORE, _AFTER = 11, 10
#: A recording whose peak is below -70 dBFS is silence, and left as it is.
_LEAST_PEAK = 10.0 ** (-70 / 20)
#: The scale follows the peak so far in steps of 1 dB: each takes a call, and a crescendo would take one an estimate.
_STEP = 10.0 ** (1 / 20)

# A tone above the range is tracked an octave low: no energy is then where its fundamental is said to be.
_SPECTRUM = 2_048
_LEAST_SHARE_IN_RANGE = 0.05
_MARGIN = 1.03  # of a fundamental at the upper end, whose energy spreads over the neighbouring bins

# Mains hum: near a harmonic of 50 or 60 Hz, steady for half a second, and quiet.
_MAINS_HZ = np.array([k * hz for hz in (50.0, 60.0) for k in (1, 2, 3, 4)])
_HUM_ESTIMATES, _HUM_CENTS, _HUM_SPREAD_CENTS, _HUM_SPREAD_DB, _HUM_BELOW_DB = 31, 20.0, 40.0, 3.0, -36.0

# A jump of octaves that no change of loudness goes with, and that is taken back.
_SHORT = 8  # estimates of 16 ms
_NEAR = 32
_FAR_SEMITONES, _GLIDE_SEMITONES, _ONSET_DB = 10.0, 1.0, 3.0


@dataclass(frozen=True)
class Estimates:
    """f0_hz, confidence and level in dB over full scale, every 16 ms from `first` on: each float64 [estimates]."""

    first: int
    f0_hz: np.ndarray
    confidence: np.ndarray
    level_db: np.ndarray

    def __len__(self) -> int:
        return len(self.f0_hz)

    def __add__(self, other: Estimates) -> Estimates:
        mine, theirs = (self.f0_hz, self.confidence, self.level_db), (other.f0_hz, other.confidence, other.level_db)
        first = self.first if len(self) else other.first
        return Estimates(first, *(np.concatenate(pair) for pair in zip(mine, theirs, strict=True)))

    def __getitem__(self, at: slice) -> Estimates:
        begin = range(len(self))[at].start
        return Estimates(self.first + begin, self.f0_hz[at], self.confidence[at], self.level_db[at])

    @property
    def track(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Times in s, f0_hz, confidence."""
        return (self.first + np.arange(len(self))) * (_HOP / _RATE), self.f0_hz, self.confidence


NOTHING = Estimates(0, np.zeros(0), np.zeros(0), np.zeros(0))


def detector() -> Any:
    """swift-f0, on one core. Raises GraphError E608 where it is not installed."""
    try:
        import swift_f0
    except ImportError:
        hint = install_command("f0")
        raise fail("E608", "pitch is tracked by swift-f0, which is not installed", hint=hint) from None
    return swift_f0.SwiftF0(threads=1, spin=False)


class SwiftStream:
    """Estimates of audio that comes in pieces; how it is cut into pieces changes nothing.

    Each is made at the peak of what its receptive field and all before it hold.

    Args:
      sample_rate: of the audio, in Hz.

    Raises:
      GraphError: E608 where swift-f0 is not installed.
    """

    def __init__(self, sample_rate: int) -> None:
        self._detector = detector()
        self._resampler: Any = None
        if sample_rate != _RATE:
            import soxr

            self._resampler = soxr.ResampleStream(sample_rate, _RATE, 1, dtype="float32")
        self._peak = 0.0
        self._audio, self._base, self._made = np.zeros(0, np.float32), 0, 0

    def push(self, audio: np.ndarray) -> Estimates:
        """Those that this audio, float [samples], makes known: an estimate looks 160 to 176 ms ahead."""
        self._add(np.asarray(audio, np.float32), last=False)
        return self._emit(len(self._audio) // _HOP - _AFTER)

    def flush(self) -> Estimates:
        """Those of the end."""
        self._add(np.zeros(0, np.float32), last=True)
        is_short = not self._base and 0 < len(self._audio) < _HOP
        return self._emit(1 if is_short else len(self._audio) // _HOP)

    def _add(self, audio: np.ndarray, last: bool) -> None:
        if self._resampler is not None:
            audio = self._resampler.resample_chunk(audio, last=last)
        self._audio = np.concatenate([self._audio, audio])

    def _emit(self, end: int) -> Estimates:
        begin = self._made - self._base
        if end <= begin:
            return NOTHING
        peaks = self._peaks(begin, end)
        cuts = [begin, *(begin + 1 + np.flatnonzero(np.diff(peaks))).tolist(), end]
        parts = [self._detect(a, b, float(peaks[a - begin])) for a, b in itertools.pairwise(cuts)]
        found = Estimates(self._made, *(np.concatenate(rows) for rows in zip(*parts, strict=True)))
        self._peak, self._made = float(peaks[-1]), self._base + end
        dropped = max(self._made - _BEFORE, 0) - self._base
        self._audio, self._base = self._audio[dropped * _HOP :], self._base + dropped
        return found

    def _peaks(self, begin: int, end: int) -> np.ndarray:
        """The peak at which each estimate is made, to within a step."""
        heard = [np.max(np.abs(self._audio[: (begin + 1 + _AFTER) * _HOP]), initial=0.0)]
        heard += [np.max(np.abs(self._audio[i * _HOP : (i + 1) * _HOP]), initial=0.0)
                  for i in range(begin + 1 + _AFTER, end + _AFTER)]  # fmt: skip
        followed = itertools.accumulate(heard, lambda last, x: x if x > _STEP * last else last, initial=self._peak)
        return np.array(list(followed)[1:])

    def _detect(self, begin: int, end: int, peak: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        gain = 1.0 / peak if peak >= _LEAST_PEAK else 1.0
        first = max(begin - _BEFORE, 0)
        window = self._audio[first * _HOP : (end + _AFTER) * _HOP] * np.float32(gain)
        found = self._detector.detect(window, _RATE)
        chosen = slice(begin - first, end - first)
        f0_hz, confidence = found.pitch_hz[chosen].copy(), found.confidence[chosen].copy()
        above = self._is_above(begin, f0_hz, confidence)
        f0_hz[above], confidence[above] = np.inf, 0.0
        return f0_hz, confidence, found.loudness_db[chosen] - 20 * np.log10(gain)

    def _is_above(self, begin: int, f0_hz: np.ndarray, confidence: np.ndarray) -> np.ndarray:
        """Which estimates are of a sound that is higher than the tracker can tell."""
        above = np.zeros(len(f0_hz), bool)
        frequencies, window = np.fft.rfftfreq(_SPECTRUM, 1 / _RATE), np.hanning(_SPECTRUM)
        for i in np.flatnonzero((confidence >= VOICED) & (f0_hz > HIGHEST_HZ / 3)):
            middle = (begin + i) * _HOP
            block = self._audio[max(middle - _SPECTRUM // 2, 0) : middle + _SPECTRUM // 2]
            power = np.abs(np.fft.rfft(block * window[: len(block)], _SPECTRUM)) ** 2
            power = np.where(frequencies > 0.8 * f0_hz[i], power, 0.0)
            above[i] = power[frequencies <= _MARGIN * HIGHEST_HZ].sum() < _LEAST_SHARE_IN_RANGE * power.sum()
        return above


def judged(raw: Estimates) -> Estimates:
    """Estimates without mains hum and without short jumps of octaves: refused ones have confidence 0.

    Each is judged by itself and the half second around it.
    """
    f0_hz, confidence = raw.f0_hz.copy(), raw.confidence.copy()
    confidence[_is_hum(raw)] = 0.0
    for begin, end, pitch_hz in _jumps(f0_hz, confidence, raw.level_db):
        f0_hz[begin:end], confidence[begin:end] = pitch_hz, 0.0
    return Estimates(raw.first, f0_hz, confidence, raw.level_db)


def _is_hum(raw: Estimates) -> np.ndarray:
    """Steady, quiet, and at a frequency of the mains, as far back as half a second."""
    voiced = raw.confidence >= VOICED
    f0_hz = np.where(voiced, raw.f0_hz, _MAINS_HZ[0])
    cents = 1200 * np.log2(f0_hz[:, None] / _MAINS_HZ)
    nearest = np.argmin(np.abs(cents), axis=1)
    hum = np.zeros(len(raw), bool)
    for i in np.flatnonzero(voiced & (raw.level_db < _HUM_BELOW_DB)):
        begin = max(i + 1 - _HUM_ESTIMATES, 0)
        chosen = begin + np.flatnonzero(voiced[begin : i + 1])
        off, level = cents[chosen, nearest[i]], raw.level_db[chosen]
        hum[i] = (
            abs(np.median(off)) <= _HUM_CENTS
            and np.max(np.abs(off)) <= _HUM_SPREAD_CENTS
            and np.ptp(level) <= _HUM_SPREAD_DB
        )
    return hum


def _jumps(f0_hz: np.ndarray, confidence: np.ndarray, level_db: np.ndarray) -> list[tuple[int, int, float]]:
    """(begin, end, the pitch before) of what is short, ten semitones or more off what lasts around it, and no onset."""
    runs = _runs(f0_hz, confidence)
    lasting = [run for run in runs if run[1] - run[0] > _SHORT]
    found = []
    for begin, end in runs:
        before = [run for run in lasting if begin - _NEAR <= run[1] <= begin]
        after = [run for run in lasting if end <= run[0] <= end + _NEAR]
        if end - begin > _SHORT or not before or begin < 3:
            continue
        pitch_hz = float(np.median(f0_hz[before[-1][0] : before[-1][1]][-_SHORT:]))
        around = [pitch_hz, *(float(np.median(f0_hz[a:b][:_SHORT])) for a, b in after[:1])]
        own = float(np.median(f0_hz[begin:end]))
        is_far = all(abs(12 * np.log2(own / other)) >= _FAR_SEMITONES for other in around)
        is_onset = np.max(level_db[begin:end]) >= np.min(level_db[begin - 3 : begin]) + _ONSET_DB
        if is_far and not is_onset:
            found.append((begin, end, pitch_hz))
    return found


def _runs(f0_hz: np.ndarray, confidence: np.ndarray) -> list[tuple[int, int]]:
    """Stretches that are pitched and glide by no more than a semitone from one estimate to the next."""
    voiced = confidence >= VOICED
    semitones = 12 * np.log2(np.where(voiced, f0_hz, 1.0))
    breaks = np.flatnonzero((np.diff(voiced) != 0) | (np.abs(np.diff(semitones)) > _GLIDE_SEMITONES)) + 1
    ends = [0, *breaks.tolist(), len(f0_hz)]
    return [(a, b) for a, b in itertools.pairwise(ends) if a < b and voiced[a]]


class JudgedStream:
    """A `SwiftStream` whose estimates are judged by those before them: none is later for it.

    Whether a jump of octaves will be short is not known while it lasts: its first estimates are always refused.
    """

    def __init__(self, sample_rate: int) -> None:
        self._stream, self._heard = SwiftStream(sample_rate), NOTHING

    def push(self, audio: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Times, f0_hz and confidence that this audio makes known."""
        return self._judge(self._stream.push(audio))

    def flush(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self._judge(self._stream.flush())

    def _judge(self, new: Estimates) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        found = NOTHING
        for i in range(len(new)):
            self._heard = (self._heard + new[i : i + 1])[-2 * _NEAR :]
            found += judged(self._heard)[-1:]
        return found.track
