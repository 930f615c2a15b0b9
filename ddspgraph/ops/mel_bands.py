"""What is known of mel bands before anything runs: whether they fit below Nyquist, and which of them hear nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ddspgraph.ir.op import Advice
from ddspgraph.ir.ports import Mismatch

#: Bands and FFT bins beyond which nobody counts.
_MOST_COUNTED = 1 << 16
_ROUNDING = 1e-9


@dataclass(frozen=True)
class MelBands:
    """Triangular bands, equally spaced in mel from `lo_hz` to `hi_hz`, over an FFT of frames of `fft_size` samples."""

    lo_hz: float
    hi_hz: float
    bins: int
    fft_size: int

    def deaf(self, rate_hz: float) -> int:
        """How many bands no FFT bin above 0 Hz falls into: their result never changes."""
        n_frequencies = 1 << max(0, self.fft_size - 1).bit_length()
        if min(self.bins, n_frequencies) > _MOST_COUNTED:
            return 0
        low, high = _mel(self.lo_hz), _mel(min(self.hi_hz, rate_hz / 2))
        if not low < high:
            return 0
        step_mel = (high - low) / (self.bins + 1)

        def hears(band: int) -> bool:
            # An edge itself is not heard: what is computed a rounding beside a bin is at the bin.
            lower, upper = (_hz(low + edge * step_mel) / rate_hz * n_frequencies for edge in (band, band + 2))
            first = max(math.floor(lower * (1.0 + _ROUNDING)) + 1, 1)
            return first < upper * (1.0 - _ROUNDING)

        if self.bins > _MOST_COUNTED:  # each FFT bin lies in two bands at most
            return self.bins - n_frequencies
        return sum(not hears(band) for band in range(self.bins))

    def advice(self, rate_hz: float, at: str, hint: str) -> tuple[Advice, ...]:
        """W114 where there are such bands."""
        deaf = self.deaf(rate_hz)
        if not deaf:
            return ()
        never = "never changes" if deaf == 1 else "never change"
        message = (
            f"{deaf} of {self.bins} mel bands {never}: no bin of an FFT of {self.fft_size} samples "
            f"at {rate_hz:g} Hz falls into {'it' if deaf == 1 else 'them'}"
        )
        return (Advice("W114", message, at, hint),)

    def check(self, port: str, rate_hz: float) -> None:
        """Raises `Mismatch` E502 where the sample rate leaves no band."""
        if self.lo_hz >= rate_hz / 2:
            raise Mismatch(
                "E502",
                port,
                f"its mel bands begin at {self.lo_hz:g} Hz, half of the sample rate is {rate_hz / 2:g} Hz",
                f"a sample_rate above {2 * self.lo_hz:g} Hz in `clock` leaves room; 16 kHz is usual",
                parameters=("lo_hz",),
                is_of_clock=True,
            )


def _mel(hz: float) -> float:
    return 1127.0 * math.log1p(hz / 700.0)


def _hz(mel: float) -> float:
    return 700.0 * math.expm1(mel / 1127.0)
