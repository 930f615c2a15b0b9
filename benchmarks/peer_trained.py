"""magenta/ddsp, trained on a dataset of `ddspgraph features` for a given time; it renders what was held out.

    TF_USE_LEGACY_KERAS=1 PEER_PYTHON benchmarks/peer_trained.py DATASET SECONDS RENDERED.npy

The model is that of `graphs/models/tiny_instrument_fast.yaml`, the time begins with the program's own.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

BEGUN = time.monotonic()

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from peer_training import autoencoder, step_of  # noqa: E402

BATCH_SIZE = 8
NAMES = ("audio", "f0_hz", "loudness_db")


def examples(folder: Path, split: str) -> dict[str, np.ndarray]:
    """All examples of a split, [examples, time] each."""
    manifest = json.loads((folder / "manifest.json").read_text())
    found: dict[str, list[np.ndarray]] = {name: [] for name in NAMES}
    for shard in manifest["splits"][split]["shards"]:
        for record in tf.data.TFRecordDataset(str(folder / shard["file"])):
            fields = tf.train.Example.FromString(record.numpy()).features.feature
            for name in NAMES:
                found[name].append(np.float32(fields[name].float_list.value))
    return {name: np.stack(rows) for name, rows in found.items()}


def main() -> int:
    folder, seconds, path = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    train, held_out = examples(folder, "train"), examples(folder, "eval")
    n_frames, n_samples = train["f0_hz"].shape[1], train["audio"].shape[1]
    sizes = {"units": 192, "ch": 128, "layers": 1, "fft_sizes": (2048, 768, 256, 96), "reverb_samples": 16_000}
    model = autoencoder(n_frames=n_frames, n_samples=n_samples, sample_rate=16_000, **sizes)
    step = tf.function(step_of(model))
    rows, count, loss = np.random.default_rng(0), 0, tf.constant(0.0)
    while time.monotonic() - BEGUN < seconds:
        chosen = rows.choice(len(train["audio"]), BATCH_SIZE, replace=False)
        loss = step({name: tf.constant(x[chosen]) for name, x in train.items()})
        count += 1
    print(f"{count} steps in {time.monotonic() - BEGUN:.0f} s, loss {float(loss):.3f}")
    rendered = [
        model.get_audio_from_outputs(model({n: tf.constant(x[i : i + 1]) for n, x in held_out.items()}, training=False))
        for i in range(len(held_out["audio"]))
    ]
    np.save(path, np.concatenate(rendered))
    return 0


if __name__ == "__main__":
    sys.exit(main())
