"""What grown graphs have besides ops: learned values, feedback, channels, and sub-graphs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from ddspgraph.ir.ports import Port
from ddspgraph.ir.types import Rate, Signal

Spec = dict[str, Any]

#: Delays of a line at audio rate: whole, a fraction, a period, shorter and longer than a frame.
_DELAYS: Sequence[Any] = ("40 samples", "200.5 samples", "3 ms", "A4", "7 samples", "0.02 s")
_FRAME_DELAYS: Sequence[Any] = ("1 frames", "2 frames", "5 frames")


def learned(rng: random.Random, literal: Any) -> Spec:
    """A literal, of a number or of a list of them, that training may move."""
    numbers = literal if isinstance(literal, list) else [literal]
    entry: Spec = {"learn": literal}
    is_flat = all(not isinstance(number, list) for number in numbers)
    if is_flat and rng.random() < 0.6:
        least, most = min(numbers), max(numbers)
        is_log = least > 0 and rng.random() < 0.5
        entry |= {"min": least / 2 if is_log else least - 1.0, "max": most * 2 if is_log else most + 1.0}
        entry |= {"scale": "log"} if is_log else {}
    return entry | ({"shape": [3]} if not isinstance(literal, list) and rng.random() < 0.1 else {})


def line(rng: random.Random, spec: Spec, port: Port, source: str) -> str:
    """A new entry of `feedback` that a port may read, and that takes `source`; its name."""
    is_frames = port.rate is Rate.FRAME or (port.rate is None and rng.random() < 0.3)
    delays = _FRAME_DELAYS if is_frames else _DELAYS
    entry: Spec = {"from": source, "delay": rng.choice(delays)} | ({"rate": "frame"} if is_frames else {})
    if not is_frames and rng.random() < 0.2:
        entry |= {"delay": new_delay(spec), "min": "20 samples", "max": "300 samples"}
    own = port.dims[2].size if port.dims is not None and len(port.dims) > 2 else None
    channels = own or (rng.choice([None, None, 2, 3]) if not port.mono else None)
    entry |= {"channels": channels} if channels and (channels > 1 or not is_frames) else {}
    entry |= {"voices": 3} if rng.random() < 0.1 else {}
    entry |= {"unit": port.unit.value} if rng.random() < 0.5 else {}
    entry |= {"interpolation": rng.choice(["none", "linear", "lagrange3"])} if rng.random() < 0.3 else {}
    entry |= {"recompute": True} if rng.random() < 0.2 else {}
    name = f"f{len(spec.setdefault('feedback', {}))}"
    spec["feedback"][name] = entry
    return name


def new_delay(spec: Spec) -> str:
    """An input that says how long a line is."""
    name = f"i{len(spec.setdefault('inputs', {}))}"
    spec["inputs"][name] = {
        "rate": "frame" if len(spec["clock"].keys() & {"hop", "frame_rate"}) else "audio",
        "unit": "samples",
    }
    return name


def definition_of(spec: Spec) -> Spec:
    """A spec as a definition under `graphs`."""
    keys = ("params", "inputs", "feedback", "graphs", "nodes", "outputs")
    return {key: spec[key] for key in keys if key in spec}


def port_of(signal: Signal) -> Port:
    """An input of a sub-graph, as its use sees it."""
    return Port(signal.dims, signal.rate, signal.unit, voiced=signal.voices is not None)
