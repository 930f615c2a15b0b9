"""`ddspgraph transfer MODEL AUDIO -o OUT.wav`: a recording played by a trained model."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

from ddspgraph.cli.console import load_quietly, show_json, show_warning, stage, tell
from ddspgraph.cli.options import (
    Arguments,
    GraphOptions,
    Parser,
    UsageError,
    add_format_option,
    add_limit_option,
    add_ops_option,
    add_tail_option,
    split_assignment,
    tail_of,
)

if TYPE_CHECKING:
    from ddspgraph.cli.run_outputs import Plan
    from ddspgraph.instrument.performance import Fit
    from ddspgraph.instrument.transfer import Transferred
    from ddspgraph.ir.graph import Graph

EXAMPLE = "ddspgraph transfer violin_run voice.wav -o violin.wav"


def add_options(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the run of a training, or an exported folder")
    parser.add_argument(
        "audio", metavar="AUDIO", help="a recording of any kind and rate: .wav, .flac, .ogg, .mp3, .aiff, ..."
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="[NAME=]FILE",
        action="append",
        required=True,
        help="a .wav or .flac file of the sound; NAME is another output, or any node or NODE/PORT (also .npy, .npz)",
    )
    add_tail_option(parser)
    add_fit_options(parser)
    parser.add_argument("--pitch", choices=["swift-f0"], default="swift-f0", help="tracker (default: swift-f0)")
    add_format_option(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the noise (default: 0)")
    add_ops_option(parser)
    add_limit_option(parser)
    parser.set_defaults(set=[])


def add_fit_options(parser: Parser) -> None:
    """How a performance is fitted to an instrument."""
    parser.add_argument(
        "--octave-shift", metavar="N", default="auto", help="octaves up (default: auto, nearest to the training data)"
    )
    parser.add_argument("--loudness-shift", type=float, default=0.0, metavar="DB", help="louder by (default: 0 dB)")
    parser.add_argument("--threshold", type=float, default=1.0, metavar="X", help="higher: fewer notes (default: 1)")
    parser.add_argument("--auto-tune", type=float, default=0.0, metavar="X", help="0 to 1: notes to semitones")
    parser.add_argument("--quiet", type=float, default=20.0, metavar="DB", help="softer between notes by (default: 20)")


def main(arguments: Arguments) -> int:
    from ddspgraph.cli.run_outputs import write_outputs
    from ddspgraph.cli.spec import load_graph
    from ddspgraph.cli.tensor_errors import typed_tensor_errors
    from ddspgraph.data.pitch import TRACKERS, check_tracker
    from ddspgraph.instrument.instrument import check_instrument, open_instrument
    from ddspgraph.instrument.transfer import transfer
    from ddspgraph.io.audio import read_audio
    from ddspgraph.io.audio_writer import AUDIO_SUFFIXES
    from ddspgraph.training.run_folder import is_run

    fit, tracker = fit_of(arguments), TRACKERS[arguments.pitch]
    for name, file in map(split_assignment, arguments.output):
        if name is None and Path(file).suffix.lower() not in AUDIO_SUFFIXES:
            raise UsageError(f"-o wants a {' or '.join(AUDIO_SUFFIXES)} file, this is '{file}'")
    options = GraphOptions.of(arguments)
    # Everything that can be wrong without TensorFlow is found before it is loaded.
    check_instrument(arguments.model)
    source = load_graph(arguments.model, options, is_played=True)
    graph, plan = _plan(source, arguments)
    check_tracker(tracker)
    tail = 0 if arguments.tail is None else tail_of(arguments.tail, graph.clock.sample_rate)
    if tail != 0 and not is_run(arguments.model):
        raise UsageError("--tail ends synthesizers with the recording, and an export cannot be changed: give the run")
    sample_rate = graph.clock.sample_rate or 16_000
    with stage(f"reading {arguments.audio}"):
        audio = read_audio(arguments.audio, sample_rate, notify=tell, limits=options.limits)
    with stage("loading TensorFlow"):
        load_quietly()
    with typed_tensor_errors():
        with stage(f"loading {arguments.model}"):
            instrument = open_instrument(arguments.model, ops=options.ops, limits=options.limits, warn=show_warning)
        with stage(f"playing {arguments.audio} on {graph.name}"):
            parts = {name: ref for name, ref in graph.outputs if name not in dict(source.outputs)}
            result = transfer(
                instrument, audio, fit, tracker=tracker, seed=arguments.seed, parts=parts, tail_samples=tail
            )
    write_outputs(graph, plan, result.values, arguments)
    if not instrument.statistics.get("note_frames"):
        tell("nothing is known of the training data: pitch and loudness are not fitted to it")
    _report(arguments, result, sample_rate)
    return 0


def _plan(graph: Graph, arguments: Arguments) -> tuple[Graph, Plan]:
    """The graph with the parts that are asked for, and what goes into which file. Raises UsageError, GraphError."""
    from ddspgraph.cli.run_outputs import plan_outputs, with_parts
    from ddspgraph.ir.types import Rate
    from ddspgraph.training.run_folder import is_run

    sound = next((name for name, ref in graph.outputs if graph.types[ref].rate is Rate.AUDIO), None)
    named = copy.copy(arguments)
    pairs = list(map(split_assignment, arguments.output))
    named.output = [f"{name or sound}={file}" for name, file in pairs if name or sound]
    named.outputs = None
    extended = with_parts(graph, named.output, is_export=not is_run(arguments.model))
    return extended, plan_outputs(extended, named)


def fit_of(arguments: Arguments) -> Fit:
    """Raises UsageError for numbers that will not do."""
    from ddspgraph.instrument.performance import Fit

    octaves: float | None = None
    if arguments.octave_shift != "auto":
        try:
            octaves = float(arguments.octave_shift)
        except ValueError:
            raise UsageError(f"--octave-shift wants a number or auto, this is '{arguments.octave_shift}'") from None
    for name, least, most in (
        ("auto_tune", 0, 1),
        ("threshold", 0, 1e3),
        ("loudness_shift", -80, 80),
        ("quiet", 0, 80),
    ):
        value = getattr(arguments, name)
        if not least <= value <= most:
            raise UsageError(f"--{name.replace('_', '-')} is from {least:g} to {most:g}, this is {value:g}")
    if octaves is not None and not -8 <= octaves <= 8:
        raise UsageError(f"--octave-shift is from -8 to 8, this is {octaves:g}")
    shift, quiet = arguments.loudness_shift, arguments.quiet
    return Fit(octaves, shift, arguments.threshold, arguments.auto_tune, quiet)


def _report(arguments: Arguments, result: Transferred, sample_rate: int) -> None:
    files = [file for _, file in map(split_assignment, arguments.output)]
    fitted, seconds = result.fitted, len(result.audio) / sample_rate
    facts = {
        "seconds": round(seconds, 3),
        "sample_rate": sample_rate,
        "octave_shift": fitted.octave_shift,
        "gain_db": round(fitted.gain_db, 2),
        "note_share": round(float(fitted.is_note.mean()), 4),
    }
    if arguments.json:
        show_json({"ok": True, "output": files[0], "outputs": files, **facts})
        return
    notes = f"{facts['note_share']:.0%} of it notes" if fitted.is_note.any() else "no notes found (--threshold)"
    change = f"{fitted.octave_shift:+g} octaves, {fitted.gain_db:+.1f} dB of loudness"
    tell(f"wrote {', '.join(files)}: {seconds:.3g} s at {sample_rate} Hz, {notes}, {change}")
