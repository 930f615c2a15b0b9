"""`extract` and `inline`: the text changes, the sound does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.cli import main

CONSOLE = """\
version: 2
name: console
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}  # a common one
params: {tone: 0.25, taps: 32}
graphs:
  strip:
    params: {amount: 0.5, taps: 64}
    inputs: {audio: {rate: audio}, level: {rate: audio}}
    nodes:
      cut: {op: fir_filter, inputs: {audio: audio, magnitudes: [1, $amount]}, params: {window_size: $taps}}
      out: {op: multiply, inputs: [cut, level]}
    outputs: {audio: out, dry: audio}
inputs:
  voice: {rate: audio}
  fader: {rate: frame}
nodes:
  # the singer
  vox: {graph: strip, inputs: {audio: voice, level: fader}, params: {amount: $tone}, group: desk}
  two: {graph: strip, inputs: [vox/audio, 0.5], params: {taps: $taps}}
  # the sum
  mix: {op: add, inputs: [vox, two, two/dry]}  # of both
outputs: {audio: mix, dry: vox/dry}
"""
BRACES = CONSOLE[: CONSOLE.index("nodes:\n  #")] + (
    "nodes: {vox: {graph: strip, inputs: [voice, fader], params: {amount: $tone}}, two: {graph: strip, "
    "inputs: [vox, 0.5], params: {taps: $taps}}, mix: {op: add, inputs: [vox, two, two/dry]}}\n"
    "outputs: {audio: mix, dry: vox/dry}\n"
)
FLAT = """\
version: 2
name: chain
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
params: {depth: 2 ms}
inputs: {audio: {rate: audio}, rate_hz: {rate: const, unit: Hz}}
nodes:
  sweep: {op: lfo, inputs: [rate_hz]}
  # the effect
  wide:
    op: mod_delay
    # how much
    inputs: {audio: audio, gain: 1.0, phase: sweep}
    params: {center_ms: 5 ms, depth_ms: $depth}
  quiet: {op: gain, inputs: [wide, -6 dB]}
  sum: {op: add, inputs: [quiet, wide]}
outputs: {audio: sum, wide: wide}
"""


def sound(spec: Path) -> dict[str, np.ndarray]:
    model = dg.compile(spec)
    random = np.random.default_rng(4)
    inputs = {
        i.name: random.uniform(0.1, 1, {"audio": (1, 640), "frame": (1, 10, 1), "const": (1,)}[str(i.signal.rate)])
        for i in model.graph.inputs
    }
    return {name: value.numpy() for name, value in model(inputs).items()}


@pytest.mark.parametrize(("text", "names"), [(CONSOLE, []), (CONSOLE, ["two"]), (BRACES, []), (BRACES, ["vox"])])
def test_inline_keeps_the_sound(tmp_path: Path, text: str, names: list[str]) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(text)
    assert main(["inline", str(old), *names, "-o", str(new)]) == 0
    written = new.read_text()
    assert ("graph: strip" in written) is bool(names)
    assert ("graphs:" in written) is bool(names)
    assert "# a common one" in written
    if text is CONSOLE:
        assert "  # the singer\n" in written
        assert "# of both" in written
    assert [d.code for d in dg.check(new)] == [d.code for d in dg.check(old)]
    for name, expected in sound(old).items():
        np.testing.assert_array_equal(sound(new)[name], expected)


@pytest.mark.parametrize("nodes", [["wide"], ["sweep", "wide"], ["wide", "quiet", "sum"], ["quiet"]])
def test_extract_keeps_the_sound_and_inline_undoes_it(tmp_path: Path, nodes: list[str]) -> None:
    old, new, back = (tmp_path / f"{name}.yaml" for name in ("old", "new", "back"))
    old.write_text(FLAT)
    assert main(["extract", str(old), *nodes, "--name", "effect", "-o", str(new)]) == 0
    graph = dg.load(new)
    assert graph.warnings == ()
    assert {node.name for node in graph.nodes if node.name.startswith("effect.") and node.is_written} == {
        f"effect.{name}" for name in nodes
    }
    if "wide" in nodes:
        assert "      # the effect\n      wide:\n" in new.read_text(), "its comments go with it"
    assert main(["inline", str(new), "-o", str(back)]) == 0
    expected = sound(old)
    for path in (new, back):
        for name, value in sound(path).items():
            np.testing.assert_array_equal(value, expected[name])


def test_what_cannot_be_done_leaves_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(CONSOLE)
    assert main(["inline", str(spec), "voz"]) == 3
    assert main(["extract", str(spec), "mixx"]) == 3
    assert main(["extract", str(spec), "mix", "--name", "vox"]) == 3
    assert main(["extract", str(spec), "mix", "--name", "a-b"]) == 3
    assert main(["inline", "-"]) == 2
    errors = capsys.readouterr().err
    for word in ("'vox'", "'mix'", "'vox' already", "'a-b' is not a name"):
        assert word in errors
    assert spec.read_text() == CONSOLE


def test_comments_of_a_use_stand_above_what_it_becomes(tmp_path: Path) -> None:
    text = """\
version: 2
name: a
clock: {sample_rate: 16 kHz}
graphs:
  strip: {inputs: {audio: {rate: audio}}, nodes: {out: {op: gain, inputs: [audio, -6 dB]}}, outputs: {audio: out}}
inputs: {voice: {rate: audio}}
nodes:
  # above
  vox: {graph: strip, inputs: [voice]}  # the singer
  git:
    graph: strip  # behind
    # between
    inputs: [voice]
  mix: {op: add, inputs: [vox, git]}  # the mix
outputs: {audio: mix}
"""
    spec, new = tmp_path / "a.yaml", tmp_path / "b.yaml"
    spec.write_text(text)
    assert main(["inline", str(spec), "-o", str(new)]) == 0
    _, nodes = new.read_text().split("nodes:\n")
    assert (
        nodes
        == """\
  # above
  # the singer
  vox.out: {op: gain, inputs: [voice, -6 dB]}
  # behind
  # between
  git.out: {op: gain, inputs: [voice, -6 dB]}
  mix: {op: add, inputs: [vox.out, git.out]}  # the mix
outputs: {audio: mix}
"""
    )


def test_a_use_with_voices_is_not_written_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its parts have voices where something tells them apart, which a spec cannot say of a node."""
    text = """version: 2
name: choir
clock: {sample_rate: 16 kHz}
inputs: {x: {rate: audio}}
graphs:
  low:
    inputs: {audio: {rate: audio}, cutoff: {rate: const, unit: Hz}}
    nodes: {cut: {op: lowpass, inputs: {audio: audio, cutoff: cutoff}}}
    outputs: {audio: cut}
nodes:
  two: {graph: low, voices: 2, mix: sum, inputs: {audio: x, cutoff: {each: [200 Hz, 900 Hz]}}}
  one: {graph: low, inputs: {audio: x, cutoff: 900 Hz}}
outputs: {y: two, z: one}
"""
    spec = tmp_path / "choir.yaml"
    spec.write_text(text, "utf-8")
    assert main(["inline", str(spec)]) == 3
    assert "choir.yaml:11:29: E434 'two' has voices" in capsys.readouterr().err
    assert spec.read_text("utf-8") == text
    assert main(["inline", str(spec), "one"]) == 0
    assert "one.cut: {op: lowpass" in spec.read_text("utf-8")
