"""Recordings that are written block by block, and appear whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddspgraph.diagnostics import clean, fail
from ddspgraph.files import cannot_write, place, written_atomically

if TYPE_CHECKING:
    import numpy as np

#: Names of files that are written.
AUDIO_SUFFIXES = (".wav", ".flac")
#: `--format` -> libsndfile's name of it.
SUBTYPES = {"pcm16": "PCM_16", "pcm24": "PCM_24", "float": "FLOAT"}
_BYTES = {"pcm16": 2, "pcm24": 3, "float": 4}
_MOST_FLAC_CHANNELS = 8
_MOST_WAV_BYTES = (1 << 32) - 4_096

Notify = Callable[[str], None]
Write = Callable[["np.ndarray"], None]


@contextlib.contextmanager
def audio_writer(
    path: str | os.PathLike[str],
    sample_rate: int,
    channels: int,
    *,
    sample_format: str = "pcm24",
    notify: Notify = lambda notice: None,
) -> Iterator[Write]:
    """Gives a function that appends samples, float [samples] or [samples, channels], to a recording.

    The recording stands at `path` when the block ends without an exception. Nothing is normalised; in the integer
    formats what is beyond +-1 is clipped. The same samples are the same bytes: no time stands in the file.

    Args:
      path: of a .wav or .flac file.
      sample_rate: in Hz.
      channels: how many.
      sample_format: "pcm16", "pcm24", or for .wav "float".
      notify: told in a sentence when samples were clipped.

    Raises:
      GraphError: E602 for another kind of file, E607 where it cannot be written.
    """
    import soundfile

    suffix = Path(path).suffix.lower()
    if suffix not in AUDIO_SUFFIXES:
        raise fail("E602", f"not a kind of file that is written: {', '.join(AUDIO_SUFFIXES)}", place(path))
    if suffix == ".flac" and (sample_format == "float" or channels > _MOST_FLAC_CHANNELS):
        raise fail("E607", f"FLAC holds integers and at most {_MOST_FLAC_CHANNELS} channels: write .wav", place(path))
    with written_atomically(path) as staged, contextlib.ExitStack() as stack:
        with _typed_errors(path):
            file = stack.enter_context(_File(staged, "w+b"))
            kind = {"format": suffix[1:].upper(), "subtype": SUBTYPES[sample_format]}
            sound = stack.enter_context(soundfile.SoundFile(file, "w", sample_rate, channels, **kind))
        samples = _Samples(path, sound, file, sample_format)
        yield samples.write
        with _typed_errors(path):
            sound.close()
            file.check()
            _remove_time(file)
    samples.tell_clipped(notify)


@contextlib.contextmanager
def _typed_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    import soundfile

    try:
        yield
    except (soundfile.SoundFileError, ValueError, TypeError) as error:
        raise fail("E607", f"cannot be written as audio: {clean(str(error))}", place(path)) from None
    except OSError as error:
        raise cannot_write(path, error) from None


class _File(io.FileIO):
    """A file that libsndfile writes: an exception cannot pass through C, it is kept for `check`."""

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        view = memoryview(data)
        done = 0
        try:
            while done < len(view):
                done += super().write(view[done:])
        except OSError as error:
            self.error = self.error or error
        return done

    def check(self) -> None:
        """Raises the OSError of a write that failed."""
        if self.error is not None:
            raise self.error


class _Samples:
    """What goes into a recording, and how much of it was too loud."""

    def __init__(self, path: str | os.PathLike[str], sound: Any, file: _File, sample_format: str) -> None:
        self.path, self.sound, self.file, self.sample_format = path, sound, file, sample_format
        self.n_written, self.n_over, self.peak = 0, 0, 0.0

    def write(self, x: np.ndarray) -> None:
        import numpy as np

        x = np.asarray(x, np.float32)
        self.n_written += x.size
        if self.sample_format != "float":
            self.peak = max(self.peak, float(np.max(np.abs(x), initial=0.0)))
            self.n_over += int(np.count_nonzero(np.abs(x) > 1.0))
            x = np.clip(x, -1.0, 1.0)
        if self.n_written * _BYTES[self.sample_format] > _MOST_WAV_BYTES:
            raise fail("E607", "a recording holds at most 4 GiB: write it in parts", place(self.path))
        with _typed_errors(self.path):
            with contextlib.suppress(AssertionError):  # of fewer samples written than given: `check` knows why
                self.sound.write(x)
            self.file.check()

    def tell_clipped(self, notify: Notify) -> None:
        import numpy as np

        if self.n_over:
            notify(
                f"{clean(os.fsdecode(self.path))}: {self.n_over:,} of {self.n_written:,} samples are clipped, "
                f"the peak is {20 * np.log10(self.peak):+.1f} dBFS; a gain node or --format float keeps them"
            )


def _remove_time(file: _File) -> None:
    """libsndfile writes the time of day into the header of a WAV of floats (chunk PEAK: version, seconds, peaks)."""
    file.seek(0)
    if (at := file.read(128).find(b"PEAK")) >= 0:
        file.seek(at + 12)
        file.write(bytes(4))
        file.check()
