"""The command line: what is printed where, exit codes, and that `check` never loads TensorFlow."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ddspgraph.cli import main

ROOT = Path(__file__).parent.parent
GUITAR = str(ROOT / "graphs" / "guitar_chorus.yaml")
RECORDING = ROOT / "graphs" / "audio" / "guit_e_slide.flac"

SPEC = """\
version: 2
name: level
clock: {sample_rate: 8 kHz, frame_rate: 250 Hz}
params: {gain: -6 dB}
inputs:
  audio: {rate: audio}
  unneeded: {rate: frame}
nodes:
  soft: {op: gain, inputs: {audio: audio, gain: $gain}}
outputs: {out: soft}
losses: {l: {op: amp_loss, inputs: [unneeded, unneeded]}}
"""
BAD = SPEC.replace("op: gain", "op: gian").replace("unneeded, unneeded", "unneeded, unneded")
V1 = """\
version: 1
name: old
sample_rate: 8000
n_samples: 800
inputs: [a, b]
modules: {sum: {class: Add}}   # a comment
dag:
  - [sum, [a, b]]
"""
OPS = '''\
from __future__ import annotations
import ddspgraph as dg


class Halve(dg.Op):
    """Divides by two: y = x / by.

    Source: elementary.
    """

    inputs = {"audio": dg.audio()}
    outputs = {"signal": dg.audio()}
    by: float = dg.param(2.0, doc="By how much.")

    def kernel(self, audio):
        return audio / self.by
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a space in its name, holding a few specs; the working directory."""
    place = tmp_path / "my graphs"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name, text in (("ok.yaml", SPEC), ("bad one.yaml", BAD), ("old.yaml", V1), ("halve_ops.py", OPS)):
        Path(name).write_text(text)
    soundfile.write("in.wav", np.linspace(-0.5, 0.5, 810), 8_000, subtype="FLOAT")
    return place


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


# -- check -------------------------------------------------------------------------------------------------


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check", "ok.yaml")
    assert (code, out, err) == (0, "ok.yaml: ok, 2 nodes\n", "")
    code, out, err = run(capsys, "check", "ok.yaml", "bad one.yaml")
    assert (code, err) == (3, "")
    assert "bad one.yaml:9:14: E302 there is no op 'gian'" in out
    assert "did you mean 'gain'" in out
    assert "E301" in out
    assert out.splitlines()[-1] == "bad one.yaml: 2 errors"


def test_check_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", "--json", "ok.yaml", "bad one.yaml")
    ok, bad = json.loads(out)
    assert code == 3
    assert (ok["ok"], ok["nodes"], ok["diagnostics"]) == (True, 2, [])
    assert [(d["code"], d["line"], d["severity"]) for d in bad["diagnostics"]] == [
        ("E302", 9, "error"),
        ("E301", 11, "error"),
    ]


def test_check_reads_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    code, out, _ = run(capsys, "check", "-")
    assert code == 3
    assert "<stdin>:9:14: E302" in out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "nothing.yaml"], 4),
        (["check", "."], 5),
        (["check", "ok.yaml", "--limit", "file_bytes=10"], 5),
        (["check", "ok.yaml", "--limit", "fil_bytes=10"], 2),
        (["check", "ok.yaml", "--set", "gain"], 2),
        (["check", "ok.yaml", "--set", "gian=1"], 3),
        (["check", "ok.yaml", "--set", "gain=-3 dB"], 0),
        (["check", "ok.yaml", "--ops", "nothing.py"], 4),
        (["check", "ok.yaml", "--ops", "bad one.yaml"], 4),
        (["check"], 2),
        (["chekc"], 2),
        ([], 2),
        (["--help"], 0),
        (["--version"], 0),
        (["run", "ok.yaml", "--input", "in.wav", "--output", "o.mp3"], 4),
        (["run", "ok.yaml", "--input", "in.wav", "--output", "ot=o.wav"], 2),
        (["run", "ok.yaml", "--input", "in.wav", "--input", "audio=in.wav"], 2),
        (["run", "ok.yaml", "--input", "in.wav", "--output", "o.wav", "--output", "o.wav"], 2),
        (["run", "ok.yaml", "--outputs", "o.wav"], 2),
        (["run", "ok.yaml"], 4),
        (["run", "ok.yaml", "--input", "audoi=in.wav"], 4),
        (["run", "ok.yaml", "--input", "none.wav"], 4),
        (["run", "ok.yaml", "--input", "in.wav", "--seed", "x"], 2),
        (["run", "bad one.yaml", "--input", "in.wav"], 3),
        (["compile", "ok.yaml"], 2),
        (["compile", "ok.yaml", "-o", "."], 4),
        (["compile", "ok.yaml", "--dump-after", "nothing"], 2),
        (["draw", "ok.yaml"], 2),
        (["draw", "ok.yaml", "-o", "x.gif"], 4),
        (["migrate", "nothing.yaml"], 4),
        (["ops", "harmonik"], 2),
    ],
)
def test_exit_codes(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int) -> None:
    found, out, err = run(capsys, *arguments)
    assert found == code, err
    assert "Traceback" not in out + err
    assert out if code == 0 else out + err


# -- run ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "instead"), [("-o", "--output or --outputs"), ("--ouput=x", "--output or --outputs"), ("-z", "")]
)
def test_an_unknown_option_names_its_command_and_the_nearest(
    capsys: pytest.CaptureFixture[str], option: str, instead: str
) -> None:
    code, out, err = run(capsys, "run", "ok.yaml", option)
    assert (code, out) == (2, "")
    assert f"ddspgraph run: error: there is no {option} here" in err
    assert "usage: ddspgraph run" in err
    assert (f"did you mean {instead}" in err) is bool(instead)


def test_run_on_a_recording(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "run", "ok.yaml", "--input", "in.wav", "--output", "a b.wav", "--format", "float")
    assert (code, out) == (0, "")
    assert "wrote a b.wav: out" in err
    found, rate = soundfile.read("a b.wav", dtype="float32")
    assert rate == 8_000
    np.testing.assert_allclose(found, np.linspace(-0.5, 0.5, 810) * 10 ** (-6 / 20), atol=1e-6)


def test_run_converts_a_recording_with_notices(capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write("stereo.wav", np.zeros((4_410, 2)), 44_100)
    code, _, err = run(capsys, "run", "ok.yaml", "--input", "audio=stereo.wav", "--output", "out=o.flac")
    assert code == 0
    assert "2 channels mixed down to one" in err
    assert "resampled from 44.1 kHz to 8 kHz" in err
    assert soundfile.info("o.flac").frames == 800


def test_run_on_arrays(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (3, 64)).astype(np.float32)
    np.savez("in.npz", audio=x)
    code, _, err = run(capsys, "run", "ok.yaml", "--inputs", "in.npz", "--outputs", "out.npz", "--set", "gain=0 dB")
    assert code == 0, err
    np.testing.assert_allclose(np.load("out.npz")["out"], x, atol=1e-6)
    code, _, err = run(capsys, "run", "ok.yaml", "--inputs", "in.npz", "--output", "out=o.wav")
    assert code == 4
    assert "'out' holds 3 sounds" in err
    np.save("one.npy", x[0])  # without a batch axis
    assert run(capsys, "run", "ok.yaml", "--input", "one.npy", "--output", "out.npy")[0] == 0
    assert np.load("out.npy").shape == (1, 64)


def test_run_without_outputs_prints_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "run", "ok.yaml", "--input", "in.wav")
    assert code == 0
    assert re.search(r"out +\[1, 810\] +0.10 s at 8 kHz +-12.0 dBFS +-16.8 dBFS", out)
    assert "--output out=FILE saves a result" in err
    code, out, _ = run(capsys, "run", "ok.yaml", "--input", "in.wav", "--json")
    assert json.loads(out)["results"][0]["shape"] == [1, 810]


def test_run_the_losses_of_a_graph_without_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("loss.yaml").write_text(SPEC.replace("outputs: {out: soft}\n", ""))
    np.save("x.npy", np.ones(5))
    code, out, err = run(capsys, "run", "loss.yaml", "--input", "x.npy")
    assert code == 0, err
    assert re.search(r"total +\[\] +0 +0", out)


def test_a_result_that_is_not_finite_names_the_first_node(capsys: pytest.CaptureFixture[str]) -> None:
    Path("div.yaml").write_text(
        SPEC.replace("op: gain, inputs: {audio: audio, gain: $gain}", "op: halve, inputs: {audio: audio}")
        .replace("nodes:", "nodes:\n  zero: {op: halve, inputs: {audio: audio}, params: {by: 0.0}}")
        .replace("halve, inputs: {audio: audio}}", "halve, inputs: {audio: zero}}")
        .replace("params: {gain: -6 dB}\n", "")
    )
    code, _, err = run(capsys, "run", "div.yaml", "--input", "in.wav", "--output", "o.wav", "--ops", "halve_ops.py")
    assert code == 6
    assert "div.yaml:8:3: E801 810 of 810 values (the first at [0, 0]) of 'zero/signal' are not finite" in err
    assert not Path("o.wav").exists()


def test_ops_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    Path("own.yaml").write_text(
        SPEC.replace("op: gain, inputs: {audio: audio, gain: $gain}", "op: halve, inputs: [audio]")
    )
    assert run(capsys, "check", "own.yaml")[0] == 3
    for ops in ("halve_ops.py", "halve_ops"):
        code, out, _ = run(capsys, "check", "own.yaml", "--ops", ops)
        assert code == 0
        assert "W107" in out  # `gain` is not used any more
    code, _, err = run(capsys, "run", "own.yaml", "--ops", "halve_ops.py", "--input", "in.wav", "--output", "o.npy")
    assert code == 0, err
    np.testing.assert_allclose(np.load("o.npy")[0], np.linspace(-0.25, 0.25, 810), atol=1e-7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 +\n", "broken.py:1:1: E610 .*SyntaxError"),
        ("x = 1\n\nraise ValueError('no')\n", "broken.py:3:1: E610 .*ValueError: no"),
        ("x = 1\n", "broken.py:1:1: E610 .*no subclass of ddspgraph.Op"),
        (OPS.replace("Halve", "Harmonic"), "broken.py:1:1: E610 .*two ops are called 'harmonic'"),
        (OPS.replace("by: float", "by: dict"), "broken.py.*E610 .*by"),
    ],
)
def test_ops_that_cannot_be_loaded(capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    Path("broken.py").write_text(text)
    code, _, err = run(capsys, "check", "ok.yaml", "--ops", "broken.py")
    assert code == 4
    assert re.search(message, err), err


# -- compile -----------------------------------------------------------------------------------------------


def test_compile_and_run_the_export(capsys: pytest.CaptureFixture[str], cold_proofs: None) -> None:
    code, out, err = run(capsys, "compile", "ok.yaml", "-o", "a model", "--set", "gain=0 dB")
    assert (code, out) == (0, "")
    assert "equal to the graph in a fresh process" in err
    assert "signatures: serving_default, seeded, losses" in err
    code, _, err = run(capsys, "run", "a model", "--input", "in.wav", "--output", "o.npy")
    assert code == 0, err
    np.testing.assert_allclose(np.load("o.npy")[0], np.linspace(-0.5, 0.5, 810), atol=1e-6)
    assert run(capsys, "run", "a model", "--input", "in.wav", "--set", "gain=0 dB")[0] == 2
    assert run(capsys, "check", "a model")[1] == "a model: ok, 2 nodes\n"


def test_dump_after_prints_graphs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "compile", "ok.yaml", "--dump-after", "insert_rate_conversions")
    assert (code, err) == (0, "")
    assert out.startswith("# after insert_rate_conversions\ngraph level {sample_rate=8000")
    assert "hold(" in out
    _, out, _ = run(capsys, "compile", "ok.yaml", "--dump-after", "all")
    assert len(re.findall(r"(?m)^# after", out)) > 4


# -- draw, migrate, ops ------------------------------------------------------------------------------------


def test_draw(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "draw", "ok.yaml", "-o", "a b.mmd")[0] == 0
    assert "soft" in Path("a b.mmd").read_text()
    code, out, _ = run(capsys, "draw", "ok.yaml", "-o", "-", "--theme", "dark", "--detail", "names")
    assert code == 0
    assert out.startswith("digraph")


def test_migrate(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "migrate", "old.yaml")
    assert code == 0
    assert "version: 2" in out
    assert "version 1 -> 2" in err
    assert run(capsys, "migrate", "old.yaml", "--check")[:2] == (1, "")
    assert run(capsys, "migrate", "ok.yaml", "--check")[:2] == (0, "")
    code, diff, _ = run(capsys, "migrate", "old.yaml", "--diff", "--check")
    assert code == 1
    assert "-version: 1" in diff
    assert "+version: 2" in diff
    report = json.loads(run(capsys, "migrate", "old.yaml", "-o", "new.yaml", "--json")[1])
    assert (report["changed"], report["text"]) == (True, out)
    assert Path("new.yaml").read_text() == out
    assert Path("old.yaml").read_text() == V1
    assert run(capsys, "migrate", "old.yaml", "--in-place")[:2] == (0, "")
    assert (Path("old.yaml").read_text(), Path("old.yaml.bak").read_text()) == (out, V1)
    assert run(capsys, "check", "old.yaml")[0] == 0


def test_migrate_reads_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run(capsys, "migrate", "old.yaml")[1]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(V1.encode())))
    assert run(capsys, "migrate", "-")[1] == expected


def test_ops(capsys: pytest.CaptureFixture[str]) -> None:
    from ddspgraph.ops import OPS as LIBRARY

    code, out, _ = run(capsys, "ops", "--ops", "halve_ops.py")
    assert code == 0
    assert all(re.search(rf"(?m)^  {name} ", out) for name in [*LIBRARY, "halve"])
    everything = json.loads(run(capsys, "ops", "--json")[1])
    assert [op["name"] for op in everything] == list(LIBRARY)
    for name in LIBRARY:
        code, out, _ = run(capsys, "ops", name)
        assert code == 0
        assert "Source:" in out
        for port in LIBRARY[name].inputs:
            assert f"\n  {port}: " in out


# -- the process -------------------------------------------------------------------------------------------


def test_a_reader_that_leaves_is_no_error() -> None:
    command = f"{sys.executable!r} -m ddspgraph ops --json | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[\n", "")


def test_faults_of_ours_are_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a\nb")

    monkeypatch.setattr("ddspgraph.compiler.driver.load", fault)
    code, out, err = run(capsys, "check", "ok.yaml")
    assert (code, out) == (1, "")
    assert err == "ddspgraph check: internal error: ZeroDivisionError: a\n--debug shows the traceback\n"
    with pytest.raises(ZeroDivisionError):
        main(["check", "ok.yaml", "--debug"])

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ddspgraph.compiler.driver.load", interrupt)
    assert run(capsys, "check", "ok.yaml") == (130, "", "interrupted\n")


def test_colour_only_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in run(capsys, "check", "bad one.yaml")[1]
    monkeypatch.setattr("ddspgraph.cli.console.is_terminal", lambda stream: True)
    out = run(capsys, "check", "bad one.yaml")[1]
    assert "\x1b[1;31mE302\x1b[0m" in out
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    monkeypatch.undo()
    assert "E302 there is no op 'gian'" in plain
