"""FLAMO's side of `benchmarks/studio.py flamo`: a feedback delay network, one call for each line that it reads.

    python flamo_step.py FOLDER

FOLDER/network.npz holds delays, matrix parameter, into, out, gains and the target. It answers `ready` when the network
is built; then to `response` with FOLDER/response.npy, to `step` with the loss of a training step, forward and backward.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch  # type: ignore[import-not-found]
from flamo.processor import dsp, system  # type: ignore[import-not-found]


def main(folder: Path) -> None:
    given = np.load(folder / "network.npz")
    lines, target = given["delays"], torch.tensor(given["target"])
    n, nfft = len(lines), target.shape[1]
    into = dsp.Gain(size=(n, 1), nfft=nfft, device="cpu", requires_grad=True)
    out = dsp.Gain(size=(1, n), nfft=nfft, device="cpu", requires_grad=True)
    matrix = dsp.Matrix(size=(n, n), nfft=nfft, matrix_type="orthogonal", device="cpu", requires_grad=True)
    gains = dsp.parallelGain(size=(n,), nfft=nfft, device="cpu", requires_grad=True)
    delays = dsp.parallelDelay(
        size=(n,), max_len=int(lines.max()), nfft=nfft, isint=True, device="cpu", requires_grad=False
    )
    for module, value in ((into, given["into"]), (out, given["out"]), (matrix, given["raw"]), (gains, given["gain"])):
        module.assign_value(torch.tensor(value))
    delays.assign_value(delays.sample2s(torch.tensor(lines, dtype=torch.float32)))
    forward = system.Series(OrderedDict(delays=delays, gains=gains))
    loop = system.Recursion(fF=forward, fB=matrix)
    core = system.Series(OrderedDict(into=into, loop=loop, out=out))
    model = system.Shell(core=core, input_layer=dsp.FFT(nfft), output_layer=dsp.iFFT(nfft))
    impulse = torch.zeros(1, nfft, 1)
    impulse[:, 0] = 1.0
    np.save(folder / "matrix.npy", matrix.map(matrix.param).detach().numpy())
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "response":
            with torch.no_grad():
                np.save(folder / "response.npy", model(impulse)[0, :, 0].numpy())
            print("done", flush=True)
            continue
        model.zero_grad()
        loss = torch.sum((model(impulse)[:, :, 0] - target) ** 2)
        loss.backward()
        print(loss.item(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
