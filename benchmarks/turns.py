"""One side's turn: how its calls are timed, the same in every environment."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: Works that take less make several calls in a turn.
SHORT_MS = 60.0
#: Threads of the side before may wait for more work by spinning; they come to rest within this.
REST_S = 0.05
#: Calls of a turn that do not count: they fill the caches that the others have emptied.
N_WARM = 2
N_COUNTED = 5


def turn(run: Callable[[], Any]) -> list[float]:
    """Milliseconds of one call; of a short work, of five calls after the first two."""
    time.sleep(REST_S)
    times = []
    for _ in range(N_WARM + N_COUNTED):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
        if times[0] > SHORT_MS:
            return times
    return times[N_WARM:]
