"""The header of version 1 -> the clock of version 2."""

from __future__ import annotations

import math

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Report
from ddspgraph.migrations.change import Change, Kind
from ddspgraph.migrations.text.edits import hertz, key_of, mapping, renamed, scalar

#: What magenta/ddsp's data, preprocessors and encoders assume where nobody says.
DEFAULT_FRAME_RATE_HZ = 250
#: Samples: over two seconds at 44.1 kHz. No control is slower, and a hostile header may ask for 2^53.
_LONGEST_HOP = 100_000


def clock_of(root: Value, has_frames: bool, changes: list[Change], report: Report) -> tuple[Key, Value] | None:
    """The entry `clock`; None where the schema refused a part of it.

    Reports E401 where frames are not whole numbers of samples.

    A list-form spec fixes the length of a call and leaves the frame rate to its inputs. Version 2 fixes the
    frame rate and leaves the length to its inputs: `n_samples` becomes the nominal duration.
    """
    rate, length, frames = (root.get(key) for key in ("sample_rate", "n_samples", "frame_rate"))
    if not (_is_positive(rate) and _is_positive(length) and (frames is None or _is_positive(frames))):
        return None
    assert rate is not None
    assert length is not None
    rate_key, length_key = key_of(root, "sample_rate"), key_of(root, "n_samples")
    entries = [(rate_key, scalar(hertz(_number(rate)), rate.span))]
    changes.append(Change(Kind.MOVED, "sample_rate", "clock.sample_rate", "", rate.span))
    if frames is not None:
        entries.append((key_of(root, "frame_rate"), scalar(hertz(_number(frames)), frames.span)))
        changes.append(Change(Kind.MOVED, "frame_rate", "clock.frame_rate", "", frames.span))
    elif has_frames:
        value = scalar(hertz(DEFAULT_FRAME_RATE_HZ), rate.span)
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
    hop = sample_rate / frame_rate if frame_rate * _LONGEST_HOP >= sample_rate else math.inf
    if math.isinf(hop) or abs(hop - round(hop)) > 1e-9 * hop or round(hop) < 1:
        unsaid = "" if frames is not None else ", which is assumed where the spec has no frame_rate,"
        choices = [f"{sample_rate / h:.9g} ({h} samples)" for h in _near_hops(int(sample_rate), hop)]
        size = f"more than {_LONGEST_HOP:,}" if math.isinf(hop) else f"{hop:.6g}"
        near = f"; near it are {', '.join(choices)}" if choices else ""
        report.add(
            "E401",
            f"a frame rate of {frame_rate:g} Hz{unsaid} makes frames of {size} samples; "
            "a frame must be a whole number of samples",
            (frames or rate).span,
            hint=f"write the frame_rate of your controls{near}",
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


def _near_hops(sample_rate: int, hop: float) -> list[int]:
    """Whole hops near `hop`: its two neighbours, and the nearest that gives a whole number of frames a second."""
    if math.isinf(hop):
        return []
    even = [h for h in range(max(1, int(hop * 0.7)), int(hop * 1.5) + 2) if sample_rate % h == 0]
    return sorted({max(1, int(hop)), int(hop) + 1, *sorted(even, key=lambda h: abs(h - hop))[:1]})


def _is_positive(value: Value | None) -> bool:
    return value is not None and isinstance(value.data, (int, float)) and value.data > 0


def _number(value: Value) -> float:
    assert isinstance(value.data, (int, float))
    return value.data
