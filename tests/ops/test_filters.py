"""Recursive filters: values, gradients, streams and exports against SciPy in float64 and closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal as sp
import tensorflow as tf

import ddspgraph as dg
from ddspgraph import dsp
from ddspgraph.diagnostics import GraphError
from ddspgraph.ir.gains import Linear, Range
from ddspgraph.ir.types import Rate, signal
from ddspgraph.ops import OPS
from tests.export.converted import both_ways

RATE = 48_000
#: Float32 products of float64 matrices: what a filter is held to, whatever its poles.
MOST_DB = -120.0


def cookbook(kind: str, f: Any, q: Any, gain_db: Any = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """b and a of R. Bristow-Johnson's Audio EQ Cookbook, in its own words; float64."""
    w, a = 2 * np.pi * np.float64(f) / RATE, 10 ** (np.float64(gain_db) / 40)
    c, alpha = np.cos(w), np.sin(w) / (2 * q)
    root = 2 * np.sqrt(a) * alpha
    b, den = {
        "lowpass": ([(1 - c) / 2, 1 - c, (1 - c) / 2], [1 + alpha, -2 * c, 1 - alpha]),
        "highpass": ([(1 + c) / 2, -1 - c, (1 + c) / 2], [1 + alpha, -2 * c, 1 - alpha]),
        "bandpass": ([alpha, 0, -alpha], [1 + alpha, -2 * c, 1 - alpha]),
        "notch": ([1, -2 * c, 1], [1 + alpha, -2 * c, 1 - alpha]),
        "allpass": ([1 - alpha, -2 * c, 1 + alpha], [1 + alpha, -2 * c, 1 - alpha]),
        "peaking": ([1 + alpha * a, -2 * c, 1 - alpha * a], [1 + alpha / a, -2 * c, 1 - alpha / a]),
        "low_shelf": (
            [a * (a + 1 - (a - 1) * c + root), 2 * a * (a - 1 - (a + 1) * c), a * (a + 1 - (a - 1) * c - root)],
            [a + 1 + (a - 1) * c + root, -2 * (a - 1 + (a + 1) * c), a + 1 + (a - 1) * c - root],
        ),
        "high_shelf": (
            [a * (a + 1 + (a - 1) * c + root), -2 * a * (a - 1 + (a + 1) * c), a * (a + 1 + (a - 1) * c - root)],
            [a + 1 - (a - 1) * c + root, 2 * (a - 1 - (a + 1) * c), a + 1 - (a - 1) * c - root],
        ),
    }[kind]
    return np.array(b) / den[0], np.array(den) / den[0]


def error_db(found: Any, expected: np.ndarray) -> float:
    """The largest difference, relative to the peak of what is expected."""
    return float(20 * np.log10(np.abs(np.asarray(found) - expected).max() / np.abs(expected).max() + 1e-30))


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def const(x: float) -> np.ndarray:
    return np.array([[x]], np.float32)


def applied(name: str, x: np.ndarray, **controls: Any) -> np.ndarray:
    params = {key: controls.pop(key) for key in ("order", "high_pass") if key in controls}
    return np.asarray(OPS[name](sample_rate=RATE, **params)(audio=x, **controls))  # type: ignore[call-arg]


SECOND = ("lowpass", "highpass", "bandpass", "notch", "allpass")
BANDS = ("peaking", "low_shelf", "high_shelf")


@pytest.mark.parametrize("kind", [*SECOND, *BANDS])
def test_it_is_the_cookbooks_filter_constant_and_moving(kind: str) -> None:
    x = noise(1, 2, 3001)
    for f, q, gain_db in ((50.0, 10.0, 12.0), (3000.0, 0.4, -9.0), (20_000.0, 2.0, 5.0)):
        b, a = cookbook(kind, f, q, gain_db)
        expected = sp.lfilter(b, a, x.astype(np.float64))
        name, others = ("frequency", {"gain": const(gain_db)}) if kind in BANDS else ("cutoff", {})
        constant = applied(kind, x, **{name: const(f), "q": const(q), **others})
        assert error_db(constant, expected) < MOST_DB
        moving = applied(kind, x, **{name: np.full(x.shape, f, np.float32), "q": const(q), **others})
        assert error_db(moving, expected) < MOST_DB + 10  # sums of a scan: two more roundings a sample


@pytest.mark.parametrize(
    ("order", "cutoff", "high"), [(1, 30, False), (4, 30, False), (4, 30, True), (7, 5000, False), (16, 60, False)]
)
def test_a_pass_is_scipys_butterworth(order: int, cutoff: float, high: bool) -> None:
    """Its float32 error is below -120 dB, and below that of SciPy's sections in float32."""
    x = noise(2, 1, 20_000)
    sos = sp.butter(order, cutoff, "high" if high else "low", fs=RATE, output="sos")
    expected = sp.sosfilt(sos, x.astype(np.float64))
    found = applied("highpass" if high else "lowpass", x, cutoff=const(cutoff), order=order)
    assert error_db(found, expected) < min(MOST_DB, error_db(sp.sosfilt(sos.astype(np.float32), x), expected))


def test_given_sections_are_scipys() -> None:
    x = noise(3, 2, 5000)
    sos = sp.ellip(8, 1, 60, 1000, fs=RATE, output="sos")
    rounded = sos.astype(np.float32).astype(np.float64)
    assert error_db(applied("sos", x, sections=sos[None]), sp.sosfilt(rounded, x.astype(np.float64))) < MOST_DB
    both = np.stack([sos[0], [0.5, 0.2, 0.0, 2.0, -1.8, 0.0]]).astype(np.float32)  # one for each of the batch
    found = applied("biquad", x, b=both[:, :3], a=both[:, 3:])
    for row, given, y in zip(both.astype(np.float64), x, found, strict=True):
        assert error_db(y, sp.lfilter(row[:3], row[3:], given.astype(np.float64))) < MOST_DB
    wide = sp.butter(12, 4000, fs=RATE, output="sos")  # all of the gain, 1e-8, in the first section
    found = applied("sos", x, sections=wide[None])
    assert error_db(found, sp.sosfilt(wide.astype(np.float32).astype(np.float64), x.astype(np.float64))) < MOST_DB


def test_an_impulse_through_one_pole_is_the_closed_form() -> None:
    g = np.tan(np.pi * 1000 / RATE)
    p, gain = (1 - g) / (1 + g), g / (1 + g)
    n = np.arange(1, 200)
    expected = gain * np.concatenate([[1.0], (1 + p) * p ** (n - 1)])
    impulse = np.eye(1, 200, dtype=np.float32)
    for cutoff in (const(1000.0), np.full([1, 200], 1000.0, np.float32)):
        np.testing.assert_allclose(applied("one_pole", impulse, cutoff=cutoff)[0], expected, atol=1e-7)
        high = applied("one_pole", impulse, cutoff=cutoff, high_pass=True)
        np.testing.assert_allclose(high[0], impulse[0] - expected, atol=1e-7)


def test_bands_of_an_equaliser_are_peaks_in_series() -> None:
    x, f, gain_db, q = noise(4, 1, 4000), [100.0, 1000.0, 9000.0], [6.0, -12.0, 9.0], [0.5, 4.0, 1.0]
    expected = x.astype(np.float64)
    for band in zip(f, q, gain_db, strict=True):
        expected = sp.lfilter(*cookbook("peaking", *band), expected)
    given = {"frequency": [[f]], "gain": [[gain_db]]}
    assert error_db(applied("parametric_eq", x, **given, q=[[q]]), expected) < MOST_DB
    open_q = applied("parametric_eq", x, **given)
    np.testing.assert_allclose(open_q, applied("parametric_eq", x, **given, q=[[[np.sqrt(0.5)] * 3]]), atol=1e-6)


def test_values_of_a_state_variable_filter_add_up() -> None:
    x = noise(5, 1, 2000)
    sweep = np.geomspace(100, 10_000, 2000, dtype=np.float32)[None]
    parts = OPS["svf"](sample_rate=RATE).signals(x, sweep, const(4.0))  # type: ignore[call-arg]
    np.testing.assert_allclose(parts["low"] + parts["band"] / 4.0 + parts["high"], x, atol=1e-5)
    steady = OPS["svf"](sample_rate=RATE).signals(x, const(800.0), const(4.0))  # type: ignore[call-arg]
    for name in ("low", "high"):
        expected = sp.lfilter(*cookbook(f"{name}pass", 800.0, 4.0), x.astype(np.float64))
        assert error_db(steady[name], expected) < MOST_DB + 10


def loop(x: np.ndarray, f: np.ndarray, q: np.ndarray, gain_db: np.ndarray) -> np.ndarray:
    """A peak whose controls move, sample by sample in float64: the equations of the trapezoidal filter."""
    s1 = s2 = 0.0
    y = []
    for xn, fn, qn, gn in zip(x, f, q, gain_db, strict=True):
        a = 10 ** (gn / 40)
        g, k = np.tan(np.pi * fn / RATE), 1 / (qn * a)
        v1 = (s1 + g * (xn - s2)) / (1 + g * (g + k))
        v2 = s2 + g * v1
        s1, s2 = 2 * v1 - s1, 2 * v2 - s2
        y.append(xn + k * (a * a - 1) * v1)
    return np.array(y)


def test_moving_controls_and_their_gradients() -> None:
    """Against the loop, and its finite differences along a direction in every control, in float64."""
    rng = np.random.default_rng(6)
    n = 700
    x, weights = rng.normal(size=n), rng.normal(size=n)
    controls = [np.exp(rng.normal(size=n).cumsum() / 20) * 1000, rng.uniform(0.5, 5, n), rng.uniform(-12, 12, n)]
    tensors = [tf.constant(v[None], tf.float32) for v in (x, *controls)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y = OPS["peaking"](sample_rate=RATE)(*tensors[:2], gain=tensors[3], q=tensors[2])  # type: ignore[call-arg]
        total = tf.reduce_sum(y * tf.constant(weights[None], tf.float32))
    assert error_db(y[0], loop(x, *controls)) < -110
    for i, gradient in enumerate(tape.gradient(total, tensors)):
        arrays = [x, *controls]
        step = rng.normal(size=n) * arrays[i] * 1e-5
        up, down = (loop(*[v + sign * step * (j == i) for j, v in enumerate(arrays)]) for sign in (1, -1))
        slope = ((up - down) * weights).sum() / 2
        assert float((gradient[0] * step).numpy().sum()) == pytest.approx(slope, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("name", ["cutoff", "q"])
def test_gradients_of_constants(name: str) -> None:
    """Against finite differences of SciPy in float64; both of a batch have controls of their own."""
    x, weights = noise(7, 2, 3000), noise(8, 2, 3000)
    at = {"cutoff": np.array([40.0, 3000.0]), "q": np.array([3.0, 0.6])}

    def total(**moved: np.ndarray) -> np.ndarray:
        now = {**at, **moved}
        rows = [
            sp.lfilter(*cookbook("lowpass", f, q), row) for f, q, row in zip(now["cutoff"], now["q"], x, strict=True)
        ]
        return (np.array(rows) * weights).sum(axis=1)

    controls = {key: tf.constant(v[:, None], tf.float32) for key, v in at.items()}
    with tf.GradientTape() as tape:
        tape.watch(controls)
        y = OPS["lowpass"](sample_rate=RATE)(audio=x, **controls)  # type: ignore[call-arg]
        found = tape.gradient(tf.reduce_sum(y * weights), controls)
    step = 1e-5 * at[name]
    slope = (total(**{name: at[name] + step}) - total(**{name: at[name] - step})) / (2 * step)
    np.testing.assert_allclose(np.array(found[name])[:, 0], slope, rtol=1e-3)


def test_what_is_out_of_range_is_the_nearest_and_its_gradient_stays() -> None:
    x = noise(9, 1, 500)
    for far, near in ((-5.0, 1e-6 * RATE), (0.0, 1e-6 * RATE), (30_000.0, 0.499 * RATE), (1e30, 0.499 * RATE)):
        f = tf.constant([[far]])
        with tf.GradientTape() as tape:
            tape.watch(f)
            y = OPS["lowpass"](sample_rate=RATE)(x, f)  # type: ignore[call-arg]
            total = tf.reduce_sum(y**2)
        np.testing.assert_allclose(y, applied("lowpass", x, cutoff=const(near)), atol=1e-7)
        assert np.isfinite(np.array(tape.gradient(total, f))).all()
    unstable = np.array([[1.0, 0, 0, 1.0, -2.5, 1.2]])
    assert np.isfinite(applied("sos", x, sections=unstable[None])).all()


def test_thousands_of_modulations_do_not_overflow() -> None:
    """Cutoff, Q and gain jump anywhere in their ranges at every sample."""
    rng = np.random.default_rng(10)
    shape = (2000, 64)
    f, q = RATE * 10 ** rng.uniform(-7, 0, shape), 10 ** rng.uniform(-3, 4, shape)
    for kind in ("lowpass", "bandpass"):
        y = applied(kind, rng.normal(size=shape), cutoff=f, q=q)
        assert np.abs(y).max() < 1e6


def test_edges() -> None:
    """Silence, an offset, Nyquist, one sample, none."""
    ones = np.ones([1, 4000], np.float32)
    nyquist = np.resize(np.float32([1, -1]), [1, 4000])
    cutoff = const(1000.0)
    for order in (1, 2, 5):
        how = {"cutoff": cutoff, "order": order}
        assert not applied("lowpass", 0 * ones, **how).any()
        assert applied("lowpass", ones, **how)[0, -1] == pytest.approx(1.0, abs=1e-6)
        assert applied("highpass", nyquist, **how)[0, -1] == pytest.approx(-1.0, abs=1e-6)
        assert abs(applied("lowpass", nyquist, **how)[0, -1]) < 1e-6
        assert abs(applied("highpass", ones, **how)[0, -1]) < 1e-6
        one = applied("lowpass", ones[:, :1], **how)
        np.testing.assert_allclose(one, applied("lowpass", ones, **how)[:, :1], atol=1e-8)
    assert applied("lowpass", ones[:, :0], cutoff=cutoff).shape == (1, 0)
    assert abs(applied("dc_blocker", ones.repeat(10, 1))[0, -1]) < 1e-6


def test_what_dies_away_ends_at_zero() -> None:
    """No subnormal number is left, which some runtimes compute a hundred times as slowly."""
    x = np.zeros([1, 60_000], np.float32)
    x[0, 0] = 1.0
    for cutoff in (const(2000.0), np.full(x.shape, 2000.0, np.float32)):
        y = applied("lowpass", x, cutoff=cutoff, order=4)
        assert y[0, 0] != 0.0
        assert not y[0, 40_000:].any()
        assert not ((np.abs(y) > 0) & (np.abs(y) < np.finfo(np.float32).tiny)).any()


def test_long_audio_goes_through_all_levels() -> None:
    """Of blocks, groups, groups of groups, and what is beyond; also an odd rest."""
    x = noise(11, 1, 150_001)
    expected = sp.sosfilt(sp.butter(2, 5, fs=RATE, output="sos"), x.astype(np.float64))
    assert error_db(applied("lowpass", x, cutoff=const(5.0)), expected) < MOST_DB


SPEC = """\
version: 2
name: filters
clock: {sample_rate: 48 kHz, frame_rate: 1 kHz}
inputs: {audio: {rate: audio}, sweep: {rate: frame, unit: Hz}, knob: {rate: const, unit: Hz}}
nodes:
  fixed: {op: highpass, inputs: {audio: audio, cutoff: 60 Hz}, params: {order: 3}}
  swept: {op: lowpass, inputs: {audio: fixed, cutoff: sweep, q: 2}}
  turned: {op: peaking, inputs: {audio: audio, frequency: knob, gain: 6 dB}}
  both: {op: add, inputs: [swept, turned]}
outputs: {both: both}
"""


@pytest.fixture(scope="module")
def model() -> dg.CompiledGraph:
    return dg.compile(SPEC)


def test_a_stream_is_the_graph(model: dg.CompiledGraph) -> None:
    rng = np.random.default_rng(12)
    audio, sweep = noise(13, 2, 48 * 60), rng.uniform(100, 8000, (2, 60, 1)).astype(np.float32)
    knob = np.array([300.0, 2000.0], np.float32)
    whole = model({"audio": audio, "sweep": sweep, "knob": knob})
    stream = dg.compile_stream(model)
    state = stream.initial_state(2, constants={"knob": knob})
    parts, first = [], 0
    for frames in (1, 3, 20, 36):
        block = {"audio": audio[:, 48 * first : 48 * (first + frames)], "sweep": sweep[:, first : first + frames]}
        state, made = stream.process(state, block)
        first += frames
        parts.append(made["both"].numpy())
    late, found = stream.latencies["both"], np.concatenate(parts, axis=1)
    np.testing.assert_allclose(found[:, late:], whole["both"][:, : found.shape[1] - late], atol=2e-5)


def test_litert_computes_coefficients_by_pairs_of_float32() -> None:
    """It has no float64, and the pole of 30 Hz is next to 1."""
    low = OPS["one_pole"](sample_rate=RATE)  # type: ignore[call-arg]
    given = {"audio": noise(14, 1, 300), "cutoff": const(30.0)}
    wanted, found = both_ways(lambda audio, cutoff: {"y": low(audio, cutoff)}, "litert", given)
    assert error_db(found["y"], wanted["y"].astype(np.float64)) < -100


def test_onnx_moves_a_filter() -> None:
    peak = OPS["peaking"](sample_rate=RATE)  # type: ignore[call-arg]
    given = {"audio": noise(14, 1, 300), "sweep": 1000 + 500 * np.abs(noise(15, 1, 300))}
    wanted, found = both_ways(lambda audio, sweep: {"y": peak(audio, sweep, gain=[[6.0]])}, "onnx", given)
    assert error_db(found["y"], wanted["y"].astype(np.float64)) < -100


@pytest.mark.parametrize("kind", [*SECOND, *BANDS])
def test_what_a_loop_is_told_is_the_filter(kind: str) -> None:
    """Known controls give its polynomials; of learned ones the largest gain anywhere in their bounds is told."""
    name = "frequency" if kind in BANDS else "cutoff"
    known = {name: Range.of(700.0), "q": Range.of(0.6), "audio": Range.of(-1, 1)}
    known |= {"gain": Range.of(-7.0)} if kind in BANDS else {}
    op = OPS[kind](sample_rate=RATE)  # type: ignore[call-arg]
    way = op.ways({}, known, ["audio"])["audio", "signal"]
    assert isinstance(way, Linear)
    b, a = cookbook(kind, 700.0, 0.6, -7.0)
    np.testing.assert_allclose(way.b, b, atol=1e-12)
    np.testing.assert_allclose(way.a, a, atol=1e-12)
    ranges = known | {name: Range.of(50.0, 15_000.0)} | ({"gain": Range.of(-9.0, 6.0)} if kind in BANDS else {})
    constant = {port: signal("batch", 1, rate=Rate.AUDIO) for port in ranges}
    most = op.ways(constant, ranges, ["audio"])["audio", "signal"].energy  # type: ignore[attr-defined]
    for f in (50.0, 1000.0, 15_000.0):
        for gain_db in (-9.0, 0.0, 6.0):
            response = np.abs(sp.freqz(*cookbook(kind, f, 0.6, gain_db), 4096)[1])
            assert response.max() <= most * (1 + 1e-9)
    moving = constant | {name: signal("batch", "samples", rate=Rate.AUDIO)}
    assert op.ways(moving, ranges, ["audio"]) == {}


EQ = """\
version: 2
name: matched
clock: {sample_rate: 48 kHz}
inputs: {dry: {rate: audio}, treated: {rate: audio}}
nodes:
  eq:
    op: parametric_eq
    inputs:
      audio: dry
      frequency: {learn: [1 kHz, 6 kHz], min: 100 Hz, max: 20 kHz, scale: log}
      gain: {learn: 0 dB, min: -24 dB, max: 24 dB, shape: [2]}
      q: {learn: 1, min: 0.2, max: 10, scale: log, shape: [2]}
outputs: {audio: eq}
losses: {difference: {op: param_loss, inputs: [eq, treated], params: {loss_type: L2}}}
"""


def test_an_equaliser_is_found_again() -> None:
    """All six numbers, from its sound alone."""
    true = {"frequency": (1300.0, 5000.0), "gain": (6.0, -8.0), "q": (1.5, 0.8)}
    dry = noise(16, 1, 1500)
    treated = applied("parametric_eq", dry, **{name: np.float32([[x]]) for name, x in true.items()})
    how = {"recording": "treated", "given": {"dry": dry}, "learning_rate": 0.1, "grad_clip_norm": 1e9}
    fitted = dg.fit(EQ, treated[0], steps=150, **how)  # type: ignore[arg-type]
    for name, expected in true.items():
        found = fitted.model.as_trained.node_by_name[f"eq.{name}"].op.value  # type: ignore[attr-defined]
        np.testing.assert_allclose(found, expected, rtol=0.02)


def refused(spec: str) -> str:
    with pytest.raises(GraphError) as error:
        dg.load(spec)
    return str(error.value)


def test_what_does_not_fit_is_said() -> None:
    low: Callable[..., str] = SPEC.replace
    assert "E505" in refused(low("cutoff: 60 Hz", "cutoff: -6 dB"))
    first = refused(low("cutoff: 60 Hz}, params: {order: 3}", "cutoff: 60 Hz, q: 2}, params: {order: 1}"))
    assert "E304 'fixed': a filter of order 1 has no resonance, this literal is given for it" in first
    bands = "op: parametric_eq, inputs: {audio: audio, frequency: [100 Hz, 1 kHz], gain: [3 dB]}"
    assert "E414" in refused(low("op: highpass, inputs: {audio: audio, cutoff: 60 Hz}, params: {order: 3}", bands))
    (warning,) = dg.load(low("cutoff: 60 Hz", "cutoff: 30 kHz")).warnings
    assert warning.code == "W116"
    unstable = low("op: highpass, inputs: {audio: audio, cutoff: 60 Hz}, params: {order: 3}",
                   "op: biquad, inputs: {audio: audio, b: [1, 0, 0], a: [1, -2.1, 1]}")  # fmt: skip
    assert [w.code for w in dg.load(unstable).warnings] == ["W119"]
    assert dsp.n_states(dsp.pass_sections(tf.ones([1, 1]), 5)) == 5
