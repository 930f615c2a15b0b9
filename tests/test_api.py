"""The pages of the Python API: every public name is there, says what it does, and its examples run."""

from __future__ import annotations

import doctest
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import api_pages  # noqa: E402

NUMBER = re.compile(r"-?\d+\.\d*(?:e[+-]?\d+)?")
#: Streams are called by the compiler, with states that ops make: `dg.Stream` is what has an example.
#: Parts of streams, loops and filters, which the ops of the library put together.
WITHOUT_EXAMPLES = (
    *("ddspgraph.dsp.streams.", "ddspgraph.dsp.loops.turns", "ddspgraph.nn.streaming"),
    *("ddspgraph.dsp.iir", "ddspgraph.dsp.moving_filters", "ddspgraph.dsp.sections"),
    *("ddspgraph.dsp.graphic", "ddspgraph.dsp.ladder"),
)
NAMES = dict(api_pages.public_objects())
EXAMPLES = {name: x for name, x in NAMES.items() if name.count(".") == 2 and ">>>" in (getattr(x, "__doc__", "") or "")}


class _Close(doctest.OutputChecker):
    """Numbers agree to one unit of the fourth decimal, which is the last that the examples print."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if super().check_output(NUMBER.sub("#", want), NUMBER.sub("#", got), optionflags):
            pairs = zip(NUMBER.findall(want), NUMBER.findall(got), strict=True)
            return all(abs(float(a) - float(b)) <= 1e-4 * max(1.0, abs(float(a))) for a, b in pairs)
        return False


def test_every_public_name_is_on_the_page() -> None:
    shown = {name for names in api_pages.ROOT_SECTIONS.values() for name in names if ":" not in name}
    modules = {name for name in dg.__all__ if isinstance(getattr(dg, name), ModuleType)}
    assert set(dg.__all__) - modules - {"__version__"} == shown


def test_every_public_function_has_a_docstring() -> None:
    calls = {name: x for name, x in NAMES.items() if inspect.isfunction(inspect.unwrap(x)) or inspect.isclass(x)}
    assert len(calls) > 200
    assert not [name for name, x in calls.items() if not inspect.getdoc(x)]


def test_functions_of_tensors_have_examples() -> None:
    missing = []
    for name, found in NAMES.items():
        module = getattr(inspect.unwrap(found), "__module__", "") if callable(found) else ""
        is_called = module and not module.startswith(WITHOUT_EXAMPLES)
        if name.startswith(("dg.dsp.", "dg.nn.")) and is_called:
            missing += [name] if name not in EXAMPLES else []
    # Parts of delays, loops, waves and lengths that ops of the library share, and two whole networks of many weights.
    parts = {
        "allpass_parts",
        "allpass_read",
        "as_phase",
        "bounded_number",
        "delay_cells",
        "delay_phase",
        "line_cells",
        "read_line",
        "Times",
        "Controls",
        "first_stream_state",
        "band_limited_stream",
        "wave_latency",
        "Network",
        "fdn_state",
        "fdn_stream",
        "recomputed",
    }
    lengths = {"ceil_divide", "size_of", "whole_packets", "whole_hops"}
    networks = {"dilated_conv_stack", "resnet", "fc_stack", "spectrally_normalized"}
    assert {name.split(".")[-1] for name in missing} <= parts | lengths | networks


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_print_what_they_say(name: str) -> None:
    source = inspect.getdoc(EXAMPLES[name]) or ""
    names = {"dg": dg, "np": np, "tf": tf}
    test = doctest.DocTestParser().get_doctest(source, names, name, None, None)
    assert test.examples
    shown: list[str] = []
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    with np.printoptions(precision=4, suppress=True):
        doctest.DocTestRunner(_Close(), verbose=False, optionflags=options).run(test, out=shown.append)
    assert not shown, "".join(shown)


def test_the_pages_are_fresh() -> None:
    stale = [path.name for path, text in api_pages.pages().items() if not path.is_file() or path.read_text() != text]
    assert not stale, "run `make generate`"
