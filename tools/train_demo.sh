#!/bin/sh
# From a recording to a timbre-transfer SavedModel, as a user would type it. `make train-demo` runs this: about 12 minutes.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/${VENV:-.venv}/bin:$PATH"
export TF_CPP_MIN_LOG_LEVEL=3
OUT=${OUT:-demo/training}
STEPS=${STEPS:-2000}
MODEL=graphs/models/tiny_instrument_fast.yaml
mkdir -p "$OUT"

say() { printf '\n$ %s\n' "$*"; "$@"; }

# The violin is kept as Ogg Vorbis to keep the repository small.
python -c "import soundfile, sys; soundfile.write(sys.argv[2], *soundfile.read(sys.argv[1]))" \
  tools/audio/violin.ogg "$OUT/violin.wav"

say ddspgraph features "$OUT/violin.wav" -o "$OUT/dataset" --for "$MODEL"
say ddspgraph train "$MODEL" --data "$OUT/dataset" --run "$OUT/run" --batch-size 8 --steps "$STEPS" \
  --steps-per-summary 100
say ddspgraph evaluate "$OUT/run" --audio "$OUT/held_out"
say ddspgraph transfer "$OUT/run" tools/audio/bass_voxy_c.flac -o "$OUT/bass_as_violin.wav"
say ddspgraph compile "$OUT/run" -o "$OUT/violin_model"
python tools/listening_page.py "$OUT/listen.html" \
  "The violin, held out of the training" "$OUT"/held_out/000_*.wav "$OUT"/held_out/001_*.wav "$OUT"/held_out/002_*.wav \
  "A sung bass, and the violin that plays it" tools/audio/bass_voxy_c.flac "$OUT/bass_as_violin.wav"

printf '\nMade in %s:\n' "$OUT"
for made in "$OUT"/*; do printf '  %6s  %s\n' "$(du -sh "$made" | cut -f1)" "$made"; done
echo "Listen: open $OUT/listen.html in a browser."
