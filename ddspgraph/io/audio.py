"""Recordings: files of sound to float32 at the rate of a graph's clock, and back."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ddspgraph.diagnostics import GraphError, clean, fail
from ddspgraph.files import open_file, place
from ddspgraph.io.audio_writer import Notify, audio_writer
from ddspgraph.io.chunk_headers import check_chunks
from ddspgraph.io.flac_header import FlacCheck, flac_check
from ddspgraph.io.wav_header import WAV_BEGINNINGS, check_wav_header
from ddspgraph.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    import numpy as np

#: Names of files that are read: those of the kinds that libsndfile knows by their content.
RECORDING_SUFFIXES = (
    *(".wav", ".flac", ".ogg", ".mp3", ".aiff", ".w64"),  # named in messages; the others are rarer
    *(".wave", ".bwf", ".rf64", ".oga", ".opus", ".mp1", ".mp2", ".aif", ".aifc", ".caf", ".au", ".snd"),
    *(".voc", ".sf", ".ircam", ".nist", ".sph", ".paf", ".svx", ".8svx", ".iff", ".pvf", ".avr", ".wve", ".sds"),
)
#: Of them, for people.
KNOWN_RECORDINGS = f"{', '.join(RECORDING_SUFFIXES[:6])} and what else libsndfile reads"
_BLOCK_FRAMES = 1 << 18
_CONVERT = "convert it, for example: ffmpeg -i FILE out.wav"
#: A codec pads a recording to whole blocks, of 2,048 samples at most, and some programs write another one after them.
_MOST_PADDING = 4_096
#: Where a header does not know how many samples follow, libsndfile says more than this.
_UNKNOWN = 1 << 62


def read_audio(
    path: str | os.PathLike[str],
    sample_rate: int | None = None,
    *,
    downmix: bool = True,
    notify: Notify = lambda notice: None,
    limits: Limits = DEFAULT_LIMITS,
) -> np.ndarray:
    """Reads a recording.

    Args:
      path: of a recording of any kind that libsndfile reads.
      sample_rate: of the result in Hz; None keeps the file's own.
      downmix: average the channels.
      notify: told in a sentence what was changed: the rate, the number of channels.
      limits: `audio_seconds` and `array_bytes` bound what is read.

    Returns:
      float32 [samples], or [samples, channels] without `downmix`; full scale is 1.

    Raises:
      GraphError: E601 no such file; E602 not what its name or header says, no samples, fewer samples than
        promised, or samples that are not finite; E701 longer than the limit; E709 not a regular file.
    """
    import numpy as np

    blocks = list(_blocks(path, limits, limits.array_bytes))
    x, file_rate = np.concatenate([block for block, _ in blocks]), blocks[0][1]
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if len(bad):
        raise fail("E602", f"{len(bad):,} of {len(x):,} samples are not finite, the first is {bad[0]:,}", place(path))
    _tell_changes(notify, path, x.shape[1] if downmix else 1, file_rate, sample_rate)
    if downmix:
        x = x.mean(axis=1, dtype=np.float32)
    if sample_rate is not None and file_rate != sample_rate:
        import soxr

        n_before = len(x)
        x = soxr.resample(x, file_rate, sample_rate, quality="VHQ")
        if not len(x):
            raise _too_short(path, n_before, file_rate, sample_rate)
    return np.ascontiguousarray(x, dtype=np.float32)


def stream_audio(
    path: str | os.PathLike[str],
    sample_rate: int | None,
    *,
    downmix: bool = True,
    notify: Notify = lambda notice: None,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[np.ndarray]:
    """Reads a recording block by block, however long it is: mixed down to one channel, and resampled.

    Args:
      path: of a recording of any kind that libsndfile reads.
      sample_rate: of the result in Hz; None keeps the file's own.
      downmix: average the channels.
      notify: told in a sentence what was changed, with the first block.
      limits: `audio_seconds` bounds what is read.

    Yields:
      float32 [samples], or [samples, channels] without `downmix`, a few seconds each; together they are what
      `read_audio` gives.

    Raises:
      GraphError: as `read_audio` does; some errors only show at the end.
    """
    import numpy as np

    resampler: Any = None
    x: Any = None
    n_read = n_made = 0
    file_rate = sample_rate or 0
    for block, file_rate in _blocks(path, limits):
        bad = np.flatnonzero(~np.isfinite(block).all(axis=1))
        if len(bad):
            raise fail("E602", f"samples are not finite, the first is {n_read + bad[0]:,}", place(path))
        if not n_read:
            _tell_changes(notify, path, block.shape[1] if downmix else 1, file_rate, sample_rate)
        n_read += len(block)
        x = block.mean(axis=1, dtype=np.float32) if downmix else block
        if sample_rate is not None and file_rate != sample_rate:
            import soxr

            how = {"dtype": "float32", "quality": "VHQ"}
            resampler = resampler or soxr.ResampleStream(file_rate, sample_rate, math.prod(x.shape[1:]), **how)
            x = resampler.resample_chunk(x)
        n_made += len(x)
        yield np.ascontiguousarray(x)
    if resampler is not None:
        rest = resampler.resample_chunk(np.zeros((0, *x.shape[1:]), np.float32), last=True)
        if not n_made + len(rest):
            raise _too_short(path, n_read, file_rate, sample_rate or file_rate)
        yield rest


def recording_length(path: str | os.PathLike[str], sample_rate: int | None) -> int | None:
    """Samples that `stream_audio` will give, from the header; None where only resampling tells."""
    import soundfile

    with open_file(path, RECORDING_SUFFIXES) as file:
        _, n_counted = _check_kind(file, path)
        with soundfile.SoundFile(file) as sound:
            n_samples = _length(sound.frames, n_counted)
            return n_samples if sample_rate in (None, sound.samplerate) and n_samples < _UNKNOWN else None


def _tell_changes(
    notify: Notify, path: str | os.PathLike[str], channels: int, file_rate: int, sample_rate: int | None
) -> None:
    name = clean(os.fsdecode(path))
    if channels > 1:
        notify(f"{name}: {channels} channels mixed down to one")
    if sample_rate is not None and file_rate != sample_rate:
        notify(f"{name}: resampled from {khz(file_rate)} to {khz(sample_rate)}")


def write_audio(
    path: str | os.PathLike[str],
    x: np.ndarray,
    sample_rate: int,
    *,
    sample_format: str = "pcm24",
    notify: Notify = lambda notice: None,
) -> None:
    """Writes a recording, whole or not at all. Nothing is normalised.

    Args:
      path: of a .wav or .flac file.
      x: float [samples] or [samples, channels]; in the integer formats what is beyond +-1 is clipped.
      sample_rate: in Hz.
      sample_format: "pcm16", "pcm24", or for .wav "float".
      notify: told in a sentence when samples were clipped.

    Raises:
      GraphError: E602 for another kind of file, E607 where it cannot be written.
    """
    import numpy as np

    x = np.asarray(x, np.float32)
    channels = 1 if x.ndim == 1 else x.shape[1]
    with audio_writer(path, sample_rate, channels, sample_format=sample_format, notify=notify) as write:
        write(x)


def khz(rate_hz: float) -> str:
    """`44.1 kHz`."""
    return f"{rate_hz / 1000:g} kHz"


def is_recording(path: str | os.PathLike[str]) -> bool:
    """Whether a file is named as one that `read_audio` reads."""
    return os.fsdecode(path).lower().endswith(RECORDING_SUFFIXES)


def _check_kind(file: BinaryIO, path: str | os.PathLike[str]) -> tuple[FlacCheck | None, int | None]:
    """The content must be what the name says, and whole.

    Returns:
      of FLAC, what is to be checked while it is read; of a padded file, how many samples it counts.
    """
    if not os.fstat(file.fileno()).st_size:
        raise fail("E602", "the file is empty", place(path))
    if not is_recording(path):
        raise fail("E602", f"not a kind of recording that is known: {KNOWN_RECORDINGS}", place(path), hint=_CONVERT)
    suffix, begin = Path(path).suffix.lower(), file.read(4)
    file.seek(0)
    if suffix == ".flac" or (begin == b"fLaC" and suffix != ".wav"):
        return flac_check(file, path), None
    if suffix == ".wav" or begin in WAV_BEGINNINGS:
        return None, check_wav_header(file, path)
    return None, check_chunks(file, path)


def _length(n_samples: int, n_counted: int | None) -> int:
    """Without the padding of the last block, where the file counts its samples. A count that cannot be is ignored."""
    return n_counted if n_counted and 0 <= n_samples - n_counted <= _MOST_PADDING else n_samples


def _too_short(path: str | os.PathLike[str], n_samples: int, file_rate: int, sample_rate: int) -> GraphError:
    message = (
        f"too short: {n_samples:,} sample{'s' * (n_samples > 1)} at {khz(file_rate)} come to none at {khz(sample_rate)}"
    )
    return fail("E602", message, place(path))


def _blocks(
    path: str | os.PathLike[str], limits: Limits, most_bytes: int = _UNKNOWN
) -> Iterator[tuple[np.ndarray, int]]:
    """float32 [samples, channels] as they stand in the file, block by block, and their rate in Hz."""
    import numpy as np
    import soundfile

    try:
        with open_file(path, RECORDING_SUFFIXES) as file:
            check, n_counted = _check_kind(file, path)
            with soundfile.SoundFile(file) as sound:
                most = min(limits.audio_seconds * sound.samplerate, most_bytes // (4 * sound.channels))
                promised = _length(sound.frames, n_counted)
                if promised > most and promised < _UNKNOWN:
                    raise _too_long(path, promised, sound.samplerate, limits)
                n_read = 0
                dtype = "float32" if check is None else "int32"
                while len(block := sound.read(min(_BLOCK_FRAMES, promised - n_read), dtype=dtype, always_2d=True)):
                    n_read += len(block)
                    if n_read > most:
                        raise _too_long(path, n_read, sound.samplerate, limits)
                    if check is not None:
                        check.add(block)
                        block = (block / np.float64(1 << 31)).astype(np.float32)
                    yield block, sound.samplerate
    except soundfile.SoundFileError as error:
        raise fail("E602", f"cannot be read as audio: {clean(str(error))}", place(path), hint=_CONVERT) from None
    if not n_read:
        raise fail("E602", "there is no sound in it: 0 samples", place(path))
    if n_read < promised < _UNKNOWN:
        raise fail("E602", f"the header promises {promised:,} samples, {n_read:,} could be read", place(path))
    if check is not None:
        check.finish(path)


def _too_long(path: str | os.PathLike[str], n_frames: int, rate: int, limits: Limits) -> GraphError:
    return fail(
        "E701",
        f"{n_frames:,} samples, {n_frames / rate:,.0f} s at {khz(rate)}; "
        f"the limits are {limits.audio_seconds:,} s and {limits.array_bytes:,} bytes in memory",
        place(path),
        hint="cut it, or raise the limit: --limit audio_seconds=... or --limit array_bytes=...",
    )
