"""The inputs of version 1 are names; what each of them is follows from the arguments that it is given to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Note, Report
from ddspgraph.migrations.v1_calls import Call
from ddspgraph.migrations.v1_classes import AUDIO, Shape

#: A value given to a slow and to a fast argument is the slow one: version 2 brings it to the fast rate.
_SLOWEST_FIRST = ("const", "frame", "audio")


def said_inputs(root: Value, report: Report) -> Mapping[str, tuple[Key, int | None]] | None:
    """The name and, where a pair says it, the number of channels of each input, by name.

    Reports E203 and E306; None where the schema refused the list or a part of it.
    """
    listed = root.get("inputs")
    if listed is None or not listed.is_list:
        return None
    inputs: dict[str, tuple[Key, int | None]] = {}
    for item in listed.elements():
        parts = list(item.elements()) if item.is_list else [item]
        if not parts or not isinstance(parts[0].data, str):
            return None
        if len(parts) > 2:
            report.add("E203", "an input is a name, or a name and its channels", parts[2].span)
        key = Key(parts[0].data, parts[0].span)
        size = parts[1].data if len(parts) > 1 and isinstance(parts[1].data, int) else None
        first = inputs.setdefault(str(key), (key, size))[0]
        if first is not key:
            note = Note(f"the first '{key}' is", first.span)
            report.add("E306", f"'{key}' is listed twice", key.span, note, hint="delete one of them")
    return inputs


def input_shapes(calls: Sequence[Call]) -> dict[str, tuple[Shape, str]]:
    """For each input that a call reads: what it is, and because of which argument of which module."""
    return _Shapes(calls).found


class _Shapes:
    def __init__(self, calls: Sequence[Call]) -> None:
        self.by_name = {str(call.name): call for call in calls}
        self.found: dict[str, tuple[Shape, str]] = {}
        for call in calls:
            for argument, value in _given(call):
                shape = call.known.arguments[argument]
                if shape is not None:
                    self._say(value, shape, call, argument)
        # A sum takes anything: it says of its inputs what is known of their neighbours, and so on.
        size = -1
        while size != len(self.found):
            size = len(self.found)
            for call in calls:
                self._neighbours(call)
        for call in calls:
            for argument, value in _given(call):
                self._say(value, AUDIO, call, argument, weak=True)

    def _say(self, value: Value, shape: Shape, call: Call, argument: str, weak: bool = False) -> None:
        name = str(value.data)
        if name.partition("/")[0] in self.by_name:
            return
        why = f"as '{argument}' of {call.name}"
        if name not in self.found:
            self.found[name] = shape, why
        elif not weak:
            self.found[name] = min((self.found[name], (shape, why)), key=lambda pair: _precision(pair[0]))

    def _neighbours(self, call: Call) -> None:
        free = [(a, v) for a, v in _given(call) if call.known.arguments[a] is None]
        known = [shape for _, value in free if (shape := self._of(value)) is not None]
        for argument, value in free if known else ():
            self._say(value, known[0], call, argument, weak=True)

    def _of(self, value: Value) -> Shape | None:
        """What is known of a reference of version 2."""
        name, _, control = str(value.data).partition("/")
        call = self.by_name.get(name)
        if call is None:
            return self.found.get(name, (None, ""))[0]
        given = dict(_given(call))
        if control in call.known.arguments:
            return call.known.arguments[control] or (self._of(given[control]) if control in given else None)
        if not control and None in call.known.arguments.values():
            return next((shape for v in given.values() if (shape := self._of(v)) is not None), None)
        return AUDIO


def _given(call: Call) -> list[tuple[str, Value]]:
    return list(zip(call.known.arguments, call.inputs, strict=False))


def _precision(shape: Shape) -> tuple[int, int]:
    """The slower rate, then the size that is a number."""
    return _SLOWEST_FIRST.index(shape.rate), 0 if isinstance(shape.channels, int) else 1


def with_channels(shape: Shape, channels: int | None) -> Shape:
    """The shape with the number of channels that the old file says."""
    if channels is None:
        return shape
    if shape.rate == "const":
        return replace(shape, shape=(*shape.shape[:-1], channels))
    return replace(shape, channels=channels)
