"""PNG images of levels, with the colours of sound: black over violet and orange to pale yellow."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

#: Evenly spaced; each is lighter than the one before, so that the image reads in black and white.
_COLOURS = (
    (6, 6, 18),
    (38, 18, 78),
    (87, 23, 122),
    (140, 38, 124),
    (190, 58, 104),
    (232, 92, 76),
    (250, 146, 82),
    (254, 203, 125),
    (252, 250, 205),
)
_NOTHING = (128, 128, 128)


def palette() -> np.ndarray:
    """uint8 [256, 3]: the colour of each level; the last is that of no number."""
    at = np.linspace(0, len(_COLOURS) - 1, 255)
    channels = [np.interp(at, range(len(_COLOURS)), [c[i] for c in _COLOURS]) for i in range(3)]
    return np.vstack([np.stack(channels, axis=1).round(), _NOTHING]).astype(np.uint8)


def png(levels: np.ndarray) -> bytes:
    """uint8 [rows, columns], row 0 at the bottom, as a PNG file with a palette (ISO/IEC 15948)."""
    rows, columns = levels.shape
    filtered = np.zeros((rows, columns + 1), np.uint8)  # each row begins with its filter: none
    filtered[:, 1:] = levels[::-1]
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", palette().tobytes()), (b"IDAT", zlib.compress(filtered.tobytes(), 9))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in [*chunks, (b"IEND", b"")])


def ramp() -> np.ndarray:
    """uint8 [1, 255]: every level once, for the key of an image."""
    return np.arange(255, dtype=np.uint8)[None]


def data_uri(kind: str, data: bytes) -> str:
    """`data:image/png;base64,...`: a file that stands inside of a page."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
