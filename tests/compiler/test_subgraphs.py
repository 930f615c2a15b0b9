"""Sub-graphs: a graph cut into them is the graph written out, and what is wrong in them is told once, at its place."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.diagnostics import Diagnostic
from ddspgraph.limits import Limits
from ddspgraph.player.watching import files_of

HEAD = "version: 2\nname: console\nclock: {sample_rate: 16 kHz, frame_rate: 250 Hz}\n"
INPUTS = "inputs: {voice: {rate: audio}, fader: {rate: frame, unit: dB}, bright: {rate: frame, channels: 3}}\n"
STRIP = """\
  strip:
    params: {amount: 0.5}
    inputs: {audio: {rate: audio}, level: {rate: frame, unit: dB}}
    nodes:
      cut: {op: fir_filter, inputs: {audio: audio, magnitudes: [1, $amount]}}
      out: {op: gain, inputs: {audio: cut, gain: level}}
    outputs: {audio: out, dry: audio}
"""
#: Nesting, a literal and a frame at a border, an input given on, noise and weights.
CUT = (
    HEAD
    + "graphs:\n"
    + STRIP
    + """\
  pair:
    inputs: {audio: {rate: audio}, level: {rate: frame, unit: dB}, colour: {rate: frame, channels: k}}
    nodes:
      one: {graph: strip, inputs: [audio, -6 dB]}
      net: {op: fc, inputs: [colour], params: {ch: 4}}
      hiss: {op: filtered_noise, inputs: {magnitudes: net}}
      two: {graph: strip, inputs: {level: level, audio: one/dry}, params: {amount: 0.25}}
      sum: {op: add, inputs: [one, two/audio, hiss]}
    outputs: {audio: sum}
"""
    + INPUTS
    + """\
nodes:
  left: {graph: pair, inputs: [voice, fader, bright]}
  right: {graph: pair, inputs: [left, fader, bright]}
outputs: {audio: right, inside: left.two.cut}
"""
)
WRITTEN_OUT = (
    HEAD
    + INPUTS
    + "nodes:\n"
    + "".join(
        f"""\
  {use}.one.level: {{op: constant, params: {{value: -6, unit: dB}}}}
  {use}.one.cut: {{op: fir_filter, inputs: {{audio: {audio}, magnitudes: [1, 0.5]}}}}
  {use}.one.out: {{op: gain, inputs: {{audio: {use}.one.cut, gain: {use}.one.level}}}}
  {use}.net: {{op: fc, inputs: [bright], params: {{ch: 4}}}}
  {use}.hiss: {{op: filtered_noise, inputs: {{magnitudes: {use}.net}}}}
  {use}.two.cut: {{op: fir_filter, inputs: {{audio: {audio}, magnitudes: [1, 0.25]}}}}
  {use}.two.out: {{op: gain, inputs: {{audio: {use}.two.cut, gain: fader}}}}
  {use}.sum: {{op: add, inputs: [{use}.one.out, {use}.two.out, {use}.hiss]}}
"""
        for use, audio in (("left", "voice"), ("right", "left.sum"))
    )
    + "outputs: {audio: right.sum, inside: left.two.cut}\n"
)


def found(text: str, **options: object) -> list[tuple[str, int | None]]:
    return [(d.code, d.span.line if d.span else None) for d in dg.check(text, **options)]  # type: ignore[arg-type]


def only(text: str | Path, **options: object) -> Diagnostic:
    [finding] = dg.check(str(text), **options)  # type: ignore[arg-type]
    return finding


def test_a_cut_graph_is_the_graph_written_out() -> None:
    """Bit for bit: names, and with them noise and first weights, are the same."""
    random = np.random.default_rng(1)
    inputs = {
        "voice": random.standard_normal((2, 640)).astype(np.float32),
        "fader": random.uniform(-20, 0, (2, 10, 1)).astype(np.float32),
        "bright": random.standard_normal((2, 10, 3)).astype(np.float32),
    }
    cut, whole = dg.compile(CUT), dg.compile(WRITTEN_OUT)
    assert [node.name for node in cut.graph.nodes if node.is_written] == [
        node.name for node in whole.graph.nodes if node.is_written and not node.name.endswith(".level")
    ]
    assert set(cut.variables_by_node) == {"left.net", "right.net"}
    a, b = cut(inputs, seed=3), whole(inputs, seed=3)
    for name in ("audio", "inside"):
        np.testing.assert_array_equal(a[name], b[name])


def test_shared_weights_are_one_set_and_noise_stays_of_the_node() -> None:
    spec = CUT.replace("  pair:\n", "  pair:\n    share: true\n")
    model = dg.compile(spec)
    assert set(model.variables_by_node) == {"left.net"}
    inputs = {"bright": np.ones((1, 4, 3), np.float32)}
    values = model.signals({**inputs, "voice": np.zeros((1, 256), np.float32)})
    np.testing.assert_array_equal(values["left.net/signal"], values["right.net/signal"])
    assert np.any(values["left.hiss/signal"] != values["right.hiss/signal"])
    assert dg.load(spec).node_by_name["right.net"].weights_of == "left.net"


def test_a_slow_value_is_converted_at_the_border() -> None:
    """The square of what is between two frames, not what is between two squares."""
    spec = HEAD + (
        "graphs: {square: {inputs: {x: {rate: audio}}, nodes: {y: {op: multiply, inputs: [x, x]}}, outputs: {y: y}}}\n"
        "inputs: {slow: {rate: frame}}\nnodes: {a: {graph: square, inputs: [slow]}}\noutputs: {y: a}\n"
    )
    flat = HEAD + (
        "inputs: {slow: {rate: frame}}\nnodes:\n  up: {op: resample, inputs: [slow]}\n"
        "  one: {op: tensor_to_audio, inputs: [up]}\n  y: {op: multiply, inputs: [one, one]}\noutputs: {y: y}\n"
    )
    slow = np.random.default_rng(2).standard_normal((1, 8, 1)).astype(np.float32)
    np.testing.assert_array_equal(dg.compile(spec)({"slow": slow})["y"], dg.compile(flat)({"slow": slow})["y"])


def test_an_error_in_a_definition_is_told_once_at_its_line() -> None:
    broken = CUT.replace("gain: level", "gain: levle")
    finding = only(broken)
    assert (finding.code, finding.span and finding.span.line) == ("E301", 10)


def test_an_error_of_one_use_names_every_use_around_it() -> None:
    spec = CUT.replace("audio: one/dry}, params: {amount: 0.25}", "audio: one/dry}, params: {amount: $tone}")
    spec = spec.replace("  pair:\n", "  pair:\n    params: {tone: 0.25}\n")
    assert dg.check(spec) == ()
    finding = only(spec.replace("graph: pair, inputs: [voice,", "graph: pair, params: {tone: high}, inputs: [voice,"))
    assert finding.code == "E504"
    assert finding.span is not None
    assert finding.span.use is not None
    assert [use.graph for use in finding.span.use.chain()] == ["strip", "pair"]
    text = str(finding)
    assert "in 'strip', used at <text>:19:7" in text
    assert "in 'pair', used at <text>:24:3" in text
    assert "   24 |   left: {graph: pair" in text


def test_names_inside_mean_nothing_outside() -> None:
    """`A4` in a definition is the note, although the spec around it has an input of that name."""
    spec = HEAD + (
        "graphs: {tone: {nodes: {f: {op: hz_to_midi, inputs: [A4]}}, outputs: {m: f}}}\n"
        "inputs: {A4: {rate: const}}\nnodes: {t: {graph: tone}}\noutputs: {m: t, a: A4}\n"
    )
    assert dg.check(spec) == ()
    assert dg.load(spec).node_by_name["t.f"].inputs[0][1].node.startswith("t.f.")


def test_a_cycle_through_two_inputs_is_none_where_the_inside_has_none() -> None:
    spec = HEAD + (
        "graphs:\n  two:\n    inputs: {a: {rate: audio}, b: {rate: audio}}\n"
        "    nodes: {x: {op: gain, inputs: [a, -6 dB]}, y: {op: gain, inputs: [b, -6 dB]}}\n"
        "    outputs: {x: x, y: y}\n"
        "inputs: {voice: {rate: audio}}\nnodes: {both: {graph: two, inputs: [voice, both/x]}}\noutputs: {y: both/y}\n"
    )
    assert dg.check(spec) == ()
    assert "E307" in str(dg.check(spec.replace("[voice, both/x]", "[both/y, both/x]")))


def chain(levels: int, uses: int) -> str:
    """Definitions of which each uses the next."""
    lines = []
    for i in range(levels):
        node = f"graph: g{i + 1}, inputs: [x]" if i < levels - 1 else "op: gain, inputs: [x, -6 dB]"
        nodes = ", ".join(f"n{k}: {{{node}}}" for k in range(uses))
        total = f"sum: {{op: add, inputs: [{', '.join(f'n{k}' for k in range(uses))}, x]}}"
        lines.append(f"  g{i}: {{inputs: {{x: {{rate: audio}}}}, nodes: {{{nodes}, {total}}}, outputs: {{x: sum}}}}\n")
    return (
        HEAD
        + "graphs:\n"
        + "".join(lines)
        + ("inputs: {x: {rate: audio}}\nnodes: {boom: {graph: g0, inputs: [x]}}\noutputs: {x: boom}\n")
    )


def test_sizes_are_known_before_anything_is_written_out() -> None:
    limits = Limits(nodes=64, written_out_nodes=1_000)
    assert [code for code, _ in found(chain(9, 2), limits=limits) if code[0] == "E"] == ["E710", "E710"]
    assert "10^12" in str(dg.check(chain(30, 8)))

    assert "E711" in str(dg.check(chain(33, 1)))
    assert "E711" not in str(dg.check(chain(32, 1)))


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    (tmp_path / "rooms").mkdir()
    room = "name: hall\ninputs: {audio: {rate: audio}}\nnodes:\n  wet: {op: gain, inputs: [audio, -6 dB]}\n"
    (tmp_path / "rooms" / "hall.yaml").write_text("version: 2\n" + room + "outputs: {audio: wet}\n")
    return tmp_path


def importing(folder: Path, what: str, *, clock: str = "") -> Path:
    spec = folder / "spec.yaml"
    spec.write_text(
        HEAD
        + f"graphs:\n  room: {what}\ninputs: {{voice: {{rate: audio}}}}\n"
        + "nodes: {r: {graph: room, inputs: [voice]}}\noutputs: {audio: r}\n"
    )
    return spec


def test_a_file_is_a_sub_graph(rooms: Path) -> None:
    digest = hashlib.sha256((rooms / "rooms" / "hall.yaml").read_bytes()).hexdigest()
    spec = importing(rooms, f"{{file: rooms/hall.yaml, sha256: {digest}}}")
    graph = dg.load(spec)
    assert graph.warnings == ()
    assert [node.name for node in graph.nodes if node.is_written] == ["r.wet"]
    wrong = only(importing(rooms, f"{{file: rooms/hall.yaml, sha256: {'a' * 64}}}"))
    assert wrong.code == "E315"
    assert digest in str(wrong.hint)


def test_what_a_graph_keeps_needs_no_other_file(rooms: Path) -> None:
    graph = dg.load(importing(rooms, "{file: rooms/hall.yaml}  # a hall"))
    assert graph.spec is not None
    (rooms / "rooms" / "hall.yaml").unlink()
    again = dg.load(graph.spec)
    assert [node.name for node in again.nodes] == [node.name for node in graph.nodes]
    assert "# a hall" in graph.spec


@pytest.mark.parametrize(
    "file", ["../hall.yaml", "/etc/hostname", "rooms/../../x.yaml", "''", "'C:\\x.yaml'", "~/x.yaml"]
)
def test_a_file_out_of_the_folder_is_refused(rooms: Path, file: str) -> None:
    assert only(importing(rooms, f"{{file: {file}}}")).code == "E315"


def test_a_link_that_leads_out_is_refused(rooms: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "hall.yaml"
    outside.write_bytes((rooms / "rooms" / "hall.yaml").read_bytes())
    try:
        os.symlink(outside, rooms / "rooms" / "link.yaml")
    except OSError:
        pytest.skip("this system makes no links for this account")
    assert only(importing(rooms, "{file: rooms/link.yaml}")).code == "E315"


def test_files_that_are_not_there_or_too_large_are_told_at_the_line(rooms: Path) -> None:
    missing = only(importing(rooms, "{file: rooms/hal.yaml}"))
    assert (missing.code, missing.span and missing.span.line) == ("E601", 5)
    assert "'hall.yaml'" in str(missing.hint)
    (rooms / "rooms" / "large.yaml").write_text("#" * 2_000)
    large = only(importing(rooms, "{file: rooms/large.yaml}"), limits=Limits(file_bytes=1_000))
    assert (large.code, large.span and large.span.line) == ("E701", 5)
    assert only(importing(rooms, "{file: rooms}")).code == "E709"
    text = importing(rooms, "{file: rooms/hall.yaml}").read_text()
    assert only(text).code == "E315", "a text has no folder"


def test_a_file_that_holds_itself_is_named(rooms: Path) -> None:
    spec = importing(rooms, "{file: spec.yaml}")
    assert [d.code for d in dg.check(spec) if d.is_error] == ["E314"]


def test_the_clock_of_a_file_is_that_of_the_spec(rooms: Path) -> None:
    hall = rooms / "rooms" / "hall.yaml"
    text = hall.read_text()
    hall.write_text(text + "clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}\n")
    assert dg.check(importing(rooms, "{file: rooms/hall.yaml}")) == ()
    hall.write_text(text + "clock: {sample_rate: 48 kHz}\n")
    finding = only(importing(rooms, "{file: rooms/hall.yaml}"))
    assert finding.code == "E403"
    assert len(finding.notes) == 2


def test_losses_of_a_file_are_left_out_aloud(rooms: Path) -> None:
    hall = rooms / "rooms" / "hall.yaml"
    more = "inputs: {audio: {rate: audio}, target: {rate: audio}}\n"
    text = hall.read_text().replace("inputs: {audio: {rate: audio}}\n", more)
    hall.write_text(text + "losses: {l: {op: spectral_loss, inputs: [target, wet]}}\ntraining: {steps: 10}\n")
    spec = importing(rooms, "{file: rooms/hall.yaml}")
    spec.write_text(spec.read_text().replace("inputs: [voice]", "inputs: [voice, voice]"))
    finding = only(spec)
    assert finding.code == "W120"
    assert dg.load(spec).losses == ()


def test_whoever_watches_a_spec_watches_its_files(rooms: Path) -> None:
    spec = importing(rooms, "{file: rooms/hall.yaml}")
    assert files_of(str(spec)) == [str(spec), str(rooms.resolve() / "rooms" / "hall.yaml")]
    assert files_of(str(importing(rooms, "{file: rooms/none.yaml}")))[0] == str(spec)
