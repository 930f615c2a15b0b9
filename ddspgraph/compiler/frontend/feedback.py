"""An entry of `feedback` -> the node of its line, and the edge that closes the cycle."""

from __future__ import annotations

import re
from typing import Any

from ddspgraph.compiler.frontend.parameters import INVALID, ParameterReader, quantity_of, whole
from ddspgraph.compiler.frontend.scope import Draft, Scope
from ddspgraph.compiler.frontend.values import Key, Value, text_of
from ddspgraph.compiler.frontend.voices import PART, voices_of
from ddspgraph.compiler.frontend.wording import written
from ddspgraph.ir.feedback import FeedbackLine
from ddspgraph.ir.graph import Feedback
from ddspgraph.ir.types import Unit
from ddspgraph.ir.written import Written

_FRAMES = re.compile(r"([0-9]+(?:\.[0-9]*)?)\s+frames?")
#: A line of a minute; what is longer is a mistake in the unit.
_LONGEST_S = 60


def read_line(key: Key, value: Value, scope: Scope) -> Draft:
    """The node of a line, whose inputs are its delay where that is a signal.

    Reports E201, E402, E501, E502, E505 and E506. It keeps no cycle: see `closing_edge`.
    """
    if scope.clock.span is None:
        scope.need("", str(key), key.span)
    return _LineReader(key, value, scope).draft()


def closing_edge(draft: Draft, value: Value, scope: Scope) -> Feedback | None:
    """What goes into a line. Reports E301 and E303."""
    source = value.get("from")
    ref = None if source is None else scope.ref(source, str(draft.key))
    return None if ref is None or source is None else Feedback(str(draft.key), ref, source.span)


class _LineReader:
    def __init__(self, key: Key, value: Value, scope: Scope) -> None:
        self.key, self.value, self.scope, self.report = key, value, scope, scope.report
        self.reader = ParameterReader(scope.report, scope.clock.sample_rate)
        self.is_audio = text_of(value.get("rate")) != "frame"
        self.written: dict[str, Written] = {}

    def draft(self) -> Draft:
        value, delay = self.value, self.value.get("delay")
        is_sound = delay is not None and not any(item.is_faulty for _, item in value.items())
        params: dict[str, Any] = {
            "rate": "audio" if self.is_audio else "frame",
            "channels": self._channels(),
            "voices": voices_of(value),
            "part_voices": None if value.get(PART) is None else whole(value.get(PART).data),  # type: ignore[union-attr]
            "unit": text_of(value.get("unit")) or "any",
            "interpolation": text_of(value.get("interpolation")) or ("lagrange3" if self.is_audio else "none"),
            "recompute": value.get("recompute") is not None and value.get("recompute").data is True,  # type: ignore[union-attr]
            "constrain": text_of(value.get("constrain")) or None,
            "sample_rate": float(self.scope.clock.sample_rate or 0) or None,
        }
        truncate = value.get("truncate")
        if truncate is not None and not truncate.is_faulty:
            params["truncate"] = self._span(truncate, f"truncate of '{self.key}'")
        inputs: dict[Key, Value] = {}
        if delay is not None and not delay.is_faulty:
            if self._is_signal(delay):
                params |= self._bounds()
                inputs[Key("delay", delay.span)] = delay
            else:
                params["delays"] = self._delays(delay, params["channels"])
                words = written(delay, Unit.SAMPLES, self.scope.clock.sample_rate)
                self.written = {} if words is None else {"delays": words}
        is_sound = is_sound and INVALID not in params.values()
        known = {name: item for name, item in params.items() if item is not INVALID}
        if params.get("delays") is INVALID:  # as if it were there, so that only its value is refused
            known["delays"] = (1.0,)
        entry = {k: v for k, v in value.items() if k in ("doc", "group", "voices", PART)}
        entry[Key("inputs", self.key.span)] = Value(inputs, self.key.span)
        spans = {str(k): v.span for k, v in value.items()}
        if delay is not None:
            spans["delays"] = delay.span
        line = FeedbackLine(**known)
        return Draft(self.key, Value(entry, value.span), FeedbackLine, line, is_sound, spans, self.written)

    def _channels(self) -> int | None:
        channels = self.value.get("channels")
        return int(channels.data) if channels is not None and channels.is_number else None  # type: ignore[arg-type]

    def _is_signal(self, delay: Value) -> bool:
        """A name, or a mapping that becomes a node, as `{learn: 5 ms}` does."""
        if delay.is_mapping:
            return True
        if not isinstance(delay.data, str):
            return False
        if delay.data.partition("/")[0] in self.scope.claimed:
            return True
        return quantity_of(delay) is None and not re.match(r"\s*[+-]?\.?[0-9]", delay.data)

    def _delays(self, delay: Value, channels: int | None) -> Any:
        found = tuple(self._delay(item) for item in (delay.elements() if delay.is_list else (delay,)))
        if INVALID in found:
            return INVALID
        if delay.is_list and len(found) != (channels or 1):
            many = f"{len(found)} delays for {channels or 1} channel{'s' * ((channels or 1) != 1)}"
            hint = f"write `channels: {len(found)}`" if found and channels is None else "give one for each channel"
            return self.reader.refuse("E502", f"'{self.key}': {many}", delay, hint)
        return found

    def _bounds(self) -> dict[str, Any]:
        """The least and the most that a moving delay can be: how long the blocks of the loop may be depends on it."""
        ends = {name: self.value.get(name) for name in ("min", "max")}
        missing = [f"`{name}`" for name, value in ends.items() if value is None]
        if missing:
            message = f"'{self.key}': a delay that moves needs its {' and '.join(missing)}"
            hint = "add `min: 1 ms, max: 25 ms`: the loop runs in blocks as long as its shortest delay"
            self.report.add("E201", message, self.value.get("delay").span, hint=hint)  # type: ignore[union-attr]
        found = {
            name: INVALID if value is None or value.is_faulty else self._delay(value) for name, value in ends.items()
        }
        if INVALID not in found.values() and found["min"] > found["max"]:
            units = [quantity_of(value) for value in ends.values() if value is not None]
            if all(end is not None and end.unit is Unit.HZ for end in units):  # the period of the highest is the least
                found = {"min": found["max"], "max": found["min"]}
            else:
                self.reader.refuse("E502", f"'{self.key}': min is above max", ends["min"], "exchange them")  # type: ignore[arg-type]
                found["min"] = INVALID
        return {"shortest": found["min"], "longest": found["max"]}

    def _delay(self, value: Value) -> Any:
        """In samples, or at frame rate in whole frames."""
        name = f"the delay of '{self.key}'"
        samples = self._span(value, name)
        return (
            samples if samples is INVALID else self._in_range(samples, name, value, self.scope.clock.hop_samples or 1)
        )

    def _span(self, value: Value, name: str) -> Any:
        """A length of time in samples."""
        clock = self.scope.clock
        hop = clock.hop_samples or 1
        frames = _FRAMES.fullmatch(value.data.strip()) if isinstance(value.data, str) else None
        quantity = quantity_of(value)
        if frames is not None:
            return float(frames[1]) * hop
        if quantity is not None and quantity.unit is Unit.HZ:
            if quantity.value <= 0:
                return self.reader.refuse("E502", f"{name} is the period of {quantity}", value, "write a time")
            return (clock.sample_rate or 0) / quantity.value
        samples = self.reader.number(value, Unit.SAMPLES, name)
        if samples is not INVALID and value.is_number and not self.is_audio:
            samples *= hop
        return samples

    def _in_range(self, samples: float, name: str, value: Value, hop: int) -> Any:
        rate = self.scope.clock.sample_rate or 16_000
        step, unit = (1, "sample") if self.is_audio else (hop, "frame")
        if samples < step:
            message = f"{name} must be at least 1 {unit}, this is {samples / step:.6g} {unit}s"
            hint = f"write `1 {unit}` ({1000 * step / rate:.4g} ms) or more: a loop without delay has no first value"
            return self.reader.refuse("E502", message, value, hint)
        if samples > _LONGEST_S * rate:
            message = f"{name} must be at most {_LONGEST_S} s, this is {samples / rate:.6g} s"
            return self.reader.refuse("E502", message, value, f"the longest is `{_LONGEST_S} s`")
        if self.is_audio:
            return float(samples)
        count = samples / hop
        if abs(count - round(count)) > 1e-6 * count:
            message = f"{name} must be whole frames, this is {count:.6g}"
            near = max(1, round(count))
            return self.reader.refuse("E502", message, value, f"write `{near} frame{'s' * (near != 1)}`")
        return float(round(count))
