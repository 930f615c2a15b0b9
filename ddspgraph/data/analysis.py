"""One recording: its audio at the rate of the clock and its features frame by frame, kept on the disk in a part.

A part is two files, `KEY.f32` with the samples and `KEY.npy` with the frames; the second is written last, so that a
part that has it is whole. KEY names the content of the recording and the settings: a part is never out of date. The
frames of a song beside the recording are made each time, in `KEY.midi.npy`.
Recordings are read, resampled and analysed in blocks: memory does not grow with their length.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddspgraph import dsp
from ddspgraph.data.midi_frames import frames_of_song
from ddspgraph.data.pitch import Tracker, name_of, on_frames, share_above
from ddspgraph.data.settings import Settings
from ddspgraph.diagnostics import clean, fail
from ddspgraph.files import cannot_write, open_file, place, written_atomically
from ddspgraph.io.arrays import write_npy
from ddspgraph.io.audio import stream_audio
from ddspgraph.io.midi_file import MIDI_SUFFIXES, read_midi
from ddspgraph.ir.graph import Clock
from ddspgraph.limits import Limits

#: Told how many seconds of audio have gone through one of the three stages: reading, pitch, levels.
Tick = Callable[[float], None]
N_STAGES = 3
_ROWS = ("f0_hz", "f0_confidence", "loudness_db", "power_db")
#: Of what stands in a part: another one for other rows, or a tracker that hears otherwise.
_VERSION = 2
_LEVEL_FRAMES = 4_096
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Part:
    """What was found in one recording; `key` names its files in the folder of parts.

    Of the `n_notes` of a song beside it `n_stolen` ended early, for want of a voice.
    """

    path: str
    sha256: str
    key: str
    n_samples: int
    n_notes: int = 0
    n_stolen: int = 0

    def audio(self, folder: Path) -> np.ndarray:
        """float32 [samples], a memory map."""
        return np.memmap(folder / f"{self.key}.f32", "<f4", "r", shape=(self.n_samples,))

    def frames(self, folder: Path) -> dict[str, np.ndarray]:
        """Feature name -> float32 [frames], a memory map; frame i is centred on sample i * hop."""
        rows = np.load(folder / f"{self.key}.npy", mmap_mode="r")
        return dict(zip(_ROWS, rows, strict=False))

    def notes(self, folder: Path, settings: Settings) -> dict[str, np.ndarray]:
        """Port of a MIDI input -> float32 [voices, frames], a memory map."""
        if not settings.midi:
            return {}
        rows = np.load(folder / f"{self.key}.midi.npy", mmap_mode="r")
        found, first = {}, 0
        for midi, ports in settings.midi:
            for port in ports:
                found[midi.input_name(port)] = rows[first : first + (midi.voices or 1)]
                first += midi.voices or 1
        return found

    def share_above(self, folder: Path) -> float:
        """How much of the recording is higher than its tracker can tell, 0 to 1."""
        return float(np.load(folder / f"{self.key}.npy", mmap_mode="r")[len(_ROWS), 0])


def analyse(path: str, folder: Path, settings: Settings, tracker: Tracker, limits: Limits, tick: Tick) -> Part:
    """Makes the part of a recording in `folder`, or finds it there.

    Raises:
      GraphError: E601, E602, E701 or E709 for a recording that cannot be read, E607 for a part that cannot be written.
    """
    digest = _sha256(path)
    facts = (digest, settings.sample_rate, settings.hop_samples, settings.frame_size, name_of(tracker), _VERSION)
    key = hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
    samples, frames = folder / f"{key}.f32", folder / f"{key}.npy"
    if not frames.is_file():
        _write_samples(path, samples, settings, limits, tick)
        audio = np.memmap(samples, "<f4", "r")
        write_npy(frames, _frames(audio, settings, tracker, tick))
    n_samples = samples.stat().st_size // 4
    counts = _write_notes(path, folder / f"{key}.midi.npy", n_samples, settings, limits)
    return Part(path, digest, key, n_samples, *counts)


def _write_notes(path: str, target: Path, n_samples: int, settings: Settings, limits: Limits) -> tuple[int, int]:
    """Writes the frames of the song beside a recording; how many notes it has, and how many of them ended early.

    Raises:
      GraphError: E601 where there is no song, E637 where it cannot be read.
    """
    if not settings.midi:
        return 0, 0
    song, n_frames = read_midi(song_beside(path), limits=limits), -(-n_samples // settings.hop_samples)
    rows, n_notes, n_stolen = [], 0, 0
    for midi, ports in settings.midi:
        arrays, voices = frames_of_song(song, midi, settings.clock, ports, n_frames)
        rows += [arrays[port].reshape(-1, n_frames) for port in ports]
        n_notes, n_stolen = n_notes + voices.n_notes, n_stolen + len(voices.stolen)
    write_npy(target, np.concatenate(rows))
    return n_notes, n_stolen


def song_beside(path: str) -> Path:
    """`take1.mid` of `take1.wav`. Raises GraphError E601 where there is none."""
    for suffix in MIDI_SUFFIXES:
        if (found := Path(path).with_suffix(suffix)).is_file():
            return found
    hint = f"put {clean(Path(path).with_suffix('.mid').name)} beside it: the graph has a MIDI input"
    raise fail("E601", "there is no song beside this recording", place(path), hint=hint)


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open_file(path) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _write_samples(path: str, target: Path, settings: Settings, limits: Limits, tick: Tick) -> None:
    written = 0
    with written_atomically(target) as staged, open(staged, "wb") as file:
        for block in stream_audio(path, settings.sample_rate, limits=limits):
            try:
                file.write(block.astype("<f4").tobytes())
            except OSError as error:
                raise cannot_write(target, error, written + block.nbytes) from None
            written += block.nbytes
            tick(len(block) / settings.sample_rate)


def _frames(audio: np.ndarray, settings: Settings, tracker: Tracker, tick: Tick) -> np.ndarray:
    """float32 [features + 1, frames], in the order of `_ROWS`; in the last row, of how much the pitch is too high."""
    n_frames = -(-len(audio) // settings.hop_samples)
    track = tracker(audio, settings.sample_rate)
    f0_hz, confidence = on_frames(track, n_frames, settings.frame_rate)
    tick(len(audio) / settings.sample_rate)
    levels = [_levels(audio, first, min(first + _LEVEL_FRAMES, n_frames), settings, tick)
              for first in range(0, n_frames, _LEVEL_FRAMES)]  # fmt: skip
    loudness_db, power_db = (np.concatenate(blocks) for blocks in zip(*levels, strict=True))
    rows = [f0_hz, confidence, loudness_db, power_db, np.full(n_frames, share_above(track))]
    return np.stack(rows).astype(np.float32)


def _levels(audio: np.ndarray, first: int, last: int, settings: Settings, tick: Tick) -> tuple[np.ndarray, np.ndarray]:
    """Loudness and power of the frames from `first` to before `last`, each centred on its sample, float32 in dB."""
    size, hop = settings.frame_size, settings.hop_samples
    begin, end = first * hop - size // 2, (last - 1) * hop - size // 2 + size
    block = np.pad(audio[max(begin, 0) : end], (max(-begin, 0), max(end - len(audio), 0)))[None]
    rates = (settings.sample_rate, settings.clock.frame_rate or 0)
    loudness_db = dsp.compute_loudness(block, *rates, n_fft=size, padding="valid")
    power_db = dsp.compute_power(block, *rates, frame_size=size, padding="valid")
    tick((last - first) / settings.frame_rate)
    return loudness_db.numpy()[0], power_db.numpy()[0]


def features_of(audio: np.ndarray, clock: Clock, tracker: Tracker) -> dict[str, np.ndarray]:
    """Feature name -> float32 [frames] of audio [samples] in memory, as a dataset of that clock holds them."""
    rows = _frames(audio, Settings(clock, hop_frames=1), tracker, lambda seconds: None)
    return dict(zip(_ROWS, rows, strict=False))


def remove_parts(folder: Path) -> None:
    """Removes a folder of parts and what killed runs left in it; what cannot be removed stays for the next run."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
