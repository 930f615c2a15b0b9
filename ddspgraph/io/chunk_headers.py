"""How much sound the headers of AIFF, IFF, Wave64, AU, VOC and NIST files promise, against what the files hold.

libsndfile reads a file of these kinds that was cut off without a word, as it does WAV. Of the other kinds that it
reads, it refuses what was cut off, or the samples that are read are fewer than it says.

Source: Apple, "Audio Interchange File Format"; Sonic Foundry, "Wave64"; Sun, "NeXT/Sun audio file format";
Creative, "VOC file format"; NIST, "SPHERE".
"""

from __future__ import annotations

import math
import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ddspgraph.diagnostics import fail
from ddspgraph.files import place

_MOST_CHUNKS = 10_000
#: Sizes that a program writes that cannot go back to fill them in.
_UNKNOWN_SIZES = (0xFFFFFFFF, 0xFFFFFFFF_FFFFFFFF)
#: (name of a chunk, where its content begins, how many bytes it is said to have)
_Chunk = tuple[bytes, int, int]


def check_chunks(file: BinaryIO, path: str | os.PathLike[str]) -> int | None:
    """Compares the promised bytes of sound with those that follow; other kinds of files pass.

    Leaves the file at its beginning.

    Returns:
      How many samples of each channel the `fact` chunk of Wave64 counts, which a codec may have padded.

    Raises:
      GraphError: E602 where the file promises more than there is.
    """
    head = file.read(4)
    walk = _WALKS.get(head)
    n_samples = None
    if walk is not None:
        size = os.fstat(file.fileno()).st_size
        for name, begin, n_bytes in walk(file):
            if name == b"fact":
                n_samples = int.from_bytes(_at(file, begin, 8), "little")
            if name in (b"SSND", b"BODY", b"data") and n_bytes > size - begin and n_bytes not in _UNKNOWN_SIZES:
                message = f"the header promises {n_bytes:,} bytes of sound, the file holds {max(size - begin, 0):,}"
                raise fail("E602", message, place(Path(path)), hint="it was cut off: export it again")
    file.seek(0)
    return n_samples


def _aiff(file: BinaryIO) -> Iterator[_Chunk]:
    position = 12
    for _ in range(_MOST_CHUNKS):
        head = _at(file, position, 8)
        if len(head) < 8:
            return
        name, n_bytes = struct.unpack(">4sI", head)
        yield name, position + 8, n_bytes
        position += 8 + n_bytes + n_bytes % 2


def _wave64(file: BinaryIO) -> Iterator[_Chunk]:
    """A chunk is a GUID, whose first four bytes are its name, a size that counts these 24 bytes, and its content."""
    position = 40
    for _ in range(_MOST_CHUNKS):
        head = _at(file, position, 24)
        if len(head) < 24:
            return
        name, n_bytes = struct.unpack("<4s12xQ", head)
        if n_bytes < 24:
            return
        yield name, position + 24, n_bytes - 24
        position += n_bytes + -n_bytes % 8


def _au(file: BinaryIO) -> Iterator[_Chunk]:
    head = _at(file, 4, 8)
    if len(head) == 8:
        begin, n_bytes = struct.unpack(">II", head)
        yield b"data", begin, n_bytes


def _voc(file: BinaryIO) -> Iterator[_Chunk]:
    position = int.from_bytes(_at(file, 20, 2), "little")
    for _ in range(_MOST_CHUNKS):
        head = _at(file, position, 4)
        if len(head) < 4 or not head[0]:
            return
        n_bytes = int.from_bytes(head[1:], "little")
        yield b"data", position + 4, n_bytes
        position += 4 + n_bytes


def _nist(file: BinaryIO) -> Iterator[_Chunk]:
    fields = dict(re.findall(rb"(?m)^(\w+) -i (\d{1,12})$", _at(file, 0, 1024)))
    sizes = [int(fields.get(name, 0)) for name in (b"sample_count", b"channel_count", b"sample_n_bytes")]
    yield b"data", 1024, math.prod(sizes)


def _at(file: BinaryIO, position: int, n_bytes: int) -> bytes:
    file.seek(position)
    return file.read(n_bytes)


_WALKS: dict[bytes, Callable[[BinaryIO], Iterator[_Chunk]]] = {
    **{b"FORM": _aiff, b"riff": _wave64, b".snd": _au},
    **{b"Crea": _voc, b"NIST": _nist},
}
