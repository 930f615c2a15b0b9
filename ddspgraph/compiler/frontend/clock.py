"""The clock of a spec: sample rate, frame rate or hop, nominal duration."""

from __future__ import annotations

from fractions import Fraction

from ddspgraph.compiler.frontend.parameters import INVALID, ParameterReader
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import Report
from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Unit


def read_clock(value: Value | None, report: Report) -> Clock:
    """The clock with the hop derived; E401 where a frame is not a whole number of samples."""
    if value is None:
        return Clock()
    reader = ParameterReader(report, None)
    sample_rate = _whole(value.get("sample_rate"), Unit.HZ, "sample_rate", reader)
    if sample_rate is None:
        return Clock(span=value.span)
    reader = ParameterReader(report, sample_rate)
    hop = _hop(value, sample_rate, reader)
    n_samples = _whole(value.get("duration"), Unit.SAMPLES, "duration", reader, bare=Unit.SECONDS)
    if hop and n_samples and n_samples % hop:
        nearest = round(n_samples / hop) * hop or hop
        report.add(
            "E401",
            f"a duration of {n_samples} samples is not a whole number of frames of {hop} samples",
            value.get("duration").span,  # type: ignore[union-attr]
            hint=f"the nearest is {nearest} samples ({nearest / sample_rate:g} s)",
        )
    frame_rate = Fraction(sample_rate, hop) if hop else None
    return Clock(sample_rate, frame_rate, hop, n_samples, span=value.span)


def _whole(value: Value | None, unit: Unit, name: str, reader: ParameterReader, bare: Unit | None = None) -> int | None:
    """A positive whole number of `unit`; a number without a unit counts in `bare`."""
    if value is None:
        return None
    number = reader.number(value, unit, f"clock {name}")
    if number is INVALID:
        return None
    if bare is not None and value.is_number and reader.sample_rate:
        number *= reader.sample_rate
    if number < 1 or abs(number - round(number)) > 1e-6:
        reader.report.add(
            "E502",
            f"clock {name} must be a positive whole number{' of samples' * (unit is Unit.SAMPLES)}, this is {number:g}",
            value.span,
            hint=f"the nearest legal value is {max(1, round(number))}",
        )
        return None
    return round(number)


def _hop(clock: Value, sample_rate: int, reader: ParameterReader) -> int | None:
    given = clock.get("hop")
    if given is not None:
        hop = _whole(given, Unit.SAMPLES, "hop", reader)
        if clock.get("frame_rate") is not None:
            rate = reader.number(clock.get("frame_rate"), Unit.HZ, "clock frame_rate")  # type: ignore[arg-type]
            if rate is not INVALID and hop and abs(rate * hop - sample_rate) > 1e-6 * sample_rate:
                reader.report.add(
                    "E403",
                    f"hop {hop} means {sample_rate / hop:g} frames a second, frame_rate says {rate:g}",
                    clock.get("frame_rate").span,  # type: ignore[union-attr]
                    hint="say one of the two",
                )
        return hop
    value = clock.get("frame_rate")
    if value is None:
        return None
    frame_rate = reader.number(value, Unit.HZ, "clock frame_rate")
    if frame_rate is INVALID:
        return None
    if frame_rate <= 0:
        reader.report.add("E502", f"clock frame_rate must be 0 < frame_rate, this is {frame_rate:g}", value.span)
        return None
    hop = sample_rate / frame_rate
    if abs(hop - round(hop)) > 1e-9 * hop or round(hop) < 1:
        reader.report.add("E401", _uneven(sample_rate, frame_rate), value.span, hint=_nearest_hop(sample_rate, hop))
        return None
    return round(hop)


def _uneven(sample_rate: int, frame_rate: float) -> str:
    return f"{sample_rate} / {frame_rate:g} = {sample_rate / frame_rate:.6g}: a frame must be a whole number of samples"


def _nearest_hop(sample_rate: int, hop: float) -> str:
    choices = sorted({max(1, int(hop)), int(hop) + 1})
    said = [f"hop: {h} ({sample_rate / h:.6g} Hz)" for h in choices]
    even = [h for h in range(max(1, int(hop * 0.7)), int(hop * 1.5) + 2) if sample_rate % h == 0]
    if even:
        best = min(even, key=lambda h: abs(h - hop))
        said.append(f"frame_rate: {sample_rate // best} Hz ({sample_rate} / {sample_rate // best} = {best})")
    return "write " + ", or ".join(said)
