"""The clock of a spec: sample rate, frame rate or hop, nominal duration."""

from __future__ import annotations

from fractions import Fraction

from ddspgraph.compiler.frontend.parameters import INVALID, LARGEST_WHOLE, ParameterReader, is_duration, whole
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Note, Report
from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Unit

#: What stands in for a rate that was refused, so that the rest of the spec can be checked.
_STAND_IN_SAMPLE_RATE, _STAND_IN_HOP = 16_000, 64
#: Candidates for a better hop; a clock of one frame a year has more divisors than a hint needs.
_MOST_CANDIDATES = 20_000


def read_clock(value: Value | None, report: Report) -> tuple[Clock, bool]:
    """The clock with the hop derived, and whether it is as the spec says it.

    Reports E401 where a frame is not a whole number of samples, E403 where hop and frame rate disagree, E5xx.
    A clock at fault comes with the nearest legal rates.
    """
    if value is None:
        return Clock(), True
    said_rate = _whole(value.get("sample_rate"), Unit.HZ, "sample_rate", ParameterReader(report, None))
    sample_rate = said_rate or _STAND_IN_SAMPLE_RATE
    reader = ParameterReader(report, sample_rate)
    hop, sound = _hop(value, said_rate, reader)
    sound = sound and said_rate is not None and not any(item.is_faulty for _, item in value.items())
    said = value.get("duration")
    n_samples = _whole(said, Unit.SAMPLES, "duration", reader, bare=Unit.SECONDS, step=hop or 1)
    if said is not None and hop and n_samples and n_samples % hop and sound:
        nearest = round(n_samples / hop) * hop or hop
        reader.refuse(
            "E401",
            f"a duration of {n_samples} samples is not a whole number of frames of {hop} samples",
            said,
            f"the nearest is `{nearest} samples` ({nearest / sample_rate:g} s)",
        )
    frame_rate = Fraction(sample_rate, hop) if hop else None
    return Clock(sample_rate, frame_rate, hop, n_samples, span=value.span), sound


def _whole(
    value: Value | None, unit: Unit, name: str, reader: ParameterReader, bare: Unit | None = None, step: int = 1
) -> int | None:
    """A positive whole number of `unit`; a number without a unit counts in `bare`.

    What is proposed in place of one that is not whole is a multiple of `step`.
    """
    if value is None:
        return None
    number = reader.number(value, unit, f"clock {name}")
    if number is INVALID:
        return None
    if bare is not None and value.is_number and reader.sample_rate:
        number *= reader.sample_rate
    is_time = unit is Unit.SAMPLES and (is_duration(value) or (bare is Unit.SECONDS and value.is_number))
    found = whole(number, is_rounded=is_time)
    if found is not None and 1 <= found <= LARGEST_WHOLE:
        return found
    nearest = max(1, round(min(max(number, 1), LARGEST_WHOLE) / step)) * step
    counts = unit is Unit.SAMPLES
    samples = " of samples" if counts else ""
    bound = "at least 1" if number <= LARGEST_WHOLE else f"at most {LARGEST_WHOLE:,}"
    message = f"clock {name} must be a whole number{samples}, {bound}, this is {number:.10g}"
    hint = f"write {nearest} {'sample' + 's' * (nearest != 1) if counts else unit}"
    if not counts and 1 <= abs(number) < 1000 and value.is_number:
        hint = f"write {abs(number):.10g} kHz"  # 44.1
    elif not counts and number < 1:
        hint = f"write {-number:.10g} {unit}" if number <= -1 and float(number).is_integer() else "16 kHz is usual"
    reader.refuse("E502", message, value, hint)
    return None


def _hop(clock: Value, sample_rate: int | None, reader: ParameterReader) -> tuple[int | None, bool]:
    """Samples a frame, and whether the spec says so; None where it says nothing."""
    given, rate_value = clock.get("hop"), clock.get("frame_rate")
    if given is not None:
        hop = _whole(given, Unit.SAMPLES, "hop", reader)
        if hop is not None and rate_value is not None and sample_rate is not None:
            _agrees(rate_value, hop, sample_rate, given, reader)
        return hop or _STAND_IN_HOP, hop is not None
    if rate_value is None:
        return None, True
    frame_rate = reader.number(rate_value, Unit.HZ, "clock frame_rate")
    if frame_rate is INVALID:
        return _STAND_IN_HOP, False
    if frame_rate <= 0:
        hint = "250 Hz is usual"
        reader.refuse("E502", f"clock frame_rate must be above 0, this is {frame_rate:g}", rate_value, hint)
        return _STAND_IN_HOP, False
    if sample_rate is None:
        return _STAND_IN_HOP, False
    hop = sample_rate / frame_rate
    whole = max(1, round(hop))
    if abs(hop - whole) <= 1e-9 * hop:
        return whole, True
    message = f"{sample_rate} / {frame_rate:g} = {hop:.6g}: a frame must be a whole number of samples"
    reader.refuse("E401", message, rate_value, _nearest_hop(sample_rate, hop))
    return whole, False


def _agrees(rate_value: Value, hop: int, sample_rate: int, given: Value, reader: ParameterReader) -> None:
    frame_rate = reader.number(rate_value, Unit.HZ, "clock frame_rate")
    if frame_rate is INVALID or abs(frame_rate * hop - sample_rate) <= 1e-6 * sample_rate:
        return
    reader.report.add(
        "E403",
        f"frame_rate says {frame_rate:g} frames a second, hop {hop} means {sample_rate / hop:g}",
        rate_value.span,
        Note("hop is", given.span),
        hint=f"say one of the two: {sample_rate} / {hop} = {sample_rate / hop:g}",
    )


def _nearest_hop(sample_rate: int, hop: float) -> str:
    """`write frame_rate: 250 Hz (48000 / 250 = 192), or hop: 191 (251.309 Hz)`"""
    said = []
    first = max(1, int(hop * 0.7))
    even = [h for h in range(first, min(int(hop * 1.5) + 2, first + _MOST_CANDIDATES)) if sample_rate % h == 0]
    if even:
        best = min(even, key=lambda h: abs(h - hop))
        said.append(f"`frame_rate: {sample_rate // best} Hz` ({sample_rate} / {sample_rate // best} = {best})")
    nearest = max(1, round(hop))
    if nearest not in even:
        said.append(f"`hop: {nearest}` ({sample_rate / nearest:.6g} Hz)")
    return "write " + ", or ".join(said)
