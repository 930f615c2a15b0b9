#!/usr/bin/env bash
# mido 1.3.3 (and pretty_midi 0.2.11.post0): a MIDI file in SMPTE time plays backwards
#
# The header's division may say ticks a quarter, or, with its top bit set, frames a second and ticks a frame
# (Standard MIDI Files 1.0). 0xE728 is 25 frames of 40 ticks: a tick is 1 ms. The file below holds one note from
# 0 to 1 s.
# Expected: a note of 1 s, or an error that names SMPTE time
# Seen:     mido reads the division as -6360 ticks a quarter and reports a length of -0.079 s, without a warning;
#           pretty_midi, which uses it, ends with 'Note end time must be greater than start time'; symusic 0.6.0
#           refuses the file by name
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check mido==1.3.3 pretty_midi==0.2.11.post0 symusic==0.6.0 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import struct
def track(data):
    return b"MTrk" + struct.pack(">I", len(data)) + data
END = b"\x00\xff\x2f\x00"

open("a.mid", "wb").write(b"MThd" + struct.pack(">IHH", 6, 0, 1) + b"\xe7\x28" + track(b"\x00\x90\x3c\x40\x87\x68\x80\x3c\x00" + END))

import mido
import pretty_midi
import symusic

file = mido.MidiFile("a.mid")
print("mido: ticks_per_beat", file.ticks_per_beat, "length", round(file.length, 4))
assert file.ticks_per_beat == -6360 and file.length < 0, "the behaviour has changed"
try:
    pretty_midi.PrettyMIDI("a.mid")
    raise SystemExit("pretty_midi: the behaviour has changed")
except ValueError as error:
    print("pretty_midi:", error)
    assert "end time" in str(error)
try:
    symusic.Score("a.mid")
    raise SystemExit("symusic: the behaviour has changed")
except RuntimeError as error:
    print("symusic:", error)
PYTHON
