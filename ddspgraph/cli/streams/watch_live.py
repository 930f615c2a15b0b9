"""The sound of `watch --live`: the sound card plays on while the graph is compiled again."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ddspgraph.cli.console import load_for_blocks, stage, tell
from ddspgraph.cli.options import Arguments, GraphOptions, block_samples, split_assignment
from ddspgraph.cli.run_inputs import needed_inputs, read_inputs
from ddspgraph.cli.spec import compile_graph, load_graph, tell_warnings
from ddspgraph.cli.streams import looks
from ddspgraph.cli.streams.feed import warm_up
from ddspgraph.cli.streams.live import (
    Callback,
    audio_output,
    channels_of,
    is_mono,
    load_sounddevice,
    no_long_pauses,
    sound_card,
)
from ddspgraph.cli.streams.run import Timing
from ddspgraph.diagnostics import fail
from ddspgraph.io.arrays import read_npz
from ddspgraph.ir.graph import Ref
from ddspgraph.player.live_stream import LiveStream
from ddspgraph.player.stream import Stream
from ddspgraph.player.watching import Watch

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Graph
    from ddspgraph.streaming.model import StreamModel

#: The name of the output that plays: the line between two graphs is drawn by name.
_HEARD = "sound"
#: Compiling is Python, and so is a part of every block: threads must take turns faster than Python's 5 ms.
_TURN_S = 0.0005


@dataclass(frozen=True)
class Sound:
    """A graph that can play.

    Attributes:
      model: a `StreamModel` of one output.
      loops: inputs from files and values, [1, values, ...], by name.
      constants: inputs of rate const.
      microphone: the input that is recorded, if any.
      block: samples of a block.
    """

    model: StreamModel
    loops: Mapping[str, np.ndarray]
    constants: Mapping[str, np.ndarray]
    microphone: str | None
    block: int

    @property
    def card(self) -> tuple[Any, ...]:
        """What the sound card is opened with."""
        (_, ref), *_ = self.model.plan.graph.outputs
        channels = channels_of(self.model.plan.graph.types[ref]) or 1
        return (self.model.graph.clock.sample_rate, self.block, self.microphone is not None, channels)

    def given(self, n: int, position: int, recorded: np.ndarray) -> Mapping[str, Any] | int:
        """The inputs of `n` samples: files in a loop, and float32 [samples] of the microphone."""
        if not self.model.block_inputs:
            return n
        found = {self.microphone: recorded[None]} if self.microphone else {}
        for name, x in self.loops.items():
            hop, axis = self.model.plan.timings[Ref(name)].hop, self.model.graph.input_by_name[name].signal.time_axis
            times = np.arange(position // hop, (position + n) // hop) % x.shape[axis]
            found[name] = np.take(x, times, axis=axis)
        return found


def build_sound(arguments: Arguments) -> Sound:
    """Compiles the spec for blocks, and reads its inputs.

    Raises:
      UsageError: where an input cannot be recorded, or there is no output to play.
      GraphError: of the spec and the files; E415 for what no stream can do.
    """
    from ddspgraph.compiler.driver import compile_stream

    options = GraphOptions.of(arguments)
    graph = load_graph(arguments.spec, options)
    tell_warnings(graph)
    graph = graph.replace(outputs=((_HEARD, audio_output(graph)),))
    needed, given = needed_inputs(graph), _given_names(graph, arguments)
    missing = [graph.input_by_name[name] for name in needed if name not in given]
    recorded = [i.name for i in missing if is_mono(i.signal)]
    microphone = recorded[0] if len(recorded) == 1 else None
    # What is held is as long as anything else: without a file and a duration, one frame in a loop.
    clock, hop = graph.clock, graph.clock.hop_samples or 1
    held = graph.replace(clock=dataclasses.replace(clock, n_samples=clock.n_samples or hop))
    arrays = read_inputs(held, arguments, options.limits, tell, required=[n for n in needed if n != microphone])
    with stage("loading TensorFlow"):
        load_for_blocks()
    with stage(f"compiling {graph.name}"):
        model = compile_stream(compile_graph(arguments.spec, graph, options))
    loops = {i.name: arrays[i.name] for i in model.block_inputs if i.name in arrays}
    for name, x in loops.items():
        if len(x) != 1 or not x.shape[1]:
            raise fail("E602", f"'{name}' holds {len(x)} sounds of {x.shape[1]} values, one is played in a loop")
    constants = {i.name: arrays[i.name] for i in model.constant_inputs if i.name in arrays}
    return Sound(model, loops, constants, microphone, block_samples(arguments.block, hop))


def _given_names(graph: Graph, arguments: Arguments) -> set[str]:
    """The inputs that the command line gives."""
    needed = needed_inputs(graph)
    names = {split_assignment(text)[0] or (needed[0] if len(needed) == 1 else "") for text in arguments.input}
    return names | (set(read_npz(arguments.inputs)) if arguments.inputs else set())


class Player:
    """Plays what a watch builds: the old sound until a new one is there, and a short line between them."""

    def __init__(self, watch: Watch[Sound], arguments: Arguments) -> None:
        self.watch, self.arguments = watch, arguments
        load_sounddevice()

    def play_forever(self) -> NoReturn:
        """Until Ctrl-C. Raises UsageError for a command line that cannot be, GraphError E601 or E608 of the card."""
        turn = sys.getswitchinterval()
        sys.setswitchinterval(_TURN_S)
        try:
            while True:
                if looks.look(self.watch, self.arguments):
                    while self._play_until_the_card_must_change():
                        pass
                looks.pause()
        finally:
            sys.setswitchinterval(turn)

    def _play_until_the_card_must_change(self) -> bool:
        """True where another sound waits for the card; False where the one that played has failed."""
        sound = self.watch.value
        assert sound is not None
        performance = Performance(sound, self.arguments.seed)
        callback = Callback(performance.answer, Timing(sound.block))
        rate, block, has_microphone, channels = sound.card
        card = {"has_microphone": has_microphone, "channels": channels}
        with no_long_pauses(), sound_card(callback, rate, block, **card):
            while not callback.failed.is_set():
                looks.pause()
                if not looks.look(self.watch, self.arguments):
                    continue
                assert self.watch.value is not None
                if self.watch.value.card != sound.card:
                    return True
                performance.change(self.watch.value)
        assert callback.error is not None
        looks.show_error(callback.error, self.arguments)
        tell("silent until the next save")
        return False


class Performance:
    """What the sound card hears: blocks of the sound that plays, and of the one that takes over."""

    def __init__(self, sound: Sound, seed: int) -> None:
        self.live = LiveStream(sound.model, seed=seed, constants=sound.constants)
        self.sounds: dict[StreamModel, Sound] = {sound.model: sound}
        self.position = 0
        self._warm_up(sound)

    def change(self, sound: Sound) -> None:
        """Another sound takes over at the next block. Raises GraphError E603-E605."""
        self._warm_up(sound)
        self.sounds = {model: self.sounds[model] for model in self.live.models} | {sound.model: sound}
        self.live.swap(sound.model, constants=sound.constants)

    def answer(self, recorded: np.ndarray) -> np.ndarray:
        """float32 [samples] of the microphone -> float32 [samples]. Raises GraphError E801 and as a stream does."""
        n = len(recorded)
        x = self.live(lambda model: self.sounds[model].given(n, self.position, recorded))[_HEARD]
        self.position += n
        if not np.isfinite(x).all():
            raise fail("E801", "the sound is not finite")
        return x[0]

    @staticmethod
    def _warm_up(sound: Sound) -> None:
        warm_up(Stream(sound.model, constants=sound.constants), sound.block)
