"""The header of version 1 -> the clock of version 2."""

from __future__ import annotations

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Report
from ddspgraph.migrations.change import Change, Kind
from ddspgraph.migrations.edits import key_of, mapping, renamed, scalar

#: What magenta/ddsp's data, preprocessors and encoders assume where nobody says.
DEFAULT_FRAME_RATE_HZ = 250
#: Samples; repairs are looked for up to here only, since a hostile header may ask for frames of 2^53.
_LONGEST_HOP = 100_000


def clock_of(root: Value, has_frames: bool, changes: list[Change], report: Report) -> tuple[Key, Value]:
    """The entry `clock`. Reports E401 where frames are not whole numbers of samples.

    A list-form spec fixes the length of a call and leaves the frame rate to its inputs. Version 2 fixes the
    frame rate and leaves the length to its inputs: `n_samples` becomes the nominal duration.
    """
    rate_key, rate = key_of(root, "sample_rate"), root.get("sample_rate")
    length_key, length = key_of(root, "n_samples"), root.get("n_samples")
    assert rate is not None
    assert length is not None
    entries = [(rate_key, scalar(_hz(_number(rate)), rate.span))]
    changes.append(Change(Kind.MOVED, "sample_rate", "clock.sample_rate", "", rate.span))
    frames = root.get("frame_rate")
    if frames is not None:
        entries.append((key_of(root, "frame_rate"), scalar(_hz(_number(frames)), frames.span)))
        changes.append(Change(Kind.MOVED, "frame_rate", "clock.frame_rate", "", frames.span))
    elif has_frames:
        value = scalar(_hz(DEFAULT_FRAME_RATE_HZ), rate.span)
        entries.append((renamed(rate_key, "frame_rate"), value))
        note = f"the frames of magenta/ddsp's data are {DEFAULT_FRAME_RATE_HZ} a second unless said"
        changes.append(Change(Kind.DEFAULT, "frame_rate", "clock.frame_rate", note, rate.span))
    if frames is not None or has_frames:
        _check_frames(rate, frames, length, report)
    entries.append((renamed(length_key, "duration"), scalar(f"{length.data} samples", length.span)))
    note = "nominal: a call may have any length"
    changes.append(Change(Kind.RENAMED, "n_samples", "clock.duration", note, length.span))
    return renamed(rate_key, "clock"), mapping(entries, rate.span)


def _check_frames(rate: Value, frames: Value | None, length: Value, report: Report) -> None:
    sample_rate, n_samples = _number(rate), int(_number(length))
    frame_rate = _number(frames) if frames is not None else float(DEFAULT_FRAME_RATE_HZ)
    hop = sample_rate / frame_rate
    if abs(hop - round(hop)) > 1e-9 * hop or round(hop) < 1:
        unsaid = "" if frames is not None else ", which is assumed where the spec has no frame_rate,"
        choices = sorted({max(1, int(hop)), int(hop) + 1} | _even_hops(int(sample_rate), hop))
        said = ", ".join(f"{sample_rate / h:.9g} ({h} samples)" for h in choices)
        report.add(
            "E401",
            f"a frame rate of {frame_rate:g} Hz{unsaid} makes frames of {hop:.6g} samples; "
            "a frame must be a whole number of samples",
            (frames or rate).span,
            hint=f"write the frame_rate of your controls; near it are {said}",
        )
    elif n_samples % round(hop):
        whole = round(hop)
        report.add(
            "E401",
            f"{n_samples} samples are not a whole number of frames of {whole} samples",
            length.span,
            hint=f"the nearest is {max(1, round(n_samples / whole)) * whole}"
            + ("" if frames is not None else ", or write the frame_rate of your controls"),
        )


def _even_hops(sample_rate: int, hop: float) -> set[int]:
    """The hop nearest to `hop` that gives a whole number of frames a second, if one is near."""
    if hop > _LONGEST_HOP:
        return set()
    even = [h for h in range(max(1, int(hop * 0.7)), int(hop * 1.5) + 2) if sample_rate % h == 0]
    return {min(even, key=lambda h: abs(h - hop))} if even else set()


def _number(value: Value) -> float:
    assert isinstance(value.data, (int, float))
    return value.data


def _hz(number: float) -> str:
    """`16 kHz`, `250 Hz`: exact, and as a person writes it."""
    in_khz = f"{number / 1000:.9g}"
    if number >= 1000 and float(in_khz) * 1000 == number:
        return f"{in_khz} kHz"
    return f"{int(number) if float(number).is_integer() else number!r} Hz"
