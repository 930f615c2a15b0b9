"""Levels and spectra: recordings, closed forms, SciPy, and the exact number of frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.fft

from ddspgraph import ops
from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import Dim, Rate, Signal, Unit, signal
from tests.dsp.golden import Case, cases, relative_l2
from tests.ops.checks import assert_finite, results_of, traced

RNG = np.random.default_rng(12)
LEVELS = (ops.Loudness, ops.Power, ops.RmsEnergy)
SPECTRA = (ops.Mel, ops.Logmel, ops.Mfcc)
GOLDEN = {f"spectral_ops.compute_{op.name}": op for op in (*LEVELS, *SPECTRA)}
CLOCK: dict[str, Any] = {"sample_rate": 16_000, "frame_rate": 250}


@pytest.mark.parametrize("case", [c for c in cases() if c.source in GOLDEN], ids=lambda c: c.name)
def test_golden(case: Case) -> None:
    """Levels have a channel axis here, as all controls do; magenta/ddsp's functions have none."""
    inputs, outputs = case.arrays()
    op = GOLDEN[case.source]
    result = results_of(op(**case.params), **inputs)["signal"]
    expected = outputs["0"]
    assert relative_l2(result, expected[..., None] if op in LEVELS else expected) <= 1e-4


def test_levels_of_a_sine() -> None:
    """Of amplitude 1/2: mean square 1/8, -9.03 dB; at 1 kHz A-weighting leaves it as it is."""
    sine = 0.5 * np.sin(2 * np.pi * 1000.0 * np.arange(4096) / 16_000)[None]
    inner = slice(10, -10)
    rms = results_of(ops.RmsEnergy(), audio=sine)["signal"][0, inner, 0]
    power = results_of(ops.Power(), audio=sine)["signal"][0, inner, 0]
    np.testing.assert_allclose(rms, np.sqrt(1 / 8), rtol=1e-3)
    np.testing.assert_allclose(power, 10 * np.log10(1 / 8), atol=0.01)
    low = 0.5 * np.sin(2 * np.pi * 125.0 * np.arange(4096) / 16_000)[None]
    loudness = [results_of(ops.Loudness(n_fft=1024), audio=x)["signal"][0, inner, 0].mean() for x in (sine, low)]
    # IEC 61672-1, table 3: 125 Hz is 16.1 dB below 1 kHz.
    assert loudness[0] - loudness[1] == pytest.approx(16.1, abs=0.3)


def test_mfcc_is_scipys_cosine_transform_of_logmel() -> None:
    audio = RNG.normal(size=(1, 4000))
    bands: dict[str, Any] = {"lo_hz": 20.0, "hi_hz": 8000.0, "fft_size": 512}
    logmel = results_of(ops.Logmel(bins=40, **bands), audio=audio)["signal"][0]
    mfcc = results_of(ops.Mfcc(mel_bins=40, mfcc_bins=13, **bands), audio=audio)["signal"][0]
    expected = np.sqrt(2 / 40) / 2 * scipy.fft.dct(logmel, type=2)[:, :13]
    np.testing.assert_allclose(mfcc, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("n_samples", [640, 704, 1000, 1024])
@pytest.mark.parametrize("padding", ["center", "clock", "same", "valid"])
@pytest.mark.parametrize("op", LEVELS)
def test_number_of_frames_of_levels(op: type[Op], padding: str, n_samples: int) -> None:
    """Inferred from a number, and from an affine form of the clock's frames, exactly what comes out."""
    instance = op(padding=padding, **CLOCK)
    frames = results_of(instance, audio=np.zeros((1, n_samples)))["signal"].shape[1]
    assert frames_inferred(instance, Dim.of(n_samples)) == Dim.of(frames)
    affine = Dim(64, "frames", n_samples - 640)
    inferred = frames_inferred(instance, affine)
    assert inferred.name == "frames"
    assert inferred.at({"frames": 10}) == frames


@pytest.mark.parametrize("n_samples", [640, 704, 1000, 1024])
@pytest.mark.parametrize("pad_end", [True, False])
@pytest.mark.parametrize("op", SPECTRA)
def test_number_of_frames_of_spectra(op: type[Op], pad_end: bool, n_samples: int) -> None:
    instance = op(fft_size=512, pad_end=pad_end, sample_rate=16_000)
    frames = results_of(instance, audio=np.zeros((1, n_samples)))["signal"].shape[1]
    assert frames_inferred(instance, Dim.of(n_samples)) == Dim.of(frames)
    assert frames_inferred(instance, Dim(128, "frames")) == Dim(1, "frames", 0 if pad_end else -3)
    inferred = frames_inferred(instance, Dim(8, "frames", n_samples - 80))
    assert inferred.at({"frames": 10}) == frames


def frames_inferred(op: Op, samples: Dim) -> Dim:
    return op.infer({"audio": signal("batch", samples, rate=Rate.AUDIO)})["signal"].dims[1]


def test_types() -> None:
    audio = signal("batch", Dim(64, "frames"), rate=Rate.AUDIO)

    def text(op: Op) -> str:
        return str(op.infer({"audio": audio})["signal"])

    assert text(ops.Loudness(**CLOCK)) == "[batch, frames + 1, 1] frame dB"
    assert text(ops.Power(padding="same", **CLOCK)) == "[batch, frames, 1] frame dB"
    assert text(ops.RmsEnergy(padding="valid", **CLOCK)) == "[batch, frames - 7, 1] frame linear"
    assert text(ops.Mel(bins=20, sample_rate=16_000)) == "[batch, (frames + 7) // 8, 20] frame linear"
    assert (
        text(ops.Mfcc(mfcc_bins=50, mel_bins=30, fft_size=256, sample_rate=16_000)) == "[batch, frames, 30] frame any"
    )


def test_a_frame_rate_that_floats_cannot_divide() -> None:
    """16000 / 7 Hz is a hop of 7 samples; in floats 16000 // (16000 / 7) is 6."""
    op = ops.RmsEnergy(sample_rate=16_000, frame_rate=16_000 / 7, padding="same")
    assert results_of(op, audio=np.zeros((1, 700)))["signal"].shape == (1, 100, 1)
    assert frames_inferred(op, Dim(7, "frames")) == Dim.of("frames")


@pytest.mark.parametrize(
    ("op", "samples", "code", "hint"),
    [
        (ops.Loudness(n_fft=32, **CLOCK), 640, "E502", "write n_fft: 128"),
        (ops.Power(frame_size=32, **CLOCK), 640, "E502", "write frame_size: 128"),
        (ops.Power(padding="valid", **CLOCK), 300, "E414", "write `padding: center`"),
        (ops.Mel(pad_end=False, sample_rate=16_000), 2000, "E414", "write `pad_end: true`"),
        (ops.Mel(sample_rate=8000), 2000, "E502", "the nearest legal value is 4000"),
        (ops.Logmel(lo_hz=7900.0, sample_rate=16_000), 2000, "E502", None),
        (
            ops.Mfcc(overlap=0.9999, sample_rate=16_000),
            2000,
            "E502",
            "write `overlap: 0.75`; for frames of 1024 samples the largest is 0.999023, one at every sample",
        ),
    ],
)
def test_what_cannot_be_analysed_is_refused(op: Op, samples: int, code: str, hint: str | None) -> None:
    with pytest.raises(Mismatch) as caught:
        op.infer({"audio": signal("batch", samples, rate=Rate.AUDIO)})
    assert (caught.value.code, caught.value.port, caught.value.hint) == (code, "audio", hint)


def test_channels_are_refused() -> None:
    stereo: Signal = signal("batch", 640, 2, rate=Rate.AUDIO, unit=Unit.LINEAR)
    with pytest.raises(Mismatch) as caught:
        ops.Loudness(**CLOCK).infer({"audio": stereo})
    assert caught.value.code == "E413"


@pytest.mark.parametrize("op", [*LEVELS, *SPECTRA])
def test_silence_and_one_sample_are_finite(op: type[Op]) -> None:
    for n_samples in (1, 300):
        assert_finite(op(), {"audio": np.zeros((1, n_samples))})


@pytest.mark.parametrize("op", [*LEVELS, *SPECTRA])
def test_lengths_are_open(op: type[Op]) -> None:
    audio = {"audio": RNG.normal(size=(2, 1000))}
    np.testing.assert_allclose(traced(op(), audio)["signal"], results_of(op(), **audio)["signal"], rtol=1e-3, atol=1e-4)
