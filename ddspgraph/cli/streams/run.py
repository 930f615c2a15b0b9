"""The loop of a stream: blocks in, blocks out, until the last one has come out; and the proof of `--verify`."""

from __future__ import annotations

import contextlib
import time
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ddspgraph.cli.console import put, show_json, stage, table, tell
from ddspgraph.cli.options import Arguments, GraphOptions, UsageError
from ddspgraph.cli.run_outputs import write_outputs
from ddspgraph.cli.spec import compile_graph, is_saved_model
from ddspgraph.cli.streams.feed import Feed, warm_up
from ddspgraph.cli.streams.files import Files
from ddspgraph.cli.streams.sinks import Sink, is_recording
from ddspgraph.cli.tensor_errors import typed_tensor_errors
from ddspgraph.diagnostics import fail
from ddspgraph.ir.types import Rate
from ddspgraph.player.stream import Stream

if TYPE_CHECKING:
    from ddspgraph.ir.graph import Graph
    from ddspgraph.streaming.model import StreamModel

#: Without files `--verify` makes up inputs of so many frames.
_VERIFIED_FRAMES = 200


@dataclass
class Timing:
    """How long the blocks took."""

    block_samples: int
    seconds: array[float] = field(default_factory=lambda: array("d"))

    def facts(self, sample_rate: int | None) -> dict[str, Any]:
        ms = 1e3 * np.array(self.seconds or array("d", [0.0]))
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
    feed, timing = Feed(model, files), Timing(block_samples)
    constants = {i.name: files.arrays[i.name] for i in model.constant_inputs}
    stream = Stream(model, batch=feed.batch, seed=arguments.seed, constants=constants)
    with contextlib.ExitStack() as stack:
        sinks = {name: Sink(model, name, files, arguments, stack) for name in model.output_names}
        warm_up(stream, block_samples, feed.batch)
        with typed_tensor_errors():
            for block, n in feed.blocks(block_samples):
                begin = time.perf_counter()
                outputs = {name: x.numpy() for name, x in stream(block).items()}
                if n == block_samples:
                    timing.seconds.append(time.perf_counter() - begin)
                for name, x in outputs.items():
                    sinks[name].take(x, feed.length)
        if not feed.end:
            raise fail("E602", "stdin holds no samples" if files.piped_input else "the inputs hold no samples")
    arrays = {file: names for file, names in files.plan.items() if not is_recording(file)}
    write_outputs(model.graph, arrays, {name: sink.joined() for name, sink in sinks.items() if sink.kept}, arguments)
    for file, names in files.plan.items():
        tell(f"wrote {file}: {', '.join(names)}")
    return timing


def verify(arguments: Arguments, graph: Graph, options: GraphOptions, files: Files) -> int:
    """Prints the largest difference of every output between blocks of random sizes and offline.

    Raises:
      GraphError: E804 where one is too large.
    """
    from ddspgraph.compiler.driver import compile_stream
    from ddspgraph.proofs.stream import differences

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
    from ddspgraph.export.verify_export import random_values

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
