"""What the header of a FLAC file promises: how many bits a sample has, and the MD5 of all samples.

libsndfile stops where the header says that the samples end, and does not compare the MD5: a file that holds more
than it says would lose its end without a word.

Source: RFC 9639, section 8.2 (streaminfo).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from ddspgraph.diagnostics import fail
from ddspgraph.files import place

if TYPE_CHECKING:
    import numpy as np

_STREAMINFO_END = 4 + 4 + 34  # the marker, the head of a block, the block


@dataclass
class FlacCheck:
    """Compares the samples that were read with the MD5 of the header, where it has one."""

    bits: int
    md5: bytes
    _hash: Any = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))

    def add(self, block: np.ndarray) -> None:
        """int32 samples [frames, channels], full scale at 2^31 whatever the bits of the file."""
        n_bytes = -(-self.bits // 8)
        samples = (block >> (32 - self.bits)).astype("<i4")
        self._hash.update(samples.view("u1").reshape(-1, 4)[:, :n_bytes].tobytes())

    def finish(self, path: str | os.PathLike[str]) -> None:
        """Raises GraphError E602 where the samples are not those of which the header has the MD5."""
        if any(self.md5) and self._hash.digest() != self.md5:
            message = "the samples are not those that its header has the MD5 of: it is damaged, or says a wrong length"
            raise fail("E602", message, place(path))


def flac_check(file: BinaryIO, path: str | os.PathLike[str]) -> FlacCheck:
    """Reads the header; leaves the file at its beginning. Raises GraphError E602 for another kind of content."""
    head = file.read(_STREAMINFO_END)
    file.seek(0)
    if head[:3] == b"ID3":  # a tag of the kind of MP3 before the marker: libsndfile skips it, nothing is checked
        return FlacCheck(32, b"")
    if head[:4] != b"fLaC" or len(head) < _STREAMINFO_END:
        raise fail("E602", "the name says FLAC, the content is not", place(path))
    # 16 bits block size, twice; 24 bits frame size, twice; 20 bits rate, 3 bits channels - 1, 5 bits bits - 1, ...
    bits = (int.from_bytes(head[18:26], "big") >> 36 & 31) + 1
    return FlacCheck(bits, head[26:42])
