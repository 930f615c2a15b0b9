"""Records what magenta/ddsp 3.7.0 computes for the chains of this folder: run it with that installed, not with ours.

    TF_USE_LEGACY_KERAS=1 python tests/migrations/chains/record.py

A version-1 file is magenta/ddsp's own form, so it is handed over as it stands: classes by name, constructor arguments,
the list of calls. Where the chain also stands as .gin, both must sound the same before anything is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ddsp  # type: ignore[import-not-found]
import ddsp.losses
import ddsp.processors
import gin  # type: ignore[import-not-found]
import numpy as np
import tensorflow as tf
import yaml

HERE = Path(__file__).parent
BATCH, FRAMES, SAMPLES = 2, 50, 3200
#: Shapes, without the batch axis, and ranges of the inputs that are not controls of one channel between -1 and 1.
AUDIO = {"one": (1,), "two": (1,), "gain": (1,), "phase": (1,), "other": (), "audio": ()}
RANGES = {"f0_hz": (80.0, 700.0), "ir": (-0.1, 0.1), "level": (-3.0, 3.0)}


def inputs_of(spec: dict[str, Any]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(len(spec["name"]))
    arrays = {}
    for item in spec["inputs"]:
        name, channels = item if isinstance(item, list) else (item, 1)
        if name in AUDIO:
            shape: tuple[int, ...] = (BATCH, SAMPLES, *AUDIO[name])
        else:
            shape = (BATCH, channels) if name == "ir" else (BATCH, FRAMES, channels)
        arrays[name] = rng.uniform(*RANGES.get(name, (-1.0, 1.0)), shape).astype(np.float32)
    return arrays


def instance(name: str, module: dict[str, Any]) -> Any:
    word = module["class"].split(".")[-1]
    cls = next(getattr(m, word) for m in (ddsp.synths, ddsp.effects, ddsp.processors, ddsp.losses) if hasattr(m, word))
    arguments = {k: v for k, v in module.items() if k not in ("class", "name", "doc")}
    arguments = {k: ddsp.core.exp_sigmoid if v == "core.exp_sigmoid" else v for k, v in arguments.items()}
    return cls(**arguments, name=name)


def main() -> None:
    for path in sorted(HERE.glob("*.yaml")):
        spec = yaml.safe_load(path.read_text())
        calls = [(call if isinstance(call, str) else call["name"], keys) for call, keys in spec["dag"]]
        inline = {call["name"]: call for call, _ in spec["dag"] if not isinstance(call, str)}
        modules = {name: instance(name, module) for name, module in {**spec["modules"], **inline}.items()}
        inputs = inputs_of(spec)
        given = {name: tf.constant(x) for name, x in inputs.items()}
        group = ddsp.processors.ProcessorGroup([(modules[name], keys) for name, keys in calls])
        outputs = group(given, return_outputs_dict=True)
        results = {"audio": outputs["signal"].numpy()}
        if path.with_suffix(".gin").exists():
            with gin.unlock_config():
                gin.clear_config()
                gin.parse_config(path.with_suffix(".gin").read_text())
            again = ddsp.processors.ProcessorGroup()(given).numpy()
            assert np.array_equal(again, results["audio"]), path
        for name, keys in spec.get("losses", ()):
            values = {**given, **outputs["controls"]}
            results[name] = modules[name](*(ddsp.core.nested_lookup(key, values) for key in keys)).numpy()
        arrays = {f"in_{k}": v for k, v in inputs.items()} | {f"out_{k}": v for k, v in results.items()}
        np.savez_compressed(path.with_suffix(".npz"), **arrays)
        print(path.stem, {name: (x.shape, float(np.abs(x).max())) for name, x in results.items()})


if __name__ == "__main__":
    main()
