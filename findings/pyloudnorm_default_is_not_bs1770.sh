#!/usr/bin/env bash
# pyloudnorm 0.2.0: the default meter is 0.04 to 0.2 LU off ITU-R BS.1770-4; filter_class="DeMan" is exact
#
# The README calls the default meter an implementation of ITU-R BS.1770-4, whose tables give the filter at 48 kHz.
# Expected: the high-pass of table 2, whose numerator is 1, -2, 1, and the same loudness with both filter classes
# Seen:     the numerator of the default begins with 0.995: a noise is 0.04 LU lower at 48 kHz, and 0.22 LU at 8 kHz
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check pyloudnorm==0.2.0
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import pyloudnorm

names = ("K-weighting", "DeMan")
b0 = [list(pyloudnorm.Meter(48000, filter_class=name)._filters.values())[1].b[0] for name in names]
print("b0 of the high-pass at 48 kHz:", dict(zip(names, b0)), "in the standard 1")
assert abs(b0[1] - 1.0) < 1e-9 and abs(b0[0] - 1.0) > 1e-3, "the behaviour has changed"
for rate in (48000, 8000):
    noise = 0.1 * np.random.default_rng(0).normal(size=3 * rate)
    found = [pyloudnorm.Meter(rate, filter_class=name).integrated_loudness(noise) for name in names]
    print(rate, "Hz:", found, "difference", found[0] - found[1])
    assert abs(found[0] - found[1]) > 0.01, "the behaviour has changed"
PYTHON
