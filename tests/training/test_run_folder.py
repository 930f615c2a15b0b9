"""The folder of a run: what it holds, who may write in it, and what the command says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.data.lock import locked
from ddspgraph.limits import Limits
from ddspgraph.training.run_folder import is_run, load_run_graph, opened_run, read_run
from ddspgraph.training.train import with_options
from tests.training.small import SPEC, SmallSource
from tests.training.test_checkpoints import Listener

ROOT = Path(__file__).parents[2]


def test_what_it_holds(tmp_path: Path) -> None:
    run = tmp_path / "deep" / "run"
    dg.train(SPEC, SmallSource(), run, steps=1, params={"n_bands": 7})
    assert is_run(run)
    assert (run / "graph.yaml").read_text() == SPEC
    facts = read_run(run)
    assert facts["settings"] == {"n_bands": 7}
    assert facts["training"]["batch_size"] == 2
    assert facts["training"]["steps"] == 1
    assert load_run_graph(run).node_by_name["network"].op.ch == 7
    events = [json.loads(line)["event"] for line in (run / "events.jsonl").read_text().splitlines()]
    assert events == ["begin", "end"]


def test_another_process_is_refused_until_it_is_killed(tmp_path: Path) -> None:
    """T22: the system takes the lock back."""
    hold = "import sys, time; from pathlib import Path; from ddspgraph.data.lock import locked\n"
    hold += "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(dg.GraphError, match=rf"E614 process {child.pid} is at work in this folder") as caught:
            dg.train(SPEC, SmallSource(), tmp_path)
        assert caught.value.exit_code == 4
        child.kill()
    with locked(tmp_path):
        pass


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(dg.GraphError, match=r"E614 this folder holds something else"):
        dg.train(SPEC, SmallSource(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_run_that_lost_its_description(tmp_path: Path) -> None:
    dg.train(SPEC, SmallSource(), tmp_path / "run", steps=4)
    (tmp_path / "run" / "run.json").unlink()
    with pytest.raises(dg.GraphError, match=r"E614 the run has lost its run.json"):
        dg.train(SPEC, SmallSource(), tmp_path / "run", steps=4)
    for name in ("metrics.jsonl", "events.jsonl"):
        (tmp_path / "run" / name).unlink()
    with pytest.raises(dg.GraphError, match=r"E614 the run has lost its run.json"):
        dg.train(SPEC, SmallSource(), tmp_path / "run", steps=4)
    (tmp_path / "run" / "run.json").write_text("{")
    with pytest.raises(dg.GraphError, match=r"E602 run.json is damaged"):
        read_run(tmp_path / "run")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(dg.GraphError, match="E607"), opened_run(tmp_path / "file" / "run"):
        pass


def test_what_changes_is_told(tmp_path: Path) -> None:
    told = Listener()
    dg.train(SPEC, SmallSource(), tmp_path / "run", steps=1)
    quieter = SPEC.replace("fft_sizes: [64, 16]", "fft_sizes: [32]")
    dg.train(quieter, SmallSource(), tmp_path / "run", steps=2, observer=told)
    dg.train(quieter, SmallSource(), tmp_path / "run", steps=2, observer=told)
    assert [n for n in told.notices if "changed" in n] == [
        "going on with the spec changed since the run was last trained"
    ]
    assert any("has 2 steps already" in n for n in told.notices)
    facts = tmp_path / "run" / "run.json"
    facts.write_text(facts.read_text().replace(f'"ddspgraph": "{dg.__version__}"', '"ddspgraph": "0.0.1"'))
    dg.train(quieter, SmallSource(), tmp_path / "run", steps=3, learning_rate=0.5, observer=told)
    what = "the version of ddspgraph and learning_rate (0.01 before, 0.5 now)"
    assert f"going on with {what} changed since the run was last trained" in told.notices
    assert (tmp_path / "run" / "graph.yaml").read_text() == quieter


def test_a_batch_that_is_too_large(tmp_path: Path) -> None:
    with pytest.raises(dg.GraphError, match="E708"):
        dg.train(SPEC, SmallSource(), tmp_path / "run", batch_size=60_000, limits=Limits(memory_bytes=1 << 20))


def test_options_are_checked_at_their_place() -> None:
    graph = dg.load(SPEC)
    assert with_options(graph, {"steps": 5}).steps == 5
    assert with_options(graph, {}).batch_size == 2
    with pytest.raises(dg.GraphError, match=r"E309 training has no option 'step'.*\n.*\n.*\n.*did you mean 'steps'"):
        with_options(graph, {"step": 5})
    with pytest.raises(dg.GraphError, match=r"E502 'batch_size' of training must be at least 1"):
        with_options(graph, {"batch_size": 0})


def test_what_cannot_be_trained(tmp_path: Path) -> None:
    no_loss = "version: 2\nname: a\ninputs: {x: {rate: const}}\noutputs: {x: x}\n"
    with pytest.raises(dg.GraphError, match=r"E312 the graph has no losses"):
        dg.train(no_loss, SmallSource(), tmp_path / "a")
    no_weights = """
version: 2
name: a
clock: {sample_rate: 16 kHz}
inputs: {audio: {rate: audio}}
nodes: {quiet: {op: gain, inputs: [audio, -6 dB]}}
losses: {spectral: {op: spectral_loss, inputs: [audio, quiet]}}
"""
    with pytest.raises(dg.GraphError, match=r"E312 no node of the graph has weights"):
        dg.train(no_weights, SmallSource(), tmp_path / "b")
    with pytest.raises(dg.GraphError, match=r"E611 the data has a sample_rate of 44100 Hz, the graph one of 16000 Hz"):
        dg.train(SPEC, SmallSource(sample_rate=44_100), tmp_path / "c")
    assert not list(tmp_path.iterdir())


def test_the_command_refuses_before_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "small.yaml").write_text(SPEC)
    spec, run = str(tmp_path / "small.yaml"), str(tmp_path / "run")
    assert main(["train", spec, "--data", str(tmp_path / "none"), "--run", run]) == 4
    assert "E601" in capsys.readouterr().err
    assert main(["train", spec, "--run", run]) == 2
    assert not Path(run).exists()
