"""Many threads at one exported model: `python -m tests.export.hammer EXPORT REQUESTS` prints what was found as JSON.

Plain TensorFlow; of ddspgraph only what says how the signatures are called.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

THREADS = 16
#: (items, frames) of the requests, in turn.
_SIZES = tuple((batch, frames) for batch in (1, 2, 3) for frames in (8, 13, 29, 50, 101))
_BLOCKS = (4, 1, 9, 2)
_RANGES = {"Hz": (80.0, 800.0), "dB": (-60.0, 0.0)}

_Arrays = dict[str, np.ndarray]


def hammer(folder: str, requests: int) -> dict[str, Any]:
    """Calls an export from 16 threads and compares with what one thread got.

    Returns:
      requests, and of them mismatches; traces after the warm-up; resident bytes after it and by which part they grew;
      seconds.
    """
    module, facts = tf.saved_model.load(folder), _facts(folder)
    request = _stream(module, facts) if "streaming" in facts else _offline(module, facts)
    expected = [request(case) for case in range(len(_SIZES))]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda i: request(i % len(_SIZES)), range(max(requests // 2, THREADS))))
        with Traces() as traces:
            before, begin = _resident_bytes(), time.perf_counter()
            same = pool.map(lambda i: _is_same(request(i % len(_SIZES)), expected[i % len(_SIZES)]), range(requests))
            mismatches, seconds = requests - sum(same), time.perf_counter() - begin
            growth = _resident_bytes() / before - 1.0
    found = {"requests": requests, "mismatches": mismatches, "traces": traces.count, "seconds": seconds}
    return {**found, "resident_bytes": before, "growth": growth}


def _facts(folder: str) -> dict[str, Any]:
    with open(os.path.join(folder, "assets", "ddspgraph.json"), encoding="utf-8") as file:
        return json.load(file)


def _offline(module: Any, facts: dict[str, Any]) -> Callable[[int], _Arrays]:
    """One call of `serving_default`."""

    def request(case: int) -> _Arrays:
        inputs = {name: tf.constant(x) for name, x in _inputs(facts, case, *_SIZES[case]).items()}
        given = {name: x for name, x in inputs.items() if name in facts["signatures"]["serving_default"]}
        return {name: x.numpy() for name, x in module.signatures["serving_default"](**given).items()}

    return request


def _stream(module: Any, facts: dict[str, Any]) -> Callable[[int], _Arrays]:
    """A stream of several blocks, whose state goes in and out."""
    names = [output["name"] for output in facts["outputs"]]

    def request(case: int) -> _Arrays:
        batch = _SIZES[case][0]
        scalars = {"batch": tf.constant(batch, tf.int32), "seed": tf.constant(case, tf.int64)}
        state, found = module.signatures["initial_state"](**scalars), []
        for i, frames in enumerate(_BLOCKS):
            block = {name: tf.constant(x) for name, x in _inputs(facts, case + i, batch, frames).items()}
            block = {name: x for name, x in block.items() if name in facts["streaming"]["block"]}
            state = module.signatures["process"](**block, **{name: state[name] for name in facts["streaming"]["state"]})
            found.append({name: state[name].numpy() for name in names})
        return {f"{name} {i}": results[name] for i, results in enumerate(found) for name in names}

    return request


def _inputs(facts: dict[str, Any], seed: int, batch: int, frames: int) -> _Arrays:
    rng, hop = np.random.default_rng(seed), facts["clock"]["hop_samples"]
    sizes = {"batch": batch, "frames": frames, f"{hop}*frames": hop * frames, "samples": hop * frames}
    found = {}
    for item in facts["inputs"]:
        low, high = _RANGES.get(item["unit"], (-0.5, 0.5))
        shape = [sizes.get(n, n) for n in item["shape"]]
        found[item["argument"]] = rng.uniform(low, high, shape).astype(np.float32)
    return found


def _is_same(found: _Arrays, expected: _Arrays) -> bool:
    return all(np.array_equal(found[name], x) for name, x in expected.items())


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Traces:
    """Counts the function graphs that are made: every trace makes one.

    A plain `tf.Graph` is no trace: TensorFlow makes one in each thread that asks for its default graph, and the pool
    may start a thread as late as in the counted requests.
    """

    def __enter__(self) -> Traces:
        self.count, self.before = 0, tf.Graph.__init__

        def counted(graph: tf.Graph, *args: Any, **options: Any) -> None:
            self.count += type(graph) is not tf.Graph
            self.before(graph, *args, **options)

        tf.Graph.__init__ = counted
        return self

    def __exit__(self, *error: object) -> None:
        tf.Graph.__init__ = self.before


if __name__ == "__main__":
    print(json.dumps(hammer(sys.argv[1], int(sys.argv[2]))))
