"""`ddspgraph stream SPEC --midi PORT`: a keyboard plays the MIDI inputs of a graph."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ddspgraph.cli.options import UsageError
from ddspgraph.data.midi_frames import in_axes, inputs_of, voices_for
from ddspgraph.io.midi_file import Event, event_of
from ddspgraph.io.midi_ports import open_port

if TYPE_CHECKING:
    import numpy as np

    from ddspgraph.ir.graph import Graph


class Keyboard:
    """The MIDI inputs of a graph, block by block: a message is heard a block later than it comes, at its place.

    So the time between two messages is that between two notes, however long a block takes.
    """

    def __init__(self, graph: Graph, name: str, clock: Callable[[], float] = time.perf_counter) -> None:
        """Listens to a port. Raises UsageError of a graph without MIDI inputs, GraphError E608 and E638."""
        self.graph, self.clock = graph, clock
        self.ports = {midi: inputs_of(graph.input_by_name, midi) for midi in graph.midi}
        if not any(self.ports.values()):
            takes = ", ".join(i.name for i in graph.inputs) or "nothing"
            raise UsageError(
                f"--midi plays MIDI inputs (`notes: {{rate: frame, midi: true}}`), the graph takes {takes}"
            )
        self.voices = {midi: voices_for(midi, graph.clock, ports) for midi, ports in self.ports.items() if ports}
        self.heard: deque[tuple[float, Any]] = deque()
        self.since = clock()
        self.port = open_port(name, self.hear, next(iter(self.voices)).span)

    def hear(self, message: Any) -> None:
        """A message of mido, from the thread of the port."""
        self.heard.append((self.clock(), message))

    @property
    def input_names(self) -> list[str]:
        """The inputs that it plays."""
        return [midi.input_name(port) for midi, ports in self.ports.items() for port in ports]

    def block(self, n: int) -> dict[str, np.ndarray]:
        """The next `n` frames of all of them: what was played since the last block, at the same places in this one."""
        now, waiting = self.clock(), []
        while self.heard:
            waiting.append(self.heard.popleft())
        made: dict[str, np.ndarray] = {}
        for midi, voices in self.voices.items():
            events = []
            for at, message in waiting:
                share = min(max((at - self.since) / max(now - self.since, 1e-9), 0.0), 1.0 - 1e-9)
                frames = voices.frame + Fraction(share) * n
                event = event_of(message, frames / voices.frame_rate)
                events += [event] if isinstance(event, Event) else []
            frames_made = voices.frames(events, n)
            made |= {midi.input_name(port): in_axes(frames_made[port], midi) for port in self.ports[midi]}
        self.since = now
        return made

    def close(self) -> None:
        self.port.close()
