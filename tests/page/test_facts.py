"""What the panel says of a node: ports, parameters, its YAML lines, the op and its source."""

from __future__ import annotations

import re
from typing import Any

import pytest

import ddspgraph as dg
from ddspgraph.diagnostics import Source, Span
from ddspgraph.page.document import html_of
from ddspgraph.page.yaml_lines import yaml_lines
from tests.page.pages import GUITAR, ROOT, data_of


@pytest.fixture(scope="module")
def guitar() -> dict[str, Any]:
    return data_of(html_of(dg.load(GUITAR)))


def test_a_node(guitar: dict[str, Any]) -> None:
    room = guitar["boxes"]["node_room"]
    assert (room["name"], room["op"], room["marks"][0]) == ("room", "exp_decay_reverb", "random")
    assert re.fullmatch(r"\d+ % of the estimated work", room["marks"][-1])
    audio, gain, decay = room["inputs"]
    assert (audio["port"], audio["from"], audio["ref"]) == ("audio", "node_chorus", "chorus/signal")
    assert audio["type"] == "[b, 196·frames] audio"
    assert (gain["literal"], decay["literal"]) == ("-0.5", "3")
    assert [port["port"] for port in room["outputs"]] == ["signal", "audio", "ir"]
    assert room["outputs"][0]["readers"] == ["node_out"]
    length = next(p for p in room["params"] if p["name"] == "reverb_length")
    assert (length["value"], length["default"], length["changed"]) == ("1.2 s", "48 000 samples", True)
    assert length["converted"] == "52 920 samples"
    assert [p["name"] for p in room["params"] if p["changed"]] == ["reverb_length"]
    assert room["about"]["text"].startswith("A reverb of decaying noise")
    assert room["about"]["source"].startswith("Moorer")


def test_yaml_lines_stand_as_in_the_file(guitar: dict[str, Any]) -> None:
    text = GUITAR.read_text().splitlines()
    for box in guitar["boxes"].values():
        if yaml := box.get("yaml"):
            assert yaml["lines"][0].startswith(f"{box['name']}:")
            for i, line in enumerate(yaml["lines"]):
                assert text[yaml["first"] - 1 + i].strip() == line.strip()
    assert len(guitar["boxes"]["node_warm"]["yaml"]["lines"]) == 5
    assert len(guitar["boxes"]["node_sweep"]["yaml"]["lines"]) == 1


def test_inputs_and_outputs(guitar: dict[str, Any]) -> None:
    audio = guitar["boxes"]["in_audio"]
    assert (audio["kind"], audio["doc"]) == ("input", "A dry recording of a guitar.")
    assert audio["outputs"][0]["readers"] == ["node_warm"]
    out = guitar["boxes"]["out_audio"]
    assert (out["inputs"][0]["from"], out["inputs"][0]["ref"]) == ("node_out", "out/signal")


def test_all_numbers_of_a_constant_are_said(guitar: dict[str, Any]) -> None:
    magnitudes = guitar["boxes"]["node_warm"]["inputs"][1]
    assert magnitudes["literal"] == "1, 0.8, 0.35, 0.1, 0.04, 0.02, 0.01, 0.01"


def test_weights_and_what_the_clock_gives() -> None:
    boxes = data_of(html_of(dg.load(ROOT / "graphs" / "solo_controls.yaml")))["boxes"]
    assert boxes["node_wet"]["weights"] == [["ir", "[48000]", "48 000"]]
    rate = next(p for p in boxes["node_harmonic"]["params"] if p["name"] == "sample_rate")
    assert (rate["value"], rate["default"], rate["changed"]) == ("16 000 Hz", "clock", False)


def test_warnings_are_told_with_their_line() -> None:
    spec = GUITAR.read_text().replace("outputs:", "  idle: {op: gain, inputs: {audio: audio, gain: 0 dB}}\noutputs:")
    warnings = data_of(html_of(dg.load(spec)))["graph"]["warnings"]
    assert len(warnings) == 1
    assert "W101" in warnings[0]
    assert warnings[0].partition(":")[0].isdigit()


@pytest.mark.parametrize(
    ("text", "line", "count"),
    [
        ("a:\n  x: 1\n\n  y: 2\nb: 1\n", 1, 4),
        ("a: {x: 1,\n  y: 2}\nb: 1\n", 1, 2),
        ("a:\n  x: 1\n\n\n", 1, 2),
        ("a: 1", 1, 1),
        ("  a: 1\n    # more\n  b: 2\n", 1, 2),
        ("a:\n" + "  x\n" * 500, 1, 81),
    ],
)
def test_where_the_lines_of_a_node_end(text: str, line: int, count: int) -> None:
    found = yaml_lines(Span.of_line(Source("a.yaml", text), line))
    assert found is not None
    assert len(found["lines"]) == count


def test_long_lines_are_cut_and_nothing_steers_the_terminal() -> None:
    found = yaml_lines(Span.of_line(Source("a.yaml", "a: " + "x" * 10_000 + "\n\tb\u202e"), 1))
    assert found is not None
    assert len(found["lines"][0]) == 240
    assert "\u202e" not in "".join(found["lines"])


def test_many_warnings_are_counted() -> None:
    nodes = ", ".join(f"n{i}: {{op: tanh, inputs: [a]}}" for i in range(25))
    outputs = ", ".join(f"o{i}: n{i}" for i in range(25))
    head = "version: 2\nname: many\nclock: {sample_rate: 16 kHz}\ninputs: {a: {rate: audio}}\n"
    warnings = data_of(html_of(dg.load(f"{head}nodes: {{{nodes}}}\noutputs: {{{outputs}}}\n")))["graph"]["warnings"]
    assert len(warnings) == 21
    assert warnings[-1] == "and 4 more"


def test_a_group_is_a_mark() -> None:
    spec = "version: 2\nname: g\nclock: {sample_rate: 16 kHz}\ninputs: {a: {rate: audio}}\n"
    spec += "nodes: {soft: {op: tanh, inputs: [a], group: colour}}\noutputs: {b: soft}\n"
    assert "in colour" in data_of(html_of(dg.load(spec)))["boxes"]["node_soft"]["marks"]
