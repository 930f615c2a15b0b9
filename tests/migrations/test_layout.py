"""What a migration keeps of an old file beside its values, and what it says of the rest."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

import ddspgraph.migrations as migrations
from ddspgraph.compiler.frontend.document import read_text
from ddspgraph.diagnostics import Report
from ddspgraph.migrations import migrate_text
from ddspgraph.migrations.text.emit import emit

LIST = """version: 1
name: "a"
sample_rate: &sr 16000
n_samples: 6400
x-common: &common {scale_fn: null, initial_bias: -4.50}
inputs: [m, [n, &bands 65], &third o]
modules:
  a: &base {class: &c FilteredNoise, window_size: &w 0x81}
  b: {<<: *common, class: *c, window_size: *w, doc: "Says 'hello'"}
  c: *base
  d: {class: FilteredNoise, scale_fn: &fn '@core.exp_sigmoid', sample_rate: *sr}
  e: {class: FilteredNoise, scale_fn: *fn, initial_bias: 1.0e+0, doc: 'It''s: b'}
  add: {class: Add}
dag:
  - [a, &x [m]]
  - [b, [n]]
  - [c, *x]
  - [d, [*third]]
  - [e, [*third]]
  - [add, [d/signal, e/signal]]
"""


# -- a list that becomes a graph -----------------------------------------------------------------


def test_quotes_spellings_and_anchors_of_what_did_not_change_are_kept():
    text = migrate_text(LIST).text
    for kept in (
        'name: "a"\n',
        "initial_bias: -4.50",
        "initial_bias: 1.0e+0",
        """doc: "Says 'hello'"\n""",
        "doc: 'It''s: b'\n",
        "a: &base\n    op: &c filtered_noise\n",
        "params: {window_size: &w 0x81, timing: ddsp}\n",  # beside what magenta/ddsp's filters need
        "op: *c\n",
        "c: *base\n",
        "window_size: *w",
        "scale_fn: &fn exp_sigmoid",  # renamed, and still one value
        "scale_fn: *fn",
        "inputs: {magnitudes: &third o}",
        "inputs: {magnitudes: *third}\n",
    ):
        assert kept in text
    document, _ = migrations.migrate(read_text(LIST, "old.yaml"), Report())
    assert read_text(text, "new.yaml").root.plain() == document.root.plain()


def test_an_anchor_that_is_written_out_is_said():
    found = migrate_text(LIST).warnings
    assert [(w.code, w.span.line, w.message.split(":")[0]) for w in found if w.span] == [
        ("W110", 3, "the anchor '&sr' is gone"),
        ("W110", 5, "the anchor '&common' is gone"),
        ("W110", 6, "the anchor '&bands' is gone"),
        ("W110", 15, "the anchor '&x' is gone"),
    ]
    assert migrate_text(LIST.replace("&third", "").replace("*third", "o")).text


words = st.sampled_from(
    ["a", "'b'", '"c"', "1", "1.50", "0x10", "1e-3", "[p, q]", "{k: v}", "null", "'it''s'", '"\\t"']
)


@st.composite
def anchored(draw: st.DrawFn) -> str:
    """YAML whose values are scalars, small collections, and aliases of earlier ones, in block and flow."""
    names: list[str] = []
    lines = []
    for section in ["x-one", "params", "nodes", "x-two"]:
        lines.append(f"{section}:" + draw(st.sampled_from(["", f" &{section}"])))
        for i in range(draw(st.integers(1, 4))):
            kind = draw(st.sampled_from(["plain", "anchor", "alias", "flow"]))
            if kind == "alias" and names:
                value = "*" + draw(st.sampled_from(names))
            elif kind == "flow" and names:
                value = f"[*{draw(st.sampled_from(names))} , {draw(words)}]"
            elif kind == "anchor":
                name = draw(st.sampled_from(["a", "b", f"n{len(names)}"]))
                value = f"&{name} {draw(words)}"
                names.append(name)
            else:
                value = draw(words)
            lines.append(f"  k{i}: {value}")
    return "\n".join(lines) + "\n"


@settings(max_examples=200, deadline=None)
@given(anchored())
def test_what_is_written_with_anchors_reads_back_equal(text):
    document = read_text(text, "old.yaml")
    assert read_text(emit(document, is_yaml=True), "new.yaml").root.plain() == document.root.plain()
