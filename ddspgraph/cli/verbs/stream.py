"""`ddspgraph stream SPEC --input NAME=FILE|- --output NAME=FILE|-`: block by block, as a plugin or a pipe runs it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ddspgraph.cli.console import load_for_blocks, show_json, stage, table, tell
from ddspgraph.cli.options import (
    Arguments,
    GraphOptions,
    Parser,
    UsageError,
    add_block_option,
    add_graph_options,
    add_input_options,
    add_output_options,
    add_tail_option,
    block_samples,
    check_seed,
)
from ddspgraph.cli.verbs.transfer import add_fit_options

if TYPE_CHECKING:
    from ddspgraph.cli.streams.run import Timing
    from ddspgraph.ir.graph import Graph
    from ddspgraph.streaming.model import StreamModel

EXAMPLE = "ddspgraph stream graph.yaml --input audio=- --output audio=- --block 1024 < dry.f32 > wet.f32"


def add_options(parser: Parser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a spec, the run of a training, or a SavedModel with --streaming")
    add_input_options(parser, "a recording, .npy or .npz, or - for raw samples on stdin")
    add_output_options(parser, ".wav, .flac, .npy or .npz, or - for raw samples on stdout")
    add_tail_option(parser)
    add_block_option(parser)
    parser.add_argument(
        "--pcm",
        choices=["f32", "s16"],
        default="f32",
        help="raw samples: 32-bit floats or 16-bit integers, little-endian, channels interleaved (default: f32)",
    )
    parser.add_argument("--verify", action="store_true", help="compare blocks of random sizes with offline; exit 6")
    parser.add_argument("--live", action="store_true", help="from the microphone to the loudspeakers ([live])")
    parser.add_argument("--midi", metavar="PORT", help="live, the MIDI inputs played by this keyboard ([midi])")
    parser.add_argument("--pitch", choices=["swift-f0"], help="pitch and levels from --input audio ([f0])")
    add_fit_options(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of all randomness (default: 0)")
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph.cli.run_outputs import with_parts
    from ddspgraph.cli.spec import check_tail, is_portable, is_saved_model, load_graph, tell_warnings
    from ddspgraph.cli.streams.files import plan_files
    from ddspgraph.cli.streams.pitch import Performance, check_performance, with_features
    from ddspgraph.compiler.tail import ended

    check_seed(arguments.seed)
    arguments.live = arguments.live or arguments.midi is not None
    if is_portable(arguments.spec):
        raise UsageError("`ddspgraph run` plays an export for LiteRT or ONNX: give the spec, the run or a SavedModel")
    options = GraphOptions.of(arguments)
    graph = load_graph(arguments.spec, options)
    tell_warnings(graph)
    graph = with_parts(graph, arguments.output, is_export=is_saved_model(arguments.spec))
    if not graph.outputs:
        raise UsageError("the graph has losses alone: a stream has outputs")
    block = block_samples(arguments.block, graph.clock.hop_samples or 1)
    if arguments.pitch:
        check_performance(arguments)
    if arguments.tail is not None and (arguments.live or arguments.verify):
        raise UsageError("--tail is for files and pipes, which end: leave it out with --live and --verify")
    if arguments.midi is not None and arguments.verify:
        raise UsageError("--verify compares with the offline graph, which no keyboard plays: leave out --midi")
    files = plan_files(graph, arguments, options.limits)
    if arguments.tail is not None:
        check_tail(arguments.spec, graph)
        graph = ended(graph)
    with stage("loading TensorFlow"):
        load_for_blocks()

    from ddspgraph.cli.streams.keyboard import Keyboard
    from ddspgraph.cli.streams.live import no_long_pauses, play
    from ddspgraph.cli.streams.run import Timing, run_files, verify

    if arguments.verify:
        return verify(arguments, graph, options, files)
    with stage(f"compiling {graph.name}"):
        model = _model(arguments, graph, options)
        performance = Performance(graph, arguments, block) if files.tracked else None
        keyboard = Keyboard(graph, arguments.midi) if arguments.midi is not None else None
    with no_long_pauses(), contextlib.closing(keyboard) if keyboard else contextlib.nullcontext():
        if arguments.live:
            timing = play(model, arguments, Timing(block), performance, keyboard)
        else:
            timing = run_files(model, with_features(files, performance) if performance else files, arguments, block)
    _report(arguments, model, timing, performance.latency_samples if performance else 0)
    return 0


def _model(arguments: Arguments, graph: Graph, options: GraphOptions) -> StreamModel:
    from ddspgraph.cli.spec import compile_graph, is_saved_model
    from ddspgraph.compiler.driver import compile_stream
    from ddspgraph.export.exported_stream import load_stream

    if is_saved_model(arguments.spec):
        return load_stream(arguments.spec, ops=options.ops, limits=options.limits)
    return compile_stream(compile_graph(arguments.spec, graph, options))


def _report(arguments: Arguments, model: StreamModel, timing: Timing, pitch_samples: int) -> None:
    """Latency, with that of the tracker of pitch, and speed: to stderr, with --json to stdout."""
    rate = model.graph.clock.sample_rate
    latencies = {name: n + pitch_samples for name, n in model.latencies.items()}
    pitch = [("pitch", pitch_samples)] if pitch_samples else []
    facts = {"latency_samples": latencies, **timing.facts(rate)}
    if arguments.json:
        show_json({"ok": True, "graph": model.graph.name, **facts})
        return
    rows = [["", "latency", "", "of which"]]
    for name, n in latencies.items():
        ms = f"{1e3 * n / rate:.1f} ms" if rate else ""
        costs = ", ".join(f"{node} {samples}" for node, samples in pitch + model.plan.costs(name))
        rows.append([name, f"{n} samples", ms, costs])
    tell(table(rows))
    speed = f"{facts['real_time_factor']:.1f} times real time; " if rate else ""
    times = f"a block took {facts['median_ms']:.2f} ms (median), {facts['p99_ms']:.2f} ms (p99)"
    worst = f"{facts['worst_ms']:.2f} ms (worst)"
    of = f" of {facts['block_ms']:.1f} ms" if rate else ""
    tell(f"{facts['blocks']:,} blocks of {facts['block_samples']} samples, {speed}{times}, {worst}{of}")
