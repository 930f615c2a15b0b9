#!/usr/bin/env bash
# pretty_midi 0.2.11.post0 and symusic 0.6.0 give a held note to different instruments
#
# A note begins under program 5; the program changes to 7 while it sounds; then it ends. A synthesizer keeps
# playing a note with the program it began with: a program change acts on what follows.
# Expected: both give the note to program 5
# Seen:     symusic says 5, pretty_midi 7: it takes the program at the note-off
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

notes = b"\x00\xc0\x05\x00\x90\x3c\x40\x00\xc0\x07\x83\x60\x80\x3c\x00"
open("a.mid", "wb").write(b"MThd" + struct.pack(">IHHh", 6, 0, 1, 480) + track(notes + END))

import pretty_midi
import symusic

pretty = [int(i.program) for i in pretty_midi.PrettyMIDI("a.mid").instruments if i.notes]
other = [t.program for t in symusic.Score("a.mid").tracks if t.notes]
print("pretty_midi", pretty, "symusic", other)
assert pretty == [7] and other == [5], "the behaviour has changed"
PYTHON
