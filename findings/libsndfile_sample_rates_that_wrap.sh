#!/usr/bin/env bash
# libsndfile (soundfile 0.14.0): some formats store another sample rate than they were given, without an error
#
# soundfile.write at 96 kHz to 8SVX and Akai MPC files, and at any rate to FastTracker XI; HTK holds the period
# in units of 100 ns.
# Expected: the rate that was given, or an error where the header cannot hold it
# Seen:     SVX and MPC2K: 96000 reads back as 30464 (modulo 65536); XI: always 44100; HTK: 44100 reads back as 44247
#           (a period of 226 units, where 227, the nearest, would say 44052)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import io

import numpy as np
import soundfile

def back(form, subtype, rate):
    file = io.BytesIO()
    soundfile.write(file, np.zeros(1000, np.float32), rate, format=form, subtype=subtype)
    file.seek(0)
    return soundfile.read(file)[1]

seen = {
    "SVX 96000": back("SVX", "PCM_16", 96000),
    "MPC2K 96000": back("MPC2K", "PCM_16", 96000),
    "XI 22050": back("XI", "DPCM_16", 22050),
    "HTK 44100": back("HTK", "PCM_16", 44100),
}
print(soundfile.__version__, soundfile.__libsndfile_version__, seen)
assert list(seen.values()) == [30464, 30464, 44100, 44247], "the behaviour has changed"
PYTHON
