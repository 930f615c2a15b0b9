#!/usr/bin/env bash
# pretty_midi 0.2.11.post0 drops notes of zero length without a word; symusic and miditoolkit keep them
#
# Sequencers write drum hits and grace notes with the note-off at the same tick as the note-on. The file below
# has one of them and one note of a quarter.
# Expected: two notes (a drum hit is a note, however long its key is down)
# Seen:     pretty_midi has one note and gives no warning; symusic 0.6.0 has two
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check pretty_midi==0.2.11.post0 symusic==0.6.0 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import struct
def track(data):
    return b"MTrk" + struct.pack(">I", len(data)) + data
END = b"\x00\xff\x2f\x00"

notes = b"\x00\x99\x26\x40\x00\x89\x26\x00\x00\x99\x24\x40\x83\x60\x89\x24\x00"
open("a.mid", "wb").write(b"MThd" + struct.pack(">IHHh", 6, 0, 1, 480) + track(notes + END))

import warnings

import pretty_midi
import symusic

with warnings.catch_warnings():
    warnings.simplefilter("error")
    pretty = [n.pitch for i in pretty_midi.PrettyMIDI("a.mid").instruments for n in i.notes]
other = sorted(n.pitch for t in symusic.Score("a.mid").tracks for n in t.notes)
print("pretty_midi", pretty, "symusic", other)
assert pretty == [36] and other == [36, 38], "the behaviour has changed"
PYTHON
