#!/usr/bin/env bash
# auraloss 0.4.0: FIRFilter("hp") filters backwards in time, and returns 98 samples more than it was given
#
# The pre-emphasis filter of the library is documented as a first-order high-pass, x[n] - 0.85 x[n-1] (Wright and
# Valimaki, 2019). Its three taps go to a convolution that does not turn them round, with the padding of the A-weighting
# filter of 101 taps.
# Expected: an impulse at 0 gives 1, -0.85 and zeros, as long as the input
# Seen:     -0.85 and then 1, at samples 49 and 50 of an output that is 98 samples longer than the input
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check auraloss==0.4.0 scipy torch
"$folder/env/bin/python" - <<'PYTHON'
import auraloss
import torch

impulse = torch.zeros(1, 1, 10)
impulse[0, 0, 0] = 1.0
filtered, _ = auraloss.perceptual.FIRFilter("hp", coef=0.85)(impulse, impulse)
at = filtered[0, 0].nonzero()[:, 0].tolist()
print("samples", filtered.shape[-1], "of", impulse.shape[-1], "taps", filtered[0, 0, at].tolist(), "at", at)
assert filtered.shape[-1] == 108 and at == [49, 50], "the behaviour has changed"
assert abs(filtered[0, 0, 49] + 0.85) < 1e-6 and filtered[0, 0, 50] == 1.0, "the behaviour has changed"
PYTHON
