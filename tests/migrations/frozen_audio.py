"""What the frozen specs of older versions sounded like when they were released: `audio/NAME.npz`, kept for ever.

python -m tests.migrations.frozen_audio     # records those that are not there yet; never replaces one
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import ddspgraph as dg

HERE = Path(__file__).parent
SPECS = sorted((HERE / "v1").glob("*.yaml"))
SECONDS = 0.25
SEED = 3
_RANGES = {"f0_hz": (80.0, 500.0), "audio": (-0.5, 0.5)}


def numbers(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Scattered numbers that no release of a library can change: Knuth's multiplicative hash of their positions."""
    low, high = _RANGES.get(name, (-1.0, 1.0))
    positions = np.arange(np.prod(shape, dtype=np.int64), dtype=np.uint64) + np.uint64(sum(name.encode()) * 1_000_003)
    fractions = (positions * np.uint64(2_654_435_761) % np.uint64(1 << 32)).astype(np.float64) / (1 << 32)
    return (low + (high - low) * fractions).reshape(shape).astype(np.float32)


def render(spec: Path | str) -> dict[str, np.ndarray]:
    """The audio and the losses of a spec on fixed inputs, with fixed variables."""
    graph = dg.load(spec)
    model = dg.compile(graph)
    for node, variables in model.variables_by_node.items():
        for name, variable in variables.items():
            variable.assign(0.1 * numbers(f"{node}/{name}", tuple(variable.shape)))
    found: dict[str, Any] = dict(model(inputs_of(graph), seed=SEED))
    if graph.losses:
        found |= {name: x for name, x in model.losses(inputs_of(graph), seed=SEED).items() if name != "total"}
    return {name: np.asarray(x) for name, x in found.items()}


def inputs_of(graph: Any) -> dict[str, np.ndarray]:
    hop = graph.clock.hop_samples
    frames = round(SECONDS * graph.clock.sample_rate / hop)
    sizes = {"batch": 1, "frames": frames, "samples": frames * hop}
    return {i.name: numbers(i.name, tuple(dim.at(sizes, 8) for dim in i.signal.dims)) for i in graph.inputs}


def main() -> None:
    for path in SPECS:
        target = HERE / "audio" / f"{path.stem}.npz"
        if not target.exists():
            results = render(path)
            np.savez_compressed(target, **results)  # type: ignore[arg-type]
            print(target.name, {name: (x.shape, float(np.abs(x).max())) for name, x in results.items()})


if __name__ == "__main__":
    main()
