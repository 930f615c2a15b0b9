#!/usr/bin/env bash
# pedalboard 0.9.26: a delay of 10 ms at 48 kHz is 479 samples, not 480
#
# pedalboard.Delay turns seconds into samples by truncation in single precision: where the product falls a hair
# below a whole number, the delay is one sample short. Feedback repeats the error with each echo.
# Expected: 0.01 s x 48,000 Hz = 480 samples; the second echo at 960
# Seen:     479 and 958; 0.25 s is 12,000 as it should be
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check pedalboard==0.9.26 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import pedalboard

impulse = np.zeros(48000, np.float32)
impulse[0] = 1.0

def echoes(seconds):
    out = pedalboard.Delay(delay_seconds=seconds, feedback=0.5, mix=0.5)(impulse, 48000)
    return np.nonzero(np.abs(out) > 0.1)[0].tolist()

print(pedalboard.__version__, echoes(0.01), echoes(0.25))
assert echoes(0.01)[:3] == [0, 479, 958], "the behaviour has changed"
assert echoes(0.25)[:3] == [0, 12000, 24000], "the behaviour has changed"
PYTHON
