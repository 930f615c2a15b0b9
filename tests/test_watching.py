"""Builds that follow files: by a clock that tests move, on files that are written as editors write them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.player.watching import GONE_S, SETTLED_S, FileWatch, Watch, files_of

SPEC = """
version: 2
name: quiet
clock: {sample_rate: 8 kHz}
inputs: {audio: {rate: audio}}
nodes: {out: {op: gain, inputs: [audio, 0.5 linear]}}
outputs: {audio: out}
"""


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a graph.yaml"
    path.write_text("one")
    return path


def settle(watch: Watch[Any], clock: Clock, seconds: float = SETTLED_S) -> bool:
    """Looks, and again when the files have settled."""
    assert not watch.look()
    clock.seconds += 1.01 * seconds
    return watch.look()


def reader(path: Path, clock: Clock) -> Watch[str]:
    watch = Watch(lambda: path.read_text(), lambda: [path], now=clock)
    assert watch.look()
    assert not watch.look()
    return watch


def _in_place(path: Path, text: str) -> None:
    path.write_text(text)


def _by_rename(path: Path, text: str) -> None:
    other = path.with_name(f".{path.name}.swp")
    other.write_text(text)
    os.replace(other, path)


def _by_backup(path: Path, text: str) -> None:
    os.replace(path, path.with_name(f"{path.name}~"))
    path.write_text(text)


def _deleted_first(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


def _with_the_old_times(path: Path, text: str) -> None:
    status = path.stat()
    path.write_text(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("write", [_in_place, _by_rename, _by_backup, _deleted_first, _with_the_old_times])
def test_every_way_to_save(write: Callable[[Path, str], None], path: Path, clock: Clock) -> None:
    watch = reader(path, clock)
    for text in ("two", "one", "other"):
        write(path, text)
        assert settle(watch, clock)
        assert watch.value == text
        assert not watch.look()


def test_a_file_of_the_same_times_is_read_again_while_it_is_young(path: Path, clock: Clock) -> None:
    """Where times are whole seconds nothing but the contents tells the second save from the first."""
    later = time.time() + 1000.0  # young for as long as the test runs
    os.utime(path, (later, later))
    watch = reader(path, clock)
    path.write_text("two")
    os.utime(path, (later, later))
    assert settle(watch, clock)
    assert watch.value == "two"


def test_the_same_contents_are_no_change(path: Path, clock: Clock) -> None:
    watch = reader(path, clock)
    _by_rename(path, "one")
    os.utime(path, (1.0, 1.0))
    assert not settle(watch, clock, 10.0)


def test_a_file_that_is_still_being_written_is_waited_for(path: Path, clock: Clock) -> None:
    watch = reader(path, clock)
    for text in ("t", "tw", "two"):
        path.write_text(text)
        assert not watch.look()
        clock.seconds += 0.5 * SETTLED_S
        assert not watch.look()
    clock.seconds += 1.01 * SETTLED_S
    assert watch.look()
    assert watch.value == "two"


@pytest.mark.parametrize("is_emptied", [False, True])
def test_a_file_that_is_gone_may_come_back(is_emptied: bool, path: Path, clock: Clock) -> None:
    watch = reader(path, clock)
    path.write_text("") if is_emptied else path.unlink()
    assert not settle(watch, clock, 0.5 * GONE_S)
    path.write_text("one")
    assert not settle(watch, clock, 10.0)  # as if nothing had happened
    path.unlink()
    assert settle(watch, clock, GONE_S)
    assert isinstance(watch.error, FileNotFoundError)
    assert watch.value == "one"
    path.write_text("one")
    assert settle(watch, clock)
    assert (watch.value, watch.error) == ("one", None)


def test_a_change_during_a_build_is_built_next(path: Path, clock: Clock) -> None:
    def build() -> str:
        text = path.read_text()
        if text == "two":
            path.write_text("three")
        return text

    watch = Watch(build, lambda: [path], now=clock)
    watch.look()
    path.write_text("two")
    assert settle(watch, clock)
    assert watch.value == "two"
    assert settle(watch, clock)
    assert watch.value == "three"


def test_any_error_leaves_the_last_value(path: Path, clock: Clock) -> None:
    def build() -> int:
        return int(path.read_text())

    watch = Watch(build, lambda: [path], now=clock)
    assert watch.look()
    assert isinstance(watch.error, ValueError)
    assert watch.value is None
    for text, value, is_wrong in (("2", 2, False), ("x", 2, True), ("3", 3, False)):
        path.write_text(text)
        assert settle(watch, clock)
        assert watch.value == value
        assert (watch.error is not None) == is_wrong


def test_files_that_a_build_finds_are_followed(path: Path, clock: Clock) -> None:
    second = path.with_name("second")
    found = [path]
    watch = Watch(lambda: "".join(p.read_text() for p in found), lambda: found, now=clock)
    watch.look()
    second.write_text("!")
    assert not settle(watch, clock)
    found.append(second)
    assert settle(watch, clock)
    second.write_text("?")
    assert settle(watch, clock)
    assert watch.value == "one?"


def test_a_pipe_is_never_opened(tmp_path: Path, clock: Clock) -> None:
    os.mkfifo(tmp_path / "pipe")
    changes = FileWatch(clock)
    assert changes.has_changed([tmp_path / "pipe", tmp_path])
    assert not changes.has_changed([tmp_path / "pipe", tmp_path])


def test_the_includes_of_a_gin_file(tmp_path: Path) -> None:
    (tmp_path / "inner.gin").write_text("Harmonic.n_samples = 64000\n")
    (tmp_path / "outer.gin").write_text("include 'inner.gin'\nHarmonic.sample_rate = 16000\n")
    names = files_of(str(tmp_path / "outer.gin"))
    assert [Path(name).name for name in names] == ["outer.gin", "inner.gin"]
    assert files_of("graph.yaml") == ["graph.yaml"]


def test_a_graph_follows_its_file(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "quiet.yaml"
    path.write_text(SPEC)
    watch = dg.watch(path, now=clock)
    assert watch.look()
    audio = np.ones([1, 8], np.float32)

    def level() -> float:
        assert isinstance(watch.value, dg.CompiledGraph)
        return float(watch.value({"audio": audio})["audio"][0, 0])

    assert level() == pytest.approx(0.5, rel=1e-6)
    path.write_text(SPEC.replace("audio, 0.5", "audoi, 0.5"))
    assert settle(watch, clock)
    assert isinstance(watch.error, dg.GraphError)
    assert str(watch.error.diagnostics[0].span).endswith("quiet.yaml:6:34")
    assert level() == pytest.approx(0.5, rel=1e-6)
    path.write_text(SPEC.replace("0.5", "0.25"))
    assert settle(watch, clock)
    assert watch.error is None
    assert level() == pytest.approx(0.25, rel=1e-6)  # by way of decibels
