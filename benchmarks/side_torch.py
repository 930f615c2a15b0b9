"""PyTorch's side: the harmonic sum as one writes it there; the other works have no peer in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from cases import Case

VERSION = torch.__version__
torch.set_num_threads(2)


def exp_sigmoid(x: torch.Tensor) -> torch.Tensor:
    return 2.0 * torch.sigmoid(x) ** math.log(10.0) + 1e-7


def upsample(x: torch.Tensor, hop: int, t: torch.Tensor) -> torch.Tensor:
    following = torch.cat([x[:, 1:], x[:, -1:]], dim=1)
    t = t[None, None, :, None]
    return (x[:, :, None] * (1 - t) + following[:, :, None] * t).reshape(x.shape[0], -1, x.shape[2])


def build(case: Case) -> Callable[..., Any]:
    """A function of tensors in the order of `NEEDS`. Raises ValueError for works but the harmonic one."""
    if case.work != "harmonic":
        raise ValueError("only the harmonic sum is written for PyTorch")
    line = torch.arange(case.hop) / case.hop
    bell = 0.5 - 0.5 * torch.cos(math.pi * line)
    nyquist = case.sample_rate / 2

    def harmonic(amplitudes: torch.Tensor, distribution: torch.Tensor, f0_hz: torch.Tensor) -> torch.Tensor:
        k = torch.arange(1, distribution.shape[-1] + 1)
        shares = exp_sigmoid(distribution) * (f0_hz * k < nyquist)
        shares = shares / shares.sum(dim=-1, keepdim=True)
        f0 = upsample(f0_hz, case.hop, line)
        envelopes = upsample(exp_sigmoid(amplitudes) * shares, case.hop, bell) * (f0 * k < nyquist)
        phase = torch.cumsum(f0.double() / case.sample_rate, dim=1)
        phase = (2 * math.pi * (phase - torch.floor(phase))).float()
        return torch.sum(envelopes * torch.sin(phase * k), dim=-1)

    return harmonic
