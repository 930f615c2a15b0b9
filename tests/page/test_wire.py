"""What goes into the page: 16-bit curves, PNG images, FLAC sounds within a budget."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import soundfile

from ddspgraph.ir.graph import Clock
from ddspgraph.ir.types import Rate, Signal, signal
from ddspgraph.page import wire
from ddspgraph.page.png import palette, png
from ddspgraph.page.views import view
from ddspgraph.page.wire import flac, view_json, views_of

CLOCK = Clock(16_000)
AUDIO = signal("batch", "samples", rate=Rate.AUDIO)


def decoded(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<u2")


def test_curves_keep_their_values_to_16_bits() -> None:
    x = np.linspace(-3, 7, 500)
    x[20] = np.nan
    shown = view("level", x[None, :, None], signal("batch", "frames", 1, rate=Rate.FRAME), CLOCK)
    chart = view_json(shown, 16_000)["charts"][0]
    levels = decoded(chart["lines"][0]["low"])
    found = chart["y"]["low"] + levels / 65_534 * (chart["y"]["high"] - chart["y"]["low"])
    assert levels[20] == 65_535
    keep = np.arange(500) != 20
    assert found[keep] == pytest.approx(x[keep], abs=2e-4)


def test_pitch_is_packed_on_its_logarithmic_axis() -> None:
    hz = np.geomspace(110, 880, 300)
    shown = view("f0_hz", hz[None, :, None], signal("batch", "frames", 1, rate=Rate.FRAME), CLOCK)
    chart = view_json(shown, 16_000)["charts"][0]
    low, high = chart["y"]["low"], chart["y"]["high"]
    found = low * (high / low) ** (decoded(chart["lines"][0]["low"]) / 65_534)
    assert found == pytest.approx(hz, rel=1e-4)


def test_an_image_is_a_png_that_others_read() -> None:
    pytest.importorskip("matplotlib")
    import matplotlib.image

    levels = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    read = matplotlib.image.imread(io.BytesIO(png(levels)), format="png")
    assert np.round(read[..., :3] * 255).astype(np.uint8).tolist() == palette()[levels[::-1]].tolist()


def test_colours_read_in_black_and_white() -> None:
    """Each level is lighter than the one before it: ITU-R BT.709 luma."""
    luma = palette()[:255].astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luma) > -0.5).all()
    assert luma[-1] - luma[0] > 200


def test_a_sound_is_16_bit_flac() -> None:
    x = 0.5 * np.sin(np.arange(16_000) / 10)
    data, count = flac(x[:, None], 16_000, 600_000)
    read, rate = soundfile.read(io.BytesIO(data))
    assert (count, rate, len(read)) == (16_000, 16_000, 16_000)
    assert read == pytest.approx(x, abs=1 / 32_000)
    assert soundfile.info(io.BytesIO(data)).subtype == "PCM_16"


@pytest.mark.parametrize("most_bytes", [20_000, 100_000])
def test_a_long_sound_is_cut_to_its_budget(most_bytes: int) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, [160_000, 1])
    data, count = flac(noise, 16_000, most_bytes)
    assert 0.6 * most_bytes < len(data) <= most_bytes
    read, _ = soundfile.read(io.BytesIO(data))
    assert len(read) == count < len(noise)
    assert abs(read[-1]) < 0.02  # faded out: no click


def test_six_seconds_are_played_whole() -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, [1, 6 * 44_100]).astype(np.float32)
    views, _ = views_of({"a/signal": noise, "b/signal": -noise}, dict.fromkeys(("a/signal", "b/signal"), AUDIO), CLOCK)
    assert not any("cut" in v for v in views)


def test_all_sounds_of_a_page_stay_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SOUND_BYTES", 2_600_000)
    rng = np.random.default_rng(0)
    values = {f"n{i}/signal": rng.uniform(-1, 1, [1, 80_000]).astype(np.float32) for i in range(30)}
    views, index = views_of(values, dict.fromkeys(values, AUDIO), CLOCK)
    assert len(set(index.values())) == 30
    assert sum(len(v["sound"]) for v in views) < 2_600_000 * 4 / 3 + 30 * 100
    assert all(v["cut"].startswith("the player holds the first ") and v["cut"].endswith(" of 5 s") for v in views)


def test_equal_signals_are_written_once() -> None:
    x = np.ones([1, 100], np.float32)
    kinds: dict[str, Signal] = {"a": AUDIO, "b": AUDIO, "c": signal("batch", "samples")}
    views, index = views_of({"a": x, "b": x.copy(), "c": x}, kinds, CLOCK)
    assert index["a"] == index["b"] != index["c"]
    assert len(views) == 2


def test_everything_is_json_without_nan() -> None:
    x = np.full([1, 300], np.nan, np.float32)
    views, _ = views_of(
        {"a": x, "b": np.full([1, 300, 9], np.inf, np.float32)},
        {"a": AUDIO, "b": signal("batch", "frames", 9, rate=Rate.FRAME)},
        CLOCK,
    )
    json.dumps(views, allow_nan=False)
