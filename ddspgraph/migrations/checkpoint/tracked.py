"""A checkpoint of TensorFlow as data: the objects of the program that wrote it, and their variables.

TensorFlow keeps beside the numbers the graph of the objects that held them: `model`, its attribute `decoder`, the list
`input_stacks` of that, and so on, each in the order in which the program set it. Paths are read in this graph, so that
it does not matter under which of its names a variable was filed. Nothing of the program runs.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddspgraph.diagnostics import GraphError, clean, fail, quote
from ddspgraph.files import place
from ddspgraph.lazy import tf

_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_MOST_NAMED, _LONGEST_PATH = 4, 1_000
#: What TensorFlow's reader raises beside errors of its own.
_ERRORS = (ValueError, RuntimeError, IndexError)


@dataclass(frozen=True)
class Variable:
    """A variable of the program that wrote the checkpoint.

    Attributes:
      number: of its object.
      key: under which its numbers are filed.
      full_name: that the program gave it, `rnn_fc_decoder/dense_6/kernel`.
      shape: of the array.
    """

    number: int
    key: str
    full_name: str
    shape: tuple[int, ...]

    @property
    def path(self) -> str:
        """`model/decoder/dense_out/kernel`."""
        return self.key.removesuffix(_VALUE)

    @property
    def role(self) -> str:
        """What its layer calls it: `kernel`, `bias`."""
        return (self.full_name or self.path).split(":")[0].rpartition("/")[2]

    def __str__(self) -> str:
        return f"{whole(self.path)} {list(self.shape)}"


def whole(path: str) -> str:
    """A path in a message: its end tells the variable, so that it is not cut as other names are."""
    return f"'{clean(path[:_LONGEST_PATH])}'"


class TrackedCheckpoint:
    """The objects of a checkpoint by their numbers; 0 is the one that holds all others.

    Attributes:
      path: of its index file.
      children: by number, name -> number, in the order in which they were set.
      slots: by number of a variable, name -> number of the variable that an optimizer keeps for it (older Keras).
    """

    def __init__(self, prefix: Path) -> None:
        """
        Args:
          prefix: of the files, `FOLDER/ckpt-300`.

        Raises:
          GraphError: E905 where a file is damaged or missing, E908 where no objects are in it.
        """
        self.path = prefix.with_name(f"{prefix.name}.index")
        self._data = sorted(prefix.parent.glob(f"{prefix.name}.data-*"))
        try:
            self._reader = tf.train.load_checkpoint(os.fspath(prefix))
            shapes = self._reader.get_variable_to_shape_map()
        except (tf.errors.OpError, *_ERRORS) as error:
            raise _damaged(self.path, error) from None
        if _GRAPH not in shapes:
            raise _foreign(self.path, "its variables have names and belong to no objects", sorted(shapes))
        graph = self._object_graph()
        self.children = [{c.local_name: c.node_id for c in node.children} for node in graph.nodes]
        self.slots: dict[int, dict[str, int]] = {}
        for node in graph.nodes:
            for slot in node.slot_variables:
                of_variable = self.slots.setdefault(slot.original_variable_node_id, {})
                of_variable[slot.slot_name] = slot.slot_variable_node_id
        self.variables: dict[int, Variable] = {}
        for number, node in enumerate(graph.nodes):
            for attribute in node.attributes:
                key = attribute.checkpoint_key
                if key.endswith(_VALUE) and key in shapes:
                    shape = tuple(int(n) for n in shapes[key])
                    self.variables[number] = Variable(number, key, attribute.full_name, shape)

    def at(self, number: int, path: str) -> int | None:
        """The object at a path of attributes, `input_stacks/0`; None where there is none."""
        for name in path.split("/"):
            number = self.children[number].get(name, -1)
            if number < 0:
                return None
        return number

    def under(self, *numbers: int) -> list[Variable]:
        """All variables of objects, each once: of an object first its own, then those of its parts."""
        seen: set[int] = set()
        found: list[Variable] = []
        waiting = list(reversed(numbers))
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            if number in self.variables:
                found.append(self.variables[number])
            inner = list(dict.fromkeys(self.children[number].values()))
            inner.sort(key=lambda n: n not in self.variables)
            waiting += reversed(inner)
        return found

    def walk(self, number: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Every object below one with its shortest path, the nearest first; not the variables."""
        seen = {number}
        waiting: deque[tuple[int, tuple[str, ...]]] = deque([(number, ())])
        while waiting:
            number, path = waiting.popleft()
            yield number, path
            for name, child in self.children[number].items():
                if child not in seen and child not in self.variables:
                    seen.add(child)
                    waiting.append((child, (*path, name)))

    def read(self, variable: Variable) -> Any:
        """The numbers of a variable. Raises GraphError E905."""
        try:
            return self._reader.get_tensor(variable.key)
        except (tf.errors.OpError, *_ERRORS) as error:
            raise self._cut_off(error, variable.path) from None

    def _object_graph(self) -> Any:
        from google.protobuf.message import DecodeError
        from tensorflow.core.protobuf import trackable_object_graph_pb2

        graph: Any = trackable_object_graph_pb2.TrackableObjectGraph()  # type: ignore[attr-defined]
        try:
            graph.ParseFromString(self._reader.get_tensor(_GRAPH))
        except DecodeError as error:
            raise _damaged(self.path, error) from None
        except (tf.errors.OpError, *_ERRORS) as error:
            raise self._cut_off(error, "its objects") from None
        n = len(graph.nodes)
        numbers = [c.node_id for node in graph.nodes for c in node.children]
        numbers += [s.slot_variable_node_id for node in graph.nodes for s in node.slot_variables]
        if not n or any(not 0 <= number < n for number in numbers):
            raise _damaged(self.path, ValueError("its objects name others that are not in it"))
        return graph

    def _cut_off(self, error: Exception, what: str) -> GraphError:
        if not self._data:
            hint = f"copy {self.path.stem}.data-00000-of-00001 from where it was trained"
            return fail(
                "E905", "the numbers of this checkpoint, its .data file, are not here", place(self.path), hint=hint
            )
        return _damaged(self._data[0], error, f"{whole(what)} cannot be read: ")


def _damaged(path: Path, error: Exception, what: str = "") -> GraphError:
    reason = (getattr(error, "message", None) or str(error) or type(error).__name__).split("\n")[0][:200]
    return fail("E905", f"this file of a checkpoint is damaged: {what}{reason}", place(path))


def _foreign(path: Path, why: str, names: list[str]) -> GraphError:
    some = ", ".join(map(quote, names[:_MOST_NAMED])) + (" and others" if len(names) > _MOST_NAMED else "")
    return fail("E908", f"this is not a checkpoint of magenta/ddsp's trainer: {why} ({some})", place(path))


def open_checkpoint(prefix: Path) -> tuple[TrackedCheckpoint, int]:
    """A checkpoint of magenta/ddsp's trainer, and the number of its model. Raises GraphError E905, E908."""
    checkpoint = TrackedCheckpoint(prefix)
    model = checkpoint.at(0, "model")
    if model is None:
        raise _foreign(checkpoint.path, "it holds no model", [*checkpoint.children[0]])
    return checkpoint, model
