"""The loop of a stream: blocks in, blocks out, until the last one has come out; and the proof of `--verify`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ddspgraph.cli.console import put, show_json, stage, table, tell
from ddspgraph.cli.options import Arguments, GraphOptions, UsageError
from ddspgraph.cli.run_outputs import write_outputs
from ddspgraph.cli.spec import compile_graph, is_saved_model
from ddspgraph.cli.stream_files import Files, read_pcm, write_pcm
from ddspgraph.cli.tensor_errors import typed_tensor_errors
from ddspgraph.diagnostics import fail
from ddspgraph.ir.streaming import has_time
from ddspgraph.ir.types import Rate
from ddspgraph.stream import Stream

if TYPE_CHECKING:
    from ddspgraph.compiler.stream import StreamModel
    from ddspgraph.ir.graph import Graph, Input

#: Without files `--verify` makes up inputs of so many frames.
_VERIFIED_FRAMES = 200


@dataclass
class Timing:
    """How long the blocks took."""

    block_samples: int
    seconds: list[float] = field(default_factory=list)

    def facts(self, sample_rate: int | None) -> dict[str, Any]:
        ms = 1e3 * np.array(self.seconds or [0.0])
        found: dict[str, Any] = {"blocks": len(self.seconds), "block_samples": self.block_samples}
        if sample_rate:
            found["block_ms"] = 1e3 * self.block_samples / sample_rate
            found["real_time_factor"] = found["block_ms"] / max(float(ms.mean()), 1e-9)
        quantiles = {"median_ms": np.median(ms), "p99_ms": np.percentile(ms, 99), "worst_ms": ms.max()}
        return found | {name: float(value) for name, value in quantiles.items()}


def run_files(model: StreamModel, files: Files, arguments: Arguments, block_samples: int) -> Timing:
    """Streams files and pipes. What comes out is as long as offline: the latency is cut off, the end played out.

    After the end audio is 0 and frames are held. Raises GraphError as files, pipes and blocks do.
    """
    batch = max((len(x) for x in files.arrays.values()), default=1)
    constants = {i.name: files.arrays[i.name] for i in model.constant_inputs}
    stream = Stream(model, batch=batch, seed=arguments.seed, constants=constants)
    feed, timing = _Feed(model, files, arguments.pcm, batch), Timing(block_samples)
    sinks = {name: _Sink(model, name) for name in model.output_names}
    _warm_up(model, stream, feed.silence(block_samples))
    with typed_tensor_errors():
        for block, n in feed.blocks(block_samples):
            begin = time.perf_counter()
            outputs = {name: x.numpy() for name, x in stream(block).items()}
            if n == block_samples:
                timing.seconds.append(time.perf_counter() - begin)
            for name, x in outputs.items():
                new = sinks[name].take(x, feed.end)
                if name == files.piped_output:
                    write_pcm(new[0], arguments.pcm)
                elif any(name in names for names in files.plan.values()):
                    files.kept.setdefault(name, []).append(new)
    if not feed.end:
        raise fail("E602", "stdin holds no samples" if files.piped_input else "the inputs hold no samples")
    results = {name: sinks[name].joined(parts) for name, parts in files.kept.items()}
    for name, x in results.items():
        if not np.isfinite(x).all():
            raise fail("E801", f"the output '{name}' is not finite")
    write_outputs(model.graph, files.plan, results, arguments)
    for file, names in files.plan.items():
        tell(f"wrote {file}: {', '.join(names)}")
    return timing


class _Feed:
    """The inputs, block by block; what comes after their end plays the latency out."""

    def __init__(self, model: StreamModel, files: Files, pcm: str, batch: int) -> None:
        self.model, self.files, self.pcm, self.batch = model, files, pcm, batch
        self.hop = model.plan.hop
        self.end = files.n_samples
        self.last: dict[str, np.ndarray] = {}

    def blocks(self, block_samples: int) -> Iterator[tuple[Any, int]]:
        """(block, its samples)."""
        lag = -(-max(self.model.latencies.values()) // self.hop) * self.hop
        begin = 0
        while True:
            piped = self._piped(begin, block_samples)
            n = block_samples
            if self.end is not None:
                n = min(n, -(-self.end // self.hop) * self.hop + lag - begin)
            if n <= 0 or self.end == 0:
                return
            if not self.model.block_inputs:
                yield n, n
            else:
                yield {i.name: self._part(i, begin, n, piped) for i in self.model.block_inputs}, n
            begin += n

    def silence(self, block_samples: int) -> Any:
        """A block to begin with, which nobody hears."""
        if not self.model.block_inputs:
            return block_samples
        sizes = {"batch": self.batch, "frames": block_samples // self.hop, "samples": block_samples}
        return {i.name: np.zeros([d.at(sizes) for d in i.signal.dims], np.float32) for i in self.model.block_inputs}

    def _piped(self, begin: int, block_samples: int) -> np.ndarray | None:
        """What stdin gives for this block; where it gives less, the end is known."""
        name = self.files.piped_input
        if name is None or self.end is not None:
            return None
        item = self.model.graph.input_by_name[name]
        hop = self._hop(item)
        channels = int(np.prod([dim.size or 1 for dim in item.signal.dims[2:]], initial=1))
        x = read_pcm(block_samples // hop, channels, self.pcm)
        if len(x) < block_samples // hop:
            self.end = begin + len(x) * hop
            self._check_lengths()
        return x.reshape(1, len(x), *[dim.size or 1 for dim in item.signal.dims[2:]])

    def _check_lengths(self) -> None:
        for name, x in self.files.arrays.items():
            item = self.model.graph.input_by_name[name]
            if has_time(item.signal) and x.shape[1] * self._hop(item) < (self.end or 0):
                message = f"'{name}' ends after {x.shape[1] * self._hop(item)} samples, stdin after {self.end}"
                raise fail("E606", message, item.span)

    def _part(self, item: Input, begin: int, n: int, piped: np.ndarray | None) -> np.ndarray:
        hop, is_audio = self._hop(item), item.signal.rate is Rate.AUDIO
        if item.name == self.files.piped_input:
            x = piped if piped is not None else np.zeros((1, 0, *[d.size or 1 for d in item.signal.dims[2:]]))
        else:
            x = self.files.arrays[item.name][:, begin // hop : (begin + n) // hop]
        x = x[:, : n // hop].astype(np.float32)
        missing = n // hop - x.shape[1]
        if x.shape[1]:
            self.last[item.name] = x[:, -1:]
        if not missing:
            return x
        tail = self.last.get(item.name)
        if tail is None or is_audio:
            tail = np.zeros((x.shape[0], 1, *x.shape[2:]), np.float32)
        return np.concatenate([x, np.repeat(tail, missing, axis=1)], axis=1)

    def _hop(self, item: Input) -> int:
        return self.model.plan.timings[item.ref].hop


class _Sink:
    """One output: without its latency, and as long as offline."""

    def __init__(self, model: StreamModel, name: str) -> None:
        ref = dict(model.plan.graph.outputs)[name]
        self.signal, self.timing, self.hop = model.plan.graph.types[ref], model.plan.timings.get(ref), model.plan.hop
        self.has_hop = model.graph.clock.hop_samples is not None
        self.to_skip = self.timing.latency // self.timing.hop if self.timing else 0
        self.taken = 0

    def take(self, x: np.ndarray, end: int | None) -> np.ndarray:
        """What of a block belongs to the result; `end` is that of the inputs, where it is known."""
        if self.timing is None:
            return x
        skipped = min(self.to_skip, x.shape[1])
        self.to_skip -= skipped
        x = x[:, skipped:]
        if end is not None:
            x = x[:, : max(self._length(end) - self.taken, 0)]
        self.taken += x.shape[1]
        return x

    def joined(self, parts: list[np.ndarray]) -> np.ndarray:
        return parts[-1] if self.timing is None else np.concatenate(parts, axis=1)

    def _length(self, end: int) -> int:
        """What the type says; an analysis at a hop of its own has frames up to the end."""
        assert self.timing is not None
        time_axis, frames = self.signal.dims[1], -(-end // self.hop)
        if time_axis.name == "frames" and self.timing.hop == 1 and time_axis.scale == self.hop and not time_axis.offset:
            return end
        if time_axis.name in ("frames", "samples"):
            return time_axis.at({"frames": frames, "samples": end})
        return -(-end // self.timing.hop)


def _warm_up(model: StreamModel, stream: Stream, block: Any) -> None:
    """TensorFlow's first calls are slow; the state of the stream stays as it is."""
    for _ in range(2):
        model.process(stream.state, block)


def run_live(model: StreamModel, arguments: Arguments, block_samples: int) -> Timing:
    """From the microphone to the loudspeakers until Ctrl-C. Raises UsageError, GraphError E608."""
    from ddspgraph.cli.live import play

    return play(model, arguments, Timing(block_samples))


def verify(arguments: Arguments, graph: Graph, options: GraphOptions, files: Files) -> int:
    """Prints the largest difference of every output between blocks of random sizes and offline.

    Raises:
      GraphError: E804 where one is too large.
    """
    from ddspgraph.compiler.driver import compile_stream
    from ddspgraph.verify_stream import differences

    if is_saved_model(arguments.spec) or files.piped_input:
        raise UsageError("--verify compares with the offline graph: give it the spec, and files or no input")
    with stage(f"compiling {graph.name}"):
        offline = compile_graph(arguments.spec, graph, options)
        model = compile_stream(offline)
    hop = model.plan.hop
    n_frames = (
        -(-files.n_samples // hop) if files.n_samples else _VERIFIED_FRAMES + max(model.latencies.values()) // hop
    )
    inputs = _whole_frames(graph, files.arrays, hop) if files.arrays else _random_inputs(model, n_frames)
    with stage(f"streaming {graph.name}"), typed_tensor_errors():
        found = differences(offline, model, inputs, n_frames * hop, seed=arguments.seed)
    if arguments.json:
        show_json({"ok": all(a <= b for a, b in found.values()), "differences": {n: a for n, (a, _) in found.items()}})
    else:
        put(table([["", "difference"], *([name, f"{a:.2g}"] for name, (a, _) in found.items())]))
    for name, (difference, allowed) in found.items():
        if difference > allowed:
            message = f"'{name}' of the stream differs by {difference:.2g} from offline, more than {allowed:.2g}"
            raise fail("E804", message, hint="an op of your own that is POINTWISE must not look at other times")
    return 0


def _random_inputs(model: StreamModel, n_frames: int) -> dict[str, np.ndarray]:
    from ddspgraph.backends.verify_export import random_values

    rng, hop = np.random.default_rng(0), model.plan.hop
    sizes = {"batch": 1, "frames": n_frames, "samples": n_frames * hop}
    return {i.name: random_values(rng, i.signal, sizes) for i in model.plan.graph.inputs}


def _whole_frames(graph: Graph, arrays: Mapping[str, np.ndarray], hop: int) -> dict[str, np.ndarray]:
    """Audio with zeros up to the end of its last frame."""
    padded = dict(arrays)
    for name, x in arrays.items():
        if graph.input_by_name[name].signal.rate is Rate.AUDIO:
            padded[name] = np.pad(x, [(0, 0), (0, -x.shape[1] % hop)] + [(0, 0)] * (x.ndim - 2))
    return padded
