"""What is measured: the works, their sizes, and the seeded inputs that every side gets."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

N_HARMONICS = 100
N_SINUSOIDS = 100
N_NOISE_BANDS = 65
N_WAVETABLE = 2048
FRAME_RATE = 250
REVERB_SECONDS = 3
FFT_SIZES = (2048, 1024, 512, 256, 128, 64)


@dataclass(frozen=True)
class Case:
    """One work at one size. `grad` measures forward and backward together."""

    work: str  # a key of NEEDS
    grad: bool = False
    batch: int = 1
    sample_rate: int = 16_000
    seconds: float = 4.0

    @property
    def name(self) -> str:
        way = "forward + backward" if self.grad else "forward"
        return f"{self.work} {way}, batch {self.batch}, {self.seconds:g} s at {self.sample_rate // 1000} kHz"

    @property
    def n_frames(self) -> int:
        return round(self.seconds * FRAME_RATE)

    @property
    def hop(self) -> int:
        return self.sample_rate // FRAME_RATE

    @property
    def n_samples(self) -> int:
        return self.n_frames * self.hop

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


#: The table of the README.
TABLE = (
    Case("harmonic"),
    Case("harmonic", grad=True),
    Case("sinusoidal"),
    Case("wavetable"),
    Case("noise"),
    Case("reverb"),
    Case("spectral_loss"),
    Case("chain"),
    Case("chain_loss", grad=True),
)
#: Other sizes of the works that matter most.
SIZES = (
    Case("harmonic", batch=4),
    Case("harmonic", grad=True, batch=4),
    Case("harmonic", sample_rate=48_000),
    Case("harmonic", seconds=1.0),
    Case("chain", batch=4),
    Case("chain_loss", grad=True, batch=4),
)
#: How cost grows with length; the long ones in our side only where the peer would need more memory than there is.
LENGTHS = (Case("harmonic", seconds=60.0), Case("harmonic", seconds=600.0), Case("chain", seconds=60.0))
#: A whole model, `solo_instrument` with its 4.9 million weights: a training step (Adam, clipped), and its synthesis.
TRAINING = (Case("train_step", batch=4), Case("synthesis", batch=1), Case("synthesis", batch=4))
#: Saved, for the size of the graph; all in TABLE.
EXPORTED = (Case("harmonic"), Case("noise"), Case("reverb"), Case("spectral_loss"), Case("chain"))
#: Peak memory, each in a process of its own.
MEMORY = (Case("harmonic"), Case("chain_loss", grad=True), Case("chain_loss", grad=True, batch=4))


def inputs(case: Case) -> dict[str, np.ndarray]:
    """Seeded inputs: a voice that glides and trembles, raw network outputs, a decaying impulse response."""
    generator = np.random.default_rng(0)
    frames = np.arange(case.n_frames) / FRAME_RATE
    glide = 220.0 * 2.0 ** (0.5 * np.sin(2 * np.pi * 0.3 * frames) + 0.02 * np.sin(2 * np.pi * 5.5 * frames))
    item = np.arange(1, case.batch + 1)[:, None, None]
    f0_hz = glide[None, :, None] * (1.0 + 0.01 * item)
    ir_samples = REVERB_SECONDS * case.sample_rate
    decay = np.exp(-6.9 * np.arange(ir_samples) / ir_samples)
    smooth = np.cumsum(generator.normal(size=(case.batch, case.n_frames, N_HARMONICS)), axis=1) * 0.02
    partials = np.linspace(60.0, 0.45 * case.sample_rate, N_SINUSOIDS)
    phase = np.arange(N_WAVETABLE) / N_WAVETABLE * 2 * np.pi
    found = {
        "amplitudes": generator.normal(size=(case.batch, case.n_frames, 1)) * 0.3,
        "harmonic_distribution": smooth - np.linspace(0.0, 3.0, N_HARMONICS),
        "f0_hz": f0_hz,
        "sin_amplitudes": np.abs(smooth[..., :N_SINUSOIDS]) * 0.1,
        "sin_frequencies": np.broadcast_to(partials, smooth.shape) * (1.0 + 0.005 * np.tanh(smooth)),
        "wavetables": np.broadcast_to(
            np.sin(phase) + 0.3 * np.sin(5 * phase), (case.batch, case.n_frames, N_WAVETABLE)
        ),
        "magnitudes": generator.normal(size=(case.batch, case.n_frames, N_NOISE_BANDS)) - 2.0,
        "ir": (generator.normal(size=(case.batch, ir_samples)) * decay * 0.05),
        "audio": generator.normal(size=(case.batch, case.n_samples)) * 0.1,
        "target": generator.normal(size=(case.batch, case.n_samples)) * 0.1,
        "loudness_db": np.broadcast_to(-40.0 + 20.0 * np.sin(frames)[None, :, None], f0_hz.shape),
    }
    return {name: found[name].astype(np.float32) for name in NEEDS[case.work]}


NEEDS = {
    "harmonic": ("amplitudes", "harmonic_distribution", "f0_hz"),
    "sinusoidal": ("sin_amplitudes", "sin_frequencies"),
    "wavetable": ("amplitudes", "wavetables", "f0_hz"),
    "noise": ("magnitudes",),
    "reverb": ("audio", "ir"),
    "spectral_loss": ("target", "audio"),
    "chain": ("amplitudes", "harmonic_distribution", "f0_hz", "magnitudes", "ir"),
    "chain_loss": ("amplitudes", "harmonic_distribution", "f0_hz", "magnitudes", "ir", "target"),
    "train_step": ("f0_hz", "loudness_db", "target"),
    "synthesis": ("f0_hz", "loudness_db"),
}
