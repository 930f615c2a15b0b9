"""`worker.py` for PyTorch: the same orders and answers."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import numpy as np
import side_torch
import torch
from cases import Case, inputs
from turns import turn

answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def prepare(case: Case, mode: str) -> Any:
    arrays = inputs(case)
    given = [torch.from_numpy(x) for x in arrays.values()]
    forward = side_torch.build(case)
    if mode == "compile":
        forward = torch.compile(forward)

    def plain() -> torch.Tensor:
        with torch.no_grad():
            return forward(*given)

    def with_gradients() -> torch.Tensor:
        leaves = [x.clone().requires_grad_(n != "target") for n, x in zip(arrays, given, strict=True)]
        result = forward(*leaves)
        (result * result).sum().backward()
        return result

    return with_gradients if case.grad else plain


def main() -> None:
    call: Any = None
    for line in sys.stdin:
        order = json.loads(line)
        reply: dict[str, Any] = {}
        try:
            start = time.perf_counter()
            if order["do"] == "prepare":
                call = prepare(Case(**order["case"]), order["mode"])
                start = time.perf_counter()
                call()
                reply["first_ms"] = 1e3 * (time.perf_counter() - start)
            elif order["do"] == "time":
                reply["ms"] = turn(call)
            elif order["do"] == "output":
                np.save(order["path"], call().detach().numpy())
            else:
                reply |= {"version": side_torch.VERSION, "tensorflow": ""}
        except Exception as error:
            reply["error"] = f"{type(error).__name__}: {str(error)[:200]}"
        reply["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        answer.write(json.dumps(reply) + "\n")
        answer.flush()


if __name__ == "__main__":
    main()
