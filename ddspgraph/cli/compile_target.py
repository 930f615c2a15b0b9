"""`ddspgraph compile SPEC -o DIR --target litert|onnx`: a model of fixed shapes for a runtime without TensorFlow."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddspgraph.cli.console import load_quietly, show_json, stage, table, tell
from ddspgraph.cli.options import Arguments, GraphOptions, Parser, UsageError, add_block_option, block_samples
from ddspgraph.export.targets import PRECISIONS, TARGETS, check_packages, check_support, is_target_export

if TYPE_CHECKING:
    from ddspgraph.compiler.lower import CompiledGraph
    from ddspgraph.compiler.pipeline import Observer
    from ddspgraph.export.fixed import Fixed
    from ddspgraph.ir.graph import Graph

#: Offline without --seconds or --frames, where the clock says no duration.
_USUAL_SECONDS = 1.0
_OPTIONS = ("seconds", "frames", "any-length", "batch", "block", "inputs")


def add_target_options(parser: Parser) -> None:
    """`--target`, and the shapes of LiteRT and ONNX models."""
    parser.add_argument("--target", choices=TARGETS, default=TARGETS[0], help="what will run it (default: saved_model)")
    words = "trained weights in 16 or 8 bits (litert and onnx); the quality against float32 is shown, and has a floor"
    parser.add_argument("--quantize", choices=PRECISIONS, help=words)
    shapes = parser.add_argument_group("litert and onnx", "models of one length, of any, or of one block")
    length = shapes.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, metavar="N", help="length (default: the clock's duration, else 1)")
    length.add_argument("--frames", type=int, metavar="N", help="length in frames")
    any_length = "calls of any length, verified at three, where the target can"
    length.add_argument("--any-length", action="store_const", const=True, help=any_length)
    shapes.add_argument("--batch", type=int, metavar="N", help="items of a call (default: 1)")
    add_block_option(shapes)
    shapes.add_argument("--inputs", metavar="FILE.npz", help="with --streaming: inputs of rate const")


def check_no_shapes(arguments: Arguments) -> None:
    """Of a SavedModel, whose batch and length are open. Raises UsageError."""
    if arguments.quantize is not None:
        raise UsageError("--quantize goes with --target litert or onnx")
    given = [f"--{name}" for name in _OPTIONS if getattr(arguments, name.replace("-", "_")) is not None]
    if given:
        raise UsageError(f"{' and '.join(given)}: a SavedModel takes any batch and length; see --target")


def compile_to_target(arguments: Arguments, graph: Graph, options: GraphOptions, observe: Observer | None) -> int:
    """Raises UsageError, and GraphError as `save_target` and the compiler do."""
    from ddspgraph.export.staged_folder import check_target

    target = arguments.target
    samples = _samples(arguments, graph)
    check_support(graph, target, streaming=arguments.streaming)
    check_packages(target, arguments.quantize)
    check_target(arguments.output, is_target_export)
    with stage("loading TensorFlow"):
        load_quietly()

    from ddspgraph.cli.spec import compile_graph
    from ddspgraph.export.target_folder import save_target

    with stage(f"compiling {graph.name}"):
        model = compile_graph(arguments.spec, graph, options, seed=arguments.seed, observe=observe)
        fixed = _fixed(arguments, model, options, samples)

    with stage(f"exporting {arguments.output}, and running it in a fresh process"):
        add_assets = partial(add_run_assets, model, arguments)
        difference, facts = save_target(
            fixed, target, arguments.output, precision=arguments.quantize, add_assets=add_assets
        )
    _report(arguments, facts, difference)
    return 0


def add_run_assets(model: CompiledGraph, arguments: Arguments, folder: Path) -> None:
    """What the export of a run, or of an instrument that hears a recording, holds beside the model."""
    from ddspgraph.instrument.tracker_file import write_tracker
    from ddspgraph.instrument.trained import write_assets
    from ddspgraph.training.run_folder import is_run

    if is_run(arguments.spec):
        write_assets(model, arguments.spec, folder)
    if arguments.heard is not None and "f0_hz" in model.graph.input_by_name:
        write_tracker(folder)


def _samples(arguments: Arguments, graph: Graph) -> int:
    """Of a call: whole frames. Raises UsageError."""
    clock = graph.clock
    hop = clock.hop_samples or 1
    if arguments.batch is not None and arguments.batch < 1:
        raise UsageError(f"--batch {arguments.batch}: at least 1")
    if arguments.streaming:
        if arguments.seconds is not None or arguments.frames is not None or arguments.any_length:
            raise UsageError("--seconds, --frames and --any-length are lengths offline; a stream has --block N samples")
        return block_samples(arguments.block, hop)
    if arguments.block is not None or arguments.inputs is not None:
        raise UsageError("--block and --inputs go with --streaming")
    if arguments.any_length and clock.is_fixed:
        raise UsageError(f"a node says n_samples = {clock.n_samples}: the length cannot be open")
    if arguments.frames is None and arguments.seconds is None and clock.n_samples is not None:
        return clock.n_samples
    if arguments.frames is None and clock.sample_rate is None:
        raise UsageError("the clock has no sample rate: --frames N says how long a call is")
    seconds = _USUAL_SECONDS if arguments.seconds is None else arguments.seconds
    frames = -(-round(seconds * (clock.sample_rate or 0)) // hop) if arguments.frames is None else arguments.frames
    if frames < 1:
        raise UsageError("a call is at least one frame long")
    if clock.is_fixed and frames * hop != clock.n_samples:
        raise UsageError(f"a node says n_samples = {clock.n_samples}: no other length will do")
    return frames * hop


def _fixed(arguments: Arguments, model: Any, options: GraphOptions, samples: int) -> Fixed:
    from ddspgraph.compiler.driver import compile_stream
    from ddspgraph.export.fixed import fixed_graph, fixed_step
    from ddspgraph.io.arrays import read_npz

    batch = arguments.batch or 1
    if not arguments.streaming:
        return fixed_graph(model, batch=batch, samples=samples, is_open=bool(arguments.any_length))
    constants = dict(read_npz(arguments.inputs, limits=options.limits)) if arguments.inputs else {}
    stream = compile_stream(model)
    return fixed_step(
        stream, batch=batch, samples=samples, seed=arguments.seed, constants=constants, limits=options.limits
    )


def _report(arguments: Arguments, facts: dict[str, Any], difference: float) -> None:
    n_bytes = Path(arguments.output, facts["model"]).stat().st_size
    if arguments.json:
        show_json({"ok": True, "folder": arguments.output, "bytes": n_bytes, "difference": difference, **facts})
        return
    runtime = {"litert": "ai-edge-litert", "onnx": "onnxruntime"}[facts["target"]]
    proof = f"in {runtime} it differs from TensorFlow by {difference:.1g} of the peak"
    tell(f"wrote {arguments.output}: {facts['name']}, {facts['model']} of {n_bytes / 1e6:.2g} MB; {proof}")
    rows = [
        (kind, t["tensor"], str(t["shape"]).replace("None", "any"), t["dtype"], t["rate"], t["unit"])
        for kind, key in (("input", "inputs"), ("output", "outputs"))
        for t in facts[key]
    ]
    tell(table(rows))
    if "quantized" in facts:
        tell(f"  weights in {facts['quantized']['weights']}, against float32:")
        for name, quality in facts["quantized"]["outputs"].items():
            tell(f"  {name}: {_told(quality)}")
    if "streaming" in facts:
        tell(f"  states: {len(facts['streaming']['states'])}, first values in initial_state.bin")
        for name, samples in facts["streaming"]["latency_samples"].items():
            tell(f"  latency of {name}: {samples} samples")
    if facts["seed"]:
        tell(f"  seed: {facts['seed']} (int32)")


def _told(quality: dict[str, float | None]) -> str:
    """Of a quantized output."""
    snr, distance = quality["snr_db"], quality["log_spectral_distance_db"]
    if snr is None:
        return "the same, bit for bit"
    spectra = "" if distance is None else f", log-spectral distance {distance:.2g} dB"
    return f"signal-to-noise ratio {snr:.3g} dB{spectra}"
