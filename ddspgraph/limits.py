"""How much a spec may ask for. The caller may set other limits; a spec never can."""

from __future__ import annotations

from dataclasses import dataclass

#: Voices of a node: a spec of a few lines is not to ask for millions.
MOST_VOICES = 1024


@dataclass(frozen=True)
class Limits:
    """Bounds on a document and on what it describes; each is answered with an E7 error."""

    file_bytes: int = 1 << 20
    depth: int = 64
    events: int = 200_000
    values: int = 100_000  # with aliases and merge keys counted as if written out
    scalar_bytes: int = 64 << 10
    integer_magnitude: int = 1 << 53
    nodes: int = 4_096
    edges: int = 16_384
    written_out_nodes: int = 100_000  # with every use of a sub-graph written out; of edges four times as many
    uses_within: int = 32  # of sub-graphs one in the other
    audio_seconds: int = 3_600  # of one recording
    array_bytes: int = 2 << 30  # of one file of arrays, or one recording, in memory
    memory_bytes: int | None = None  # None: the smaller of 8 GiB and half of this machine's memory


DEFAULT_LIMITS = Limits()
