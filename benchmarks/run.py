"""`make bench`: both sides in one run, interleaved; writes results.json and the table of README.md.

    python benchmarks/run.py --peer PYTHON [--torch PYTHON] [--quick]

Each side and mode is a process of its own; turns alternate between them, so that a machine that slows down slows all
of them. In its turn a side makes one call, or seven of a short work, of which the first two, whose caches the others
have emptied, do not count. Figures are medians of at least 7 calls after the first one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from cases import EXPORTED, LENGTHS, MEMORY, SIZES, TABLE, TRAINING, Case, inputs
from lower_bound import c_milliseconds
from reference import reference
from report import write_report

HERE = Path(__file__).parent
TURNS = 7
#: The most that a call of one side may take for it to have all turns.
PATIENCE_MS = 2_000.0
#: Measurements of a side that are enough: a short work makes five in a turn.
ENOUGH = 15


class Worker:
    """A side in a mode, in its own process."""

    def __init__(self, python: str, side: str, mode: str) -> None:
        self.side, self.mode = side, mode
        environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1"} if side == "peer" else dict(os.environ)
        self.process = subprocess.Popen(
            [python, "-W", "ignore", str(HERE / ("worker_torch.py" if side == "torch" else "worker.py")), side],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def ask(self, do: str, case: Case | None = None, **more: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"do": do, "case": case.as_dict() if case else None, "mode": self.mode, **more}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "the process ended"}

    def finish(self) -> None:
        """Tells the process to end, which takes it a second or two."""
        assert self.process.stdin is not None
        self.process.stdin.close()


def measure(workers: dict[str, Worker], case: Case, at_once: int) -> dict[str, Any]:
    """First call, median and error of every side on one case; so many of them are prepared at once."""
    with ThreadPoolExecutor(at_once) as pool:
        prepared = pool.map(lambda worker: worker.ask("prepare", case), workers.values())
    found: dict[str, Any] = dict(zip(workers, prepared, strict=True))
    alive = {name: w for name, w in workers.items() if "error" not in found[name]}
    times: dict[str, list[float]] = {name: [] for name in alive}
    for _ in range(TURNS):
        for name, worker in alive.items():
            is_slow = bool(times[name]) and times[name][-1] > PATIENCE_MS
            if len(times[name]) >= (3 if is_slow else ENOUGH):
                continue
            times[name] += worker.ask("time", case).get("ms", [])
    for name in alive:
        found[name]["ms"] = statistics.median(times[name])
        found[name]["calls"] = len(times[name])
        if case in EXPORTED and workers[name].mode == "function":
            with tempfile.TemporaryDirectory() as folder:
                found[name]["export_bytes"] = workers[name].ask("export", case, path=folder + "/export").get("bytes")
    _errors(alive, case, found)
    return {"case": case.as_dict(), "name": case.name, "sides": found}


def _errors(alive: dict[str, Worker], case: Case, found: dict[str, Any]) -> None:
    if case.seconds > 4.0 or case.grad:
        return
    exact = reference(case, inputs(case))
    if exact is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, worker in alive.items():
            path = f"{folder}/{name}.npy"
            if "error" not in worker.ask("output", case, path=path):
                got = np.load(path).astype(np.float64)
                found[name]["error"] = None
                found[name]["relative_error"] = float(np.linalg.norm(got - exact) / np.linalg.norm(exact))
            found[name].pop("error", None)


def peak_memory(python: str, side: str, case: Case) -> float | None:
    """Peak resident memory of a fresh process that does one case three times, less what it held before, in MB."""
    worker = Worker(python, side, "function")
    before = worker.ask("version")["rss_mb"]
    after = worker.ask("prepare", case)
    for _ in range(2):
        after = worker.ask("time", case)
    worker.finish()
    worker.process.wait()
    return None if "error" in after else after["rss_mb"] - before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peer", required=True, help="Python of the peer's environment")
    parser.add_argument("--torch", help="Python of an environment with PyTorch")
    parser.add_argument("--quick", action="store_true", help="the table only")
    options = parser.parse_args()
    start = time.time()
    workers = {
        "ours": Worker(sys.executable, "ours", "function"),
        "ours_xla": Worker(sys.executable, "ours", "xla"),
        "peer": Worker(options.peer, "peer", "function"),
        "peer_xla": Worker(options.peer, "peer", "xla"),
        "peer_eager": Worker(options.peer, "peer", "eager"),
    }
    if options.torch:
        workers["torch"] = Worker(options.torch, "torch", "eager")
        workers["torch_compile"] = Worker(options.torch, "torch", "compile")
    versions = {name: w.ask("version") for name, w in workers.items()}
    results: dict[str, Any] = {
        "machine": machine(),
        "versions": versions,
        "table": [],
        "sizes": [],
        "training": [],
        "lengths": [],
        "memory": [],
    }
    for section, cases, at_once in (
        ("table", TABLE, 1),  # one by one: its first calls are in the report
        ("sizes", SIZES, 2),
        ("training", TRAINING, 2),
        ("lengths", LENGTHS, 2),
    ):
        for case in cases if not options.quick or section == "table" else ():
            asked = {name: worker for name, worker in workers.items() if takes_part(name, section, case)}
            results[section].append(measure(asked, case, at_once))
            line = ", ".join(f"{n} {s['ms']:.1f}" for n, s in results[section][-1]["sides"].items() if "ms" in s)
            print(f"[{time.time() - start:4.0f} s] {case.name}: {line} ms", file=sys.stderr, flush=True)
    results["c_one_thread_ms"] = c_milliseconds(TABLE[0])
    for worker in workers.values():
        worker.finish()
    for worker in workers.values():
        worker.process.wait()
    for case in MEMORY:
        with ThreadPoolExecutor() as pool:
            ours = pool.submit(peak_memory, sys.executable, "ours", case)
            peer = pool.submit(peak_memory, options.peer, "peer", case)
        sides = {"ours": ours.result(), "peer": peer.result()}
        results["memory"].append({"case": case.as_dict(), "name": case.name, "peak_mb": sides})
        print(f"[{time.time() - start:4.0f} s] memory {case.name}: {sides}", file=sys.stderr, flush=True)
    results["seconds"] = round(time.time() - start)
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    write_report(results, HERE / "README.md")
    return 0


def takes_part(side: str, section: str, case: Case) -> bool:
    """The peers in all of the table; beyond it in the modes that are used, and not where they need gigabytes."""
    if section == "lengths" and case.seconds > 60.0:
        return side == "ours"
    if section == "training":
        return side in ("ours", "peer")
    return section == "table" or side not in ("peer_eager", "torch", "torch_compile")


def machine() -> dict[str, Any]:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
    }


if __name__ == "__main__":
    sys.exit(main())
