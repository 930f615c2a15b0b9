"""`ddspgraph features AUDIO... -o DIR`: recordings to a dataset."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re

from ddspgraph.cli.bar import bar
from ddspgraph.cli.console import quiet_tensorflow, show_json, stage, tell
from ddspgraph.cli.options import Arguments, Parser, UsageError, add_limit_option, limits_of

EXAMPLE = "ddspgraph features recordings/ -o violin_data"


def add_options(parser: Parser) -> None:
    parser.add_argument("audio", metavar="AUDIO", nargs="+", help=".wav or .flac files, or folders of them")
    parser.add_argument("-o", "--out", metavar="DIR", required=True, help="the dataset to make")
    parser.add_argument("--sample-rate", metavar="RATE", default="16k", help="such as 16k or 44100 (default: 16k)")
    parser.add_argument("--frame-rate", metavar="RATE", default="250", help="frames a second (default: 250)")
    parser.add_argument("--example-secs", type=float, default=4.0, metavar="S", help="of one example (default: 4)")
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
    add_limit_option(parser)


def main(arguments: Arguments) -> int:
    from ddspgraph.training.features import prepare
    from ddspgraph.training.pitch import TRACKERS
    from ddspgraph.training.settings import settings_of

    if arguments.processes < 1:
        raise UsageError("--processes is at least 1")
    settings = settings_of(
        rate(arguments.sample_rate),
        rate(arguments.frame_rate),
        example_secs=arguments.example_secs,
        hop_secs=arguments.hop_secs,
        eval_share=arguments.eval_share,
    )
    manifest = prepare(
        arguments.audio,
        arguments.out,
        settings,
        tracker=TRACKERS[arguments.pitch],
        skip_corrupt=arguments.skip_corrupt,
        processes=arguments.processes,
        limits=limits_of(arguments.limit),
        begin=load_quietly,
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
    return 0


def load_quietly() -> None:
    """TensorFlow, in this process, without what it says while it is imported."""
    is_first = multiprocessing.parent_process() is None
    with stage("loading TensorFlow") if is_first else contextlib.nullcontext(), quiet_tensorflow():
        import tensorflow as tf  # noqa: F401


def rate(text: str) -> str:
    """`16k` is `16 kHz`, and a number alone is in Hz."""
    return re.sub(r"^\s*([\d.]+) ?(k?)\s*$", r"\1 \2Hz", text)
