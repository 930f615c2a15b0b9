#!/usr/bin/env bash
# mido 1.3.3 refuses foreign chunks, symusic 0.6.0 a longer header; the MIDI file format allows both
#
# Standard MIDI Files 1.0 asks readers to skip chunks of a type they do not know (Yamaha's XF files hold XFIH
# and XFKM) and to honour the header's stated length even where it is more than 6. The two most used Python
# readers each keep one half of that.
# Expected: both files are read by both
# Seen:     a foreign chunk between header and track: mido raises OSError, symusic reads it; a header of 8 bytes: mido
#           reads it, symusic raises RuntimeError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check mido==1.3.3 symusic==0.6.0 numpy==2.2.6
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import struct
def track(data):
    return b"MTrk" + struct.pack(">I", len(data)) + data
END = b"\x00\xff\x2f\x00"

notes = track(b"\x00\x90\x3c\x40\x83\x60\x80\x3c\x00" + END)
foreign = b"MThd" + struct.pack(">IHHh", 6, 1, 1, 480) + b"XFIH" + struct.pack(">I", 4) + b"abcd" + notes
longer = b"MThd" + struct.pack(">IHHhH", 8, 1, 1, 480, 0) + notes
open("foreign.mid", "wb").write(foreign)
open("longer.mid", "wb").write(longer)

import mido
import symusic

def outcome(read, path):
    try:
        return read(path)
    except (OSError, RuntimeError) as error:
        return type(error).__name__

seen = {
    ("mido", "foreign"): outcome(lambda p: round(mido.MidiFile(p).length, 3), "foreign.mid"),
    ("mido", "longer"): outcome(lambda p: round(mido.MidiFile(p).length, 3), "longer.mid"),
    ("symusic", "foreign"): outcome(lambda p: symusic.Score(p).note_num(), "foreign.mid"),
    ("symusic", "longer"): outcome(lambda p: symusic.Score(p).note_num(), "longer.mid"),
}
print(seen)
assert list(seen.values()) == ["OSError", 0.5, 1, "RuntimeError"], "the behaviour has changed"
PYTHON
