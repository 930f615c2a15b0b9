#!/usr/bin/env bash
# pedalboard 0.9.26: convolution with a unit impulse is 18 dB quieter
#
# pedalboard.Convolution normalises the impulse response it is given: the wet level says nothing of the
# response's own level, and a response that is one sample of 1.0 does not leave a sound as it is.
# Expected: the sound itself (a convolution with a unit impulse at mix=1.0); twice the response, twice the sound
# Seen:     0.125 of it (-18.06 dB), for a response of 1.0 and for one of 0.5 alike
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check pedalboard==0.9.26 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import pedalboard

rate = 48000
sound = np.zeros(rate, np.float32)
sound[100] = 1.0
for level in (1.0, 0.5):
    response = np.zeros(100, np.float32)
    response[0] = level
    out = pedalboard.Convolution(response, mix=1.0, sample_rate=rate)(sound, rate)
    print(f"response {level}: peak {np.abs(out).max():.4f} at {np.abs(out).argmax()}")
    assert abs(np.abs(out).max() - 0.125) < 1e-3, "the behaviour has changed"
PYTHON
