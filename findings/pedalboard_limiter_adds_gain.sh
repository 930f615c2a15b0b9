#!/usr/bin/env bash
# pedalboard 0.9.26: Limiter makes quiet sounds louder and lets peaks pass its threshold
#
# A steady 1 kHz sine goes through pedalboard.Limiter(threshold_db=-10). The docs describe a threshold in dB; a
# limiter is expected to leave alone what lies below it. Nothing in the class names a make-up gain.
# Expected: -40 dBFS in, -40 dBFS out; nothing above -10 dBFS comes out
# Seen:     -40 dBFS comes out at -26.25 dBFS (+13.75 dB), -20 dBFS at -6.25 dBFS; the only ceiling is a clip at 0
#           dBFS
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check pedalboard==0.9.26 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import pedalboard

assert pedalboard.__version__ == "0.9.26"
rate = 48000
sine = np.sin(2 * np.pi * 1000 * np.arange(2 * rate) / rate).astype(np.float32)
for level_db, seen_db in ((-40, -26.25), (-30, -16.25), (-20, -6.25), (-6, 0.0)):
    out = pedalboard.Limiter(threshold_db=-10, release_ms=100)(sine * 10 ** (level_db / 20), rate)
    peak_db = 20 * np.log10(np.abs(out[rate:]).max())
    print(f"in {level_db} dBFS, out {peak_db:.2f} dBFS, threshold -10 dBFS")
    assert abs(peak_db - seen_db) < 0.1, "the behaviour has changed"
PYTHON
