"""Lists with decimal commas, which YAML reads as longer lists: refused where they are that for certain."""

from __future__ import annotations

import pytest

from ddspgraph.compiler.driver import check
from ddspgraph.compiler.frontend.document import read_text

SPEC = """version: 2
name: t
clock: {{sample_rate: 16 kHz, frame_rate: 250 Hz}}
params: {{levels: {levels}}}
inputs: {{audio: {{rate: audio}}}}
nodes:
  c: {{op: constant, params: {{value: {value}}}}}
  o: {{op: {op}, inputs: [{inputs}]}}
outputs: {{audio: o, c: c}}
"""


def repairs(*, value: str = "$levels", levels: str = "1", op: str = "gain", inputs: str = "audio, 0") -> list[str]:
    """What is written for each decimal comma; no other error may be there."""
    found = check(read_text(SPEC.format(value=value, levels=levels, op=op, inputs=inputs), "t"))
    assert {d.code for d in found if d.is_error} <= {"E504"}, found
    return [(d.hint or "").partition(",")[0].removeprefix("write ") for d in found if d.is_error]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("[0,5, 0,25]", ["0.5", "0.25"]),
        ("[1, 0,5]", ["0.5"]),
        ("[-0,5, 1]", ["-0.5"]),
        ("[0,5,\n    0,25, 1]", ["0.5", "0.25"]),
        ("[[0,5, 1], [2, 3]]", ["0.5"]),
        ("[1,5e3, 2]", ["1.5e3"]),
        ("[1,000, 2,000]", ["1.000", "2.000"]),
        ("[0,05]", ["0.05"]),
        ("[0,05,0,5]", ["0.05", "0.5"]),
        ("[2,0,05]", ["0.05"]),
        ("[-6,5 dB, 0 dB]", ["-6.5 dB"]),
        ("[-6,5 dB]", ["-6.5 dB"]),
        ("[0,5 dB,1,5 dB]", ["0.5 dB", "1.5 dB"]),
        ("[1, 2,5 dB]", ["2.5 dB"]),
    ],
)
def test_halves_for_certain(text: str, numbers: list[str]) -> None:
    assert repairs(value=text) == numbers
    assert repairs(levels=text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "[0,5,0,25]",  # four whole numbers, as they are written without spaces
        "[0,5]",
        "[1,2,\n    3,4]",  # a line break is no space of the author's
        "[1,2,3, 4]",
        "[1 ,5, 2]",
        "[1, -2,-3, 4]",  # no number has a sign behind its comma
        "[0.5,1, 2]",  # who writes points
        "[1,2,3 dB]",
        '["5 dB","6 dB", 0 dB]',
    ],
)
def test_what_may_be_a_list_stays_one(text: str) -> None:
    assert repairs(value=text) == []


@pytest.mark.parametrize(
    ("op", "inputs", "numbers"),
    [
        ("add", "audio, 0,5", ["0.5"]),  # of three inputs two are meant
        ("add", "audio,0,5", []),
        ("gain", "audio, 0,05", ["0.05"]),
        ("gain", "audio,-6,5 dB", ["-6.5 dB"]),
        ("gain", "audio, [-6,5 dB]", ["-6.5 dB"]),
        ("exp_decay_reverb", "audio, 2,0, 4,0", ["2.0", "4.0"]),
        ("exp_decay_reverb", "audio,2,0,4,0", ["2.0", "4.0"]),
    ],
)
def test_inputs_in_order(op: str, inputs: str, numbers: list[str]) -> None:
    assert repairs(op=op, inputs=inputs) == numbers
