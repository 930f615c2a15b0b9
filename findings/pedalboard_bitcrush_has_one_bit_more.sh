#!/usr/bin/env bash
# pedalboard 0.9.26: Bitcrush(bit_depth=8) keeps 513 levels, one bit more than it says
#
# A ramp from -1 to 1 through pedalboard.Bitcrush. A word of 8 bits has 256 values; the effect scales each
# polarity by 2^8.
# Expected: at most 256 different values for bit_depth=8, 16 for bit_depth=4
# Seen:     513 and 33 (2 * 2^bits + 1)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check pedalboard==0.9.26 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import pedalboard

ramp = np.linspace(-1.0, 1.0, 1 << 16).astype(np.float32)
for bits, levels in ((4, 33), (8, 513)):
    seen = np.unique(np.round(pedalboard.Bitcrush(bit_depth=bits)(ramp, 48000), 7)).size
    print(f"bit_depth {bits}: {seen} levels")
    assert seen == levels, "the behaviour has changed"
PYTHON
