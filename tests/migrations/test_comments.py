"""Comments: found wherever YAML allows them, and put where they belong in the new file."""

from __future__ import annotations

import pytest

from ddspgraph.diagnostics import Source
from ddspgraph.migrations import migrate_text
from ddspgraph.migrations.text.comments import Comment, comments_of


def found(text: str) -> list[Comment]:
    return list(comments_of(Source("a.yaml", text), 2))


@pytest.mark.parametrize(
    ("text", "comments"),
    [
        ("a: 1\n", []),
        ("# top\na: 1\n", [Comment("# top", 2, False)]),
        ("a: 1  # behind\n", [Comment("# behind", 1, True)]),
        ("a: 1\n# end\n", [Comment("# end", None, False)]),
        ("a: 1\n# last, without a line end", [Comment("# last, without a line end", None, False)]),
        ("a:   # of a\n  b: 1\n", [Comment("# of a", 1, True)]),
        ("a:\n  # of b\n\n  b: 1\n", [Comment("# of b", 4, False)]),
        ("a: [1, # one\n  2]\n", [Comment("# one", 1, True)]),
        ("a: 'it''s # not one'\nb: \"nor # this\"\nc: x#y\nd: |\n  # nor this\ne: 1\n", []),
        ("d: | # header\n  text\n# above e\ne: 1\n", [Comment("# header", 1, True), Comment("# above e", 4, False)]),
        ("d: >\n  text\n  # text too\n\n# above e\ne: 1\n", [Comment("# above e", 6, False)]),
        ("a: one\n  two # behind\nb: 1\n", [Comment("# behind", 2, True)]),
        ("# one\r\n# two\r\na: 1 # three\r\n", [
            Comment("# one", 3, False), Comment("# two", 3, False), Comment("# three", 3, True)]),
        ("é: 'ü' # ö\n", [Comment("# ö", 1, True)]),
        ("# yaml-language-server: $schema=x/graph-v1.schema.json\na: 1\n", [
            Comment("# yaml-language-server: $schema=x/graph-v2.schema.json", 2, False)]),
        ("# see graph-v1.schema.json\na: 1\n", [Comment("# see graph-v1.schema.json", 2, False)]),
    ],
)  # fmt: skip
def test_comments_are_found(text, comments):
    assert found(text) == comments


def test_each_comment_goes_to_what_came_from_its_line():
    text = """\
# top
version: 1
name: a   # name
# rates
sample_rate: 16000
n_samples: 64000
inputs:   # all inputs
  - m     # the magnitudes
  # the level
  - a
# modules
modules:
  # noise
  noise:
    class: FilteredNoise   # which
    window_size: 0
  gain: {class: Add}   # sum
# calls
dag:
  - [noise, [m]]
  # the sum of both
  - [gain, [noise/signal, a]]
# end
"""
    assert (
        migrate_text(text).text
        == """\
# top
version: 2
name: a  # name

# rates
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz, duration: 64000 samples}

inputs:  # all inputs
  m: {rate: frame, channels: n_bands}  # the magnitudes
  # the level
  a: {rate: audio}

# modules
# calls
nodes:
  # noise
  # which
  noise: {op: filtered_noise, inputs: {magnitudes: m}, params: {window_size: 0, timing: ddsp}}
  # sum
  # the sum of both
  gain: {op: add, inputs: {signal_one: noise, signal_two: a}}

outputs:
  audio: gain

# end
"""
    )


def test_a_comment_of_something_that_is_gone_is_kept():
    text = (
        "version: 1\nname: a\nsample_rate: 16000\nn_samples: 64000\ninputs: [a, b]\nmodules:\n"
        "  x: {class: Add}\n  # never used\n  y: {class: Add}\ndag: [[x, [a, b]]]\n"
    )
    assert "# never used\n" in migrate_text(text).text
