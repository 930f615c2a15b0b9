"""Two channels and more: where a sound stands, how wide it is, and which channels go into which."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir import costs
from ddspgraph.ir.gains import Bounded, Linear, Range, Way
from ddspgraph.ir.op import Op, Traits, param
from ddspgraph.ir.ports import audio, const
from ddspgraph.ir.types import Signal, Unit
from ddspgraph.lazy import np

_LAWS = ("-3 dB", "-4.5 dB", "-6 dB")


class Pan(Op):
    """Places a sound between left and right: y = [g(-p) x, g(p) x], p from -1, left, to 1, right.

    With u = (1 + p) / 2 the law of -3 dB has g = sin(u pi / 2): both sides together have the power of the sound at
    every place. That of -6 dB has g = u: both sides add up to the sound. That of -4.5 dB is their geometric mean. A
    position beyond -1 and 1 is held there.

    Source: C. Roads, The Computer Music Tutorial (1996), chapter 11, "Localization": linear and constant power.
    """

    words = ("panner", "panorama", "stereo panner", "stereo position", "place", "mono to stereo", "azimuth")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {
        "audio": audio(doc="The sound, of one channel.", mono=True, shares="unit"),
        "position": audio(1, broadcast=True, doc="Where it stands, -1 to 1; may move."),
    }
    outputs = {"signal": audio(2, doc="Left and right.", shares="unit")}

    law: str = param("-3 dB", choices=_LAWS, doc="The level of each side in the middle.")

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        moves = math.prod(shapes["position"])
        return 2 * (costs.FUNCTION + 3 * costs.PASS) * moves + costs.PASS * math.prod(shapes["-> signal"])

    def kernel(self, audio: Any, position: Any) -> Any:
        left, right = dsp.pan_gains(position, self.law)
        return dsp.concat_channels([left * audio[..., None], right * audio[..., None]])

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        position = given["position"]
        if list(looped) != ["audio"] or not position.is_known:
            return {}
        u = min(max(0.5 * (1.0 + float(np.ravel(position.low)[0])), 0.0), 1.0)
        power, sides = {"-3 dB": 1.0, "-4.5 dB": 0.5, "-6 dB": 0.0}[self.law], np.array([[1.0 - u], [u]])
        return {("audio", "signal"): Linear.mixing(np.sin(0.5 * np.pi * sides) ** power * sides ** (1.0 - power))}


class MidSide(Op):
    """What two channels have in common, and what they differ by: mid = (l + r) / 2, side = (l - r) / 2.

    `left_right` undoes it. Between them the middle and the side can go different ways: a filter on the side alone
    narrows a mix at some frequencies.

    Source: A. D. Blumlein, British Patent 394,325 (1931).
    """

    words = ("ms encode", "mid side encode", "sum and difference", "stereo to mono", "middle", "shuffler")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {"audio": audio(2, doc="Left and right.", shares="unit")}
    outputs = {
        "mid": audio(doc="The middle.", shares="unit"),
        "side": audio(doc="The side.", shares="unit"),
    }

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 2 * costs.PASS * math.prod(shapes["audio"])

    def kernel(self, audio: Any) -> Mapping[str, Any]:
        mid, side = dsp.mid_side(audio)
        return {"mid": mid, "side": side}

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        return {("audio", "mid"): Linear.mixing([[0.5, 0.5]]), ("audio", "side"): Linear.mixing([[0.5, -0.5]])}


class LeftRight(Op):
    """Two channels of a middle and a side: l = mid + side, r = mid - side. The inverse of `mid_side`.

    Source: A. D. Blumlein, British Patent 394,325 (1931).
    """

    words = ("ms decode", "mid side decode", "mid side to stereo", "side to stereo")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {
        "mid": audio(doc="The middle.", mono=True, shares="unit"),
        "side": audio(doc="The side.", mono=True, shares="unit"),
    }
    outputs = {"signal": audio(2, doc="Left and right.", shares="unit")}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 2 * costs.PASS * math.prod(shapes["-> signal"])

    def kernel(self, mid: Any, side: Any) -> Any:
        return dsp.left_right(mid, side)

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        sides = {"mid": [[1.0], [1.0]], "side": [[1.0], [-1.0]]}
        return {(port, "signal"): Linear.mixing(sides[port]) for port in looped}


class Width(Op):
    """Makes two channels narrower or wider: the side is multiplied by w, l = m + w s, r = m - w s.

    0 is mono, 1 leaves them as they are, 2 doubles what they differ by; the middle stays.

    Source: A. D. Blumlein, British Patent 394,325 (1931); m and s as of `mid_side`.
    """

    words = ("stereo width", "stereo widener", "widener", "image", "stereo image", "narrow", "spread")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {
        "audio": audio(2, doc="Left and right.", shares="unit"),
        "width": audio(1, unit=Unit.LINEAR, broadcast=True, doc="How wide, 0 and up; may move."),
    }
    outputs = {"signal": audio(2, doc="Left and right.", shares="unit")}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return 5 * costs.PASS * math.prod(shapes["audio"])

    def kernel(self, audio: Any, width: Any) -> Any:
        mid, side = dsp.mid_side(audio)
        return dsp.left_right(mid, dsp.drop_last_axis(width) * side)

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        width = given["width"]
        if list(looped) != ["audio"] or not width.is_bounded:
            return {}
        if width.is_known:
            w = float(np.ravel(width.low)[0])
            return {
                ("audio", "signal"): Linear.mixing([[0.5 + 0.5 * w, 0.5 - 0.5 * w], [0.5 - 0.5 * w, 0.5 + 0.5 * w]])
            }
        most = max(1.0, float(np.max(np.maximum(abs(width.low), abs(width.high)))))  # of the middle, or the side
        return {("audio", "signal"): Bounded(most, most, mixes=True)}


class Matrix(Op):
    """Every channel of the result as a sum of channels: y[t, j] = sum over i of x[t, i] a[i, j].

    Rows of the matrix are channels of the sound, columns those of the result: [[0, 1], [1, 0]] swaps left and right.

    Source: elementary.
    """

    words = ("channel mixer", "matrix mixer", "route channels", "swap channels", "downmix", "upmix", "mix down")

    traits = Traits.PURE | Traits.POINTWISE
    inputs = {
        "audio": audio("k", doc="The sound.", shares="unit"),
        "matrix": const("k", "m", unit=Unit.LINEAR, doc="A row for each channel, a column for each of the result."),
    }
    outputs = {"signal": audio("m", doc="The sums.", shares="unit")}

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        return (costs.PASS + shapes["matrix"][1]) * math.prod(shapes["-> signal"])

    def kernel(self, audio: Any, matrix: Any) -> Any:
        return dsp.mix_channels(audio, matrix)

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        matrix = given["matrix"]
        if list(looped) != ["audio"] or not matrix.is_bounded:
            return {}
        if matrix.is_known and matrix.low.ndim == 2:
            return {("audio", "signal"): Linear.mixing(matrix.low.T)}
        most = np.maximum(abs(matrix.low), abs(matrix.high))
        if most.ndim != 2 or most.shape[0] != most.shape[1]:
            return {}
        peak = float(np.max(np.sum(most, axis=0)))
        return {("audio", "signal"): Bounded(float(np.linalg.norm(most, 2)), peak, mixes=True)}
