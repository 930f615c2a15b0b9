"""A hundred pairs of stereo sounds, and how auraloss 0.4.0 rates them: auraloss.csv.

python -m tests.losses.auraloss_signals     # records, in an environment with torch, auraloss 0.4.0 and librosa
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

RATE = 16_000
COUNT = 100
FILE = Path(__file__).parent / "auraloss.csv"
#: Parameters of the two losses that have some, by auraloss' names.
MEL = {"fft_size": 1024, "hop_size": 200, "win_length": 800, "n_mels": 64, "w_lin_mag": 0.5}
SUM_DIFFERENCE = {"w_sum": 1.0, "w_diff": 0.5}
A = 2.0


def sounds(i: int) -> tuple[np.ndarray, np.ndarray]:
    """Target and sound, float32 [batch, 2, samples]: noise, sines, wandering offsets, decays and squares."""
    r = np.random.default_rng(1000 + i)
    shape = (1 + i % 2, 2, int(r.integers(4096, 6000)))
    t = np.arange(shape[2]) / RATE
    if i % 5 == 0:
        x = r.normal(size=shape)
    elif i % 5 == 1:
        x = np.sin(2 * np.pi * r.uniform(50, 4000, (*shape[:2], 1)) * t + r.uniform(0, 6, (*shape[:2], 1)))
    elif i % 5 == 2:
        x = np.cumsum(r.normal(size=shape), -1) * 0.02 + 0.3
    elif i % 5 == 3:
        x = r.normal(size=shape) * np.exp(-t * r.uniform(5, 60))
    else:
        x = np.sign(np.sin(2 * np.pi * r.uniform(50, 400, (*shape[:2], 1)) * t)) * 0.5
    y = r.uniform(0.3, 1.2) * x + 10 ** r.uniform(-3, 0) * r.normal(size=shape) + r.uniform(-0.1, 0.1)
    return x.astype(np.float32), y.astype(np.float32)


def record() -> None:
    import auraloss
    import torch

    mel = auraloss.freq.MelSTFTLoss(RATE, **MEL).double()
    both = auraloss.freq.SumAndDifferenceSTFTLoss([1024, 2048, 512], [120, 240, 50], [600, 1200, 240], **SUM_DIFFERENCE)
    for stft in (mel, *both.mrstft.stft_losses):
        stft.window = stft.window.double()
    losses = {
        "esr_loss": auraloss.time.ESRLoss(),
        "dc_loss": auraloss.time.DCLoss(),
        "snr_loss": auraloss.time.SNRLoss(),
        "si_sdr_loss": auraloss.time.SISDRLoss(),
        "log_cosh_loss": auraloss.time.LogCoshLoss(a=A),
        "mel_stft_loss": mel,
        "sum_difference_loss": both,
    }
    lines = [",".join(losses)]
    for i in range(COUNT):
        target, sound = (torch.tensor(x, dtype=torch.float64) for x in sounds(i))
        values = {}
        for name, loss in losses.items():
            # One sound at a time: auraloss' spectral convergence is that of the whole batch.
            parts = [x if name == "sum_difference_loss" else x.reshape(-1, 1, x.shape[2]) for x in (sound, target)]
            values[name] = np.mean([float(loss(a[None], b[None])) for a, b in zip(*parts, strict=True)])
        lines.append(",".join(f"{value:.9g}" for value in values.values()))
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    record()
