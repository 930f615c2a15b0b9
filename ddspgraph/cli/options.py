"""What several commands take: where a graph comes from, values for its `params`, own ops, limits."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import os
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from ddspgraph.ir.op import Op
    from ddspgraph.limits import Limits
    from ddspgraph.training.run_folder import OpsFile

#: Without --block: so many samples, rounded up to whole frames.
_USUAL_BLOCK = 1024
_SIZES = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_LARGEST_SEED = 2**63 - 1


class UsageError(Exception):
    """The command line asks for something that does not exist: exit code 2."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose help keeps its lines, and that never guesses at abbreviations."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options["description"] = textwrap.fill(options.get("description") or "", 80)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n{self.format_usage()}")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, but an option that is not known is an error of the command that does not know it."""
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"there is no {unknown[0]} here{self._instead_of(unknown[0])}")
        return namespace, unknown

    def _instead_of(self, unknown: str) -> str:
        """The options that begin with the letter of a short one, or that look like a long one."""
        if not unknown.startswith("-"):
            return ""
        known = [option for action in self._actions for option in action.option_strings if option.startswith("--")]
        if unknown.startswith("--"):
            near = difflib.get_close_matches(unknown.split("=")[0][:80], known, n=2)
        else:
            near = [option for option in known if option.startswith("-" + unknown[:2])][:3]
        return f"; did you mean {' or '.join(near)}?" if near else ""


class Arguments(argparse.Namespace):
    """What argparse found."""

    command: str = ""
    verb: Callable[[Arguments], int]
    debug: bool = False
    json: bool = False


def add_common_options(parser: Parser) -> None:
    """`--json` and `--debug`."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an internal error")


def add_graph_options(parser: Parser) -> None:
    """`--set`, `--ops` and `--limit`."""
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="a value for one of the spec's params"
    )
    add_ops_option(parser)
    add_limit_option(parser)


_ARRAYS = (
    "arrays are [samples], [frames, channels] at the clock's frame rate or a constant's shape, with or without a batch "
    "axis, in the unit of the input; a VALUE is held: notes=69, f0_hz='440 Hz', f0_hz=A4, level='-20 dB'"
)


def add_input_options(parser: Parser, files: str, arrays: str = "arrays by the names of the inputs") -> None:
    """`--input` and `--inputs`, with what they are good for."""
    parser.add_argument("--input", metavar="NAME=FILE|VALUE", action="append", default=[], help=f"{files}; {_ARRAYS}")
    parser.add_argument("--inputs", metavar="FILE.npz", help=arrays)


_PARTS = "NAME is an output, or any node or NODE/PORT of the graph"


def add_output_options(parser: Parser, files: str) -> None:
    """`--output`, `--outputs` and `--format`."""
    parser.add_argument("--output", metavar="NAME=FILE", action="append", default=[], help=f"{files}; {_PARTS}")
    parser.add_argument("--outputs", metavar="FILE.npz", help="all outputs by name")
    add_format_option(parser)


def add_format_option(parser: Parser) -> None:
    parser.add_argument(
        "--format",
        choices=["pcm16", "pcm24", "float"],
        default="pcm24",
        help="samples of .wav and .flac files (default: pcm24)",
    )


#: What nothing here rings on for; an hour of float32 still fits in memory.
_LONGEST_TAIL_S = 3_600


def add_tail_option(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--tail",
        metavar="TIME",
        help="play on after the inputs have ended, e.g. '2 s'; auto: as long as reverbs and delays ring",
    )


def tail_of(text: str, sample_rate: int | None) -> int | None:
    """`--tail` in samples; None for auto. Raises UsageError."""
    from ddspgraph.ir.quantity import convert, parse_quantity
    from ddspgraph.ir.types import Unit

    if text == "auto":
        return None
    try:
        quantity = parse_quantity(text)
        samples = round(convert(quantity, Unit.SAMPLES, sample_rate=sample_rate)) if quantity else -1
    except ValueError:
        samples = -1
    if samples < 0:
        raise UsageError(f"--tail wants a time such as '2 s', or auto, this is '{text}'")
    if sample_rate and samples > _LONGEST_TAIL_S * sample_rate:
        raise UsageError(f"--tail is at most {_LONGEST_TAIL_S} s, this is '{text}'")
    return samples


def add_block_option(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--block", type=int, metavar="N", help="samples of a block, whole frames (default: about 1024)")


def block_samples(block: int | None, hop: int) -> int:
    """What --block says, in frames of `hop` samples. Raises UsageError where it is no whole number of frames."""
    if block is None:
        return -(-_USUAL_BLOCK // hop) * hop
    if block < hop or block % hop:
        below, above = block // hop * hop, -(-max(block, 1) // hop) * hop
        nearest = " or ".join(str(n) for n in (below, above) if n)
        raise UsageError(f"--block {block}: a block is whole frames of {hop} samples, such as {nearest}")
    return block


def check_seed(seed: int) -> None:
    """Raises UsageError where `--seed` is no 64-bit integer."""
    if abs(seed) > _LARGEST_SEED:
        raise UsageError("--seed is a 64-bit integer")


def add_limit_option(parser: Parser) -> None:
    parser.add_argument(
        "--limit", metavar="NAME=NUMBER", action="append", default=[], help="another bound, e.g. memory_bytes=16GiB"
    )


def add_ops_option(parser: Parser) -> None:
    parser.add_argument(
        "--ops", metavar="MODULE|FILE", action="append", default=[], help="ops of your own: my_ops.py or package.module"
    )


@dataclasses.dataclass(frozen=True)
class GraphOptions:
    """How to load a graph."""

    params: Mapping[str, Any]
    ops: tuple[type[Op], ...]
    ops_files: tuple[OpsFile, ...]
    limits: Limits

    @staticmethod
    def of(arguments: Arguments) -> GraphOptions:
        """Raises UsageError, and GraphError E1, E610, or E623 for a run that remembers ops."""
        from ddspgraph.compiler.driver import overrides_from_text

        limits = limits_of(arguments.limit)
        for setting in arguments.set:
            if not re.match(r"[A-Za-z_]\w*=", setting):
                raise UsageError(f"--set wants NAME=VALUE, this is '{setting}'")
        return GraphOptions(overrides_from_text(arguments.set, limits), *_own_ops(arguments), limits)


def run_of(arguments: Arguments) -> str | None:
    """The run that a command is about, an earlier one in the folder of a training included."""
    named = [getattr(arguments, name, None) for name in ("run", "spec", "model")]
    return next(
        (path for path in named if isinstance(path, str) and os.path.isfile(os.path.join(path, "run.json"))), None
    )


def _own_ops(arguments: Arguments) -> tuple[tuple[type[Op], ...], tuple[OpsFile, ...]]:
    """What `--ops` names or a run remembers, and its files. Raises GraphError E610 or E623."""
    run = run_of(arguments)
    if not arguments.ops and run is None:
        return (), ()
    from ddspgraph.cli.remembered_ops import confirm, remembered_places
    from ddspgraph.cli.user_ops import load_ops

    places = arguments.ops or remembered_places(run or "")
    return load_ops(places), confirm(places)


def limits_of(settings: list[str]) -> Limits:
    """`--limit NAME=NUMBER`. Raises UsageError."""
    from ddspgraph.diagnostics import did_you_mean
    from ddspgraph.limits import DEFAULT_LIMITS

    known = [field.name for field in dataclasses.fields(DEFAULT_LIMITS)]
    found: dict[str, Any] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in known:
            raise UsageError(f"there is no limit '{name}'; {did_you_mean(name, known)}")
        match = re.fullmatch(r"(\d[\d_]*) ?(KiB|MiB|GiB|)", value)
        if match is None:
            raise UsageError(f"--limit {name} wants a whole number, such as 4096 or 2GiB, this is '{value}'")
        found[name] = int(match[1]) * _SIZES[match[2]]
    return dataclasses.replace(DEFAULT_LIMITS, **found)


def split_assignment(text: str) -> tuple[str | None, str]:
    """`audio=a.wav` -> ("audio", "a.wav"), a file alone -> (None, file); the name may be a port, `tone/signal`."""
    match = re.match(r"([A-Za-z_]\w*(?:/[A-Za-z_]\w*)?)=(.+)", text, re.DOTALL)
    return (match[1], match[2]) if match else (None, text)
