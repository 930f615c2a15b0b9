"""What a graph costs, counted instead of timed: a guard against regressions that no busy machine can blur.

A work is traced at a given size, so that TensorFlow infers the shape of a tensor; where values decide a shape (how many
harmonics sound at all), it is that of a run on the work's inputs. Counted are the elements that go through
transcendental functions, the largest tensor, and the operations; the bodies of loops count as often as they run,
branches all.

    python benchmarks/static_cost.py
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import side_ours
import tensorflow as tf
from cases import TABLE, Case, inputs

#: Operations that cost many multiplications an element.
TRANSCENDENTAL = frozenset(
    [
        "Sin",
        "Cos",
        "Tan",
        "Asin",
        "Acos",
        "Atan",
        "Atan2",
        "Sinh",
        "Cosh",
        "Tanh",
        "Exp",
        "Expm1",
        "Log",
        "Log1p",
        "Pow",
        "Sigmoid",
        "Softplus",
        "Softmax",
        "Erf",
    ]
)
_BODIES = ("body", "then_branch", "else_branch", "f")


@dataclass
class Cost:
    """What was counted."""

    elements: Counter[str] = field(default_factory=Counter)  # through each transcendental operation
    largest: int = 0  # elements of the largest tensor
    largest_name: str = ""
    operations: int = 0
    unknown: list[str] = field(default_factory=list)  # tensors inside of a loop whose shape its values decide

    @property
    def transcendental(self) -> int:
        return sum(self.elements.values())

    @property
    def sines(self) -> int:
        return self.elements["Sin"] + self.elements["Cos"]


def static_cost(function: Callable[..., Any], values: Sequence[np.ndarray]) -> Cost:
    """Counts a function of some inputs."""
    cost = Cost()
    specs = [tf.TensorSpec(x.shape, tf.float32) for x in values]
    graph = tf.function(function, autograph=False).get_concrete_function(*specs).graph
    _count(graph, 1, cost, _sizes(graph, values))
    return cost


def _sizes(graph: Any, values: Sequence[np.ndarray]) -> dict[str, int]:
    """Of the tensors whose shapes values decide, by running the graph: name -> elements."""
    made = [t for o in graph.get_operations() for t in o.outputs if _is_counted(t) and t.shape.num_elements() is None]
    with graph.as_default():
        sizes = [tf.size(tensor) for tensor in made]
    fed = dict(
        zip([tensor.name for tensor in graph.inputs], [*values, *(x.numpy() for x, _ in graph.captures)], strict=True)
    )
    with tf.compat.v1.Session(graph=graph) as session:
        return dict(zip([tensor.name for tensor in made], session.run(sizes, fed), strict=True))


def _is_counted(tensor: Any) -> bool:
    return tensor.dtype in (tf.float32, tf.float64, tf.complex64)


def cost_of(case: Case) -> Cost:
    """Counts ddspgraph's side of a case, with its gradients where the case has them."""
    forward = side_ours.build(case)

    def with_gradients(*tensors: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            total = tf.reduce_sum(forward(*tensors))
        return tape.gradient(total, tensors)

    return static_cost(with_gradients if case.grad else forward, list(inputs(case).values()))


def _count(graph: Any, times: int, cost: Cost, sizes: Mapping[str, int]) -> None:
    for operation in graph.get_operations():
        cost.operations += 1
        for tensor in operation.outputs:
            if _is_counted(tensor):
                size = tensor.shape.num_elements()
                _count_tensor(
                    operation.type, tensor.name, sizes.get(tensor.name) if size is None else size, times, cost
                )
        for name in _BODIES:
            if name in operation.node_def.attr and operation.node_def.attr[name].func.name:
                body = graph._get_function(operation.node_def.attr[name].func.name).graph
                _count(body, times * (_trips(operation) if name == "body" else 1), cost, {})


def _count_tensor(kind: str, name: str, size: int | None, times: int, cost: Cost) -> None:
    if size is None:
        cost.unknown.append(name)
        return
    if kind in TRANSCENDENTAL:
        cost.elements[kind] += times * size
    if size > cost.largest:
        cost.largest, cost.largest_name = size, name


def _trips(loop: Any) -> int:
    """How often a `tf.while_loop` with known maximum_iterations, its second loop variable, runs."""
    limit = tf.get_static_value(loop.inputs[1])
    if limit is None or limit < 0:
        raise ValueError(f"{loop.name}: a loop of unknown length")
    return int(limit)


def main() -> None:
    for case in TABLE:
        cost = cost_of(case)
        per_sample = cost.transcendental / (case.batch * case.n_samples)
        print(
            f"{case.name}: {per_sample:.1f} transcendental functions a sample, largest tensor "
            f"{cost.largest / case.n_samples / case.batch:.1f} a sample, {cost.operations} operations"
            + (f", {len(cost.unknown)} unknown: {cost.unknown[:4]}" if cost.unknown else "")
        )


if __name__ == "__main__":
    main()
