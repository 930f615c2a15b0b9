"""Recordings of the kinds that libsndfile reads: whole, without padding, or an error that says why."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ddspgraph.diagnostics import GraphError
from ddspgraph.io.audio import read_audio, recording_length, stream_audio

RATE, N = 16_000, 16_007  # no whole number of blocks of any codec


def tone(n: int = N) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(n) / RATE)).astype(np.float32)


def written(path: Path, kind: str, subtype: str) -> Path:
    soundfile.write(path, tone(), RATE, format=kind, subtype=subtype)
    return path


#: A name, libsndfile's names for what is in it, and by how much a codec may change the middle of a tone.
KINDS = [
    ("a.ogg", "OGG", "VORBIS", 0.05),
    ("a.oga", "OGG", "VORBIS", 0.05),
    ("a.opus", "OGG", "OPUS", 0.05),
    ("a.mp3", "MP3", "MPEG_LAYER_III", 0.05),
    ("a.aiff", "AIFF", "PCM_16", 1e-4),
    ("a.AIF", "AIFF", "FLOAT", 0.0),
    ("a.aifc", "AIFF", "PCM_24", 1e-6),
    ("a.w64", "W64", "PCM_16", 1e-4),
    ("a.rf64", "RF64", "PCM_16", 1e-4),
    ("a.caf", "CAF", "ALAC_16", 1e-4),
    ("a.au", "AU", "PCM_16", 1e-4),
    ("a.voc", "VOC", "PCM_16", 1e-4),
    ("a.sph", "NIST", "PCM_16", 1e-4),
    ("a.svx", "SVX", "PCM_16", 1e-4),
]


@pytest.mark.parametrize(("name", "kind", "subtype", "tolerance"), KINDS)
def test_a_kind_is_read_whole(tmp_path: Path, name: str, kind: str, subtype: str, tolerance: float) -> None:
    if kind not in soundfile.available_formats():
        pytest.skip("this libsndfile was built without it")
    path = written(tmp_path / name, kind, subtype)
    found = read_audio(path, RATE)
    assert len(found) == N
    np.testing.assert_allclose(found[800:-800], tone()[800:-800], atol=tolerance)
    np.testing.assert_array_equal(np.concatenate(list(stream_audio(path, RATE))), found)
    assert recording_length(path, RATE) == N


@pytest.mark.parametrize(("name", "kind", "subtype", "tolerance"), KINDS)
def test_a_kind_that_was_cut_off_is_an_error(
    tmp_path: Path, name: str, kind: str, subtype: str, tolerance: float
) -> None:
    if kind not in soundfile.available_formats():
        pytest.skip("this libsndfile was built without it")
    data = written(tmp_path / name, kind, subtype).read_bytes()
    for share in (0.3, 0.7):
        (tmp_path / name).write_bytes(data[: int(share * len(data))])
        with pytest.raises(GraphError) as caught:
            read_audio(tmp_path / name, RATE)
        assert caught.value.diagnostics[0].code == "E602"


@pytest.mark.parametrize("subtype", ["MS_ADPCM", "GSM610", "G721_32", "NMS_ADPCM_32"])
def test_the_padding_of_the_last_block_is_no_sound(tmp_path: Path, subtype: str) -> None:
    """The chunk `fact` counts 16,007 samples; libsndfile gives whole blocks, up to two of them too many."""
    rate = 8_000 if subtype.startswith("NMS") else RATE
    soundfile.write(tmp_path / "a.wav", tone(), rate, subtype=subtype)
    assert soundfile.info(tmp_path / "a.wav").frames > N
    assert len(read_audio(tmp_path / "a.wav", rate)) == N
    assert recording_length(tmp_path / "a.wav", rate) == N
    data = bytearray((tmp_path / "a.wav").read_bytes())
    struct.pack_into("<I", data, data.index(b"fact") + 8, 1 << 31)  # a count that cannot be
    (tmp_path / "a.wav").write_bytes(data)
    assert len(read_audio(tmp_path / "a.wav", rate)) == soundfile.info(tmp_path / "a.wav").frames


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFF000])
def test_a_length_that_a_pipe_could_not_know(tmp_path: Path, size: int) -> None:
    """What ffmpeg and SoX write where they cannot go back: all samples that follow are there."""
    soundfile.write(tmp_path / "a.wav", tone(), RATE, subtype="PCM_16")
    wanted = read_audio(tmp_path / "a.wav", RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    struct.pack_into("<I", data, 4, size if size == 0xFFFFFFFF else size + 36)
    struct.pack_into("<I", data, data.index(b"data") + 4, size)
    (tmp_path / "a.wav").write_bytes(data)
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav", RATE), wanted)
    np.testing.assert_array_equal(np.concatenate(list(stream_audio(tmp_path / "a.wav", RATE))), wanted)


def test_a_pattern_and_an_unknown_kind_are_named(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="the shell expands"):
        read_audio(tmp_path / "*.wav")
    (tmp_path / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    with pytest.raises(GraphError, match="ffmpeg"):
        read_audio(tmp_path / "a.m4a")
    (tmp_path / "a.mp3").write_bytes(bytes(1000))
    with pytest.raises(GraphError, match="ffmpeg"):
        read_audio(tmp_path / "a.mp3")
