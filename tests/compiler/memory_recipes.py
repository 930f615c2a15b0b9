"""What graphs take, measured: as a module, runs one recipe in this process and prints estimate and growth in bytes.

Linux: the peak of the resident memory is reset before the run (`/proc/self/clear_refs`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.strategies import plainest

GRAPHS = Path(__file__).parents[2] / "graphs"

#: name -> what to run, seconds of audio, batch
RECIPES: dict[str, tuple[str, int, int]] = {
    "guitar_chorus": ("guitar_chorus.yaml", 60, 1),
    "solo_controls": ("solo_controls.yaml", 120, 1),
    "solo_controls_batch": ("solo_controls.yaml", 4, 32),
    "loop_follower": ("loop_follower.yaml", 240, 1),
    "wavetable_pad": ("wavetable_pad.yaml", 60, 1),
    "ring_modulator": ("ring_modulator.yaml", 60, 1),
    "partial_tracking": ("partial_tracking.yaml", 60, 1),
    "features": ("features.yaml", 60, 1),
    "harmonic": ("harmonic", 240, 2),
    "filtered_noise": ("filtered_noise", 240, 2),
    "wavetable": ("wavetable", 240, 2),
    "sinusoidal": ("sinusoidal", 240, 2),
    "exp_decay_reverb": ("exp_decay_reverb", 240, 4),
    "fir_filter": ("fir_filter", 240, 2),
    "sinc_filter": ("sinc_filter", 240, 1),
    "mod_delay": ("mod_delay", 240, 2),
    "mix": ("mix", 240, 8),
    "gain": ("gain", 240, 8),
    "resample": ("resample", 240, 8),
    "mel": ("mel", 120, 1),
    "mfcc": ("mfcc", 120, 1),
    "loudness": ("loudness", 120, 1),
    "spectral_loss": ("spectral_loss", 30, 2),
}
#: What the normal run measures.
QUICK = ("harmonic", "fir_filter")


def measure(name: str) -> dict[str, int]:
    """Bytes that one call is estimated to take at its peak, and by how much the process grew."""
    import tensorflow as tf

    import ddspgraph as dg
    from ddspgraph.compiler.analysis.memory import nominal_sizes, peak_bytes
    from ddspgraph.limits import Limits

    what, seconds, batch = RECIPES[name]
    graph = dg.load(GRAPHS / what if what.endswith(".yaml") else plainest(what))
    model = dg.compile(graph, limits=Limits(memory_bytes=64 << 30))
    hop = graph.clock.hop_samples or 64
    frames = seconds * (graph.clock.sample_rate or 16_000) // hop

    def inputs(frames: int, batch: int) -> dict[str, Any]:
        sizes = {"batch": batch, "frames": frames, "samples": frames * hop}
        shapes = {item.name: [dim.at(sizes) for dim in item.signal.dims] for item in graph.inputs}
        return {key: tf.fill(shape, 0.5) for key, shape in shapes.items()}

    run = model.losses if graph.losses and not graph.outputs else model
    for _ in range(2):
        run(inputs(256, 1))
    before = _status("VmRSS")
    given = inputs(frames, batch)
    Path("/proc/self/clear_refs").write_text("5")
    results = run(given)
    grown = _status("VmHWM") - before
    del results
    sizes = {**nominal_sizes(graph), "batch": batch, "frames": frames, "samples": frames * hop}
    return {"estimate": peak_bytes(model.optimised, sizes)[0], "grown": grown}


def _status(key: str) -> int:
    line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith(key))
    return int(line.split()[1]) << 10


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
