"""What a dataset is to be like: its clock, its windows, how much is held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ddspgraph.compiler.frontend.clock import read_clock
from ddspgraph.compiler.frontend.document import read
from ddspgraph.data.midi_frames import inputs_of
from ddspgraph.diagnostics import Report, fail
from ddspgraph.ir.graph import Clock, Graph
from ddspgraph.ir.midi import MidiInput

#: What the ops `loudness` and `power` take by default: where a graph computes them itself, it finds the same.
_FRAME_SIZE = 512


@dataclass(frozen=True)
class Settings:
    """How recordings become examples.

    Attributes:
      clock: rates; `n_samples` is the length of an example.
      hop_frames: from the beginning of one example to that of the next.
      eval_share: how much of the examples is held out for evaluation.
      midi: the MIDI inputs of the graph, and the ports of each that it reads: their frames come from a song beside
        each recording.
    """

    clock: Clock
    hop_frames: int
    eval_share: float = 0.1
    midi: tuple[tuple[MidiInput, tuple[str, ...]], ...] = ()

    @property
    def example_frames(self) -> int:
        return self.clock.n_frames or 0

    @property
    def sample_rate(self) -> int:
        return self.clock.sample_rate or 0

    @property
    def hop_samples(self) -> int:
        return self.clock.hop_samples or 0

    @property
    def frame_rate(self) -> float:
        return float(self.clock.frame_rate or 0)

    @property
    def frame_size(self) -> int:
        """Samples that a level is measured of."""
        return level_frame_size(self.hop_samples)


def level_frame_size(hop_samples: int) -> int:
    """Samples that a level is measured of: 512, or the power of 2 that spans two hops where one is longer."""
    return _FRAME_SIZE if hop_samples <= _FRAME_SIZE else 1 << (2 * hop_samples - 1).bit_length()


def level_nodes(hop_samples: int) -> dict[str, dict[str, Any]]:
    """The nodes of a graph, by the features of their names, that measure `audio` as a dataset does."""
    size = level_frame_size(hop_samples)
    return {
        "loudness_db": {"op": "loudness", "inputs": ["audio"], "params": {"n_fft": size, "padding": "clock"}},
        "power_db": {"op": "power", "inputs": ["audio"], "params": {"frame_size": size, "padding": "clock"}},
    }


def settings_of(
    sample_rate: int | str = 16_000,
    frame_rate: float | str = 250,
    *,
    example_secs: float = 4.0,
    hop_secs: float = 1.0,
    eval_share: float = 0.1,
) -> Settings:
    """Settings from numbers or quantities (`16 kHz`); lengths are rounded to whole frames.

    Raises:
      GraphError: E401 where a frame is not a whole number of samples, with the nearest rates; E502, E504 for
        numbers that will not do.
    """
    report = Report()
    rates: Mapping[str, Any] = {"sample_rate": sample_rate, "frame_rate": frame_rate}
    clock, _ = read_clock(read(rates, name="<rates>").root, report)
    report.raise_errors()
    return settings_for(clock, example_secs=example_secs, hop_secs=hop_secs, eval_share=eval_share)


def played_inputs(graph: Graph) -> tuple[tuple[MidiInput, tuple[str, ...]], ...]:
    """The MIDI inputs of a graph, and their ports, as `Settings` has them."""
    found = [(replace(midi, span=None), tuple(inputs_of(graph.input_by_name, midi))) for midi in graph.midi]
    return tuple(pair for pair in found if pair[1])


def settings_for(
    clock: Clock, *, example_secs: float | None = None, hop_secs: float = 1.0, eval_share: float = 0.1
) -> Settings:
    """Settings for the graph that has this clock; lengths are rounded to whole frames.

    Args:
      clock: of the graph.
      example_secs: None for the duration of the clock, or 4 s where it has none.
      hop_secs: from the beginning of one example to that of the next.
      eval_share: how much of the examples is held out.

    Raises:
      GraphError: E502 for numbers that will not do; E611 a clock without a frame rate.
    """
    if not clock.sample_rate or not clock.frame_rate:
        hint = "clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}"
        raise fail("E611", "the graph has no frame rate: it takes no features", clock.span, hint=hint)
    if example_secs is None:
        example_secs = clock.n_samples / clock.sample_rate if clock.n_samples else 4.0
    rate = float(clock.frame_rate)
    for name, seconds in (("example_secs", example_secs), ("hop_secs", hop_secs)):
        if not 1 <= seconds * rate <= 1e9:
            message = f"{name} must be at least a frame of {1 / rate:g} s, this is {seconds:g}"
            raise fail("E502", message, hint="4 s every second is usual")
    if not 0 <= eval_share < 1:
        raise fail("E502", f"eval_share must be at least 0 and below 1, this is {eval_share:g}", hint="0.1 is usual")
    n_samples = round(example_secs * rate) * (clock.hop_samples or 0)
    return Settings(replace(clock, n_samples=n_samples, span=None), round(hop_secs * rate), eval_share)
