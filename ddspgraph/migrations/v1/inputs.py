"""The inputs of version 1 are names; what each of them is follows from the arguments that it is given to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Note, Report
from ddspgraph.migrations.v1.classes import AUDIO, Class, Shape

#: A value given to a slow and to a fast argument is the slow one: version 2 brings it to the fast rate.
_SLOWEST_FIRST = ("const", "frame", "audio")


class Reader(Protocol):
    """A module that is called: its name, its class, and what it is given, in the order of its arguments."""

    @property
    def name(self) -> Key: ...
    @property
    def known(self) -> Class: ...
    @property
    def inputs(self) -> tuple[Value, ...]: ...


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


def input_shapes(calls: Sequence[Reader], known: Mapping[str, Shape] | None = None) -> dict[str, tuple[Shape, str]]:
    """For each input that a call reads: what it is, and because of which argument of which module.

    Args:
      known: references of which this is known otherwise; they are not looked for.
    """
    return _Shapes(calls, known or {}).found


def reference_shapes(calls: Sequence[Reader], known: Mapping[str, Shape]) -> Mapping[str, Shape]:
    """What is known of every reference that calls read or make: of inputs, of signals, of controls."""
    return _Shapes(calls, known).known


class _Shapes:
    """What is known of every reference. A name becomes known once, and then its readers are asked again.

    Attributes:
      wanted: what the readers of a module take its signal for.
    """

    def __init__(self, calls: Sequence[Reader], known: Mapping[str, Shape]) -> None:
        self.modules = {str(call.name): call for call in calls}
        self.said = known
        self.found: dict[str, tuple[Shape, str]] = {}
        self.wanted: dict[str, Shape] = {}
        for call in calls:
            for argument, name in _given(call):
                shape = call.known.arguments[argument]
                if shape is not None and self._is_input(name):
                    said = shape, f"as '{argument}' of {call.name}"
                    self.found[name] = min((self.found.get(name, said), said), key=lambda pair: _precision(pair[0]))
                elif shape is not None:
                    self.wanted.setdefault(name, shape)
        self.known = {**known, **{name: shape for name, (shape, _) in self.found.items()}}
        self._spread(calls)
        for call in calls:
            for argument, name in _given(call):
                self._say(name, AUDIO, call, argument)

    def _spread(self, calls: Sequence[Reader]) -> None:
        """A sum takes anything: it says of its inputs what is known of their neighbours and of its signal."""
        readers: dict[str, list[Reader]] = {}
        for call in calls:
            for _, name in _given(call):
                readers.setdefault(name, []).append(call)
        waiting = deque(calls)
        while waiting:
            for name in self._learn(waiting.popleft()):
                waiting += readers.get(name, ())
                waiting += [self.modules[name]] if name in self.modules else []

    def _learn(self, call: Reader) -> Iterator[str]:
        """What a call makes known: of its free inputs, of its controls and of its signal."""
        given = _given(call)
        arguments = call.known.arguments
        free = [(argument, name) for argument, name in given if arguments[argument] is None]
        own = self.wanted.get(str(call.name))
        like = next((self.known[name] for _, name in free if name in self.known), own)
        if like is not None:
            yield from (name for argument, name in free if self._say(name, like, call, argument))
            for _, name in free:
                if name in self.modules and name not in self.wanted:
                    self.wanted[name] = like
                    yield name
        made = {argument: arguments[argument] or self.known.get(name) for argument, name in given}
        made = {control: made.get(control) if control in arguments else AUDIO for control in call.known.controls}
        made[""] = like if free else AUDIO
        for control, shape in made.items():
            name = f"{call.name}/{control}" if control else str(call.name)
            if shape is not None and name not in self.known:
                self.known[name] = shape
                yield name

    def _say(self, name: str, shape: Shape, call: Reader, argument: str) -> bool:
        """Takes the shape for an input of which nothing is known yet."""
        if name in self.found or not self._is_input(name):
            return False
        self.found[name] = shape, f"as '{argument}' of {call.name}"
        self.known[name] = shape
        return True

    def _is_input(self, name: str) -> bool:
        return name.partition("/")[0] not in self.modules and name not in self.said


def _given(call: Reader) -> list[tuple[str, str]]:
    """Argument and reference of each input."""
    return [(argument, str(value.data)) for argument, value in zip(call.known.arguments, call.inputs, strict=False)]


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
