"""How fast this machine works: a micro-benchmark of a few seconds, kept in a file of the user's for next time.

The speed is in multiply-adds of `ir.costs` a second, so that a cost divided by it is a time. It is measured on the
kernels that graphs are made of, and is as good as their mix: what it predicts is an estimate. Reading it needs no
TensorFlow; measuring does.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from ddspgraph.diagnostics import GraphError
from ddspgraph.files import write_atomically

#: Of all kernels together, without importing TensorFlow and tracing.
BUDGET_S = 2.0
#: Raised whenever the prices of `ir.costs` change: what was measured in the old currency is of no use.
_CURRENCY = 2
_SECONDS, _SAMPLE_RATE, _HOP = 4, 16_000, 64


@dataclass(frozen=True)
class Speed:
    """What was measured, where and when."""

    multiply_adds_per_s: float
    measured_on: str  # an ISO date
    machine: str
    tensorflow: str

    def seconds(self, multiply_adds: float) -> float:
        """How long so much work takes."""
        return multiply_adds / self.multiply_adds_per_s


def known_speed() -> Speed | None:
    """What was measured on this machine before; None where nothing was, or another TensorFlow was."""
    kept = _kept().get(_machine_key())
    try:
        speed = Speed(**kept) if isinstance(kept, dict) else None
    except TypeError:
        return None
    return speed if speed is not None and _is_number(speed.multiply_adds_per_s) else None


def measure_speed() -> Speed:
    """Measures this machine; imports TensorFlow. What it finds is kept where it can be."""
    work, seconds = 0.0, 0.0
    for multiply_adds, call in kernels():
        work += multiply_adds
        seconds += fastest(call)
    today = datetime.date.today().isoformat()
    speed = Speed(work / seconds, today, machine_name(), _version())
    _keep(speed)
    return speed


def speed_file() -> Path:
    """Where speeds are kept: in the folder that the system has for what can be made again."""
    if os.environ.get("XDG_CACHE_HOME"):
        folder = Path(os.environ["XDG_CACHE_HOME"])
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches"
    elif os.name == "nt":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        folder = Path.home() / ".cache"
    return folder / "ddspgraph" / "speed.json"


def machine_name() -> str:
    """`AMD EPYC, 2 cores`."""
    count = _core_count()
    return f"{_processor()}, {count} core{'s' * (count != 1)}"


def kernels() -> Iterator[tuple[int, Callable[[], Any]]]:
    """The mix that speed is measured on: the work of each call, and the call."""
    import tensorflow as tf

    from ddspgraph import losses, ops

    frames, samples = _SECONDS * _SAMPLE_RATE // _HOP, _SECONDS * _SAMPLE_RATE
    clock: dict[str, Any] = {"sample_rate": _SAMPLE_RATE, "hop_samples": _HOP}
    raw, audio = tf.zeros([1, frames, 60]), tf.random.stateless_uniform([1, samples], (0, 0), -1.0, 1.0)
    pitch = tf.fill([1, frames, 1], 220.0)
    response = audio[:, : 3 * _SAMPLE_RATE]
    depth = tf.zeros([1, samples, 1])
    mix = [
        (ops.Harmonic(**clock), {"amplitudes": raw[:, :, :1], "harmonic_distribution": raw, "f0_hz": pitch}),
        (ops.FilteredNoise(**clock), {"magnitudes": raw}),
        (ops.Wavetable(**clock), {"amplitudes": raw[:, :, :1], "wavetables": raw, "f0_hz": pitch}),
        (ops.Reverb(), {"audio": audio, "ir": response}),
        (ops.ModDelay(sample_rate=_SAMPLE_RATE), {"audio": audio, "gain": depth, "phase": depth}),
        (losses.SpectralLoss(), {"target_audio": audio, "audio": 0.5 * audio}),
    ]
    for op, tensors in mix:
        open_shapes = {name: tf.TensorSpec([None, None, *x.shape[2:]], x.dtype) for name, x in tensors.items()}
        function = tf.function(_runner(op), input_signature=[open_shapes], autograph=False)
        made = function(tensors)
        shapes = {name: tuple(x.shape) for name, x in tensors.items()}
        shapes |= {f"-> {name}": tuple(x.shape) for name, x in made.items()}
        yield op.multiply_adds(shapes), _caller(function, tensors)


def _runner(op: Any) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda tensors: op.signals(**tensors)


def _caller(function: Any, tensors: Mapping[str, Any]) -> Callable[[], Any]:
    return lambda: function(tensors)


def fastest(call: Callable[[], Any], budget_s: float = BUDGET_S / 6) -> float:
    """Seconds of the fastest of many calls: what others do on this machine only ever adds."""
    call()
    begun, least = time.perf_counter(), float("inf")
    while time.perf_counter() - begun < budget_s or least == float("inf"):
        start = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - start)
    return least


def _keep(speed: Speed) -> None:
    file = speed_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        data = {**_kept(), _machine_key(): asdict(speed)}
        write_atomically(file, json.dumps(data, indent=1).encode())
    except (OSError, GraphError):
        return  # a machine whose home is read-only is measured anew each time


def _kept() -> dict[str, Any]:
    try:
        found = json.loads(speed_file().read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _machine_key() -> str:
    """One home may serve several machines, and one machine several versions and settings of TensorFlow."""
    threads = [os.environ.get(f"TF_NUM_{kind}OP_THREADS", "") for kind in ("INTRA", "INTER")]
    said = [platform.system(), platform.machine(), machine_name(), _version(), *threads, _CURRENCY]
    return hashlib.sha256("\n".join(map(str, said)).encode()).hexdigest()[:16]


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown processor"


def _core_count() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version() -> str:
    for name in ("tensorflow", "tensorflow-cpu", "tf-nightly"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "unknown"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and 0 < value < float("inf")
