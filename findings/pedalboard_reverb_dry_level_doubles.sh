#!/usr/bin/env bash
# pedalboard 0.9.26: Reverb(dry_level=1, wet_level=0) is twice as loud as its input
#
# The levels of pedalboard.Reverb run from 0 to 1. The dry level is doubled inside, so that the default 0.4 is a
# gain of 0.8 and 0.5, not 1, leaves the dry sound as it is.
# Expected: dry_level=1, wet_level=0 gives the input
# Seen:     it gives the input times 2; dry_level=0.5 gives the input
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check pedalboard==0.9.26 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import numpy as np
import pedalboard

sound = np.zeros(4800, np.float32)
sound[100] = 0.25
for dry, gain in ((1.0, 2.0), (0.5, 1.0), (0.25, 0.5)):
    out = pedalboard.Reverb(dry_level=dry, wet_level=0.0)(sound, 48000)
    print(f"dry_level {dry}: gain {out[100] / sound[100]:.3f}")
    assert abs(out[100] / sound[100] - gain) < 1e-3, "the behaviour has changed"
PYTHON
