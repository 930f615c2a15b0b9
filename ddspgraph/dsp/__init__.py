"""Tensor maths of differentiable audio: pure functions, one algorithm a file.

The names, arguments and defaults are those of magenta/ddsp's ``core`` and ``spectral_ops``, so that
``ddsp.core.exp_sigmoid`` becomes ``ddspgraph.dsp.exp_sigmoid``. This package knows nothing of graphs.
TensorFlow is imported when the first function is used, never before (PEP 562).
"""

from __future__ import annotations

import importlib
from typing import Any

#: The table of contents: file -> the public functions that live in it.
_CONTENTS: dict[str, tuple[str, ...]] = {
    "tensors": (
        "constant",
        "broadcast_time",
        "broadcast_batch",
        "drop_last_axis",
        "match_rank",
        "concat_channels",
        "stretch_to",
    ),
    "numerics": (
        "tf_float32",
        "pad_axis",
        "diff",
        "nan_to_num",
        "safe_divide",
        "safe_log",
        "safe_sqrt",
        "logb",
        "log10",
        "log_scale",
        "gradient_reversal",
    ),
    "units": (
        "DB_RANGE",
        "amplitude_to_db",
        "power_to_db",
        "db_to_amplitude",
        "db_to_power",
        "midi_to_hz",
        "hz_to_midi",
        "unit_to_midi",
        "midi_to_unit",
        "unit_to_hz",
        "hz_to_unit",
        "hz_to_bark",
        "bark_to_hz",
        "hz_to_mel",
        "mel_to_hz",
        "hz_to_erb",
    ),
    "scalings": (
        "exp_sigmoid",
        "sym_exp_sigmoid",
        "sigmoid",
        "tanh",
        "softplus",
        "soft_limit",
        "frequencies_softmax",
        "frequencies_sigmoid",
        "frequencies_critical_bands",
        "scaling",
    ),
    "resampling": ("resample", "upsample_with_windows", "center_crop"),
    "partials": (
        "get_harmonic_frequencies",
        "remove_above_nyquist",
        "normalize_harmonics",
        "sinusoidal_to_harmonic",
        "harmonic_to_sinusoidal",
    ),
    "phase": ("angular_cumsum", "accumulate_phase", "frame_phase"),
    "oscillators": ("oscillator_bank", "harmonic_oscillator_bank", "sinusoidal_synthesis"),
    "harmonic_sum": ("harmonic_synthesis", "streaming_harmonic_synthesis"),
    "wavetables": ("linear_lookup", "harmonic_distribution_to_wavetable", "wavetable_synthesis"),
    "delay": (
        "as_phase",
        "delay_cells",
        "delay_phase",
        "line_cells",
        "read_line",
        "variable_length_delay",
    ),
    "envelopes": ("low_frequency_oscillator", "exponential_decay", "unit_decay"),
    "sizes": (
        "size_of",
        "whole_packets",
        "whole_hops",
    ),
    "random": ("uniform_noise", "normal"),
    "stream_frames": (
        "silence",
        "delayed",
        "slide",
        "silent_before_start",
        "has_begun",
        "in_packets",
        "resample_stream",
    ),
    "stream_oscillators": ("harmonic_stream", "sinusoidal_stream", "wavetable_stream"),
    "stream_filters": (
        "frame_filter",
        "response_partitions",
        "no_spectra",
        "partitioned_convolution",
        "whole_convolution",
        "delay_line",
        "analysis_window",
    ),
    "fft": ("rfft", "irfft", "get_fft_size", "smooth_fft_size"),
    "convolution": ("crop_and_compensate_delay", "fft_convolve", "unit_energy"),
    "filters": (
        "apply_window_to_impulse_response",
        "frequency_impulse_response",
        "sinc",
        "sinc_impulse_response",
        "frequency_filter",
        "sinc_filter",
    ),
    "spectra": (
        "stft",
        "stft_np",
        "compute_mag",
        "compute_mel",
        "compute_logmag",
        "compute_logmel",
        "compute_mfcc",
    ),
    "levels": (
        "get_framed_lengths",
        "pad",
        "compute_rms_energy",
        "compute_power",
        "compute_loudness",
        "pad_or_trim_to_expected_length",
    ),
}
_HOME = {name: file for file, names in _CONTENTS.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
