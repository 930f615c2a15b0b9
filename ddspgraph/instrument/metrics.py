"""How far a rendered sound is from the recording: as magenta/ddsp's evaluators measure it, and as auraloss does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ddspgraph.data.notes import hz_to_midi
from ddspgraph.instrument.lufs import integrated_loudness
from ddspgraph.losses.resolutions import multi_resolution_stft_loss
from ddspgraph.losses.waveforms import si_sdr_loss

#: A frame of a recording whose pitch is less sure than this is not compared.
SURE = 0.85
_ACCURATE_SEMITONES = 0.5
#: Distances of sounds that are measured where they are asked for.
SOUND_METRICS = ("si_sdr", "mr_stft", "lufs")


@dataclass
class Metrics:
    """Means over examples, gathered one by one.

    Attributes:
      examples: how many.
      outliers: examples in whose recording no frame has a sure pitch: nothing is compared there.
    """

    examples: int = 0
    outliers: int = 0
    _values: dict[str, list[float]] = field(default_factory=dict)

    def add_losses(self, losses: dict[str, float], count: int) -> None:
        """Losses that are means over so many examples."""
        for name, value in losses.items():
            self._values.setdefault(f"loss_{name}", []).extend([value] * count)

    def add_loudness(self, recorded_db: np.ndarray, rendered_db: np.ndarray) -> None:
        """Loudness of one example, both [frames]."""
        self._add("loudness_l1_db", float(np.mean(np.abs(recorded_db - rendered_db), dtype=np.float64)))

    def add_pitch(self, recorded_hz: np.ndarray, confidence: np.ndarray, rendered_hz: np.ndarray) -> None:
        """Pitch of one example, all [frames]; compared where the recording's is sure."""
        sure = (confidence >= SURE) & (recorded_hz > 0)
        if not sure.any():
            self.outliers += 1
            return
        off = np.abs(hz_to_midi(rendered_hz[sure]) - hz_to_midi(recorded_hz[sure]))
        self._add("f0_l1_semitones", float(off.mean()))
        self._add("f0_within_50_cents", float(np.mean(off <= _ACCURATE_SEMITONES)))

    def add_sounds(self, recorded: np.ndarray, rendered: np.ndarray, sample_rate: float, names: Sequence[str]) -> None:
        """Some of `SOUND_METRICS` of one example, both [samples], or [samples, channels]; as long as the shorter."""
        n = min(len(recorded), len(rendered))
        both = [np.reshape(x[:n], [n, -1]).T for x in (recorded, rendered)]  # [channels, samples]
        if "si_sdr" in names:
            self._add("si_sdr_db", -float(si_sdr_loss(*both)))
        if "mr_stft" in names:
            self._add("mr_stft", float(multi_resolution_stft_loss(*both)))
        if "lufs" in names:
            loudness = [integrated_loudness(x.T, sample_rate) for x in both]
            self._add("lufs_recorded", loudness[0])
            self._add("lufs_rendered", loudness[1])
            self._add("lufs_l1", abs(loudness[0] - loudness[1]))

    def results(self) -> dict[str, float]:
        """Name -> mean over the examples; `f0_outlier_rate` is the share of outliers."""
        found = {name: float(np.mean(values)) for name, values in self._values.items()}
        if self.outliers or "f0_l1_semitones" in found:
            found["f0_outlier_rate"] = self.outliers / max(self.examples, 1)
        return found

    def _add(self, name: str, value: float) -> None:
        self._values.setdefault(name, []).append(value)
