"""Equalisers: a peak, shelves, and many bands at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Range, Way
from ddspgraph.ir.op import Advice
from ddspgraph.ir.ports import audio, const
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import np, tf
from ddspgraph.ops.recursive import RecursiveFilter, cutoff_port, disorder, list_length

_GAIN_DOC = "Boost (above 0 dB) or cut (below), up to 120 dB."


class _Band(RecursiveFilter):
    """One section with a frequency, a gain and a Q."""

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "frequency": cutoff_port("Where it is; may move at any rate. Kept between 1e-6 and 0.499 of the sample rate."),
        "gain": cutoff_port(_GAIN_DOC, Unit.DB),
        "q": cutoff_port("Sharpness, 0.01 to 1000. Open: 0.7071.", Unit.ANY, optional=True),
    }

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [2]

    def most_gain(self, given: Mapping[str, Range]) -> float:
        """A shelf that is sharper than a Butterworth overshoots."""
        overshoots = not isinstance(self, Peaking) and "q" in given and np.max(given["q"].high) > dsp.BUTTERWORTH_Q
        return math.inf if overshoots else max(1.0, 10.0 ** (float(np.max(given["gain"].high)) / 20.0))

    def _controls(self, controls: Mapping[str, Any], dtype: Any) -> tuple[Any, Any]:
        """g and k."""
        q = controls.get("q", dsp.BUTTERWORTH_Q)
        return dsp.warped(controls["frequency"], self.rate_hz(), dtype), dsp.damping(q, dtype)

    def _shelf(self, controls: Mapping[str, Any], dtype: Any, *, high: bool) -> list[dsp.Section]:
        a, root_a = (dsp.amplitude(controls["gain"] * share, dtype) for share in (1.0, 0.5))
        return [dsp.shelf_section(*self._controls(controls, dtype), a, root_a, high=high)]


class Peaking(_Band):
    """Boosts or cuts around a frequency by a gain, and leaves what is far away as it is: one band of an equaliser.

    Source: R. Bristow-Johnson, Audio EQ Cookbook.
    """

    words = ("eq", "equalizer", "equaliser", "bell", "parametric", "peak filter", "peq", "boost frequency")

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        return [dsp.peaking_section(*self._controls(controls, dtype), dsp.amplitude(controls["gain"], dtype))]


class LowShelf(_Band):
    """Boosts or cuts all that lies below a frequency by a gain; at the frequency it is half of the decibels.

    Source: R. Bristow-Johnson, Audio EQ Cookbook.
    """

    words = ("bass", "bass control", "bass boost", "shelving", "tone control")

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        return self._shelf(controls, dtype, high=False)


class HighShelf(_Band):
    """Boosts or cuts all that lies above a frequency by a gain; at the frequency it is half of the decibels.

    Source: R. Bristow-Johnson, Audio EQ Cookbook.
    """

    words = ("treble", "treble control", "air", "presence", "de emphasis")

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        return self._shelf(controls, dtype, high=True)


class ParametricEq(RecursiveFilter):
    """Peaks in series, as many as the lists have numbers: an equaliser whose bands may move at any rate.

    Bands that do not move are one product, however many they are.

    Source: R. Bristow-Johnson, Audio EQ Cookbook.
    """

    words = ("multiband eq", "eq bands", "learned eq", "tone matching", "room correction", "dynamic eq")

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "frequency": cutoff_port("Of each band; kept between 1e-6 and 0.499 of the sample rate.", each="bands"),
        "gain": cutoff_port(_GAIN_DOC, Unit.DB, each="bands"),
        "q": cutoff_port("Sharpness of each band, 0.01 to 1000. Open: 0.7071.", Unit.ANY, optional=True, each="bands"),
    }

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        list_length(signals, "frequency")
        return super().infer(signals)

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        g, a = dsp.warped(controls["frequency"], self.rate_hz(), dtype), dsp.amplitude(controls["gain"], dtype)
        k = dsp.damping(controls.get("q", dsp.BUTTERWORTH_Q), dtype) + 0.0 * a
        return [dsp.peaking_section(g[..., i], k[..., i], a[..., i]) for i in range(g.shape[-1])]

    def most_gain(self, given: Mapping[str, Range]) -> float:
        return float(np.prod(np.maximum(1.0, 10.0 ** (np.asarray(given["gain"].high) / 20.0))))

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [2] * list_length(signals, "frequency")


class GraphicEq(RecursiveFilter):
    """Sliders: a gain for each of many fixed bands, which the sound has at their centres, whatever their neighbours do.

    The peaks of the bands leak into each other; by how much is solved for, by least squares, with gradients. Of
    gains within 12 dB the centres have theirs within 1 dB, and what lies halfway between two their mean within 1.5.

    Source: V. Valimaki, J. Liski, "Accurate cascade graphic equalizer" (IEEE Signal Processing Letters 24(2), 2017).
    """

    words = (
        "graphic equalizer", "graphic equaliser", "sliders", "octave bands", "third octave", "10 band eq", "31 band eq",
        "geq", "tone curve",
    )  # fmt: skip

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "gain": cutoff_port("At the centre of each band, within 24 dB.", Unit.DB, each="bands"),
        "frequency": const(
            "bands",
            unit=Unit.HZ,
            optional=True,
            doc="The centres, in order. Open: evenly from 31.25 Hz to 16 kHz, octaves where there are 10.",
        ),
    }

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        list_length(signals, "gain")
        return super().infer(signals)

    def is_moving(self, controls: Mapping[str, Any]) -> bool:
        return controls["gain"].shape[1] != 1

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        """Nothing is known: how far peaks go beyond the gains depends on their neighbours."""
        return {}

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        gain = controls["gain"]
        frequency = controls.get("frequency")
        if frequency is None:
            frequency = tf.constant([_evenly(gain.shape[-1])], tf.float32)
        return dsp.graphic_sections(dsp.warped(frequency, self.rate_hz(), tf.float64)[:, tf.newaxis], gain, dtype)

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [2] * list_length(signals, "gain")

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W116 also where the centres are those of no list; W133 where they are not in order."""
        found = [*super().advise(signals, values, sizes), *disorder(values.get("frequency"), "frequency")]
        highest_hz = max(_evenly(list_length(signals, "gain")), default=0.0)
        if "frequency" not in signals and self.sample_rate and highest_hz >= self.sample_rate / 2.0:
            message = f"the centres go up to {highest_hz:g} Hz, and sound to {self.sample_rate / 2.0:g} Hz"
            found.append(Advice("W116", message, "gain", "write the centres as `frequency`"))
        return found

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        n = shapes["gain"][-1]
        positions = math.prod(shapes["gain"][:2]) if self._is_moving_at(shapes) else 1
        return super().multiply_adds(shapes) + positions * 3 * n * (2 * n - 1) * (costs.FUNCTION + costs.PASS)

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        moving = 6 * (2 * shapes["gain"][-1] - 1) * math.prod(shapes["gain"][:2])
        return super().workspace(shapes) + (moving if self._is_moving_at(shapes) else 0)


def _evenly(bands: int) -> list[float]:
    """Centres from 31.25 Hz to 16 kHz; 1 kHz where there is one."""
    return [1000.0] if bands == 1 else [31.25 * 512.0 ** (i / (bands - 1)) for i in range(bands)]
