"""Recordings: what is read is what the file promises, or an error that says why (T21)."""

from __future__ import annotations

import contextlib
import os
import resource
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ddspgraph.diagnostics import GraphError
from ddspgraph.io.audio import read_audio, write_audio
from ddspgraph.io.audio_writer import audio_writer
from ddspgraph.limits import Limits

RATE = 16_000
SUBTYPES = {"PCM_U8": 2**-6, "PCM_16": 2**-14, "PCM_24": 2**-22, "PCM_32": 2**-22, "FLOAT": 0.0, "DOUBLE": 1e-7}


def tone(n: int = 1600, hz: float = 440.0, rate: int = RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(n) / rate)).astype(np.float32)


def code_of(read: Callable[[], object]) -> str:
    with pytest.raises(GraphError) as caught:
        read()
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.code


@pytest.mark.parametrize("subtype", SUBTYPES)
def test_wav_samples(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", tone(), RATE, subtype=subtype)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav", RATE), tone(), rtol=0, atol=SUBTYPES[subtype])


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
def test_flac_samples(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "a.flac", tone(), RATE, subtype=subtype)
    np.testing.assert_allclose(read_audio(tmp_path / "a.flac", RATE), tone(), rtol=0, atol=2**-6)


def test_flac_of_two_channels_and_many_blocks(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (300_000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.flac", x, RATE, subtype="PCM_24")
    found = read_audio(tmp_path / "a.flac", RATE, downmix=False)
    np.testing.assert_array_equal(found, soundfile.read(tmp_path / "a.flac", dtype="float32")[0])


@pytest.mark.parametrize("channels", range(1, 9))
def test_channels_are_averaged_with_a_notice(tmp_path: Path, channels: int) -> None:
    x = np.random.default_rng(channels).uniform(-1, 1, (50, channels)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", x, RATE, subtype="FLOAT")
    notices: list[str] = []
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav", RATE, notify=notices.append), x.mean(axis=1), atol=1e-6)
    assert len(notices) == (channels > 1)
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav", RATE, downmix=False), x)


@pytest.mark.parametrize("file_rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_resampling_keeps_a_tone_and_the_length(tmp_path: Path, file_rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(file_rate, rate=file_rate), file_rate, subtype="FLOAT")
    notices: list[str] = []
    x = read_audio(tmp_path / "a.wav", RATE, notify=notices.append)
    assert abs(len(x) - RATE) <= 1
    middle = slice(RATE // 4, 3 * RATE // 4)
    np.testing.assert_allclose(x[middle], tone(RATE)[middle], atol=1e-3)
    assert f"from {file_rate / 1000:g} kHz to 16 kHz" in notices[0]


def test_no_clock_keeps_the_rate_of_the_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(), 44_100, subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav"), tone())


def test_every_truncation_of_a_wav_is_an_error(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(100), RATE, subtype="PCM_16")
    data = (tmp_path / "a.wav").read_bytes()
    for length in range(len(data)):
        (tmp_path / "cut.wav").write_bytes(data[:length])
        assert code_of(lambda: read_audio(tmp_path / "cut.wav", RATE)) == "E602", length


def test_every_truncation_of_a_flac_is_an_error(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(-1, 1, 9_000)
    soundfile.write(tmp_path / "a.flac", x, RATE)
    data = (tmp_path / "a.flac").read_bytes()
    for length in [*range(0, 200, 7), *range(200, len(data) - 1, 997), len(data) - 3]:
        (tmp_path / "cut.flac").write_bytes(data[:length])
        assert code_of(lambda: read_audio(tmp_path / "cut.flac", RATE)) == "E602", length


@pytest.mark.parametrize("promised", [0, 201, 2_000, 0x7FFFFFFF, 0xFFFFFFFE])
def test_a_length_that_lies_is_an_error(tmp_path: Path, promised: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(100), RATE, subtype="PCM_16")
    data = bytearray((tmp_path / "a.wav").read_bytes())
    at = data.index(b"data") + 4
    assert struct.unpack_from("<I", data, at)[0] == 200
    struct.pack_into("<I", data, at, promised)
    (tmp_path / "a.wav").write_bytes(data)
    assert code_of(lambda: read_audio(tmp_path / "a.wav", RATE)) == "E602"


def test_a_flac_that_promises_another_length_is_an_error(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", tone(100), RATE)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    assert data[25] == 100  # the last byte of the number of samples in STREAMINFO
    for promised in (1, 99, 101, 255):
        data[25] = promised
        (tmp_path / "b.flac").write_bytes(data)
        assert code_of(lambda: read_audio(tmp_path / "b.flac", RATE)) == "E602"


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_no_samples_is_an_error(tmp_path: Path, suffix: str) -> None:
    soundfile.write(tmp_path / f"a{suffix}", np.zeros(0), RATE)
    assert code_of(lambda: read_audio(tmp_path / f"a{suffix}", RATE)) == "E602"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_an_error(tmp_path: Path, value: float) -> None:
    x = tone()
    x[7] = value
    soundfile.write(tmp_path / "a.wav", x, RATE, subtype="FLOAT")
    with pytest.raises(GraphError, match="1 of 1,600 samples are not finite, the first is 7"):
        read_audio(tmp_path / "a.wav", RATE)


def test_content_must_be_what_the_name_says(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", tone(), RATE)
    os.rename(tmp_path / "a.flac", tmp_path / "a.wav")
    with pytest.raises(GraphError, match="begins like FLAC"):
        read_audio(tmp_path / "a.wav", RATE)
    (tmp_path / "noise.flac").write_bytes(os.urandom(1000))
    assert code_of(lambda: read_audio(tmp_path / "noise.flac", RATE)) == "E602"
    (tmp_path / "a.mp3").write_bytes(b"ID3")
    assert code_of(lambda: read_audio(tmp_path / "a.mp3", RATE)) == "E602"


def test_flipped_bytes_never_escape(tmp_path: Path) -> None:
    """A damaged file gives samples or a GraphError, nothing else."""
    rng = np.random.default_rng(1)
    for suffix in (".wav", ".flac"):
        soundfile.write(tmp_path / f"a{suffix}", tone(300), RATE)
        data = (tmp_path / f"a{suffix}").read_bytes()
        for _ in range(150):
            damaged = bytearray(data)
            for _ in range(rng.integers(1, 4)):
                damaged[rng.integers(0, 60)] = rng.integers(0, 256)
            (tmp_path / f"b{suffix}").write_bytes(damaged)
            with contextlib.suppress(GraphError):
                assert len(read_audio(tmp_path / f"b{suffix}", limits=Limits(array_bytes=1 << 20)))


def test_what_is_not_a_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "violin.wav", tone(), RATE)
    with pytest.raises(GraphError, match=r"did you mean 'violin\.wav'"):
        read_audio(tmp_path / "violn.wav", RATE)
    os.mkfifo(tmp_path / "pipe.wav")
    assert code_of(lambda: read_audio(tmp_path / "pipe.wav", RATE)) == "E709"
    assert code_of(lambda: read_audio(tmp_path, RATE)) == "E709"


def test_too_long(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(RATE + 1), RATE)
    for limits in (Limits(audio_seconds=1), Limits(array_bytes=4 * RATE)):
        assert code_of(lambda limits=limits: read_audio(tmp_path / "a.wav", RATE, limits=limits)) == "E701"


@pytest.mark.parametrize(("suffix", "sample_format"), [(".wav", "pcm16"), (".flac", "pcm24"), (".wav", "float")])
def test_written_and_read_again(tmp_path: Path, suffix: str, sample_format: str) -> None:
    write_audio(tmp_path / f"a{suffix}", tone(), RATE, sample_format=sample_format)
    steps = {"pcm16": 2**-14, "pcm24": 2**-22, "float": 0.0}
    np.testing.assert_allclose(read_audio(tmp_path / f"a{suffix}", RATE), tone(), rtol=0, atol=steps[sample_format])


def test_what_is_too_loud_is_clipped_with_a_notice_and_never_normalised(tmp_path: Path) -> None:
    notices: list[str] = []
    write_audio(tmp_path / "a.wav", np.float32([0.25, 2.0, -4.0]), RATE, notify=notices.append)
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav", RATE), [0.25, 1.0, -1.0], atol=1e-6)
    assert "2 of 3 samples are clipped, the peak is +12.0 dBFS" in notices[0]
    write_audio(tmp_path / "b.wav", np.float32([0.25, 2.0, -4.0]), RATE, sample_format="float", notify=notices.append)
    np.testing.assert_array_equal(read_audio(tmp_path / "b.wav", RATE), [0.25, 2.0, -4.0])
    assert len(notices) == 1


def test_the_same_samples_are_the_same_bytes(tmp_path: Path) -> None:
    """libsndfile puts the time of day into a WAV of floats: here an hour later."""
    for suffix, sample_format in ((".wav", "float"), (".wav", "pcm24"), (".flac", "pcm16")):
        write_audio(tmp_path / f"a{suffix}", tone(), RATE, sample_format=sample_format)
        data = (tmp_path / f"a{suffix}").read_bytes()
        if b"PEAK" in data[:128]:
            at = data.index(b"PEAK")
            assert data[at + 12 : at + 16] == bytes(4)
        write_audio(tmp_path / f"b{suffix}", tone(), RATE, sample_format=sample_format)
        assert (tmp_path / f"b{suffix}").read_bytes() == data


@pytest.mark.parametrize(("suffix", "sample_format"), [(".wav", "pcm16"), (".flac", "pcm24"), (".wav", "float")])
def test_written_block_by_block(tmp_path: Path, suffix: str, sample_format: str) -> None:
    x = np.stack([tone(), -tone()], axis=1)
    write_audio(tmp_path / f"a{suffix}", x, RATE, sample_format=sample_format)
    with audio_writer(tmp_path / f"b{suffix}", RATE, 2, sample_format=sample_format) as write:
        for block in np.array_split(x, 7):
            write(block)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_a_recording_that_was_not_finished_does_not_appear(tmp_path: Path) -> None:
    def interrupted() -> None:
        with audio_writer(tmp_path / "a.wav", RATE, 1) as write:
            write(tone())
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        interrupted()
    assert not list(tmp_path.iterdir())


def test_a_full_disk(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        for suffix in (".wav", ".flac"):
            noise = np.random.default_rng(0).normal(size=99_999) / 8
            assert code_of(lambda: write_audio(tmp_path / f"a{suffix}", noise, RATE)) == "E607"  # noqa: B023
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written(tmp_path: Path) -> None:
    assert code_of(lambda: write_audio(tmp_path / "no" / "a.wav", tone(), RATE)) == "E607"
    assert code_of(lambda: write_audio(tmp_path / "a.flac", tone(), RATE, sample_format="float")) == "E607"
    assert code_of(lambda: write_audio(tmp_path / "a.ogg", tone(), RATE)) == "E602"
    assert not list(tmp_path.iterdir())
