"""`ddspgraph train SPEC --data DIR --run RUN`: train a graph, or go on where its run ended."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddspgraph.cli.console import show_json, stage, tell
from ddspgraph.cli.options import Arguments, GraphOptions, Parser, UsageError, add_graph_options

if TYPE_CHECKING:
    from ddspgraph.data.source import Source
    from ddspgraph.ir.graph import Graph
    from ddspgraph.training.train import Trained

EXAMPLE = "ddspgraph train graphs/models/tiny_instrument_fast.yaml --data dataset --run run"
_INTERRUPTED = 130


def add_options(parser: Parser) -> None:
    from ddspgraph.ir.training import TRAINING_PARAMS

    parser.add_argument("spec", metavar="SPEC", help="a spec with a loss and trainable nodes, or - for stdin")
    parser.add_argument(
        "--data",
        metavar="DIR|synthetic",
        action="append",
        default=[],
        help="a dataset of `ddspgraph features`, or random notes; given several times, they take turns; "
        "a run that goes on knows its dataset",
    )
    parser.add_argument("--run", metavar="RUN", required=True, help="the folder of the run; one that is there goes on")
    parser.add_argument(
        "--restore",
        metavar="PATH[:NODE,...]",
        help="begin with the weights of a run, a checkpoint, an export or a file of save_weights, or of some nodes",
    )
    parser.add_argument("--deterministic", action="store_true", help="the same numbers on every run on one machine")
    parser.add_argument("--skip-corrupt", action="store_true", help="leave damaged shards of the dataset out")
    add_training_options(parser, TRAINING_PARAMS)
    add_graph_options(parser)


def add_training_options(parser: Parser, names: Iterable[str]) -> None:
    """`--learning-rate` and the like, as `Training` declares them."""
    from ddspgraph.ir.training import TRAINING_PARAMS

    options = parser.add_argument_group("in place of the spec's `training` section")
    for spec in (TRAINING_PARAMS[name] for name in names):
        default = f" (default: {spec.default:g})" if isinstance(spec.default, (int, float)) else ""
        text = spec.doc[0].lower() + spec.doc[1:].rstrip(".") + default
        options.add_argument(
            f"--{spec.name.replace('_', '-')}", dest=spec.name, metavar="|".join(spec.choices) or "N", help=text
        )


def main(arguments: Arguments) -> int:
    from ddspgraph.cli.progress import TrainingView
    from ddspgraph.cli.spec import load_graph, tell_warnings
    from ddspgraph.data.sources import Mixed
    from ddspgraph.ir.training import TRAINING_PARAMS
    from ddspgraph.training.train import train

    options = GraphOptions.of(arguments)
    graph = load_graph(arguments.spec, dataclasses.replace(options, params=_settings(arguments, options)))
    tell_warnings(graph)
    sources = [_source(name, graph, arguments.skip_corrupt) for name in arguments.data or datasets_of(arguments.run)]
    data = sources[0] if len(sources) == 1 else Mixed(sources)
    with TrainingView(graph.name) as view:
        trained = train(
            graph,
            data,
            arguments.run,
            limits=options.limits,
            restore=arguments.restore,
            deterministic=arguments.deterministic,
            ops_files=options.ops_files,
            observer=view,
            **training_options(arguments, TRAINING_PARAMS),
        )
    _report(arguments, trained)
    return _INTERRUPTED if trained.is_interrupted else 0


def _settings(arguments: Arguments, options: GraphOptions) -> Mapping[str, Any]:
    """What `--set` says, and what it said when the run began of the params that the spec still has."""
    from ddspgraph.cli.spec import read_spec
    from ddspgraph.compiler.frontend.document import read
    from ddspgraph.training.run_folder import RUN, is_run, read_run

    # A folder is a run or an export: its params are set.
    if arguments.spec == "-" or os.path.isdir(arguments.spec) or not is_run(arguments.run):
        return options.params
    declared = read_spec(arguments.spec, options.limits).root.get("params")
    known = {str(key) for key, _ in declared.items()} if declared is not None and declared.is_mapping else set()
    settings = read(read_run(arguments.run)["settings"], name=f"{arguments.run}/{RUN}").root
    kept = {str(key): value for key, value in settings.items() if str(key) in known}
    return {**kept, **options.params}


def _source(name: str, graph: Graph, skip_corrupt: bool) -> Source:
    """What one `--data` names. Raises GraphError E601, E611, E612."""
    from ddspgraph.data.dataset import open_dataset
    from ddspgraph.data.manifest import is_dataset
    from ddspgraph.data.synthetic import SYNTHETIC, notes_for

    if name == SYNTHETIC:
        return notes_for(graph)
    had_manifest = is_dataset(Path(name))
    with stage(f"checking {name}"):
        data = open_dataset(name, skip_corrupt=skip_corrupt)
    if not had_manifest:
        clock, n = data.clock, data.n_examples("train")
        rates = f"{clock.sample_rate} Hz, {float(clock.frame_rate or 0):g} frames a second"
        tell(f"{name}: TFRecord files of magenta/ddsp, {n} examples of {data.manifest.example_secs:g} s at {rates}")
    for lost in data.dropped:
        tell(f"{name}: {lost.file} is left out, and {lost.examples} examples with it: {lost.reason}")
    return data


def datasets_of(run: str) -> list[str]:
    """What `--data` said when a run was trained. Raises UsageError where that is not known."""
    from ddspgraph.training.run_folder import is_run, read_run

    data = read_run(run).get("data") if is_run(run) else None
    places = [data] if isinstance(data, str) else data  # one, as it was written first
    if not isinstance(places, list) or not all(isinstance(place, str) and place for place in places) or not places:
        raise UsageError("--data DIR says which dataset: the run does not know")
    return places


def training_options(arguments: Arguments, names: Iterable[str]) -> dict[str, Any]:
    """What the command line says in place of the `training` section, located there. Raises GraphError E1."""
    from ddspgraph.compiler.frontend.document import read_text
    from ddspgraph.ir.training import TRAINING_PARAMS

    found: dict[str, Any] = {}
    for name in names:
        said = getattr(arguments, name)
        if said is not None:
            root = read_text(f"{name}: {said}\n", f"--{name.replace('_', '-')}").root
            found |= {str(key): value for key, value in root.items()}
    if not found.keys() <= TRAINING_PARAMS.keys():
        raise UsageError("an option holds one value")
    return found


def _report(arguments: Arguments, trained: Trained) -> None:
    facts = {"step": trained.step, "mean_loss": trained.mean_loss, "skipped": trained.skipped}
    if arguments.json:
        show_json({"ok": True, "run": arguments.run, "interrupted": trained.is_interrupted, **facts})
        return
    loss = f", mean loss {trained.mean_loss:.4g}" if trained.mean_loss is not None else ""
    skipped = f", {trained.skipped} steps changed nothing" if trained.skipped else ""
    tell(f"{Path(arguments.run)}: step {trained.step:,}{loss}{skipped}")
    if trained.is_interrupted:
        tell("interrupted; the same command goes on from here")
