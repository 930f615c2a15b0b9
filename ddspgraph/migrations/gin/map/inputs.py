"""What the inputs of a graph are: what their names do not tell follows from all that read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ddspgraph.migrations.gin.map.draft import Draft, frames
from ddspgraph.migrations.text.edits import plain
from ddspgraph.migrations.v1.classes import AUDIO, Shape
from ddspgraph.migrations.v1.inputs import input_shapes, reference_shapes

_ONE_CHANNEL = Shape("audio", 1)


def settle(draft: Draft) -> Mapping[str, Shape]:
    """Declares the inputs of a draft that is complete but for them; the shapes of all that is read in it."""
    known = {**dict(_told(draft)), **dict(_made(draft))}
    for name, (shape, _) in input_shapes(draft.calls, known).items():
        if name in draft.inputs:
            key, value = draft.inputs[name]
            draft.inputs[name] = key, plain(shape.as_input(), value.span)
    return reference_shapes(draft.calls, known)


def _told(draft: Draft) -> Iterator[tuple[str, Shape]]:
    """The inputs that a name or a model tells, unless audio is read with a channel axis only."""
    wanted: dict[str, set[Shape | None]] = {}
    for call in draft.calls:
        for value, shape in zip(call.inputs, call.known.arguments.values(), strict=False):
            wanted.setdefault(str(value.data), set()).add(shape)
    for name in draft.told:
        declared = draft.inputs[name][1].plain()
        rate = str(declared["rate"])
        shape = Shape(rate, declared.get("channels", 1 if rate == "frame" else None))
        if not (shape == AUDIO and wanted.get(name, set()) - {None} == {_ONE_CHANNEL}):
            yield name, shape


def _made(draft: Draft) -> Iterator[tuple[str, Shape]]:
    """What networks give: frames; but a module that this program does not know sounds, where it is read whole."""
    processors = {str(call.name) for call in draft.calls}
    for call in draft.calls:
        for value in call.inputs:
            reference = str(value.data)
            node, _, port = reference.partition("/")
            if node not in processors and node not in draft.inputs:
                sounds = node in draft.unknown and not port
                yield reference, AUDIO if sounds else _frames(draft, node, port)


def _frames(draft: Draft, node: str, port: str) -> Shape:
    """The frames of a network's output, with its channels where the network says them."""
    splits = draft.nodes[node][1].plain().get("params", {}).get("outputs", {}) if node in draft.nodes else {}
    channels = splits.get(port) if isinstance(splits, dict) else None
    return Shape("frame", channels) if isinstance(channels, int) else frames(node)
