"""What a reader sees: every kind of box and every rate can be told apart, in colour and without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ddspgraph as dg
from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.ir.graph import Graph
from ddspgraph.render import to_svg
from ddspgraph.render.compose import picture
from ddspgraph.render.dot import to_dot
from ddspgraph.render.picture import Kind
from ddspgraph.render.theme import THEMES, Paint, Theme
from tests.render.graphs import CHORUS, PARTIALS, SOLO, chain, typed, voices


def line_of(dot: str, start: str) -> str:
    (found,) = [line.strip() for line in dot.splitlines() if line.strip().startswith(start)]
    return found


def test_kinds_differ_in_outline() -> None:
    dot = to_dot(typed(SOLO))
    outline = {
        kind: tuple(re.findall(r"(shape|style|peripheries)=\"(.*?)\"", line_of(dot, f"{box} [")))
        for kind, box in {
            "input": "in_f0_hz",
            "node": "node_harmonic",
            "random": "node_noise",
            "trainable": "node_wet",
            "loss": "node_spectral",
            "output": "out_audio",
        }.items()
    }
    assert len(set(outline.values())) == len(outline)


def test_rates_differ_in_stroke() -> None:
    dot = to_dot(typed(CHORUS))
    audio, frame, const = (
        re.findall(r"(?:style|penwidth)=\"(.*?)\"", line_of(dot, f"{end}:s ->"))
        for end in ("in_audio", "node_sweep", "in_depth")
    )
    assert (audio[0], frame[0], const[0]) == ("solid", "solid", "dotted")
    assert float(audio[1]) > 2 * float(frame[1])


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_text_can_be_read(theme: Theme) -> None:
    """WCAG 2.1 AA: contrast 4.5 : 1 of all text, 3 : 1 of outlines and strokes."""
    for name, paint in theme.paints.items():
        assert contrast(paint.text, paint.fill) >= 4.5, name
        assert contrast(theme.quiet, paint.fill) >= 4.5 or name == "output", name
        if name != "literal":
            assert max(contrast(paint.line, theme.background), contrast(paint.fill, theme.background)) >= 3, name
    assert contrast(theme.quiet, theme.background) >= 4.5
    assert all(contrast(colour, theme.background) >= 3 for colour in theme.edge.values())


def test_kinds_differ_in_colour() -> None:
    for theme in THEMES.values():
        seen: dict[Paint, str] = {}
        for name, paint in theme.paints.items():
            assert seen.setdefault(paint, name) == name


def test_what_a_node_says() -> None:
    boxes = {box.name: box for box in picture(typed(SOLO)).boxes}
    assert boxes["wet"].marks == ("trainable, 48 000 weights",)
    assert boxes["noise"].marks == ("random",)
    assert boxes["harmonic"].lines == (), "the clock's parameters and the defaults are left out"
    assert [*map(str, boxes["spectral"].lines)] == ["logmag_weight = 1"]
    assert boxes["spectral"].kind is Kind.LOSS


def test_literals_stand_at_their_port() -> None:
    shown = picture(typed(CHORUS))
    assert not [box for box in shown.boxes if box.kind is Kind.LITERAL]
    pins = {(box.name, pin.port): pin.value for box in shown.boxes for pin in box.inputs}
    assert str(pins["warm", "magnitudes"]) == "[1, 0.8, 0.5, 0.3, … 5 in all]"
    assert str(pins["sweep", "frequency_hz"]) == "0.7 Hz"
    assert pins["chorus", "phase"] is None


def test_implied_conversions_are_told() -> None:
    graph = typed(CHORUS)
    notes = {(a.source, a.target): a.notes for a in picture(graph).arrows}
    assert notes["node_sweep", "node_chorus"] == ("resampled",)
    assert notes["in_depth", "node_louder"] == ("held",)
    assert notes["node_warm", "node_chorus"] == ()
    legal = picture(run(LEGALISE, graph))
    assert {box.name for box in legal.boxes if box.kind is Kind.IMPLIED} >= {"resample", "hold"}
    assert not any(arrow.notes for arrow in legal.arrows)


def test_details() -> None:
    graph = typed(PARTIALS)
    names, types, every = (to_dot(graph, detail=d) for d in ("names", "types", "all"))  # type: ignore[arg-type]
    assert "[b, frames" not in names
    assert "sin_freqs</FONT>" not in names
    assert "[b, frames, 24]" in types
    assert "n_harmonics = 40" in types
    assert "normalize = false" not in types
    assert "normalize = false" in every
    assert "sinusoidal_to_harmonic" in names


def test_ports_stand_in_the_order_of_what_reads_them() -> None:
    """`ld_scaled` is read left of `f0_scaled`: it stands left of it, and the edges do not cross."""
    path = Path(__file__).parents[2] / "graphs" / "models" / "solo_instrument.yaml"
    dot = to_dot(dg.load(path))
    outputs = re.findall(r'PORT="o\d+" VALIGN="TOP"><[^>]*>(\w+)<', line_of(dot, "node_features ["))
    assert outputs == ["ld_scaled", "f0_scaled"]
    ports = re.findall(r"^  node_features:(o\d+):s -> node_decoder:(b\d+):n", dot, re.MULTILINE)
    names = dict(re.findall(r'PORT="(o\d+)" VALIGN="TOP"><[^>]*>(\w+)<', line_of(dot, "node_features [")))
    assert [(names[out], blank) for out, blank in ports] == [("ld_scaled", "b0"), ("f0_scaled", "b1")]


def test_all_outputs_of_a_node_have_types_or_none() -> None:
    """`sin_amps` has the type of something that the node reads, `sin_freqs` has not: both are told."""
    (box,) = [box for box in picture(typed(PARTIALS)).boxes if box.op == "harmonic_to_sinusoidal"]
    assert {pin.port: bool(pin.type) for pin in box.outputs} == {"sin_amps": True, "sin_freqs": True}


def test_the_key_names_what_occurs() -> None:
    label = line_of(to_dot(typed(SOLO), legend=True), "graph [label=")
    words = re.findall(r"(?<=>)[a-z ]+(?=&#160;)", label)
    assert words == ["audio rate", "frame rate", "input", "audio node", "random", "trainable", "loss", "output"]


@pytest.mark.parametrize(
    "graph", [chain(60), chain(300), voices(10, 4), voices(30, 8)], ids=["chain60", "chain300", "voices60", "voices300"]
)
def test_large_graphs(graph: Graph) -> None:
    """Neither a ribbon nor a tower."""
    svg = to_svg(graph)
    size = re.match(r'<svg width="(\d+)pt" height="(\d+)pt"', svg)
    assert size
    assert 1 / 6 < int(size[1]) / int(size[2]) < 6
    for node in graph.nodes:
        assert f'id="node_{node.name}"' in svg


def test_a_folded_chain_keeps_every_edge() -> None:
    """A cut edge has a tag at both ends: what a node reads can still be read off."""
    graph = chain(60)
    dot = to_dot(graph)
    for node in graph.nodes:
        heads = re.findall(rf"^  (\w+)\S* -> node_{node.name}:i", dot, re.MULTILINE)
        sources = [re.sub(r"^tag\d+_", "", head) for head in heads]
        assert sources == [("in_" if ref.node == "audio" else "node_") + ref.node for _, ref in node.inputs]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours after WCAG 2.1: (L1 + 0.05) / (L2 + 0.05)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
