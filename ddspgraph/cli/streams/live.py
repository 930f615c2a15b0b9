"""Live audio of a stream through the sound card: the extra `[live]`, PortAudio by way of sounddevice."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ddspgraph.cli.console import tell
from ddspgraph.cli.options import Arguments, UsageError
from ddspgraph.cli.streams.feed import warm_up
from ddspgraph.cli.streams.pitch import live_block
from ddspgraph.cli.tensor_errors import typed_tensor_errors
from ddspgraph.diagnostics import fail
from ddspgraph.installation import install_command
from ddspgraph.instrument.performance import FEATURES
from ddspgraph.ir.types import Rate
from ddspgraph.player.stream import Stream

if TYPE_CHECKING:
    from ddspgraph.cli.streams.keyboard import Keyboard
    from ddspgraph.cli.streams.pitch import Performance
    from ddspgraph.cli.streams.run import Timing
    from ddspgraph.ir.graph import Graph, Ref
    from ddspgraph.ir.types import Signal
    from ddspgraph.streaming.model import StreamModel


def play(
    model: StreamModel,
    arguments: Arguments,
    timing: Timing,
    performance: Performance | None = None,
    keyboard: Keyboard | None = None,
) -> Timing:
    """Microphone -> (the features of what is performed) -> the graph -> loudspeakers, until Ctrl-C.

    With a keyboard the MIDI inputs are what it plays.

    Raises:
      UsageError: where the graph has other inputs than one of audio, or no audio output.
      GraphError: E608 without sounddevice, E601 where there is no sound card.
    """
    played = keyboard.input_names if keyboard is not None else []
    source, sink = _ports(model, played, is_performed=performance is not None)
    names = [i.name for i in model.block_inputs if i.name not in played]
    load_sounddevice()
    stream = Stream(model, seed=arguments.seed)
    warm_up(stream, timing.block_samples)
    if performance is not None:
        performance.wait()

    def answer(audio: np.ndarray) -> np.ndarray:
        block: Any = {}
        if performance is not None:
            block = live_block(performance, names, audio)
        elif source is not None:
            block = {source: audio[None]}
        elif keyboard is None:
            block = len(audio)
        if keyboard is not None:
            made = keyboard.block(len(audio) // model.plan.hop)
            block |= {i.name: made[i.name] for i in model.block_inputs if i.name in made}
        return stream(block)[sink].numpy()[0]

    callback = Callback(answer, timing)
    has_microphone = source is not None or performance is not None
    try:
        card = {"has_microphone": has_microphone, "channels": channels_of(_heard(model, sink)) or 1}
        with sound_card(callback, model.graph.clock.sample_rate, timing.block_samples, **card):
            tell(f"{model.graph.name} is playing; Ctrl-C ends it")
            while not callback.failed.wait(0.1):
                pass
        assert callback.error is not None
        raise callback.error
    except KeyboardInterrupt:
        return timing


def load_sounddevice() -> Any:
    """The package. Raises GraphError E608 where it or PortAudio is missing."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: PortAudio itself is missing
        hint = install_command("live")
        raise fail("E608", f"live audio needs sounddevice: {str(error).splitlines()[0]}", hint=hint) from None
    return sounddevice


@contextlib.contextmanager
def sound_card(
    callback: Callback, sample_rate: int | None, block: int, *, has_microphone: bool, channels: int = 1
) -> Iterator[None]:
    """Plays so many channels, and records one where there is a microphone. Raises GraphError E601, E608."""
    sounddevice = load_sounddevice()
    settings = {"samplerate": sample_rate, "blocksize": block, "dtype": "float32"}
    try:
        if has_microphone:
            opened = sounddevice.Stream(callback=callback, channels=(1, channels), **settings)
        else:
            opened = sounddevice.OutputStream(callback=callback.without_microphone, channels=channels, **settings)
        with opened:
            yield
    except sounddevice.PortAudioError as error:
        raise fail("E601", f"the sound card cannot be used: {error}") from None


@contextlib.contextmanager
def no_long_pauses() -> Iterator[None]:
    """Keeps what is in memory by now out of the garbage collector: a pass over TensorFlow's objects takes 240 ms."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class Callback:
    """What the sound card calls for every block, in a thread of its own.

    Attributes:
      failed: set when `answer` raised `error`: from then on there is silence.
    """

    def __init__(self, answer: Callable[[np.ndarray], np.ndarray], timing: Timing) -> None:
        self.answer, self.timing = answer, timing
        self.failed = threading.Event()
        self.error: Exception | None = None

    def __call__(self, recorded: Any, played: Any, n: int, when: Any, status: Any) -> None:
        """`recorded` [n, 1] in, `played` [n, channels] out."""
        begin = time.perf_counter()
        played[:] = 0.0
        if self.failed.is_set():
            return
        try:
            with typed_tensor_errors():
                played[:] = self.answer(np.array(recorded[:, 0], np.float32)).reshape(n, -1)
        except Exception as error:
            self.error = error
            self.failed.set()
        self.timing.seconds.append(time.perf_counter() - begin)
        if status:
            tell(f"the sound card: {status}")

    def without_microphone(self, played: Any, n: int, when: Any, status: Any) -> None:
        """As a call, where nothing is recorded."""
        self(np.zeros((n, 1), np.float32), played, n, when, status)


def _heard(model: StreamModel, output: str) -> Signal:
    graph = model.plan.graph
    return graph.types[dict(graph.outputs)[output]]


def _ports(model: StreamModel, played: Sequence[str], is_performed: bool) -> tuple[str | None, str]:
    """The input of the microphone, where there is one, and the output of the loudspeakers."""
    graph = model.plan.graph
    rest = [i for i in graph.inputs if i.name not in played and not (is_performed and i.name in FEATURES)]
    inputs = [i for i in rest if is_mono(i.signal)]
    if len(inputs) != len(rest) or len(inputs) > (0 if is_performed else 1):
        names = ", ".join(i.name for i in graph.inputs)
        keys = "; --midi PORT plays its MIDI inputs" if graph.midi and not played else ""
        raise UsageError(f"--live has one microphone, the graph takes {names}{keys}")
    heard = audio_output(graph)
    return (inputs[0].name if inputs else None), next(name for name, ref in graph.outputs if ref == heard)


def audio_output(graph: Graph) -> Ref:
    """What the loudspeakers play: the first output that is a sound of a known number of channels. Raises UsageError."""
    for _, ref in graph.outputs:
        if channels_of(graph.types[ref]) is not None:
            return ref
    raise UsageError("--live plays a sound of one or more channels, and the graph has no such output")


def is_mono(signal: Signal) -> bool:
    """Whether a value is a sound as a microphone gives it."""
    return signal.rank == 2 and channels_of(signal) == 1


def channels_of(signal: Signal) -> int | None:
    """How many channels a sound has; None of what is none, has voices, or any number of channels."""
    if signal.rate is not Rate.AUDIO or signal.voices is not None:
        return None
    return 1 if signal.rank == 2 else signal.dims[2].size
