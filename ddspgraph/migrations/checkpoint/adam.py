"""Adam as a checkpoint has it: how many updates it took, and its two slots of every variable."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from ddspgraph.migrations.checkpoint.tracked import TrackedCheckpoint, Variable

_COUNTERS = ("_iterations", "iterations", "iter")
#: What Keras lists among the variables of an optimizer beside the slots.
_NO_SLOTS = ("iteration", "iterations", "learning_rate", "current_learning_rate")


@dataclass(frozen=True)
class AdamState:
    """What is known of it.

    Attributes:
      iterations: the variable that counts updates; None where there is none.
      slots: number of a variable -> its `m` and `v`.
    """

    iterations: Variable | None
    slots: dict[int, tuple[Variable, Variable]]


def adam_state(checkpoint: TrackedCheckpoint, model: int) -> AdamState:
    """Reads what the optimizer of a checkpoint says of Adam."""
    optimizer = checkpoint.at(0, "optimizer")
    if optimizer is None:
        return AdamState(None, {})
    numbers = (checkpoint.at(optimizer, name) for name in _COUNTERS)
    iterations = next((checkpoint.variables[n] for n in numbers if n in checkpoint.variables), None)
    return AdamState(iterations, _of_variables(checkpoint) or _of_lists(checkpoint, optimizer, model))


def _of_variables(checkpoint: TrackedCheckpoint) -> dict[int, tuple[Variable, Variable]]:
    """Slots that the objects tie to their variables: Keras before 2.11."""
    known = checkpoint.variables
    return {
        number: (known[named["m"]], known[named["v"]])
        for number, named in checkpoint.slots.items()
        if named.get("m") in known and named.get("v") in known
    }


def _of_lists(checkpoint: TrackedCheckpoint, optimizer: int, model: int) -> dict[int, tuple[Variable, Variable]]:
    """Slots in two lists: tied to their variables by their names, `Adam/m/dense/kernel`, or else by their order."""
    pairs = _pairs(checkpoint, optimizer)
    variables = checkpoint.under(model)
    by_name: dict[str, list[Variable]] = {}
    for variable in variables:
        by_name.setdefault(variable.full_name, []).append(variable)
    found: dict[int, tuple[Variable, Variable]] = {}
    for m, v in pairs:
        name = m.full_name.partition("/m/")[2]
        same = [x for x in by_name.get(name, []) if x.shape == m.shape and x.number not in found]
        if same:
            found[same[0].number] = m, v
    if len(found) == len(pairs):
        return found
    in_order = list(zip_longest(variables, pairs))
    if any(x is None or pair is None or x.shape != pair[0].shape for x, pair in in_order):
        return found
    return {x.number: pair for x, pair in in_order}


def _pairs(checkpoint: TrackedCheckpoint, optimizer: int) -> list[tuple[Variable, Variable]]:
    """`m` and `v` in the order of the variables that the optimizer was given."""
    known = checkpoint.variables
    lists = [checkpoint.at(optimizer, name) for name in ("_momentums", "_velocities")]
    if lists[0] is not None and lists[1] is not None:
        ms, vs = ([known[n] for n in checkpoint.children[x].values() if n in known] for x in lists if x is not None)
    else:
        every = checkpoint.at(optimizer, "_variables")
        numbers = checkpoint.children[every].values() if every is not None else ()
        by_turns = [known[n] for n in numbers if n in known and known[n].role not in _NO_SLOTS]
        ms, vs = by_turns[::2], by_turns[1::2]
    return [(m, v) for m, v in zip(ms, vs, strict=False) if m.shape == v.shape]
