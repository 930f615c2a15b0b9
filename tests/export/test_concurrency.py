"""T30: one exported model, sixteen threads, requests of mixed lengths and batches, offline and as a stream."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tensorflow as tf

import ddspgraph as dg
from tests.export.hammer import Traces, hammer

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "graphs" / "models" / "tiny_instrument_fast.yaml"
SPEC = """
version: 2
name: small
clock: {sample_rate: 8 kHz, frame_rate: 250 Hz}
inputs: {f0_hz: {rate: frame, unit: Hz}, loudness_db: {rate: frame, unit: dB}}
nodes:
  memory: {op: rnn, inputs: [loudness_db], params: {dims: 6}}
  network: {op: fc, inputs: [memory], params: {ch: 9}}
  parts: {op: split, inputs: [network], params: {outputs: {a: 1, d: 3, h: 5}}}
  tone: {op: harmonic, inputs: {amplitudes: parts/a, harmonic_distribution: parts/d, f0_hz: f0_hz}}
  hiss: {op: filtered_noise, inputs: {magnitudes: parts/h}}
  both: {op: add, inputs: [tone, hiss]}
  room: {op: reverb, inputs: [both], params: {trainable: true, reverb_length: 400}}
outputs: {audio: room}
"""


@pytest.mark.parametrize("streaming", [False, True])
def test_sixteen_threads(streaming: bool, tmp_path: Path) -> None:
    dg.compile(SPEC, streaming=streaming).save(str(tmp_path / "model"))
    found = hammer(str(tmp_path / "model"), 64)
    assert (found["requests"], found["mismatches"], found["traces"]) == (64, 0, 0)


def test_traces_are_counted() -> None:
    function = tf.function(lambda x: x + 1.0)
    with Traces() as traces:
        for n in (1, 1, 2):
            function(tf.zeros([n]))
    assert traces.count >= 2


def test_the_default_graph_of_a_new_thread_is_no_trace() -> None:
    with Traces() as traces, ThreadPoolExecutor(1) as pool:
        assert type(pool.submit(tf.compat.v1.get_default_graph).result()) is tf.Graph
    assert traces.count == 0


@pytest.mark.proof
@pytest.mark.parametrize("streaming", [False, True])
def test_a_thousand_requests(streaming: bool, tmp_path: Path) -> None:
    """In a process of its own, whose memory is that of the model."""
    dg.compile(MODEL, streaming=streaming).save(str(tmp_path / "model"))
    command = [sys.executable, "-m", "tests.export.hammer", str(tmp_path / "model"), "1000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["requests"], found["mismatches"], found["traces"]) == (1_000, 0, 0)
    assert found["growth"] < 0.05
