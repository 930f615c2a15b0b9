"""Version 1 -> 2 on frozen specs: the new text, the report, the places, and what the old form meant."""

from __future__ import annotations

from pathlib import Path

import pytest

import ddspgraph as dg
from ddspgraph.compiler.frontend.document import read
from ddspgraph.compiler.frontend.structure import STRUCTURE
from ddspgraph.compiler.frontend.validate import validate
from ddspgraph.compiler.frontend.values import Value
from ddspgraph.diagnostics import GraphError, Report
from ddspgraph.ir.op import Traits
from ddspgraph.migrations import Kind, migrate, migrate_text
from ddspgraph.migrations.v1.classes import CLASSES, CLOCK_PARAMS, WITHOUT_OP, default_name, last_word
from ddspgraph.ops import OPS

HERE = Path(__file__).parent
SPECS = sorted((HERE / "v1").glob("*.yaml"))
HEAD = "version: 1\nname: a\nsample_rate: 16000\nn_samples: 64000\n"


def spec(inputs: str, modules: str, dag: str, head: str = HEAD) -> str:
    return f"{head}inputs: [{inputs}]\nmodules: {{{modules}}}\ndag: [{dag}]\n"


def upgraded(text: str) -> dict:
    return dg.migrations.migrate(read(text), Report())[0].root.plain()


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
class TestFrozenSpecs:
    def test_the_new_text(self, path):
        assert migrate_text(path).text == (HERE / "v2" / path.name).read_text()

    def test_the_new_text_keeps_the_schema(self, path):
        report = Report()
        validate(read(HERE / "v2" / path.name), STRUCTURE, report)
        assert report.diagnostics == []

    def test_the_old_and_the_new_text_are_one_graph(self, path):
        old, new = dg.load(path), dg.load(HERE / "v2" / path.name)
        assert old.replace(spec=None) == new.replace(spec=None)
        assert new.warnings == ()

    def test_every_place_is_in_the_old_file(self, path):
        document, changes = migrate(read(path), Report())
        lines = path.read_text().splitlines()
        for span in [*_spans(document.root), *(change.span for change in changes)]:
            assert span.source.name == str(path)
            assert lines[span.line - 1][span.column - 1 :].strip()

    def test_every_entry_of_the_old_file_is_in_the_report(self, path):
        old, (_, changes) = read(path).root, migrate(read(path), Report())
        reported = {change.path for change in changes}
        silent = {"version", "name", "doc", "inputs", "modules", "losses"}
        entries = {str(key) for key, _ in old.items() if not key.startswith("x-")} - silent
        entries |= {f"inputs.{i}" for i, _ in enumerate(old.get("inputs").elements())}
        called = {str(call.elements()[0].data) for s in ("dag", "losses") for call in _elements(old, s)}
        for name, module in old.get("modules").items():
            keys = [k for k, _ in module.items() if k != "doc" and not k.startswith("x-")]
            entries |= {f"modules.{name}.{k}" for k in keys} if name in called else {f"modules.{name}"}
        for i, call in enumerate(_elements(old, "dag")):
            keys = [k for k, _ in call.elements()[0].items() if k != "doc" and not k.startswith("x-")]
            entries |= {f"dag.{i}.0.{k}" for k in keys}
        assert entries <= reported

    def test_comments_are_all_kept(self, path):
        old, new = path.read_text(), migrate_text(path).text
        comments = [line[line.index("#") + 1 :].strip() for line in old.splitlines() if "#" in line]
        for comment in comments:
            assert comment.replace("graph-v1", "graph-v2") in new


def _elements(root: Value, section: str) -> tuple[Value, ...]:
    value = root.get(section)
    return value.elements() if value else ()


def _spans(value: Value):
    yield value.span
    for key, item in value.items():
        yield key.span
        yield from _spans(item)
    for item in value.elements():
        yield from _spans(item)


# -- what the old form means -------------------------------------------------------------------


def test_mix_keeps_its_old_curve():
    text = spec("a, b, m", "mix: {class: Mix}", "[mix, [a, b, m]]")
    assert upgraded(text)["nodes"]["mix"]["params"] == {"law": "ddsp"}
    (law,) = [c for c in migrate_text(text).changes if c.path == "modules.mix.law"]
    assert law.kind is Kind.DEFAULT


def test_the_frame_rate_is_250_hz_only_where_there_are_frames():
    frames = upgraded(spec("m", "n: {class: FilteredNoise}", "[n, [m]]"))
    assert frames["clock"] == {"sample_rate": "16 kHz", "frame_rate": "250 Hz", "duration": "64000 samples"}
    audio = upgraded(spec("a, b", "sum: {class: Add}", "[sum, [a, b]]"))
    assert audio["clock"] == {"sample_rate": "16 kHz", "duration": "64000 samples"}


@pytest.mark.parametrize(
    ("sample_rate", "text"), [(44100, "44.1 kHz"), (22050, "22.05 kHz"), (11025, "11.025 kHz"), (441, "441 Hz")]
)
def test_rates_are_written_as_a_person_writes_them(sample_rate, text):
    head = HEAD.replace("16000", str(sample_rate))
    assert upgraded(spec("a, b", "sum: {class: Add}", "[sum, [a, b]]", head))["clock"]["sample_rate"] == text


def test_a_sum_says_of_its_inputs_what_their_neighbours_are():
    modules = "n: {class: FilteredNoise}, s: {class: Add}, t: {class: Add}, r: {class: FilteredNoise}"
    dag = "[n, [m]], [s, [n/controls/magnitudes, bias]], [t, [s/signal, more]], [r, [t/signal]]"
    inputs = upgraded(spec("more, bias, m", modules, dag))["inputs"]
    assert inputs == {name: {"rate": "frame", "channels": "n_bands"} for name in ("more", "bias", "m")}


def test_what_is_known_at_one_end_of_a_long_chain_is_known_at_the_other():
    """The first sum is of unknowns, and the last one of a control; each of 1500 learns it from its neighbour."""
    n = 1500
    names = ", ".join(f"x{i}" for i in range(n))
    sums = ", ".join(f"s{i}: {{class: Add}}" for i in range(n))
    calls = ", ".join(f"[s{i}, [x{i}, {f'x{i + 1}' if i < n - 1 else 'n/controls/magnitudes'}]]" for i in range(n))
    inputs = upgraded(spec(f"{names}, m", f"n: {{class: FilteredNoise}}, {sums}", f"[n, [m]], {calls}"))["inputs"]
    assert inputs["x0"] == {"rate": "frame", "channels": "n_bands"}
    deep = ", ".join(f"[s{i}, [{f's{i - 1}/controls/signal_one' if i else 'x0'}, x{i}]]" for i in range(n))
    assert upgraded(spec(names, sums, deep))["inputs"]["x9"] == {"rate": "audio"}


def test_an_input_of_two_rates_is_of_the_slower():
    modules = "d: {class: ModDelay}, h: {class: Harmonic}"
    dag = "[h, [x, c, f]], [d, [h/signal, x, f]]"
    inputs = upgraded(spec("x, c, f", modules, dag))["inputs"]
    assert inputs["x"] == inputs["f"] == {"rate": "frame"}


def test_an_input_of_two_sizes_has_the_one_that_is_a_number():
    modules = "noise: {class: FilteredNoise}, harmonic: {class: Harmonic}"
    new = upgraded(spec("x, hd, f0_hz", modules, "[noise, [x]], [harmonic, [x, hd, f0_hz]]"))
    assert new["inputs"]["x"] == {"rate": "frame"}


def test_the_name_of_a_module_that_calls_know_otherwise_has_no_effect():
    for name, kind in (("noise", Kind.MOVED), ("wind", Kind.NO_EFFECT)):
        text = spec("x", f"noise: {{class: FilteredNoise, name: {name}}}", "[noise, [x]]")
        changes = {change.path: change for change in migrate_text(text).changes}
        assert changes["modules.noise.name"].kind is kind


def test_channels_that_are_said_are_kept():
    text = spec("[m, 65], [a, 2], [ir, 9]", "n: {class: FilteredNoise}, c: {class: Crop, frame_size: 2}, "
                "r: {class: Reverb}", "[n, [m]], [c, [a]], [r, [n/signal, ir]]")  # fmt: skip
    assert upgraded(text)["inputs"] == {
        "m": {"rate": "frame", "channels": 65},
        "a": {"rate": "audio", "channels": 2},
        "ir": {"rate": "const", "shape": [9]},
    }


def test_references_become_names_and_ports():
    modules = "h: {class: Harmonic}, g: {class: Harmonic}"
    dag = "[h, [inputs/x, c, f]], [g, [h/controls/amplitudes, h/controls/harmonic_distribution, inputs/f]]"
    assert upgraded(spec("x, c, f", modules, dag))["nodes"]["g"]["inputs"] == {
        "amplitudes": "h/amplitudes",
        "harmonic_distribution": "h/harmonic_distribution",
        "f0_hz": "f",
    }


def test_modules_in_the_dag_are_named_by_their_class():
    dag = "[{class: effects.FIRFilter}, [a, m]], [{class: Crop, name: cut, frame_size: 8}, [fir_filter/signal]]"
    assert list(upgraded(spec("a, m", "", dag))["nodes"]) == ["fir_filter", "cut"]


def test_what_the_header_says_is_not_said_twice():
    text = spec("m", "n: {class: FilteredNoise, n_samples: 64000, window_size: 0}", "[n, [m]]")
    assert upgraded(text)["nodes"]["n"]["params"] == {"window_size": 0, "timing": "ddsp"}
    (derived,) = [c for c in migrate_text(text).changes if c.kind is Kind.DERIVED]
    assert (derived.path, derived.to, derived.span.line) == ("modules.n.n_samples", "clock.duration", 6)


@pytest.mark.parametrize(
    ("param", "line", "column", "code"),
    [("n_samples: 32000", 6, 48, "E403"), ("windwo_size: 0", 6, 37, "E309"), ("window_size: -1", 6, 50, "E502")],
)
def test_what_the_compiler_finds_is_shown_in_the_old_file(param, line, column, code):
    text = spec("m", f"n: {{class: FilteredNoise, {param}}}", "[n, [m]]")
    with pytest.raises(GraphError) as caught:
        dg.load(text)
    found = [d for d in caught.value.diagnostics if d.is_error]
    assert [(d.code, d.span.line, d.span.column) for d in found] == [(code, line, column)]


# -- the table of classes ----------------------------------------------------------------------


def test_the_table_names_the_ops_of_version_2():
    for name, known in CLASSES.items():
        op = OPS[known.op]
        assert list(op.inputs)[: len(known.arguments)] == list(known.arguments), name
        assert (Traits.LOSS in op.traits if isinstance(op.traits, Traits) else False) is known.is_loss, name
        assert set(known.controls) == ({*op.outputs} - {"signal"} if not known.is_loss else set()), name
        assert set(known.keeps) <= set(op.params()), name


def test_the_table_fits_the_ports_of_version_2():
    for name, known in CLASSES.items():
        for argument, shape in known.arguments.items():
            port = OPS[known.op].inputs[argument]
            if shape is None or port.rate is None or port.dims is None:
                continue
            assert str(port.rate) == shape.rate, (name, argument)
            sizes = [shape.channels] if shape.rate != "const" else list(shape.shape)
            last = [dim.size for dim in port.dims[2 if shape.rate != "const" else 1 :]] or [None]
            assert last == [size if isinstance(size, int) else None for size in sizes], (name, argument)


def test_no_class_is_in_two_tables():
    assert not set(CLASSES) & set(WITHOUT_OP)
    assert all(OPS[CLASSES[name].op].name == default_name(name) for name in CLASSES)
    assert CLOCK_PARAMS == ("sample_rate", "n_samples")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("@synths.Harmonic()", "Harmonic"),
        ("ddsp.core.exp_sigmoid", "exp_sigmoid"),
        ("a b", "a b"),
        ("window", "window"),
    ],
)
def test_last_word(text, word):
    assert last_word(text) == word
