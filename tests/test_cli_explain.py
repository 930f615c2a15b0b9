"""`check --explain`, `draw --stage` and `draw --diff`: what a reader of a terminal, a pipe or JSON gets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ddspgraph.cli import main
from ddspgraph.estimates import speed as speeds
from ddspgraph.estimates.speed import Speed
from tests.render.compared import OLD, edited

GRAPHS = Path(__file__).parent.parent / "graphs"
SOLO = str(GRAPHS / "solo_controls.yaml")
PARTIALS = str(GRAPHS / "partial_tracking.yaml")
KNOWN = Speed(1e10, "2026-01-31", "a machine, 2 cores", "2.21.0")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def specs(tmp_path: Path) -> tuple[str, str]:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(OLD)
    new.write_text(edited("inserted"))
    return str(old), str(new)


def test_every_node_has_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", PARTIALS]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines if re.match(r"\w", line)]
    nodes = ["sinusoids", "grouped", "tone", "partials", "reconstruction", "consistency"]
    assert [name for name in names if name in nodes] == nodes
    assert any(re.match(r"  /harm_dist +\[b, frames, 40\] +frame · linear$", line) for line in lines)
    assert any(line.startswith("  sinusoidal(amplitudes: sin_amps, frequencies: sin_freqs)") for line in lines)
    assert max(map(len, lines)) <= 80


def test_totals(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--explain", SOLO])
    out = capsys.readouterr().out
    assert re.search(
        r"^work     [\d.]+ M multiply-adds a second of audio, [\d.]+ M without the losses$", out, re.MULTILINE
    )
    assert re.search(r"^memory   [\d.]+ MB at its peak$", out, re.MULTILINE)
    assert "weights  48 000\n" in out
    assert "speed    unknown here; --predict measures this machine once" in out


def test_a_known_speed_is_used_and_said_to_be_an_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    speeds._keep(KNOWN)
    main(["check", "--explain", SOLO])
    out = capsys.readouterr().out
    assert re.search(r"speed    about [\d ]+ times real time, with the losses [\d ]+\n", out)
    assert "(estimated, to a factor of 2: a machine, 2 cores, measured 2026-01-31)" in out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    speeds._keep(KNOWN)
    assert main(["check", "--explain", "--json", SOLO]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    found = report["explain"]
    wet = next(node for node in found["nodes"] if node["name"] == "wet")
    assert wet["op"] == "reverb"
    assert wet["inputs"] == {"audio": "dry"}
    assert wet["outputs"] == {"signal": {"shape": "[batch, 64*frames]", "rate": "audio", "unit": "any"}}
    assert wet["params"] == {"trainable": "true"}
    assert wet["weights"] == 48_000
    assert sum(node["multiply_adds_per_s"] for node in found["nodes"]) == pytest.approx(found["multiply_adds_per_s"])
    assert found["predicted_real_time_factor"] == pytest.approx(1e10 / found["output_multiply_adds_per_s"], rel=1e-4)
    assert found["measured_on"] == "2026-01-31"
    assert report["ok"]


def test_a_spec_with_errors_has_no_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(OLD.replace("op: gain", "op: gian"))
    assert main(["check", "--explain", str(bad), SOLO]) == 3
    out = capsys.readouterr().out
    assert "E302" in out or "E3" in out
    assert out.count("at its peak") == 1


def test_predict_measures_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    calls = []

    def measure() -> Speed:
        calls.append(1)
        speeds._keep(KNOWN)
        return KNOWN

    monkeypatch.setattr(speeds, "measure_speed", measure)
    for expected in (1, 1):
        assert main(["check", "--explain", "--predict", SOLO]) == 0
        assert len(calls) == expected
    assert main(["check", "--explain", "--calibrate", SOLO]) == 0
    assert len(calls) == 2
    assert "measured 2026-01-31" in capsys.readouterr().out


def test_predict_alone_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--predict", SOLO]) == 2
    assert "go with --explain" in capsys.readouterr().err


def test_explaining_needs_no_tensorflow() -> None:
    code = (
        f"import sys; from ddspgraph.cli import main; main(['check', '--explain', {SOLO!r}]);"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True)


def test_long_names_keep_to_the_columns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    spec = tmp_path / "long.yaml"
    spec.write_text(OLD.replace("warm", "w" * 200))
    assert main(["check", "--explain", str(spec)]) == 0
    table = capsys.readouterr().out.split("\n\n", 1)[1]
    assert all(len(line) <= 80 for line in table.splitlines() if "(" not in line)


def test_diff_prints_and_draws(specs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "changes.mmd"
    assert main(["draw", "--diff", *specs, "-o", str(picture)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "+ node   soft (tanh)"
    assert f"wrote {picture}" in said.err
    assert "class node_soft is_added" in picture.read_text()


def test_diff_prints_alone(specs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "--diff", *specs]) == 0
    assert capsys.readouterr().out.endswith("1 added, 1 changed; 5 edges differ\n")
    assert main(["draw", "--diff", specs[0], specs[0]]) == 0
    assert capsys.readouterr().out == "the same graph: 4 nodes, 10 edges\n"


def test_diff_as_json(specs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "--json", "--diff", *specs]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same"] is False
    assert {"kind": "node", "name": "soft", "change": "added", "details": []} in found["parts"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["draw", SOLO], "-o FILE says where"),
        (["draw", "--diff", SOLO, SOLO, "-o", "-"], "-o must name a file"),
        (["draw", "--diff", "-", "-"], "only one of two"),
        (["draw", "--diff", SOLO, SOLO, "--stage", "source"], "without --stage"),
    ],
)
def test_misuse(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


def test_stage_source_draws_what_does_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, picture = tmp_path / "misfit.yaml", tmp_path / "misfit.mmd"
    spec.write_text(OLD.replace("unit: raw", "unit: Hz"))
    assert main(["draw", str(spec), "-o", str(picture)]) == 3
    assert main(["draw", str(spec), "--stage", "source", "-o", str(picture)]) == 0
    assert "chorus" in picture.read_text()


def test_stage_optimised(tmp_path: Path) -> None:
    picture = tmp_path / "runs.mmd"
    assert main(["draw", SOLO, "--stage", "optimised", "-o", str(picture)]) == 0
    assert "harmonic" in picture.read_text()
