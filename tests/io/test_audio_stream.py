"""Recordings read block by block are those that are read at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ddspgraph.diagnostics import GraphError
from ddspgraph.io import audio
from ddspgraph.io.audio import read_audio, stream_audio
from ddspgraph.limits import Limits


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "_BLOCK_FRAMES", 1_000)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_blocks_are_the_whole(suffix: str, channels: int, rate: int, tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (7_321, channels))
    soundfile.write(tmp_path / f"x{suffix}", x, rate)
    blocks = list(stream_audio(tmp_path / f"x{suffix}", 16_000))
    assert len(blocks) > 5
    assert all(block.dtype == np.float32 and block.ndim == 1 for block in blocks)
    whole = read_audio(tmp_path / f"x{suffix}", 16_000)
    found = np.concatenate(blocks)
    assert found.shape == whole.shape
    np.testing.assert_allclose(found, whole, atol=1e-5)


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    x = np.zeros(7_000, np.float32)
    x[5_432] = np.nan
    soundfile.write(tmp_path / "nan.wav", x, 16_000, subtype="FLOAT")
    soundfile.write(tmp_path / "long.wav", np.zeros(40_000), 16_000)
    soundfile.write(tmp_path / "short.wav", [0.5], 44_100)
    (tmp_path / "none.wav").write_bytes(b"")
    for name, code, said in (
        ("nan.wav", "E602", "the first is 5,432"),
        ("long.wav", "E701", "40,000 samples"),
        ("none.wav", "E602", "the file is empty"),
        ("short.wav", "E602", "1 sample at 44.1 kHz come to none at 16 kHz"),
        ("absent.wav", "E601", "does not exist"),
    ):
        with pytest.raises(GraphError, match=said) as raised:
            list(stream_audio(tmp_path / name, 16_000, limits=Limits(audio_seconds=2)))
        assert raised.value.diagnostics[0].code == code
        with pytest.raises(GraphError) as raised:
            read_audio(tmp_path / name, 16_000, limits=Limits(audio_seconds=2))
        assert raised.value.diagnostics[0].code == code
