#!/usr/bin/env bash
# libsamplerate (samplerate 0.2.4): the linear and zero-order converters are one input sample late
#
# An impulse at input sample 500, resampled by 2 and 3. The three sinc converters put it at 500 times the ratio;
# a two-point interpolator needs no delay either.
# Expected: an impulse at 1000 and 1500 with every converter
# Seen:     linear and zero_order_hold put it at 1002 and 1503: one input sample late, so that a change of converter
#           shifts a signal against its copy
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check samplerate==0.2.4 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import samplerate

impulse = np.zeros(1000, np.float32)
impulse[500] = 1.0
for converter, late in (("sinc_best", 0), ("sinc_fastest", 0), ("linear", 1), ("zero_order_hold", 1)):
    for ratio in (2.0, 3.0):
        place = int(np.argmax(samplerate.resample(impulse, ratio, converter)))
        print(f"{converter} x{ratio:g}: impulse at {place}, exact {500 * ratio:g}")
        assert place == (500 + late) * ratio, "the behaviour has changed"
PYTHON
