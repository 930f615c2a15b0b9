"""The second half of `make bench`: loops, voices and filters, beside what does the same elsewhere; writes studio.md.

    [FLAMO=PYTHON] python benchmarks/studio.py [NAME ...]

FLAMO names the Python of an environment with FLAMO (`pip install torch flamo==0.2.20`), which the row `flamo` then has.

All works of a row run in one process and take turns, so that a machine that slows down slows all of them. A figure is
the least of the calls in milliseconds of wall time; the medians stand in brackets. To add a row, add a function to
`ROWS`: it returns the works of the row, the first of which the others are compared with.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import scipy.signal
import tensorflow as tf

import ddspgraph as dg
from ddspgraph import dsp

#: A work: what is done, and a call of it.
Works = Mapping[str, Callable[[], object]]
CALLS = 9
#: 10 s of a room is what is measured elsewhere.
SECONDS, RATE = 10, 48_000
HEAD = """# Loops, voices and filters

Written by `make bench`. Milliseconds of wall time: the least of the calls, and their median in brackets; the ratio is
that of the least to that of the first work of the row.
"""


def comb() -> Works:
    """A loop of one line of 31 ms against the recursive filter of SciPy."""
    spec = f"""
version: 2
name: comb
clock: {{sample_rate: {RATE}}}
inputs: {{x: {{rate: audio}}}}
feedback: {{again: {{from: softer, delay: 31 ms}}}}
nodes:
  into: {{op: add, inputs: [x, again]}}
  softer: {{op: multiply, inputs: [into, 0.7]}}
outputs: {{y: into}}
"""
    model, x = dg.compile(spec), _sound()
    a = np.zeros(1489)
    a[0], a[1488] = 1.0, -0.7
    whole = np.asarray(x)
    return {
        "scipy.signal.lfilter": lambda: scipy.signal.lfilter([1.0], a, whole),
        "feedback": lambda: model({"x": x})["y"].numpy(),
    }


def network() -> Works:
    """A feedback delay network of 16 lines: beside the sound itself, how long it lasts."""
    lines = tuple(int(48 * ms) for ms in (31, 33, 37, 39, 41, 43, 47, 49, 51, 53, 57, 59, 61, 63, 67, 71))
    gain, pole = dsp.absorption(lines, tf.constant([[2.0]]), tf.constant([[0.8]]), float(RATE))
    made = dsp.Network(lines, dsp.hadamard(16), tf.ones(16) / 4.0, tf.ones([1, 16]) / 4.0, gain, pole)
    x = _sound()

    def energy(x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.square(dsp.fdn(x, made)))

    def slope(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = energy(x)
        return tape.gradient(total, x)

    plain, with_gradient = tf.function(lambda x: dsp.fdn(x, made)), tf.function(slope)
    compiled = tf.function(lambda x: dsp.fdn(x, made), jit_compile=True)
    compiled_gradient = tf.function(slope, jit_compile=True)
    return {
        f"{SECONDS} s of sound": lambda: None,
        "forward": lambda: plain(x).numpy(),
        "forward + backward": lambda: with_gradient(x).numpy(),
        "forward, XLA": lambda: compiled(x).numpy(),
        "forward + backward, XLA": lambda: compiled_gradient(x).numpy(),
    }


VOICES = 16
INSTRUMENT = """
version: 2
name: instrument
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs:
  f0_hz: {rate: frame, unit: Hz%(voices)s}
  level: {rate: frame, unit: linear%(voices)s}
  bands: {rate: frame, unit: raw, channels: 65%(voices)s}
nodes:
  tone: {op: harmonic, inputs: {amplitudes: level, harmonic_distribution: %(partials)s, f0_hz: f0_hz}, params:
    {scale_fn: null}%(voices)s}
  air: {op: filtered_noise, inputs: [bands]%(voices)s}
  both: {op: add, inputs: [tone, air]%(voices)s%(mix)s}
outputs: {audio: both}
"""


def _instrument(frames: int, *, mix: str = "") -> tuple[str, str, dict[str, np.ndarray]]:
    """With voices, without, and the inputs of the one without: as many items as there are voices."""
    rng = np.random.default_rng(0)
    partials = [round(1 / k, 3) for k in range(1, 61)]
    inputs = {
        "f0_hz": rng.uniform(80, 500, (VOICES, frames, 1)),
        "level": rng.uniform(0, 0.2, (VOICES, frames, 1)),
        "bands": rng.normal(size=(VOICES, frames, 65)),
    }
    voiced = INSTRUMENT % {"voices": f", voices: {VOICES}", "mix": mix, "partials": partials}
    plain = INSTRUMENT % {"voices": "", "mix": "", "partials": partials}
    return voiced, plain, {name: x.astype(np.float32) for name, x in inputs.items()}


def voices() -> Works:
    """16 voices of 60 partials and noise, 4 s at 16 kHz, beside a batch of 16 of the same, which shares one noise."""
    voiced, plain, items = _instrument(1000)
    many, one = dg.compile(voiced), dg.compile(plain)
    sounding = {name: tf.constant(x[None]) for name, x in items.items()}
    batch = {name: tf.constant(x) for name, x in items.items()}
    return {
        f"a batch of {VOICES}": lambda: one(batch)["audio"].numpy(),
        f"{VOICES} voices": lambda: many(sounding)["audio"].numpy(),
    }


def voices_live() -> Works:
    """The same 16 voices, summed, as a stream in blocks of 1024 samples: beside the sound itself, how long it lasts."""
    voiced, plain, items = _instrument(16, mix=", mix: sum")
    many = dg.Stream(dg.compile(voiced, streaming=True), batch=1)
    one = dg.Stream(dg.compile(plain, streaming=True), batch=1)
    block = {name: tf.constant(x[None]) for name, x in items.items()}
    first = {name: tf.constant(x[:1]) for name, x in items.items()}
    return {
        "0.064 s of sound": lambda: None,
        "1 voice": lambda: one(first)["audio"].numpy(),
        f"{VOICES} voices": lambda: many(block)["audio"].numpy(),
    }


def sections() -> Works:
    """Four sections over 60 s of 8 channels at 48 kHz: products of matrices against a loop over samples in float32."""
    x = tf.constant(np.random.default_rng(0).normal(size=(8, 60 * RATE)), tf.float32)
    eq = scipy.signal.butter(8, (30, 8000), "bandpass", fs=RATE, output="sos")[:4].astype(np.float32)
    whole = x.numpy()

    @tf.function(input_signature=[tf.TensorSpec([None, None])])
    def filtered(x: tf.Tensor) -> tf.Tensor:
        low, high = (dsp.warped(tf.constant([[f]]), float(RATE), tf.float64) for f in (8000.0, 30.0))
        both = [*dsp.pass_sections(high, 4, high=True), *dsp.pass_sections(low, 4)]
        return dsp.block_filter(dsp.block_matrices(both), x)[0]

    return {
        "scipy.signal.sosfilt, 4 sections": lambda: scipy.signal.sosfilt(eq, whole),
        "highpass and lowpass of order 4": lambda: filtered(x)[0, -1].numpy(),
    }


def flamo() -> Works:
    """A training step of a network of 16 lines on 2 s of its response at 48 kHz; beside FLAMO where it is named."""
    lines = tuple(int(48 * ms) for ms in (31, 33, 37, 39, 41, 43, 47, 49, 51, 53, 57, 59, 61, 63, 67, 71))
    rng, samples = np.random.default_rng(0), 2 * RATE
    # It decays by 120 dB in the 2 s: the response of FLAMO is one of a circle of 2 s.
    gain = 10.0 ** (-3.0 * np.array(lines) / RATE)
    drawn = {
        "raw": rng.normal(size=(16, 16)),
        "into": np.ones((16, 1)) / 4.0,
        "out": np.ones((1, 16)) / 4.0,
        "gain": gain,
    }
    target = 0.01 * rng.normal(size=(1, samples))
    folder = Path(tempfile.mkdtemp())
    arrays = {name: x.astype(np.float32) for name, x in {**drawn, "target": target}.items()}
    np.savez(folder / "network.npz", delays=np.array(lines), **arrays)
    vectors, into, out = (
        tf.Variable(rng.normal(size=(16, 16)), dtype=tf.float32),
        *(tf.Variable(np.reshape(arrays[name], shape)) for name, shape in (("into", [16]), ("out", [1, 16]))),
    )
    gains = tf.Variable(arrays["gain"][None])
    impulse, wanted = tf.one_hot([0], samples), tf.constant(arrays["target"])

    def response(matrix: tf.Tensor) -> tf.Tensor:
        return dsp.fdn(impulse, dsp.Network(lines, matrix, into, out, gains, tf.zeros([1, 16])))[:, :, 0]

    def step() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(response(dsp.reflections(vectors)) - wanted))
        return tape.gradient(loss, [vectors, into, out, gains])

    plain, compiled = tf.function(step), tf.function(step, jit_compile=True)
    works = {"ddspgraph, plain": lambda: plain()[0].numpy(), "ddspgraph, XLA": lambda: compiled()[0].numpy()}
    python = os.environ.get("FLAMO")
    if python is None:
        return works
    peer = Peer([python, str(Path(__file__).with_name("flamo_step.py")), str(folder)])
    peer.ask("response")
    theirs = np.load(folder / "response.npy")
    error = (
        np.abs(response(tf.constant(np.load(folder / "matrix.npy")))[0].numpy() - theirs).max() / np.abs(theirs).max()
    )
    # A loop in float64 is 2e-7 of the peak from ours and 1.2e-4 from FLAMO's, which solves at frequencies in float32.
    assert error < 5e-4, f"the responses differ by {error:.2g} of the peak"
    return {"FLAMO 0.2.20": lambda: peer.ask("step"), **works}


class Peer:
    """A process that answers each line with a line."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answer()

    def ask(self, what: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} has ended")
        return line


def compressor() -> Works:
    """A compressor on 64,000 samples, forward + backward: a loop of 16 samples a turn against policy iteration."""
    x = tf.constant(_bursts(64_000))
    knobs = {"threshold": -30.0, "ratio": 4.0, "knee": 6.0, "attack": 5e-3, "release": 0.12}
    learned = {name: tf.constant([[value]]) for name, value in knobs.items()}
    op = dg.ops.Compressor(sample_rate=44_100)

    def by_loop(x: tf.Tensor, threshold: Any, ratio: Any, knee: Any, attack: Any, release: Any) -> tf.Tensor:
        """g + c (wanted - g), sample by sample."""
        wanted = dsp.compression_db(dsp.amplitude_level(x), threshold, ratio, knee)
        down, up = dsp.approach(attack, 44_100.0), dsp.approach(release, 44_100.0)
        blocks = tf.reshape(wanted, [-1, 16, 1])

        def step(i: Any, g: Any, made: Any) -> Any:
            found = []
            for each in tf.unstack(blocks[i]):
                g += tf.where(each < g[0], down[0], up[0]) * (each - g)
                found.append(g)
            return i + 1, g, made.write(i, tf.stack(found))

        made = tf.TensorArray(tf.float32, size=tf.shape(blocks)[0], element_shape=[16, 1])
        made = tf.while_loop(lambda i, *_: i < tf.shape(blocks)[0], step, (tf.constant(0), tf.zeros([1]), made))[2]
        return x * dsp.gain_of_db(tf.reshape(made.stack(), [1, -1]))

    def slopes(compress: Callable[..., tf.Tensor]) -> Callable[[], object]:
        @tf.function(autograph=False)
        def run(x: tf.Tensor, **knobs: tf.Tensor) -> Any:
            with tf.GradientTape() as tape:
                tape.watch([x, *knobs.values()])
                total = tf.reduce_sum(tf.square(compress(x, **knobs)))
            return tape.gradient(total, [x, *knobs.values()])

        return lambda: [slope.numpy() for slope in run(x, **learned)]

    return {"a loop in TensorFlow": slopes(by_loop), "compressor": slopes(lambda x, **how: op(audio=x, **how))}


ROWS: tuple[Callable[[], Works], ...] = (comb, network, flamo, sections, compressor, voices, voices_live)


def _bursts(samples: int) -> np.ndarray:
    """Noise whose level goes up and down, as of plucked notes: [1, samples]."""
    rng, since = np.random.default_rng(0), np.arange(samples) % 11_000
    return (rng.normal(size=(1, samples)) * 0.3 * np.exp(-since / 4_000.0)).astype(np.float32)


def _sound() -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).normal(size=(1, SECONDS * RATE)), tf.float32)


def measured(works: Works) -> dict[str, list[float]]:
    """Milliseconds of the calls of each work, which take turns."""
    for work in works.values():
        work()
        work()
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(CALLS):
        for name, work in works.items():
            before = time.perf_counter()
            work()
            taken[name].append(1000.0 * (time.perf_counter() - before))
    return taken


def table(row: Callable[[], Works]) -> str:
    taken = measured(row())
    least = {name: min(times) for name, times in taken.items()}
    first = next(iter(taken))
    if first.endswith("s of sound"):  # the sound itself takes as long as it lasts
        least[first] = 1000.0 * float(first.split()[0])
        taken[first] = [least[first]]
    lines = [f"## {(row.__doc__ or '').strip()}", "", "| work | ms | ratio |", "| --- | --- | --- |"]
    for name, times in taken.items():
        ratio = "" if name == first else f"{least[first] / least[name]:.3g}x"
        lines.append(f"| {name} | {least[name]:.4g} ({statistics.median(times):.4g}) | {ratio} |")
    return "\n".join([*lines, ""])


def main(names: list[str]) -> None:
    rows = [row for row in ROWS if not names or row.__name__ in names]
    machine = f"{date.today().isoformat()}, {os.cpu_count()} cores ({platform.machine()}), Python"
    machine += f" {platform.python_version()}, TensorFlow {tf.__version__}, SciPy {scipy.__version__}.\n"
    text = "\n".join([HEAD, machine, *map(table, rows)])
    print(text)
    if not names:
        (Path(__file__).parent / "studio.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
