"""The constant matrices, against librosa, SciPy and the standards."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from scipy import fft as scipy_fft

from ddspgraph.dsp.mel import a_weighting_power, cosine_matrix, mel_matrix


@pytest.mark.parametrize(
    ("bins", "fft_size", "rate", "lo_hz", "hi_hz"),
    [(64, 2048, 16_000, 0.0, 8000.0), (20, 1024, 44_100, 80.0, 7600.0), (128, 4096, 48_000, 20.0, 24_000.0)],
)
def test_filter_bank_is_librosas(bins: int, fft_size: int, rate: int, lo_hz: float, hi_hz: float) -> None:
    """librosa's triangles are straight in Hz, ours in mel: the same corners and nearly the same area."""
    matrix = mel_matrix(bins, fft_size // 2 + 1, rate, lo_hz, hi_hz)
    other = librosa.filters.mel(sr=rate, n_fft=fft_size, n_mels=bins, fmin=lo_hz, fmax=hi_hz, htk=True, norm=None).T
    np.testing.assert_allclose(matrix[1:], other[1:], atol=0.03)
    assert np.all(matrix[0] == 0.0)


def test_neighbouring_bands_share_all_of_it() -> None:
    matrix = mel_matrix(16, 1025, 16_000, 0.0, 8000.0)
    hz = np.linspace(0.0, 8000.0, 1025)
    centers = np.argmax(matrix, axis=0)
    between = (hz > hz[centers[0] + 1]) & (hz < hz[centers[-1] - 1])
    np.testing.assert_allclose(matrix[between].sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize(
    ("bins", "lo_hz", "hi_hz"), [(0, 0.0, 8000.0), (10, -1.0, 8000.0), (10, 500.0, 500.0), (10, 0.0, 8000.1)]
)
def test_filter_bank_refusals(bins: int, lo_hz: float, hi_hz: float) -> None:
    with pytest.raises(ValueError, match=r"bins must be|sample_rate / 2 = 8000 Hz"):
        mel_matrix(bins, 513, 16_000, lo_hz, hi_hz)


def test_cosine_transform_is_scipys() -> None:
    x = np.random.default_rng(4).normal(size=(3, 40))
    expected = scipy_fft.dct(x, type=2, norm="ortho")
    expected[:, 0] *= np.sqrt(2.0)  # the row that is not orthonormal in the HTK convention
    np.testing.assert_allclose(x @ cosine_matrix(40, 13), expected[:, :13], atol=1e-5)


@pytest.mark.parametrize(("n_fft", "rate"), [(512, 16_000), (2048, 44_100), (1000, 48_000)])
def test_a_weighting_is_librosas(n_fft: int, rate: int) -> None:
    hz = librosa.fft_frequencies(sr=rate, n_fft=n_fft)[1:]
    gain_db = 10.0 * np.log10(a_weighting_power(n_fft, rate)[1:])
    np.testing.assert_allclose(gain_db, librosa.A_weighting(hz), atol=1e-3)


def test_a_weighting_is_the_standards() -> None:
    """IEC 61672-1, table 3: 31.5 Hz -39.4 dB, 125 Hz -16.1 dB, 1 kHz 0 dB, 4 kHz +1.0 dB, 16 kHz -6.6 dB."""
    gain_db = 10.0 * np.log10(a_weighting_power(96_000, 48_000))
    for tenths, expected_db in ((15, -39.4), (21, -16.1), (30, 0.0), (36, 1.0), (42, -6.6)):
        exact_hz = 10.0 ** (tenths / 10.0)  # the frequencies of the table are nominal
        assert np.interp(exact_hz, np.arange(48_001) / 2.0, gain_db) == pytest.approx(expected_db, abs=0.06)
    assert gain_db[0] == pytest.approx(-80.0)


def test_matrices_are_computed_once() -> None:
    assert mel_matrix(64, 1025, 16_000, 0.0, 8000.0) is mel_matrix(64, 1025, 16_000, 0.0, 8000.0)
