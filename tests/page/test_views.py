"""What is shown of an array: the kind of chart, its content, numbers and flags."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Dim, Rate, Signal, Unit, signal
from ddspgraph.page.charts import NO_LEVEL, Image, Lines, band, pooled
from ddspgraph.page.spectrogram import HIGH_DB, LOW_DB, spectrogram
from ddspgraph.page.views import view

CLOCK = Clock(16_000, Fraction(250), 64)
AUDIO = signal("batch", "samples", rate=Rate.AUDIO)
TIME = np.arange(32_000) / 16_000
TONE = 0.5 * np.sin(2 * np.pi * 1000 * TIME)


def frame(channels: int, unit: Unit = Unit.ANY) -> Signal:
    return signal("batch", "frames", channels, rate=Rate.FRAME, unit=unit)


def test_sound_has_a_waveform_a_spectrogram_and_can_be_heard() -> None:
    shown = view("out", TONE[None], AUDIO, CLOCK)
    wave, image = shown.charts
    assert isinstance(wave, Lines)
    assert wave.is_filled
    assert (wave.x.high, wave.x.unit) == (2.0, "s")
    assert isinstance(image, Image)
    assert shown.sound is not None
    assert shown.sound.shape == (32_000, 1)
    assert not shown.flags
    stats = dict(shown.stats)
    assert stats["shape"] == "[1, 32000]"
    assert stats["peak"] == "−6.0 dBFS"
    assert stats["RMS level"] == "−9.0 dBFS"


def test_stereo_is_one_sound_and_an_envelope_at_audio_rate_is_none() -> None:
    stereo = signal("batch", "samples", 2, rate=Rate.AUDIO)
    assert view("in", np.stack([TONE, -TONE], -1)[None], stereo, CLOCK).sound is not None
    assert (
        view("phase", np.abs(TONE)[None, :, None], signal("batch", "samples", 1, rate=Rate.AUDIO), CLOCK).sound is None
    )
    pitch = signal("batch", "samples", 1, rate=Rate.AUDIO, unit=Unit.HZ)
    assert view("f0", np.full([1, 32_000, 1], 220.0), pitch, CLOCK).sound is None


@pytest.mark.parametrize("unit", [Unit.HZ, Unit.ANY])
def test_pitch_is_on_a_logarithmic_axis_with_notes(unit: Unit) -> None:
    hz = np.geomspace(220, 440, 500)
    hz[100:150] = 0.0  # no pitch
    (chart,) = view("tone/f0_hz", hz[None, :, None], frame(1, unit), CLOCK).charts
    assert isinstance(chart, Lines)
    assert chart.y.is_log
    assert chart.y.unit == "Hz"
    assert [label for _, label in chart.y.ticks if "A" in label] == ["A3 220 Hz", "A4 440 Hz"]
    assert np.isnan(chart.bands[0].low[100:150]).all()
    assert np.isfinite(chart.bands[0].low[150:]).all()


def test_loudness_is_in_db() -> None:
    (chart,) = view("loudness_db", np.linspace(-60, -10, 500)[None, :, None], frame(1), CLOCK).charts
    assert isinstance(chart, Lines)
    assert (chart.y.label, chart.y.unit) == ("dB", "dB")
    assert chart.x.high == 2.0


def test_many_channels_are_a_heat_map_in_db() -> None:
    x = np.zeros([1, 500, 60])
    x[:, :, 3], x[:, 250:, 10] = 1.0, 0.1
    (chart,) = view("harmonic_distribution", x, frame(60, Unit.LINEAR), CLOCK).charts
    assert isinstance(chart, Image)
    assert (chart.unit, chart.low, chart.high) == ("dB", -80.0, pytest.approx(0.0, abs=1e-6))
    assert chart.levels.shape == (60, 400)
    assert (chart.levels[3] == 254).all()
    assert not chart.levels[10, :199].any()
    assert chart.levels[10, 300] == pytest.approx(0.75 * 254, abs=1)


def test_negative_numbers_are_not_taken_for_amplitudes() -> None:
    (chart,) = view("mfcc", np.random.default_rng(0).normal(size=[1, 500, 30]), frame(30), CLOCK).charts
    assert isinstance(chart, Image)
    assert chart.unit == ""


def test_few_pitches_are_curves() -> None:
    x = 220.0 * np.arange(1, 25) * np.ones([1, 500, 1])
    (chart,) = view("sin_freqs", x, frame(24, Unit.HZ), CLOCK).charts
    assert isinstance(chart, Lines)
    assert len(chart.bands) == 24


def test_few_constants_are_written_out() -> None:
    assert view("decay", np.array([[3.0, 0.5]]), signal(1, 2, unit=Unit.DB), CLOCK).numbers == "3, 0.5 dB"
    assert view("loss", np.float32(0.25), signal(), CLOCK).numbers == "0.25"
    assert view("magnitudes", np.ones([1, 1, 8]), frame(8, Unit.LINEAR), CLOCK).numbers == ", ".join("1" * 8)


def test_an_impulse_response_is_a_curve_over_its_index() -> None:
    (chart,) = view("ir", np.random.default_rng(0).normal(size=[1, 48_000]), signal(1, 48_000), CLOCK).charts
    assert isinstance(chart, Lines)
    assert chart.x.label == "index"
    assert len(chart.bands[0].low) == 600


def test_frames_of_a_grid_of_their_own_are_counted() -> None:
    own = Signal((Dim.of("batch"), Dim.of("mfcc_frames"), Dim.of(30)), Rate.FRAME)
    (chart,) = view("mfcc", np.ones([1, 125, 30]), own, CLOCK).charts
    assert (chart.x.label, chart.x.high) == ("frames", 125)
    hop_of_its_own = replace(own, dims=(own.dims[0], Dim.of("frames") // 2, own.dims[2]), hop=128)
    (chart,) = view("mfcc", np.ones([1, 125, 30]), hop_of_its_own, CLOCK).charts
    assert (chart.x.label, chart.x.high) == ("time in s", 1.0)


def test_the_first_of_a_batch_is_shown() -> None:
    shown = view("out", np.stack([TONE, 0 * TONE]), AUDIO, CLOCK)
    assert shown.note == "the first of 2 in the batch"
    assert not shown.flags


@pytest.mark.parametrize("shape", [(1, 0), (1, 1), (1, 3), (1, 5000)])
def test_any_length_can_be_shown(shape: tuple[int, int]) -> None:
    view("out", np.random.default_rng(0).normal(size=shape), AUDIO, CLOCK)
    view("f0_hz", np.abs(np.random.default_rng(0).normal(size=(*shape, 1))), frame(1, Unit.HZ), CLOCK)
    view("amps", np.random.default_rng(0).normal(size=(*shape, 7)), frame(7), CLOCK)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf, 1e-30, 1e30])
@pytest.mark.parametrize("unit", list(Unit))
def test_any_value_can_be_shown(value: float, unit: Unit) -> None:
    for channels in (1, 2, 60):
        view("x", np.full([1, 700, channels], value, np.float32), frame(channels, unit), CLOCK)
    view("x", np.full([1, 700], value, np.float32), signal("batch", "samples", rate=Rate.AUDIO, unit=unit), CLOCK)


# -- flags ------------------------------------------------------------------------------------


def kinds(x: np.ndarray) -> list[str]:
    return [flag.kind for flag in view("out", x[None], AUDIO, CLOCK).flags]


def test_values_that_are_not_finite_are_flagged_with_their_place() -> None:
    broken = TONE.copy()
    broken[[40, 41]] = np.nan, np.inf
    (flag,) = view("out", broken[None], AUDIO, CLOCK).flags
    assert (flag.kind, flag.word) == ("nan", "not finite")
    assert flag.text == "2 of 32,000 values are NaN or infinite, the first at [40, 0]"


def test_clipping_is_flagged() -> None:
    assert kinds(2.1 * TONE) == ["clipping"]
    assert kinds(np.clip(4 * TONE, -1, 1)) == ["clipping"]  # already cut
    assert kinds(2 * TONE) == []  # touches full scale, sample by sample


def test_silence_is_flagged() -> None:
    assert kinds(0 * TONE) == ["silence"]
    assert kinds(1e-4 * TONE) == ["silence"]
    assert kinds(1e-3 * TONE) == []
    assert [f.kind for f in view("level", np.zeros([1, 500, 1]), frame(1), CLOCK).flags] == ["silence"]


# -- spectrogram ------------------------------------------------------------------------------


def db(image: Image) -> np.ndarray:
    return image.low + image.levels / 254.0 * (image.high - image.low)


def spectrum(x: np.ndarray, rate: int = 16_000) -> Image:
    image = view("out", x[None], AUDIO, Clock(rate)).charts[1]
    assert isinstance(image, Image)
    return image


@pytest.mark.parametrize("hz", [100, 440, 1000, 5000])
@pytest.mark.parametrize("amplitude", [1.0, 0.1])
def test_a_sine_stands_at_its_level_and_frequency(hz: float, amplitude: float) -> None:
    image = spectrum(amplitude * np.sin(2 * np.pi * hz * TIME))
    middle = db(image)[:, 10:-10]
    assert middle.max(axis=0) == pytest.approx(20 * np.log10(amplitude), abs=1.6)  # 1.4 dB between two bins
    row = np.median(middle.argmax(axis=0)) + 0.5
    found_hz = image.y.low * (image.y.high / image.y.low) ** (row / len(middle))
    assert found_hz == pytest.approx(hz, rel=0.08 if hz == 100 else 0.04)
    assert np.sort(middle[:, 50])[: len(middle) // 2].max() < 20 * np.log10(amplitude) - 60


def test_a_click_stands_at_its_time() -> None:
    x = np.zeros(32_000)
    x[8000] = 1.0
    levels = db(spectrum(x)).max(axis=0)
    assert abs(levels.argmax() / len(levels) - 0.25) < 0.02
    assert (levels[: len(levels) // 6] == LOW_DB).all()


def test_the_cost_of_a_spectrogram_does_not_grow_with_the_sound() -> None:
    long = np.random.default_rng(0).normal(size=16_000 * 600).astype(np.float32)
    assert spectrum(long).levels.shape == (144, 400)


def test_levels_end_at_the_ends_of_the_scale() -> None:
    image = spectrogram(1e3 * TONE, 16_000, view("out", TONE[None], AUDIO, CLOCK).charts[0].x)
    assert db(image).max() == HIGH_DB
    assert (image.levels != NO_LEVEL).all()


# -- decimation -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [10, 600, 601, 12_345])
def test_an_envelope_keeps_every_extreme(count: int) -> None:
    x = np.random.default_rng(0).normal(size=count)
    found = band(x)
    assert len(found.low) <= 600
    assert (found.low.min(), found.high.max()) == (x.min(), x.max())
    assert (found.low <= found.high).all()


def test_an_envelope_has_gaps_where_there_are_no_numbers() -> None:
    x = np.ones(6000)
    x[1000:2000], x[3000] = np.nan, np.nan
    found = band(x)
    assert np.isnan(found.low[101:199]).all()
    assert found.low[300] == 1.0


def test_pooling_keeps_peaks() -> None:
    x = np.zeros([1000, 3])
    x[777, 1] = 5.0
    assert pooled(x, 100, 0).max(axis=0).tolist() == [0.0, 5.0, 0.0]
