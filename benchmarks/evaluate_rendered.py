"""What `ddspgraph evaluate` says of audio that something else rendered from the held-out examples of a dataset.

python benchmarks/evaluate_rendered.py DATASET RENDERED.npy
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import ddspgraph as dg
from ddspgraph.data.dataset import open_dataset
from ddspgraph.instrument.evaluate import evaluate

SPEC = Path(__file__).parents[1] / "graphs" / "models" / "tiny_instrument_fast.yaml"


class Rendered:
    """An instrument that has played already: its losses are those of what it played."""

    audio_output = "audio"

    def __init__(self, rendered: np.ndarray) -> None:
        self.graph, self.model, self.rest = dg.load(SPEC), self, rendered
        params = {"fft_sizes": (2048, 768, 256, 96), "loss_type": "L1", "mag_weight": 1.0, "logmag_weight": 1.0}
        self.loss = dg.losses.SpectralLoss(**params)

    def losses(self, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        audio = np.asarray(inputs["audio"])
        return {"spectral": self.loss(audio, self.rest[: len(audio)])}

    def render(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        count = len(inputs["audio"])
        played, self.rest = self.rest[:count], self.rest[count:]
        return played


def main() -> int:
    instrument: Any = Rendered(np.load(sys.argv[2]))
    print(json.dumps(evaluate(instrument, open_dataset(sys.argv[1])), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
