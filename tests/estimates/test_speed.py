"""The speed of the machine: measured once, kept for it alone, and never in the way."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ddspgraph.estimates import speed as speeds
from ddspgraph.estimates.speed import Speed, known_speed, measure_speed, speed_file

FOUND = Speed(2e10, "2026-01-31", "a machine, 2 cores", "2.21.0")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "ddspgraph" / "speed.json"


def test_nothing_is_known_at_first(cache: Path) -> None:
    assert speed_file() == cache
    assert known_speed() is None
    assert not cache.exists()


def test_what_is_kept_is_found_again(cache: Path) -> None:
    speeds._keep(FOUND)
    assert known_speed() == FOUND
    assert FOUND.seconds(1e10) == 0.5


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '"x"', '{"KEY": 3}', '{"KEY": {"speed": 1}}', '{"KEY": {}}'])
def test_a_damaged_file_is_as_good_as_none(cache: Path, text: str) -> None:
    cache.parent.mkdir()
    cache.write_text(text.replace("KEY", speeds._machine_key()))
    assert known_speed() is None
    speeds._keep(FOUND)
    assert known_speed() == FOUND


@pytest.mark.parametrize("value", ["fast", None, 0, -1.0, float("inf"), float("nan")])
def test_a_speed_that_is_none(cache: Path, value: object) -> None:
    cache.parent.mkdir()
    kept = {**dataclasses.asdict(FOUND), "multiply_adds_per_s": value}
    cache.write_text(json.dumps({speeds._machine_key(): kept}))
    assert known_speed() is None


def test_other_machines_are_kept_beside_it(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speeds._keep(FOUND)
    monkeypatch.setattr(speeds, "machine_name", lambda: "another, 64 cores")
    assert known_speed() is None
    speeds._keep(dataclasses.replace(FOUND, multiply_adds_per_s=1e12))
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent.parent))
    assert known_speed() == FOUND
    assert len(json.loads(cache.read_text())) == 2


def test_another_number_of_threads_is_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds._keep(FOUND)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")
    assert known_speed() is None


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    speeds._keep(FOUND)
    assert known_speed() is None


@pytest.mark.parametrize(("platform", "folder"), [("linux", ".cache"), ("darwin", "Library/Caches")])
def test_where_each_system_keeps_it(
    platform: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert speed_file() == tmp_path / folder / "ddspgraph" / "speed.json"


def test_what_was_measured_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speeds, "BUDGET_S", 0.06)
    found = measure_speed()
    assert 1e7 < found.multiply_adds_per_s < 1e14
    assert known_speed() == found
    assert speeds.machine_name() == found.machine


def test_the_budget_is_below_five_seconds() -> None:
    assert speeds.BUDGET_S < 5


def test_reading_needs_no_tensorflow() -> None:
    code = (
        "import sys; from ddspgraph.estimates.speed import known_speed; known_speed();"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
