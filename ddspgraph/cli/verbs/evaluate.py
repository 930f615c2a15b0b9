"""`ddspgraph evaluate MODEL`: measures a trained model on data that was held out."""

from __future__ import annotations

from ddspgraph.cli.bar import bar
from ddspgraph.cli.console import load_quietly, put, show_json, show_warning, stage, table, tell
from ddspgraph.cli.options import Arguments, GraphOptions, Parser, UsageError, add_limit_option, add_ops_option
from ddspgraph.diagnostics import did_you_mean

EXAMPLE = "ddspgraph evaluate violin_run"
#: What the numbers mean, in the order in which they are shown.
_MEANINGS = {
    "loudness_l1_db": "dB  mean difference of loudness",
    "f0_l1_semitones": "semitones  mean difference of pitch, where the recording's is sure",
    "f0_within_50_cents": "of these frames are within 50 cents",
    "f0_outlier_rate": "of the examples have no sure pitch",
    "si_sdr_db": "dB  scale-invariant signal-to-distortion ratio",
    "mr_stft": "distance of spectrograms at three resolutions",
    "lufs_recorded": "LUFS  loudness of the recordings",
    "lufs_rendered": "LUFS  loudness of what is rendered",
    "lufs_l1": "LU  mean difference of both",
}


def add_options(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the run of a training, or an exported folder")
    parser.add_argument("--data", metavar="DIR", help="a dataset (default: the one that the run was trained with)")
    parser.add_argument("--split", choices=["eval", "train"], default="eval", help="(default: eval)")
    parser.add_argument("--batch-size", type=int, default=8, metavar="N", help="rendered at once (default: 8)")
    parser.add_argument(
        "--metrics",
        metavar="NAME,...",
        default="",
        help="distances of the sounds, too: si_sdr, mr_stft (spectrograms at three resolutions), lufs (loudness)",
    )
    parser.add_argument("--audio", metavar="DIR", help="write every example there, recorded and rendered")
    parser.add_argument("--pitch", choices=["swift-f0"], default="swift-f0", help="tracker (default: swift-f0)")
    parser.add_argument("--skip-corrupt", action="store_true", help="leave damaged shards of the dataset out")
    add_ops_option(parser)
    add_limit_option(parser)
    parser.set_defaults(set=[])


def main(arguments: Arguments) -> int:
    from ddspgraph.cli.spec import load_graph
    from ddspgraph.cli.tensor_errors import typed_tensor_errors
    from ddspgraph.cli.verbs.train import datasets_of
    from ddspgraph.data.dataset import open_dataset
    from ddspgraph.data.pitch import TRACKERS, check_tracker
    from ddspgraph.data.synthetic import SYNTHETIC
    from ddspgraph.instrument.evaluate import evaluate
    from ddspgraph.instrument.instrument import check_instrument, open_instrument
    from ddspgraph.instrument.metrics import SOUND_METRICS

    if arguments.batch_size < 1:
        raise UsageError("--batch-size is at least 1")
    sound_metrics = [name.strip() for name in arguments.metrics.split(",") if name.strip()]
    for name in sound_metrics:
        if name not in SOUND_METRICS:
            hint = did_you_mean(name, SOUND_METRICS) or f"known are {', '.join(SOUND_METRICS)}"
            raise UsageError(f"--metrics {name}: there is no such metric; {hint}")
    options, tracker = GraphOptions.of(arguments), TRACKERS[arguments.pitch]
    check_instrument(arguments.model)
    graph = load_graph(arguments.model, options)
    check_tracker(tracker)
    folder, *others = [arguments.data] if arguments.data else datasets_of(arguments.model)
    if others or folder == SYNTHETIC:
        raise UsageError(f"--data DIR says which recordings: the run was trained on {', '.join([folder, *others])}")
    with stage(f"checking {folder}"):
        data = open_dataset(folder, skip_corrupt=arguments.skip_corrupt)
    for lost in data.dropped:
        tell(f"{lost.file} is left out, and {lost.examples} examples with it: {lost.reason}")
    data.check_graph(graph)
    data.check_split(arguments.split)
    with stage("loading TensorFlow"):
        load_quietly()
    with typed_tensor_errors():
        with stage(f"loading {arguments.model}"):
            instrument = open_instrument(arguments.model, ops=options.ops, limits=options.limits, warn=show_warning)
        with bar("evaluating", data.n_examples(arguments.split)) as progress:
            found = evaluate(
                instrument,
                data,
                split=arguments.split,
                batch_size=arguments.batch_size,
                tracker=tracker,
                sound_metrics=sound_metrics,
                audio_folder=arguments.audio,
                progress=progress,
            )
    if arguments.json:
        show_json({"ok": True, "model": arguments.model, "data": str(data.path), "split": arguments.split, **found})
        return 0
    tell(f"{arguments.model}: {found.pop('examples'):.0f} examples of the split '{arguments.split}' of {data.path}")
    put(table([(name, f"{value:.4g}", _MEANINGS.get(name, "")) for name, value in found.items()], indent=""))
    return 0
