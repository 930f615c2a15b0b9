#!/usr/bin/env bash
# libsndfile (soundfile 0.14.0): a compressed WAV gains samples when it is read back
#
# For compressed WAV files the `fact` chunk holds the number of samples, since the last block is padded. libsndfile
# writes the right number for GSM 6.10 and MS ADPCM and does not use it when it reads them; for IMA ADPCM it writes
# the padded length. MP3, Vorbis, Opus and ALAC keep their length.
# Expected: 1,000 samples written, 1,000 read (two of the files say so themselves)
# Seen:     GSM 6.10: 1,280; IMA ADPCM: 4,089; MS ADPCM: 4,084; MP3, Vorbis and Opus: 1,000
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import io
import struct

import numpy as np
import soundfile

sound = (0.3 * np.sin(np.arange(1000) * 0.1)).astype(np.float32)

def back(form, subtype, rate):
    file = io.BytesIO()
    soundfile.write(file, sound, rate, format=form, subtype=subtype)
    data = file.getvalue()
    place = data.find(b"fact")
    fact = struct.unpack("<I", data[place + 8 : place + 12])[0] if form == "WAV" and place > 0 else None
    return fact, len(soundfile.read(io.BytesIO(data))[0])

for form, subtype, rate, stored, length in (
    ("WAV", "GSM610", 8000, 1000, 1280),
    ("WAV", "IMA_ADPCM", 48000, 4089, 4089),
    ("WAV", "MS_ADPCM", 48000, 1000, 4084),
    ("MP3", "MPEG_LAYER_III", 48000, None, 1000),
    ("OGG", "VORBIS", 48000, None, 1000),
    ("OGG", "OPUS", 48000, None, 1000),
):
    fact, read = back(form, subtype, rate)
    print(f"{form} {subtype}: fact {fact}, read {read}")
    assert (fact, read) == (stored, length), "the behaviour has changed"
PYTHON
