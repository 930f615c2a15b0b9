"""What a graph costs, from shapes alone: multiply-adds and bytes of every node. TensorFlow is not imported.

The unit is that of `ir.costs`. What the compiler folds, and what nothing reads, costs nothing; an implied
conversion counts with the node that it feeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ddspgraph.compiler.analysis.memory import node_bytes, node_shapes, nominal_sizes, peak_bytes
from ddspgraph.compiler.passes.fold_constants import may_fold
from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.ir.graph import Graph, Node, Ref


@dataclass(frozen=True)
class NodeCost:
    """What one node takes in one forward call.

    Attributes:
      multiply_adds: work, in the unit of `ir.costs`.
      n_bytes: the outputs that are used, and what its kernel holds beside them.
      n_weights: trainable numbers.
    """

    multiply_adds: int = 0
    n_bytes: int = 0
    n_weights: int = 0

    def __add__(self, other: NodeCost) -> NodeCost:
        return NodeCost(
            self.multiply_adds + other.multiply_adds,
            self.n_bytes + other.n_bytes,
            self.n_weights + other.n_weights,
        )


@dataclass(frozen=True)
class Costs:
    """What a graph takes in one forward call of `seconds` of audio, batch 1.

    Attributes:
      sizes: what batch, samples and frames were taken to be.
      seconds: of audio; 1 where the clock has no sample rate.
      nodes: by name.
      multiply_adds: of outputs and losses.
      output_multiply_adds: of what the outputs need.
      n_weights: trainable numbers.
      peak_bytes: the most that is alive at once.
    """

    sizes: Mapping[str, int]
    seconds: float
    nodes: Mapping[str, NodeCost]
    multiply_adds: int
    output_multiply_adds: int
    n_weights: int
    peak_bytes: int

    def share(self, name: str) -> float:
        """A node's part of all work, 0 to 1."""
        return self.nodes[name].multiply_adds / self.multiply_adds if self.multiply_adds else 0.0

    def per_second(self, multiply_adds: int) -> float:
        """Work for a second of audio."""
        return multiply_adds / self.seconds


def estimate(graph: Graph, sizes: Mapping[str, int] | None = None) -> Costs:
    """What a typed graph costs.

    Args:
      graph: as `load` gives it, or after any pass.
      sizes: what `batch`, `samples` and `frames` are; without it one clip of the clock's duration, else 4 s.
    """
    sizes = nominal_sizes(graph) if sizes is None else sizes
    legal = run(LEGALISE, graph)
    folded, alive = _folded(legal), legal.ancestors(legal.roots())
    heard = legal.ancestors(tuple(ref for _, ref in legal.outputs))
    used = {*legal.users(), *legal.roots()}
    nodes = {node.name: NodeCost() for node in graph.nodes}
    total = for_outputs = 0
    for node in legal.nodes:
        is_idle = node.name in folded or node.name not in alive
        cost = NodeCost(
            multiply_adds=0 if is_idle else node.op.multiply_adds(node_shapes(legal, node, sizes)),
            n_bytes=node_bytes(legal, node, sizes, used),
            n_weights=0 if node.weights_of else weight_count(legal, node),
        )
        owner = node.name if node.name in nodes else node.owner
        nodes[owner] += cost
        total += cost.multiply_adds
        for_outputs += cost.multiply_adds if node.name in heard else 0
    return Costs(
        sizes=sizes,
        seconds=sizes["samples"] / graph.clock.sample_rate if graph.clock.sample_rate else 1.0,
        nodes=nodes,
        multiply_adds=total,
        output_multiply_adds=for_outputs,
        n_weights=sum(cost.n_weights for cost in nodes.values()),
        peak_bytes=peak_bytes(legal, sizes)[0],
    )


def weight_count(graph: Graph, node: Node) -> int:
    """How many numbers of a node can be trained; 0 where its inputs have no types."""
    given = {port: graph.types[ref] for port, ref in node.inputs if ref in graph.types}
    if len(given) < len(node.inputs):
        return 0
    return sum(math.prod(w.shape) for w in node.op.weights(given).values() if w.trainable)


def _folded(graph: Graph) -> set[str]:
    """The nodes that `fold_constants` computes at compile time."""
    known: set[Ref] = set()
    folded: set[str] = set()
    for node in graph.nodes:
        if may_fold(graph, node, known):
            known.update(node.refs)
            folded.add(node.name)
    return folded
