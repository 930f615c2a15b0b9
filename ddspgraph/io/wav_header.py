"""What the header of a WAV file promises, against what the file holds.

libsndfile reads a truncated WAV without a word and returns what is there; a lost half of a recording must not pass.

Source: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF, WAVE);
EBU Tech 3306 (RF64).
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import BinaryIO

from ddspgraph.diagnostics import GraphError, fail
from ddspgraph.files import place

_BYTE_ORDERS = {b"RIFF": "<", b"RIFX": ">", b"RF64": "<", b"BW64": "<"}
WAV_BEGINNINGS = tuple(_BYTE_ORDERS)
_MOST_CHUNKS = 10_000
_IN_DS64 = 0xFFFFFFFF  # a size that stands in the ds64 chunk of RF64, or that a pipe could not know
#: What programs write that cannot go back to fill in the length, such as ffmpeg and SoX into a pipe: the sound is
#: all that follows.
_UNKNOWN_SIZES = (_IN_DS64, 0x7FFFF000, 0xFFFFFFFF_FFFFFFFF)
#: Codecs of whole blocks (MS ADPCM, IMA ADPCM, GSM, NMS ADPCM, G.721): the last block is padded.
_BLOCK_CODECS = {0x02, 0x11, 0x31, 0x38, 0x40}


def check_wav_header(file: BinaryIO, path: str | os.PathLike[str]) -> int | None:
    """Compares the promised bytes of sound with those that follow. Leaves the file at its beginning.

    Returns:
      How many samples of each channel the `fact` chunk counts, where a codec pads them to whole blocks.

    Raises:
      GraphError: E602 where it is not a WAV file, promises more than there is, or holds no sound.
    """
    size = os.fstat(file.fileno()).st_size
    head = file.read(12)
    order = _BYTE_ORDERS.get(head[:4])
    if order is None or head[8:] != b"WAVE":
        raise _wrong(path, "the name says WAV, the content is not", _content_hint(head))
    data_size_64: int | None = None
    codec, n_samples = 0, None
    for _ in range(_MOST_CHUNKS):
        chunk = file.read(8)
        if len(chunk) < 8:
            raise _wrong(path, "there is no sound in it: the file ends before its data chunk")
        name, n_bytes = struct.unpack(f"{order}4sI", chunk)
        begin = file.tell()
        if name == b"ds64":
            fields = file.read(16)
            data_size_64 = struct.unpack("<QQ", fields)[1] if len(fields) == 16 else None
        if name == b"fmt ":
            codec = int.from_bytes(file.read(2), "little" if order == "<" else "big")
        if name == b"fact":
            n_samples = int.from_bytes(file.read(4), "little" if order == "<" else "big")
        if name == b"data":
            promised = data_size_64 if n_bytes == _IN_DS64 and data_size_64 is not None else n_bytes
            _check_data(path, promised, size - begin)
            file.seek(0)
            return n_samples if codec in _BLOCK_CODECS else None
        file.seek(begin + n_bytes + n_bytes % 2)  # chunks begin at even places
    raise _wrong(path, f"no data chunk among the first {_MOST_CHUNKS:,} chunks")


def _check_data(path: str | os.PathLike[str], promised: int, present: int) -> None:
    if promised > present and promised not in _UNKNOWN_SIZES:
        hint = "it was cut off, or written by a program that could not go back to fill in the length: export it again"
        raise _wrong(path, f"the header promises {promised:,} bytes of sound, the file holds {present:,}", hint)
    if promised == 0 or present == 0:
        raise _wrong(path, "there is no sound in it: no samples follow its header")


def _content_hint(head: bytes) -> str | None:
    kinds = {b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3\x03": "MP3", b"ID3\x04": "MP3", b"FORM": "AIFF"}
    kind = kinds.get(head[:4])
    return f"it begins like {kind}: name it so, or convert it to WAV" if kind else None


def _wrong(path: str | os.PathLike[str], message: str, hint: str | None = None) -> GraphError:
    return fail("E602", message, place(Path(path)), hint=hint)
