"""`ddspgraph migrate old.gin` and the other verbs on gin files, in processes of their own."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FLUTE, CONFIG = HERE / "v0" / "small_flute.gin", HERE / "v0" / "operative_config-1200.gin"


def ddspgraph(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ddspgraph", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, check=False, cwd=HERE, timeout=120)


def test_a_file_to_stdout_with_its_report() -> None:
    done = ddspgraph("migrate", FLUTE)
    assert done.returncode == 1
    assert done.stdout == (HERE / "v2" / "small_flute.yaml").read_text()
    assert done.stderr.splitlines()[-3:] == [
        f"{FLUTE}: version 0 -> 2, 30 changes, 1 lost, to stdout",
        f"{FLUTE}: lost, the graph does not compute what these lines say:",
        f"  {FLUTE}:25:1: exp_sigmoid.exponent "
        "(a scale_fn has no parameters: a node exp_sigmoid before this one has, with scale_fn: null)",
    ]
    assert "F0LoudnessPreprocessor.time_steps -> clock.frame_rate: derived from the clock" in done.stderr


def test_a_file_to_a_file_and_what_comes_of_it(tmp_path: Path) -> None:
    done = ddspgraph("migrate", CONFIG, "-o", tmp_path / "new.yaml", "--json")
    report = json.loads(done.stdout)
    assert (report["from_version"], report["to_version"], report["changed"]) == (0, 2, True)
    assert {change["kind"] for change in report["changes"]} >= {"moved", "renamed", "derived from the clock"}
    assert ddspgraph("check", tmp_path / "new.yaml").returncode == 0


def test_from_stdin(tmp_path: Path) -> None:
    done = ddspgraph("migrate", "-", stdin=CONFIG.read_text())
    assert done.returncode == 0
    assert "op: harmonic" in done.stdout


def test_work_is_due() -> None:
    done = ddspgraph("migrate", CONFIG, "--check")
    assert done.returncode == 1
    assert f"-o {shlex.quote(str(CONFIG.with_suffix('.yaml')))}" in done.stderr


def test_yaml_is_not_written_into_a_gin_file(tmp_path: Path) -> None:
    file = tmp_path / "a.gin"
    file.write_text(CONFIG.read_text())
    assert ddspgraph("migrate", file, "--in-place").returncode == 2
    assert file.read_text() == CONFIG.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["a.gin"]


def test_folders_for_includes(tmp_path: Path) -> None:
    (tmp_path / "a.gin").write_text(f"include 'v0/{CONFIG.name}'\n")
    assert ddspgraph("migrate", tmp_path / "a.gin").returncode == 4
    done = ddspgraph("migrate", tmp_path / "a.gin", "--gin-path", HERE)
    assert done.returncode == 0
    assert "op: harmonic" in done.stdout


def test_a_gin_file_is_a_spec_for_the_other_verbs(tmp_path: Path) -> None:
    done = ddspgraph("check", FLUTE)
    assert done.returncode == 0
    assert "W108" in done.stdout + done.stderr
    assert ddspgraph("draw", FLUTE, "-o", tmp_path / "a.dot").returncode == 0


def test_what_is_wrong_is_shown_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.gin").write_text("Harmonic.name = 'x'\nHarmonic.n_samples = [1\n")
    done = ddspgraph("migrate", tmp_path / "a.gin")
    assert done.returncode == 3
    assert "a.gin:2:22: E902" in done.stderr


def test_what_only_magenta_ddsp_can_tell() -> None:
    assert ddspgraph("migrate", CONFIG, "--verify").returncode == 2


@pytest.mark.parametrize("n_scopes", [220])
def test_a_long_config_is_migrated_without_tensorflow(n_scopes: int, tmp_path: Path) -> None:
    more = "".join(
        f"\n# Parameters for s{i}/TFRecordProvider:\ns{i}/TFRecordProvider.file_pattern = 'x{i}'\n"
        for i in range(n_scopes)
    )
    file = tmp_path / "operative_config-9.gin"
    file.write_text(CONFIG.read_text() + more)
    assert len(file.read_text().splitlines()) > 500
    code = (
        "import sys; from ddspgraph.migrations import migrate_text\n"
        "result = migrate_text(sys.argv[1]); print(len(result.changes))\n"
        "assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True, timeout=120)
    assert int(done.stdout) > n_scopes
