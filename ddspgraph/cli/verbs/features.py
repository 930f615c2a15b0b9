"""`ddspgraph features AUDIO... -o DIR`: recordings to a dataset."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ddspgraph.cli.bar import bar
from ddspgraph.cli.console import load_quietly, show_json, stage, tell
from ddspgraph.cli.options import Arguments, GraphOptions, Parser, UsageError, add_graph_options
from ddspgraph.cli.spec import load_graph
from ddspgraph.page.axes import note_name

if TYPE_CHECKING:
    from ddspgraph.data.settings import Settings

EXAMPLE = "ddspgraph features recordings/ -o violin_data --for graphs/models/tiny_instrument_fast.yaml"


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "audio", metavar="AUDIO", nargs="+", help="recordings (.wav, .flac, .ogg, .mp3, .aiff, ...), or folders of them"
    )
    parser.add_argument("-o", "--out", metavar="DIR", required=True, help="the dataset to make")
    parser.add_argument(
        "--for",
        metavar="SPEC",
        dest="spec",
        help="take the rates from the clock of this graph, and for its MIDI inputs NAME.mid beside NAME.wav",
    )
    parser.add_argument("--sample-rate", metavar="RATE", help="such as 16k or 44100 (default: 16k)")
    parser.add_argument("--frame-rate", metavar="RATE", help="frames a second (default: 250)")
    parser.add_argument("--example-secs", type=float, metavar="S", help="of one example (default: the graph's, or 4)")
    parser.add_argument("--hop-secs", type=float, default=1.0, metavar="S", help="from one to the next (default: 1)")
    parser.add_argument(
        "--eval-share", type=float, default=0.1, metavar="X", help="held out (default: 0.1; 0: nothing)"
    )
    parser.add_argument("--pitch", choices=["swift-f0"], default="swift-f0", help="tracker (default: swift-f0)")
    parser.add_argument("--skip-corrupt", action="store_true", help="leave out recordings that cannot be read")
    parser.add_argument(
        "--processes",
        type=int,
        default=min(os.cpu_count() or 1, 8),
        metavar="N",
        help="at work at once (default: all cores, up to 8)",
    )
    add_graph_options(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph.data.features import prepare
    from ddspgraph.data.pitch import TRACKERS

    if arguments.processes < 1:
        raise UsageError("--processes is at least 1")
    options = GraphOptions.of(arguments)
    manifest = prepare(
        arguments.audio,
        arguments.out,
        settings_from(arguments, options),
        tracker=TRACKERS[arguments.pitch],
        skip_corrupt=arguments.skip_corrupt,
        processes=arguments.processes,
        limits=options.limits,
        begin=load_in_process,
        show=bar,
        notify=tell,
    )
    splits = {name: split.examples for name, split in manifest.splits.items()}
    if arguments.json:
        show_json({"ok": True, "dataset": arguments.out, **splits, "statistics": dict(manifest.statistics)})
        return 0
    clock = manifest.clock
    rates = f"{manifest.example_secs:g} s at {clock.sample_rate} Hz, {clock.get('frame_rate'):g} frames/s"
    tell(f"wrote {arguments.out}: {splits['train']} examples to train with, {splits['eval']} held out; {rates}")
    tell(f"  {heard(manifest.statistics)}")
    return 0


def heard(statistics: Mapping[str, Any]) -> str:
    """What a person can check: how much of the training split is notes, and how high nine tenths of them are."""
    if not statistics["note_frames"]:
        return "no notes in it: its pitch is nowhere sure enough for a model that plays from pitch"
    low, high = (note_name(round(statistics["pitch_midi"]["percentiles"][percent])) for percent in (5, 95))
    return f"{statistics['note_frames'] / statistics['frames']:.0%} of it notes, {low} to {high}"


def settings_from(arguments: Arguments, options: GraphOptions) -> Settings:
    """Rates of the graph that is named, or those that are said. Raises UsageError, GraphError E3, E4, E502, E611."""
    from ddspgraph.data.settings import played_inputs, settings_for, settings_of

    lengths = {"hop_secs": arguments.hop_secs, "eval_share": arguments.eval_share}
    if arguments.example_secs is not None:
        lengths["example_secs"] = arguments.example_secs
    if arguments.spec is None:
        return settings_of(rate(arguments.sample_rate or "16k"), rate(arguments.frame_rate or "250"), **lengths)
    if arguments.sample_rate or arguments.frame_rate:
        raise UsageError("--for takes both rates from the graph: leave --sample-rate and --frame-rate out")
    graph = load_graph(arguments.spec, options)
    return replace(settings_for(graph.clock, **lengths), midi=played_inputs(graph))


def load_in_process() -> None:
    """TensorFlow, in this process, without what it says while it is imported."""
    is_first = multiprocessing.parent_process() is None
    with stage("loading TensorFlow") if is_first else contextlib.nullcontext():
        load_quietly()


def rate(text: str) -> str:
    """`16k` is `16 kHz`, and a number alone is in Hz."""
    return re.sub(r"^\s*([\d.]+) ?(k?)\s*$", r"\1 \2Hz", text)
