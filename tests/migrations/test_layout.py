"""What a migration keeps of an old file beside its values, and what it says of the rest."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ddspgraph.migrations as migrations
from ddspgraph.compiler.frontend.document import read_text
from ddspgraph.compiler.frontend.structure import STRUCTURE
from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Report
from ddspgraph.installation import install_command
from ddspgraph.migrations import in_form, migrate_text
from ddspgraph.migrations.edits import mapping, plain, renamed, scalar
from ddspgraph.migrations.emit import emit
from ddspgraph.resources import folder, schema

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


# -- a step that keeps the form ------------------------------------------------------------------


def upgrade_to_3(document: Document, report: Report) -> tuple[Document, tuple]:
    """A step as one may come: `duration` is `length`, 16 kHz is 24 kHz, `doc` goes, `x-new` comes."""

    def changed(key: Key, value: Value) -> tuple[Key, Value]:
        if key == "version":
            return key, scalar(3, value.span)
        if key == "clock":
            entries = [(renamed(k, "length") if k == "duration" else k, v) for k, v in value.items()]
            entries = [(k, scalar("24 kHz", v.span) if k == "sample_rate" else v) for k, v in entries]
            return key, mapping(entries, value.span)
        return key, value

    entries = [changed(key, value) for key, value in document.root.items() if key != "doc"]
    entries.insert(2, (Key("x-new", document.root.span), plain({"a": [1, "yes"]}, document.root.span)))
    return Document(mapping(entries, document.root.span), document.source), ()


STEP = SimpleNamespace(FROM_VERSION=2, KEEPS_FORM=True, upgrade=upgrade_to_3)

GRAPH = """# yaml-language-server: $schema=../schemas/graph-v2.schema.json
version: 2
name:   'kept'   # as it is
doc: It goes.

# The time
clock:    # once
    sample_rate: 16 kHz      # slow
    frame_rate: 250 Hz
    duration: "4 s"          # nominal
inputs:
    amps: &controls {rate: frame}
    f0_hz: *controls

# The nodes
nodes:
    noise: {op: filtered_noise,   inputs: {magnitudes: amps}, params: &quiet {initial_bias: -5.50}}

    more:
        op: filtered_noise
        inputs: [f0_hz]
        params:
            <<: *quiet
            scale_fn: "exp_sigmoid"
outputs: {audio: noise}
# the end
"""


@pytest.fixture
def version_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, STEP))
    monkeypatch.setattr(migrations, "LATEST", 3)
    monkeypatch.setattr(migrations, "schema", lambda version: STRUCTURE if version == 2 else schema(version))


@pytest.mark.usefixtures("version_3")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_all_else_is_kept_byte_for_byte(end):
    result = migrate_text(GRAPH.replace("\n", end))
    expected = (
        GRAPH.replace("graph-v2", "graph-v3")
        .replace("version: 2", "version: 3")
        .replace("doc: It goes.\n\n# The time\n", "\n# The time\nx-new: {a: [1, yes]}\n")
        .replace("16 kHz", "24 kHz")
        .replace('duration: "4 s"', 'length: "4 s"  ')  # the comment stays in its column
        .replace('length: "4 s"          # nominal', 'length: "4 s"          # nominal')
    )
    assert result.text == expected.replace("\n", end)
    assert result.warnings == ()


@pytest.mark.usefixtures("version_3")
def test_without_ruamel_the_loss_is_said_and_the_rest_is_kept(monkeypatch):
    monkeypatch.setitem(sys.modules, "ruamel", None)
    monkeypatch.setattr(in_form, "is_available", lambda: False)
    result = migrate_text(GRAPH)
    first = result.warnings[0]
    assert first.code == "W110"
    assert "ruamel.yaml is not installed" in first.message
    assert first.hint == f"{install_command('migrate')} keeps them"
    for kept in (
        "name: 'kept'",
        "# slow",
        "&controls {rate: frame}",
        "*controls",
        "initial_bias: -5.50",
        '"exp_sigmoid"',
    ):
        assert kept in result.text
    assert [w.message.partition("'&")[2][:5] for w in result.warnings[1:]] == ["quiet"]


@pytest.mark.usefixtures("version_3")
def test_comments_that_go_with_an_entry_are_said():
    text = GRAPH.replace("doc: It goes.\n", "doc: It goes.   # why\n")
    (found,) = migrate_text(text).warnings
    assert found.code == "W110"
    assert [str(note) for note in found.notes] == ["the comment '# why'"]


@pytest.mark.usefixtures("version_3")
def test_values_that_must_come_apart_are_written_out():
    """The clock changes, what repeated it does not."""
    text = GRAPH.replace("clock:    # once", "clock: &time    # once").replace("outputs:", "x-time: *time\noutputs:")
    result = migrate_text(text)
    assert "come to differ" in result.warnings[0].message
    assert "'&time' is gone" in result.warnings[1].message
    assert 'clock: {sample_rate: 24 kHz, frame_rate: 250 Hz, length: "4 s"}' in result.text
    assert 'x-time: {sample_rate: 16 kHz, frame_rate: 250 Hz, duration: "4 s"}' in result.text
    assert "# slow" in result.text


@pytest.mark.usefixtures("version_3")
def test_a_merged_entry_that_is_renamed_is_written_out():
    text = GRAPH.replace('    duration: "4 s"          # nominal\n', "    <<: *time\n").replace(
        "clock:", "x-time: &time {duration: 4 s}\nclock:"
    )
    result = migrate_text(text)
    assert "length: 4 s" in result.text
    assert read_text(result.text, "new.yaml").root.plain()["clock"] == {
        "sample_rate": "24 kHz",
        "frame_rate": "250 Hz",
        "length": "4 s",
    }


@pytest.mark.usefixtures("version_3")
def test_a_list_goes_all_the_way(version_3):
    result = migrate_text(LIST)
    assert result.text.startswith('version: 3\nname: "a"\n')
    assert "length: 6400 samples" in result.text


@pytest.mark.parametrize("path", sorted(folder("graphs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_example_graphs_pass_through_unchanged(path):
    document = read_text(path.read_text(), path.name)
    assert in_form.rewritten(document, document) == document.source.text


def test_ruamel_is_found():
    assert in_form.is_available()
