"""`ddspgraph explore`: what it writes and says, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ddspgraph.cli import main
from tests.page.pages import GUITAR, RECORDING, ROOT, data_of

BELL = str(ROOT / "graphs" / "additive_bell.yaml")


def test_with_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    assert main(["explore", str(GUITAR), "--input", str(RECORDING), "-o", str(page), "--set", "room_s=0.5 s"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"wrote {page}: guitar_chorus, 5 nodes, " in said.err
    data = data_of(page.read_text())
    assert data["has_signals"]
    length = next(p for p in data["boxes"]["node_room"]["params"] if p["name"] == "reverb_length")
    assert (length["value"], length["converted"]) == ("0.5 s", "22 050 samples")
    assert page.stat().st_size < 5_000_000


def test_without_inputs_there_are_no_signals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["explore", str(GUITAR)]) == 0
    assert "--input audio=FILE shows what is on the ports" in capsys.readouterr().err
    assert not data_of((tmp_path / "guitar_chorus.html").read_text())["has_signals"]


@pytest.mark.parametrize(("options", "has_signals"), [([], True), (["--no-signals"], False)])
def test_a_graph_that_needs_no_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], has_signals: bool
) -> None:
    page = tmp_path / "bell.html"
    assert main(["explore", BELL, "-o", str(page), "--json", *options]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["file"] == str(page)
    assert said["bytes"] == page.stat().st_size
    assert (said["signals"] > 0) == data_of(page.read_text())["has_signals"] == has_signals


def test_the_seed_is_that_of_the_noise(tmp_path: Path) -> None:
    wind, pages = str(ROOT / "graphs" / "wind.yaml"), []
    for seed in ("1", "1", "2"):
        assert main(["explore", wind, "--seed", seed, "-o", str(tmp_path / "page.html")]) == 0
        pages.append((tmp_path / "page.html").read_text())
    assert pages[0] == pages[1] != pages[2]


def test_the_page_keeps_what_is_not_finite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page is where one looks for the first NaN: it is written, and flagged."""
    spec = """
version: 2
name: broken
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs: {level: {rate: frame}, f0_hz: {rate: frame, unit: Hz}}
nodes:
  tone:
    op: harmonic
    inputs: {amplitudes: level, harmonic_distribution: [1, 1], f0_hz: f0_hz}
    params: {scale_fn: null}
outputs: {audio: tone}
"""
    (tmp_path / "broken.yaml").write_text(spec)
    np.savez(tmp_path / "in.npz", level=np.full([1, 50, 1], np.nan), f0_hz=np.full([1, 50, 1], 220.0))
    page = tmp_path / "page.html"
    assert main(["explore", str(tmp_path / "broken.yaml"), "--inputs", str(tmp_path / "in.npz"), "-o", str(page)]) == 0
    assert "not finite: level and 2 signals after it" in capsys.readouterr().err
    data = data_of(page.read_text())
    view = data["views"][data["boxes"]["node_tone"]["outputs"][0]["view"]]
    assert [flag["kind"] for flag in view["flags"]] == ["nan"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([BELL, "--no-signals", "--input", "a=b.wav"], 2, "contradict each other"),
        ([str(GUITAR), "--input", "sound=x.wav"], 4, "E604"),
        ([str(GUITAR), "--input", "audio=missing.wav"], 4, "E601"),
        (["missing.yaml"], 4, "E601"),
        ([BELL, "-o", "no/such/folder/page.html", "--no-signals"], 4, "E607"),
    ],
)
def test_what_is_refused(arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", *arguments]) == code
    assert said in capsys.readouterr().err
