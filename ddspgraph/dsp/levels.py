"""How loud a signal is, frame by frame: RMS energy, power, A-weighted loudness.

Frame i is placed by `padding`: 'center' has its middle at sample i * hop (1 + samples // hop frames), 'clock' too
(ceil(samples / hop) frames, those of a clock), 'same' its beginning (as many), and 'valid' pads nothing, so that only
whole frames count.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal, TypeAlias

from ddspgraph.dsp import fft
from ddspgraph.dsp.mel import a_weighting_power
from ddspgraph.dsp.numerics import safe_sqrt, tf_float32
from ddspgraph.dsp.sizes import Size, ceil_divide, larger, size_of
from ddspgraph.dsp.spectra import drop_channel_axis
from ddspgraph.dsp.units import DB_RANGE, power_to_db
from ddspgraph.lazy import np, tf

#: In Hz. Rates of a clock are exact.
Rate: TypeAlias = "float | Fraction"


def get_framed_lengths(
    input_length: Size, frame_size: int, hop_size: int, padding: str = "center"
) -> tuple[Size, Size]:
    """Number of frames, and number of samples after padding.

    >>> dg.dsp.get_framed_lengths(1000, 512, 64)
    (16, 1512)

    Args:
      input_length: Samples before padding.
      frame_size: Samples of a frame.
      hop_size: Samples from one frame to the next.
      padding: 'center', 'clock', 'same' or 'valid'; see the top of this file.

    Returns:
      (n_frames, n_padded_samples).

    Raises:
      ValueError: `padding` is none of the three.
    """
    if padding == "center":
        return input_length // hop_size + 1, input_length + frame_size
    if padding in ("clock", "same"):
        n_frames = ceil_divide(input_length, hop_size)
        return n_frames, (n_frames - 1) * hop_size + frame_size
    if padding == "valid":
        return larger((input_length - frame_size) // hop_size + 1, 0), input_length
    raise ValueError(f"padding must be 'center', 'clock', 'same' or 'valid', not {padding!r}")


def pad(
    x: Any,
    frame_size: int,
    hop_size: int,
    padding: str = "center",
    axis: int = 1,
    mode: Literal["CONSTANT", "REFLECT", "SYMMETRIC"] = "CONSTANT",
    constant_values: float = 0,
) -> tf.Tensor:
    """Pads one axis so that frames cut from it lie as `padding` says.

    >>> dg.dsp.pad(tf.zeros([1, 1000]), 512, 64).shape
    TensorShape([1, 1512])

    Args:
      x: Any shape.
      frame_size: Samples of a frame.
      hop_size: Samples from one frame to the next.
      padding: 'center', 'clock', 'same' or 'valid'; see the top of this file.
      axis: The axis of time; that of a vector is its only one.
      mode: 'CONSTANT', 'REFLECT' or 'SYMMETRIC', as in `tf.pad`.
      constant_values: What is padded in mode 'CONSTANT'.

    Returns:
      `x` longer along `axis`: by frame_size // 2 on either side, or before and as needed at the end, or at the end
      alone, or as it is.

    Raises:
      ValueError: Unknown `padding`; frames that are shorter than the hop, unless 'valid'.
    """
    x = tf_float32(x)
    axis = 0 if x.shape.rank == 1 else axis
    length = size_of(x, axis)
    _, padded_length = get_framed_lengths(length, frame_size, hop_size, padding)
    if padding == "valid":
        return x
    if hop_size > frame_size:
        raise ValueError(f"frames of {frame_size} samples do not reach the next one, {hop_size} samples later")
    before = 0 if padding == "same" else frame_size // 2
    after = frame_size // 2 if padding == "center" else larger(padded_length - length - before, 0)
    paddings: list[Any] = [[0, 0]] * x.shape.rank
    paddings[axis] = [before, after]
    return tf.pad(x, paddings, mode, constant_values)


def compute_rms_energy(
    audio: Any,
    sample_rate: Rate = 16000,
    frame_rate: Rate = 250,
    frame_size: int = 512,
    padding: str = "center",
) -> tf.Tensor:
    """Root mean square of each frame.

    >>> dg.dsp.compute_rms_energy(np.full([1, 4096], 0.5), frame_rate=250, padding="valid")[0, :2].numpy()
    array([0.5, 0.5], dtype=float32)

    Args:
      audio: Shape [batch, samples], [samples] or [batch, samples, 1].
      sample_rate: In Hz.
      frame_rate: In Hz; the hop is sample_rate // frame_rate samples.
      frame_size: Samples of a frame.
      padding: 'center', 'clock', 'same' or 'valid'; see the top of this file.

    Returns:
      Shape [batch, frames]. The gradient on silence is 0.

    Raises:
      ValueError: Unknown `padding`, a hop below one sample, or (unless 'valid') above `frame_size`.
    """
    return safe_sqrt(_mean_square(audio, sample_rate, frame_rate, frame_size, padding))


def compute_power(
    audio: Any,
    sample_rate: Rate = 16000,
    frame_rate: Rate = 250,
    frame_size: int = 512,
    ref_db: float = 0.0,
    range_db: float = DB_RANGE,
    padding: str = "center",
) -> tf.Tensor:
    """Power of each frame in dB over `ref_db`, at least -range_db.

    >>> dg.dsp.compute_power(np.full([1, 4096], 0.1), padding="valid")[0, :2].numpy()
    array([-20., -20.], dtype=float32)

    Args:
      audio, sample_rate, frame_rate, frame_size, padding: As in `compute_rms_energy`.
      ref_db: What counts as 0 dB, in dB over a mean square of 1.
      range_db: Lower limit of the result, as a positive number of dB.

    Returns:
      Shape [batch, frames], in dB.
    """
    power = _mean_square(audio, sample_rate, frame_rate, frame_size, padding)
    return power_to_db(power, ref_db=ref_db, range_db=range_db)


def compute_loudness(
    audio: Any,
    sample_rate: Rate = 16000,
    frame_rate: Rate = 250,
    n_fft: int = 512,
    range_db: float = DB_RANGE,
    ref_db: float = 0.0,
    use_tf: bool = True,
    padding: str = "center",
) -> Any:
    """Perceptual loudness: the A-weighted power of each frame's spectrum in dB, at least -range_db.

    >>> sine = np.sin(2 * np.pi * 1000 / 16000 * np.arange(16000))[None]
    >>> loudness = dg.dsp.compute_loudness(np.concatenate([sine, 0.1 * sine]))  # [2, frames], in dB
    >>> round(float(loudness[0, 100] - loudness[1, 100]), 2)
    20.0

    Args:
      audio, sample_rate, frame_rate, padding: As in `compute_rms_energy`.
      n_fft: Samples of a frame and of its FFT.
      range_db: Lower limit of the result, as a positive number of dB.
      ref_db: What counts as 0 dB, in dB over a mean weighted power of 1.
      use_tf: Give a tensor; otherwise a NumPy array (not inside a tf.function).

    Returns:
      Shape [batch, frames], in dB.
    """
    frames = _frames(audio, sample_rate, frame_rate, n_fft, padding) * fft.hann_window(n_fft, periodic=True)
    spectrum = fft.rfft(frames, n_fft)
    power = tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2
    weighted = power * tf.constant(a_weighting_power(n_fft, float(sample_rate)))
    loudness_db = power_to_db(tf.reduce_mean(weighted, axis=-1), ref_db=ref_db, range_db=range_db)
    return loudness_db if use_tf else loudness_db.numpy()


def pad_or_trim_to_expected_length(
    vector: Any, expected_len: int, pad_value: float = 0, len_tolerance: int = 20, use_tf: bool = False
) -> Any:
    """Makes a slightly too long or too short sequence as long as expected, at its end.

    >>> dg.dsp.pad_or_trim_to_expected_length(np.ones(3), 4)
    array([1., 1., 1., 0.])

    Args:
      vector: Shape [time], [batch, time] or [batch, time, ...].
      expected_len: Length of the result.
      pad_value: What fills the end of a short one.
      len_tolerance: How far the lengths may differ.
      use_tf: Give a tensor; otherwise a NumPy array.

    Returns:
      `vector` with `expected_len` elements in time.

    Raises:
      ValueError: The lengths differ by more than `len_tolerance`.
    """
    if not tf.is_tensor(vector):
        vector = np.asarray(vector)
    axis = 0 if len(vector.shape) == 1 else 1
    length = vector.shape[axis]
    if abs(length - expected_len) > len_tolerance:
        raise ValueError(f"a length of {length} differs from the expected {expected_len} by more than {len_tolerance}")
    trimmed = vector[:expected_len] if axis == 0 else vector[:, :expected_len]
    paddings = [[0, 0]] * len(vector.shape)
    paddings[axis] = [0, max(expected_len - length, 0)]
    return (tf if use_tf else np).pad(trimmed, paddings, constant_values=pad_value)


def _frames(audio: Any, sample_rate: Rate, frame_rate: Rate, frame_size: int, padding: str) -> tf.Tensor:
    hop_size = int(sample_rate // frame_rate)
    if hop_size < 1:
        raise ValueError(f"frame_rate {frame_rate} Hz is above sample_rate {sample_rate} Hz")
    audio = drop_channel_axis(tf_float32(audio))
    padded = pad(audio, frame_size, hop_size, padding, axis=-1)
    return fft.frame(padded, frame_size, hop_size)


def _mean_square(audio: Any, sample_rate: Rate, frame_rate: Rate, frame_size: int, padding: str) -> tf.Tensor:
    frames = _frames(audio, sample_rate, frame_rate, frame_size, padding)
    return tf.reduce_mean(frames**2, axis=-1)
