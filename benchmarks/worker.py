"""One side in one process: builds cases and times calls, as told on standard input, one JSON object a line."""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import numpy as np
import tensorflow as tf
from cases import Case, inputs
from turns import turn

answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print must not stand between the answers


class Prepared:
    """A case in a mode: eager, function or xla."""

    def __init__(self, side: Any, case: Case, mode: str) -> None:
        self.case = case
        given = {name: tf.constant(x) for name, x in inputs(case).items()}
        self.tensors = list(given.values())
        is_made = [name != "target" for name in given]  # what a loss compares with is data: it has no gradient
        forward = side.build(case)

        def with_gradients(*tensors: tf.Tensor) -> Any:
            wanted = [x for x, is_wanted in zip(tensors, is_made, strict=True) if is_wanted]
            with tf.GradientTape() as tape:
                tape.watch(wanted)
                result = tf.convert_to_tensor(forward(*tensors))
                total = tf.reduce_sum(result * result)
            found = tape.gradient(total, wanted)
            return result, [g for g in found if g is not None]

        call = with_gradients if case.grad else forward
        if mode != "eager":
            call = tf.function(call, jit_compile=mode == "xla", autograph=mode == "function")
        self.call = call

    def run(self) -> Any:
        """One call, finished when it returns."""
        result = self.call(*self.tensors)
        first = result[0] if isinstance(result, tuple) else result
        last = result[1][-1] if isinstance(result, tuple) else first
        np.asarray(last)  # without a copy; waits, should a side compute in the background
        return first


def exported_bytes(prepared: Prepared, path: str) -> int:
    """The size of the function's graph as a SavedModel."""
    module = tf.Module()
    module.call = prepared.call
    tf.saved_model.save(module, path, signatures=prepared.call.get_concrete_function(*prepared.tensors))
    return os.path.getsize(os.path.join(path, "saved_model.pb"))


def main() -> None:
    side = importlib.import_module(f"side_{sys.argv[1]}")
    tf.constant(0.0) + 1.0
    prepared: dict[str, Prepared] = {}
    for line in sys.stdin:
        order = json.loads(line)
        key = json.dumps([order.get("case"), order.get("mode")])
        reply: dict[str, Any] = {"rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
        try:
            if order["do"] == "prepare":
                prepared.clear()
                start = time.perf_counter()
                prepared[key] = Prepared(side, Case(**order["case"]), order["mode"])
                prepared[key].run()
                reply["first_ms"] = 1e3 * (time.perf_counter() - start)
            elif order["do"] == "time":
                reply["ms"] = turn(prepared[key].run)
            elif order["do"] == "output":
                np.save(order["path"], np.asarray(prepared[key].run()))
            elif order["do"] == "export":
                reply["bytes"] = exported_bytes(prepared[key], order["path"])
            elif order["do"] == "version":
                reply |= {"version": side.VERSION, "tensorflow": tf.__version__}
            reply["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        except Exception as error:
            reply["error"] = f"{type(error).__name__}: {str(error)[:200]}"
        answer.write(json.dumps(reply) + "\n")
        answer.flush()


if __name__ == "__main__":
    main()
