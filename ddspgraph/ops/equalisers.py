"""Equalisers: a peak, shelves, and many bands at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir.gains import Range
from ddspgraph.ir.ports import Mismatch, audio, const
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import np
from ddspgraph.ops.recursive import RecursiveFilter, cutoff_port

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
    """Peaks in series, as many as the lists have numbers: an equaliser of constant or learned bands, in one product.

    Bands that move are `peaking` nodes, one after the other.

    Source: R. Bristow-Johnson, Audio EQ Cookbook.
    """

    words = ("multiband eq", "graphic eq", "eq bands", "learned eq", "tone matching", "room correction")

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "frequency": const("bands", unit=Unit.HZ, doc="Of each band; kept between 1e-6 and 0.499 of the sample rate."),
        "gain": const("bands", unit=Unit.DB, doc=_GAIN_DOC),
        "q": const("bands", doc="Sharpness of each band, 0.01 to 1000. Open: 0.7071.", optional=True),
    }

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        self.orders(signals)
        return super().infer(signals)

    def is_moving(self, controls: Mapping[str, Any]) -> bool:
        return False

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        g, a = dsp.warped(controls["frequency"], self.rate_hz(), dtype), dsp.amplitude(controls["gain"], dtype)
        k = dsp.damping(controls.get("q", dsp.BUTTERWORTH_Q), dtype) + 0.0 * a
        bands = [slice(i, i + 1) for i in range(controls["frequency"].shape[1])]
        return [dsp.peaking_section(g[:, band], k[:, band], a[:, band]) for band in bands]

    def most_gain(self, given: Mapping[str, Range]) -> float:
        return float(np.prod(np.maximum(1.0, 10.0 ** (np.asarray(given["gain"].high) / 20.0))))

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        frequency = signals["frequency"]
        if frequency.rank == 2 and frequency.dims[1].size is None:
            message = "the number of bands must be known, {source} is " + frequency.shape_text
            raise Mismatch("E414", "frequency", message, "write a number in its `shape`, such as `shape: [8]`")
        return [2] * (frequency.dims[1].size or 0) if frequency.rank == 2 else []
