"""Recordings to a dataset: folders as people have them, whole or not at all, resumed where it was killed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.cli.verbs.features import heard
from ddspgraph.data import workers
from ddspgraph.data.dataset import open_dataset
from ddspgraph.data.features import prepare
from ddspgraph.data.lock import locked
from ddspgraph.data.settings import settings_of
from ddspgraph.data.workers import Progress
from ddspgraph.diagnostics import GraphError
from ddspgraph.installation import install_command
from tests import warm_process
from tests.data import sounds
from tests.data.sounds import RATE, dies_at_3_s, known_pitch, notes, settings, write

ROOT = Path(__file__).parents[2]


def contents(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings as they are found: two kinds of files, rates and numbers of channels, twins, silence, damage."""
    root = tmp_path_factory.mktemp("recordings")
    write(root / "a.wav", notes(3.0))
    write(root / "inner" / "B.FLAC", notes(2.0, 330.0, 11_025), 11_025)
    write(root / "stereo.wav", np.stack([notes(1.5, 110.0)] * 2, axis=1))
    write(root / "twin.wav", notes(3.0))
    write(root / "short.wav", notes(0.3))
    write(root / "silent.wav", np.zeros(2 * RATE))
    write(root / "half.wav", np.concatenate([notes(1.0, 150.0), np.zeros(2 * RATE)]))
    (root / "cut.wav").write_bytes((root / "a.wav").read_bytes()[:-500])
    (root / "text.wav").write_text("hello")
    (root / "readme.txt").write_text("hello")
    write(root / ".hidden" / "x.wav", notes(1.0))
    return root


def test_a_folder_as_it_is_found(folder: Path, tmp_path: Path) -> None:
    notices: list[str] = []
    manifest = prepare(
        [folder], tmp_path / "data", settings(), tracker=known_pitch, skip_corrupt=True, notify=notices.append
    )
    made = {r["name"]: (r["seconds"], r["train"] + r["eval"], r["silent"]) for r in manifest.recordings}
    assert made == {
        "a.wav": (3.0, 11, 0),
        "half.wav": (3.0, 5, 6),
        "B.FLAC": (2.0, 7, 0),
        "short.wav": (0.3, 1, 0),
        "silent.wav": (2.0, 0, 7),
        "stereo.wav": (1.5, 5, 0),
    }
    assert all(not (r["train"] and r["eval"]) for r in manifest.recordings)  # a recording is in one split
    said = "\n".join(notices)
    for words in (
        "cut.wav",
        "text.wav",
        "twin.wav: the same recording as",
        "silent, all of it",
        "filled up",
        "6 of 11",
        "another file is left alone, such as",
    ):
        assert words in said
    assert manifest.splits["eval"].examples > 0
    assert [p.name for p in tmp_path.iterdir()] == ["data"]  # nothing is left beside it
    assert open_dataset(tmp_path / "data").manifest == manifest


def test_what_cannot_be_read_is_reported_all_at_once(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(GraphError) as raised:
        prepare([folder], tmp_path / "data", settings(), tracker=known_pitch)
    assert sorted(d.code for d in raised.value.diagnostics) == ["E602", "E602"]
    assert raised.value.exit_code == 4
    assert [p.name for p in tmp_path.iterdir()] == [".data.ddspgraph-parts"]  # the others need not be analysed again
    with pytest.raises(GraphError):
        prepare([folder / "text.wav"], tmp_path / "none", settings(), tracker=known_pitch)
    assert not list(tmp_path.glob("*none*"))  # nothing was analysed, nothing is kept


def test_several_processes_make_the_same(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)  # the processes import the tracker
    done: dict[str, list[float]] = {}

    def show(label: str, total: float) -> contextlib.AbstractContextManager[Progress]:
        return contextlib.nullcontext(done.setdefault(f"{label} {total:g}", []).append)

    given = [folder / "a.wav", folder / "inner", folder / "stereo.wav"]
    prepare(given, tmp_path / "one", settings(), tracker=known_pitch)
    prepare(given, tmp_path / "two", settings(), tracker=known_pitch, processes=2, show=show)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert {label: max(amounts) for label, amounts in done.items()} == pytest.approx(
        {"analysing 19.5": 19.5, "writing 23": 23.0}, rel=0.01
    )


def test_a_killed_helper_is_an_error(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_CONTEXT", warm_process.CONTEXT)
    given = [folder / "a.wav", folder / "inner"]
    with pytest.raises(GraphError) as raised:
        prepare(given, tmp_path / "data", settings(), tracker=dies_at_3_s, processes=2)
    assert [d.code for d in raised.value.diagnostics] == ["E617"]
    assert not (tmp_path / "data").exists()


RUN = "import sys; from tests.data.sounds import *; prepare(sys.argv[2:], sys.argv[1], settings(), tracker=dies_at_3_s)"


def test_killed_and_run_again_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [write(tmp_path / "b.flac", notes(2.0, 330.0)), write(tmp_path / "c.wav", notes(3.0, 500.0))]
    died = warm_process.run_code(RUN, tmp_path / "data", *given)
    assert died.returncode == -signal.SIGKILL
    assert not (tmp_path / "data").exists()
    monkeypatch.setenv("SURVIVES", "1")
    sounds.CALLS.clear()
    prepare(given, tmp_path / "data", settings(), tracker=dies_at_3_s)
    assert sounds.CALLS == [3.0]  # the one of 2 s was done before
    assert not list(tmp_path.glob(".*"))
    prepare(given, tmp_path / "whole", settings(), tracker=dies_at_3_s)
    assert contents(tmp_path / "data") == contents(tmp_path / "whole")


@pytest.mark.proof
def test_killed_anywhere_it_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 at random moments, up to when it is done."""
    monkeypatch.setenv("SURVIVES", "1")
    given = [write(tmp_path / f"{i}.wav", notes(20.0 + i, 200.0 + i)) for i in range(8)]
    prepare(given, tmp_path / "whole", settings(), tracker=dies_at_3_s)
    wanted = contents(tmp_path / "whole")
    command = [sys.executable, "-c", RUN, *map(str, (tmp_path / "data", *given))]
    begin = time.monotonic()
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    took = time.monotonic() - begin
    rng = np.random.default_rng(0)
    for _ in range(20):
        (tmp_path / "data" / "manifest.json").write_text("{}")  # what is replaced: old or new, never a mixture
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(rng.uniform(0.4, 1.0) * took)
            process.kill()
        found = contents(tmp_path / "data")
        assert found == wanted or (found.keys() == wanted.keys() and found["manifest.json"] != wanted["manifest.json"])
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert contents(tmp_path / "data") == wanted
    assert not list(tmp_path.glob(".*"))


def test_what_is_there_is_not_lost(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("years of work")
    with pytest.raises(GraphError) as raised:
        prepare([folder / "a.wav"], tmp_path / "data", settings(), tracker=known_pitch)
    assert raised.value.diagnostics[0].code == "E607"
    assert (tmp_path / "data" / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("given", [[], ["readme.txt"], ["silent.wav"], ["text.wav"]])
def test_no_dataset_without_recordings(given: list[str], folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    paths = [folder / name for name in given] or [empty]
    with pytest.raises(GraphError) as raised:
        prepare(paths, tmp_path / "data", settings(), tracker=known_pitch, skip_corrupt=True)
    assert raised.value.diagnostics[-1].code == "E613"
    assert raised.value.exit_code == 4


@pytest.mark.parametrize(
    ("rates", "code"), [((44_100, 250), "E401"), ((0, 250), "E502"), ((16_000, -1), "E502"), (("16 MHz", 1), "E504")]
)
def test_rates_that_will_not_do(rates: tuple[int, int], code: str) -> None:
    with pytest.raises(GraphError) as raised:
        settings_of(*rates)
    assert raised.value.diagnostics[0].code == code


@pytest.mark.parametrize(
    "lengths", [{"example_secs": 0.0}, {"hop_secs": -1.0}, {"eval_share": 1.0}, {"hop_secs": np.nan}]
)
def test_lengths_that_will_not_do(lengths: dict[str, float]) -> None:
    with pytest.raises(GraphError) as raised:
        settings(**lengths)
    assert raised.value.diagnostics[0].code == "E502"


GRAPH = """\
version: 2
name: levels
clock: {sample_rate: RATE, frame_rate: FRAMES}
inputs: {audio: {rate: audio}}
nodes:
  loudness: {op: loudness, inputs: {audio: audio}, params: {n_fft: SIZE}}
  power: {op: power, inputs: {audio: audio}, params: {frame_size: SIZE}}
outputs: {loudness_db: loudness, power_db: power}
"""


@pytest.mark.parametrize(("rate", "frame_rate", "size"), [(8_000, 100, 512), (44_100, 252, 512), (48_000, 50, 2048)])
def test_levels_are_those_of_the_ops(rate: int, frame_rate: int, size: int, tmp_path: Path) -> None:
    """Windows are cut from the levels of the whole recording, so only the frames at its ends see its ends."""
    x = notes(3.0, 200.0, rate)
    made = settings_of(rate, frame_rate, example_secs=1.0, hop_secs=0.5, eval_share=0.0)
    prepare([write(tmp_path / "x.wav", x, rate)], tmp_path / "data", made, tracker=known_pitch)
    examples = list(open_dataset(tmp_path / "data").examples(["audio", "loudness_db", "power_db"]))
    spec = GRAPH.replace("RATE", str(rate)).replace("FRAMES", str(frame_rate)).replace("SIZE", str(size))
    levels = dg.compile(spec)({"audio": soundfile.read(tmp_path / "x.wav", dtype="float32")[0][None]})
    hop = rate // frame_rate
    for i, example in enumerate(examples):
        first = i * made.hop_frames
        np.testing.assert_array_equal(
            example["audio"], soundfile.read(tmp_path / "x.wav", rate, first * hop, dtype="float32")[0]
        )
        for name in ("loudness_db", "power_db"):
            wanted = levels[name].numpy()[0, first : first + made.example_frames]
            np.testing.assert_allclose(example[name], wanted, atol=1e-3)
    assert len(examples) == 5


def test_statistics_are_those_of_the_notes(tmp_path: Path) -> None:
    x = np.concatenate([notes(4.0), np.zeros(4 * RATE, np.float32)])
    manifest = prepare([write(tmp_path / "x.wav", x)], tmp_path / "data", settings(eval_share=0), tracker=known_pitch)
    found = manifest.statistics
    assert found["frames"] == 450  # the silent windows are not examples
    assert 0.8 * 400 < found["note_frames"] < 410
    assert found["pitch_midi"]["mean"] == pytest.approx(57.0)
    assert len(found["loudness_db"]["percentiles"]) == 101
    assert np.all(np.diff(found["loudness_db"]["percentiles"]) >= 0)
    assert found["power_db"]["percentiles"][0] > -40


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--sample-rate", "8k", "--frame-rate", "100", "--example-secs", "0.5", "--hop-secs", "0.25"]
    out = str(tmp_path / "data")
    assert main(["features", str(folder / "stereo.wav"), "-o", out, *options, "--processes", "1"]) == 0
    said = f"wrote {out}: 3 examples to train with, 1 held out; 0.5 s at 8000 Hz, 100 frames/s\n"
    assert capsys.readouterr().err.endswith(said + "  100% of it notes, A2 to A2\n")
    assert main(["features", str(folder / "text.wav"), "-o", out, "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["diagnostics"][0]["code"] == "E602"
    (tmp_path / "for.yaml").write_text(GRAPH.replace("RATE", "8000").replace("FRAMES", "100").replace("SIZE", "256"))
    like = ["features", str(folder / "stereo.wav"), "-o", str(tmp_path / "for"), "--for", str(tmp_path / "for.yaml")]
    assert main([*like, *options[4:], "--processes", "1"]) == 0
    assert contents(tmp_path / "for") == contents(tmp_path / "data")
    assert main([*like, "--sample-rate", "8k"]) == 2
    assert heard({"frames": 10, "note_frames": 0}).startswith("no notes in it")
    capsys.readouterr()
    assert main(["features", str(folder), "-o", out, "--processes", "0"]) == 2
    assert main(["features", str(folder), "-o", out, "--limit", "audio_seconds=1", "--processes", "1"]) == 5
    assert "E701" in capsys.readouterr().err


def test_without_a_tracker(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "swift_f0", None)
    with pytest.raises(GraphError) as raised:
        prepare([folder], tmp_path / "data", settings())
    (found,) = raised.value.diagnostics
    assert (found.code, found.hint) == ("E608", install_command("f0"))


def test_two_at_once_do_not_meet(folder: Path, tmp_path: Path) -> None:
    parts = tmp_path / ".data.ddspgraph-parts"
    parts.mkdir()
    with locked(parts), pytest.raises(GraphError, match=r"E614 .* is at work in this folder"):
        prepare([folder / "a.wav"], tmp_path / "data", settings(), tracker=known_pitch)
    assert not (tmp_path / "data").exists()


def test_a_full_disk_is_said(folder: Path, tmp_path: Path) -> None:
    """As far as a limit on the size of files goes: what there was stays."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)); "
        "from ddspgraph.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = ["features", str(folder / "a.wav"), "-o", str(tmp_path / "data"), "--processes", "1", "--skip-corrupt"]
    done = warm_process.run_code(code, *command)
    assert done.returncode == 4
    assert "E607" in done.stderr
    assert "bytes are needed" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.proof
def test_a_long_recording_needs_no_memory(tmp_path: Path) -> None:
    """20 minutes of stereo at 44.1 kHz are 420 MB as float32: the process that reads 10 s needs nearly as much."""
    second = np.repeat(notes(1.0, 220.0, 44_100)[:, None], 2, axis=1)
    for seconds in (10, 1200):
        with soundfile.SoundFile(tmp_path / f"{seconds}.wav", "w", 44_100, 2) as file:
            for _ in range(seconds):
                file.write(second)
    code = (
        "import resource, sys; from ddspgraph.cli import main; main(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for seconds in (10, 1200):
        command = ["features", str(tmp_path / f"{seconds}.wav"), "-o", str(tmp_path / "data"), "--processes", "1"]
        done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] < peaks[0] + 250, peaks
