#!/usr/bin/env bash
# libsndfile (soundfile 0.14.0): an 8-bit AIFF of an odd number of samples reads back one sample longer
#
# IFF chunks are padded to an even number of bytes; the chunk's own length and the frame count in COMM say what is sound.
# Expected: 1,001 samples written, 1,001 read
# Seen:     1,002 for 8-bit PCM, u-law and A-law; 16-bit files and the same kinds as WAV keep their length
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

sound = (0.3 * np.sin(np.arange(1001) * 0.1)).astype(np.float32)
seen = {}
for form, subtype in (("AIFF", "PCM_U8"), ("AIFF", "ULAW"), ("AIFF", "ALAW"), ("AIFF", "PCM_16"), ("WAV", "ULAW")):
    file = io.BytesIO()
    soundfile.write(file, sound, 44100, format=form, subtype=subtype)
    seen[form, subtype] = len(soundfile.read(io.BytesIO(file.getvalue()))[0])
print(soundfile.__version__, soundfile.__libsndfile_version__, seen)
assert list(seen.values()) == [1002, 1002, 1002, 1001, 1001], "the behaviour has changed"
PYTHON
