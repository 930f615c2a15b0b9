"""`--input notes=song.mid`: the ports of a MIDI input from a song."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ddspgraph.cli.options import UsageError
from ddspgraph.data.midi_frames import frames_in, frames_of_song, inputs_of, stolen_notes
from ddspgraph.io.midi_file import is_midi, read_midi

if TYPE_CHECKING:
    import numpy as np

    from ddspgraph.io.audio import Notify
    from ddspgraph.ir.graph import Graph
    from ddspgraph.limits import Limits


def songs_among(graph: Graph, files: Mapping[str, str]) -> dict[str, str]:
    """The MIDI inputs that are given, and their files.

    Raises:
      UsageError: where one is given what is no song.
    """
    found = {midi.name: files[midi.name] for midi in graph.midi if midi.name in files}
    for name, file in found.items():
        if not is_midi(file):
            ports = ports_of(graph, [name])
            some = f", or arrays by port, such as --input {ports[0]}=FILE.npy" if ports else ""
            raise UsageError(f"--input {name}={file}: '{name}' takes a song, a .mid file{some}")
    return found


def ports_of(graph: Graph, names: Iterable[str]) -> list[str]:
    """The inputs that are ports of these MIDI inputs."""
    wanted = set(names)
    return [i.name for i in graph.inputs if (found := graph.midi_port(i.name)) and found[0].name in wanted]


def song_arrays(
    graph: Graph, songs: Mapping[str, str], n_frames: int | None, limits: Limits, notify: Notify
) -> dict[str, np.ndarray]:
    """By the names of ports; as long as `n_frames`, or else as the longest song.

    Raises:
      GraphError: E601, E608, E637, E701 and E709 of the files.
    """
    read = {name: read_midi(file, limits=limits) for name, file in songs.items()}
    if n_frames is None:
        n_frames = max((frames_in(song, graph.clock) for song in read.values()), default=0)
    made: dict[str, np.ndarray] = {}
    for midi in graph.midi:
        if midi.name not in read:
            continue
        song, ports = read[midi.name], inputs_of(graph.input_by_name, midi)
        arrays, voices = frames_of_song(song, midi, graph.clock, ports, n_frames)
        made |= {midi.input_name(port): x for port, x in arrays.items()}
        warning = stolen_notes(midi, voices, song.events)
        if warning is not None:
            notify(str(warning))
    return made
