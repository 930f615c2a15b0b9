#!/bin/sh
# The main job on a real recording, as a user would type it. `make demo` runs this.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/${VENV:-.venv}/bin:$PATH"
OUT=demo
SPEC=graphs/guitar_chorus.yaml
RECORDING=graphs/audio/guit_e_slide.flac
mkdir -p "$OUT"

say() { printf '\n$ %s\n' "$*"; "$@"; }

say ddspgraph check "$SPEC"
if command -v dot >/dev/null 2>&1; then
  say ddspgraph draw "$SPEC" -o "$OUT/guitar_chorus.svg"
else
  say ddspgraph draw "$SPEC" -o "$OUT/guitar_chorus.mmd"
fi
say ddspgraph run "$SPEC" --input audio="$RECORDING" --output audio="$OUT/guitar_chorus.wav"
say ddspgraph compile "$SPEC" -o "$OUT/guitar_chorus_model"
say ddspgraph run "$OUT/guitar_chorus_model" --input audio="$RECORDING" --output audio="$OUT/from_the_saved_model.wav"
say ddspgraph run graphs/additive_bell.yaml --output audio="$OUT/bell.wav"

printf '\nMade in %s:\n' "$OUT"
for made in "$OUT"/*; do printf '  %6s  %s\n' "$(du -sh "$made" | cut -f1)" "$made"; done
echo "Listen to $OUT/guitar_chorus.wav beside $RECORDING."
