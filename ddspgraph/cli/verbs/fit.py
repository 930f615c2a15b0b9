"""`ddspgraph fit SPEC --audio FILE -o DIR`: free inputs and weights that make a graph sound like a recording."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ddspgraph.cli.console import show_json, tell
from ddspgraph.cli.options import (
    Arguments,
    GraphOptions,
    Parser,
    UsageError,
    add_graph_options,
    add_input_options,
    split_assignment,
)

if TYPE_CHECKING:
    from ddspgraph.training.fit import Fitted

EXAMPLE = "ddspgraph fit graphs/solo_controls.yaml --audio slide.flac -o fit"
_INTERRUPTED = 130
#: Of the `training` section: those that mean something here.
_OPTIONS = ("learning_rate", "grad_clip_norm", "seed")


def add_options(parser: Parser) -> None:
    from ddspgraph.cli.verbs.train import add_training_options

    parser.add_argument("spec", metavar="SPEC", help="a spec with a loss, or - for stdin")
    parser.add_argument("--audio", metavar="[NAME=]FILE", required=True, help="the recording, and the input that it is")
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="the folder of what is found")
    files = "the value of an input that stays: a recording, .npy or .npz"
    add_input_options(parser, files, "arrays by the names of inputs that stay")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="N", help="time for all of it (default: 60)")
    parser.add_argument("--steps", type=int, metavar="N", help="steps to take, instead of a time")
    add_training_options(parser, _OPTIONS)
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph.cli.console import load_quietly, stage
    from ddspgraph.cli.progress import TrainingView
    from ddspgraph.cli.run_inputs import read_inputs
    from ddspgraph.cli.spec import load_graph, tell_warnings
    from ddspgraph.cli.tensor_errors import typed_tensor_errors
    from ddspgraph.cli.verbs.train import training_options
    from ddspgraph.export.staged_folder import check_target
    from ddspgraph.io.audio import read_audio
    from ddspgraph.training.run_folder import is_fit
    from ddspgraph.training.train import check_has_losses

    if arguments.seconds <= 0 or (arguments.steps is not None and arguments.steps < 1):
        raise UsageError("--seconds and --steps must be above 0")
    begin = time.monotonic()
    options = GraphOptions.of(arguments)
    graph = load_graph(arguments.spec, options)
    tell_warnings(graph)
    check_has_losses(graph)
    check_target(arguments.output, is_fit)
    name, file = split_assignment(arguments.audio)
    audio = read_audio(file, graph.clock.sample_rate, notify=tell, limits=options.limits)
    given = read_inputs(graph, arguments, options.limits, tell, required=())
    with stage("loading TensorFlow"):
        load_quietly()

    from ddspgraph.training.fit import fit
    from ddspgraph.training.fit_folder import write_fit

    with TrainingView(graph.name) as view, typed_tensor_errors():
        fitted = fit(
            graph,
            audio,
            recording=name,
            given=given,
            seconds=arguments.seconds,
            steps=arguments.steps,
            began=begin,
            limits=options.limits,
            observer=view,
            **training_options(arguments, _OPTIONS),
        )
    with stage(f"writing {arguments.output}"):
        write_fit(fitted, arguments.output, tell, ops=options.ops_files)
    _report(arguments, fitted)
    return _INTERRUPTED if fitted.is_interrupted else 0


def _report(arguments: Arguments, fitted: Fitted) -> None:
    from ddspgraph.training.fit_folder import facts_of

    if arguments.json:
        show_json({"ok": True, "folder": arguments.output, "interrupted": fitted.is_interrupted, **facts_of(fitted)})
        return
    free = ", ".join(fitted.free) or "weights only"
    tell(f"wrote {arguments.output}: {fitted.steps:,} steps in {fitted.seconds:.0f} s; free: {free}")
    if fitted.distance_db is not None:
        before, after = fitted.distance_db
        tell(f"  log-mel distance to the recording: {before:.1f} dB before, {after:.1f} dB after")
    if fitted.is_interrupted:
        tell("interrupted")
