"""The tracker as a file beside an export: an application finds with it the pitch that the graph takes.

pitch.onnx           swift-f0, as its package holds it
pitch.json           what it takes and gives
pitch_LICENSE.txt    its licence
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

from ddspgraph.data.swift_pitch import HIGHEST_HZ, LOWEST_HZ, VOICED, detector
from ddspgraph.files import write_atomically

MODEL, FACTS, LICENCE = "pitch.onnx", "pitch.json", "pitch_LICENSE.txt"
_PACKAGE = "swift-f0"


def write_tracker(folder: Path) -> None:
    """Writes the three files. Raises GraphError E607; E608 where swift-f0 is not installed."""
    detector()
    import swift_f0
    from swift_f0 import core

    package = importlib.metadata.distribution(_PACKAGE)
    facts = {
        "model": MODEL,
        "package": f"{_PACKAGE} {package.version}",
        "sample_rate": core.SAMPLE_RATE,
        "hop_samples": core.HOP,
        "lookahead_hops": core.LOOKAHEAD_FRAMES,
        "inputs": {
            "audio": {"shape": [1, "samples"], "dtype": "float32", "peak": 1.0},
            "fmin": {"shape": [], "dtype": "float32", "value": LOWEST_HZ},
            "fmax": {"shape": [], "dtype": "float32", "value": HIGHEST_HZ},
        },
        "outputs": {
            "pitch": {"shape": [1, "hops"], "dtype": "float32", "unit": "Hz"},
            "confidence": {"shape": [1, "hops"], "dtype": "float32", "voiced_from": VOICED},
        },
    }
    write_atomically(folder / MODEL, Path(str(swift_f0.__file__)).with_name("model.onnx").read_bytes())
    write_atomically(folder / FACTS, (json.dumps(facts, indent=1) + "\n").encode())
    for file in package.files or ():
        if file.name == "LICENSE":
            write_atomically(folder / LICENCE, Path(str(file.locate())).read_bytes())
