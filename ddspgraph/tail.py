"""A graph that is played on after its inputs have ended: reverbs and echoes ring out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ddspgraph.diagnostics import Report, fail
from ddspgraph.ir.types import Dim, Rate

if TYPE_CHECKING:
    import numpy as np

    from ddspgraph.ir.graph import Graph


def with_tail(
    graph: Graph, inputs: Mapping[str, Any], tail_samples: int | None = None
) -> tuple[Graph, dict[str, np.ndarray]]:
    """The graph and its inputs for a longer sound: audio 0 and frames held, and synthesizers silent, in the tail.

    >>> graph, inputs = dg.with_tail(dg.load("room.yaml"), {"audio": dry})
    >>> wet = dg.compile(graph)(inputs)["audio"]

    Args:
      graph: of `load`.
      inputs: arrays by name, as a compiled graph takes them.
      tail_samples: how much longer, rounded up to whole frames; None: as long as the responses of the graph say,
        those of its reverbs, delays and filters.

    Raises:
      GraphError: E606 where the clock, and not an input, says how long the graph sounds.
    """
    import numpy as np

    from ddspgraph.compiler.analysis import tails

    arrays = {name: np.asarray(x, np.float32) for name, x in inputs.items()}
    hop = graph.clock.hop_samples or 1
    timed = {i.name: 1 if i.signal.rate is Rate.AUDIO else hop for i in graph.inputs if _moves(i, arrays)}
    if graph.clock.n_samples is not None or not timed:
        hint = "write a longer `duration`, and envelopes that end before it"
        raise fail("E606", "the clock says how long the graph sounds: no tail can follow", graph.clock.span, hint=hint)
    if tail_samples is None:
        tail_samples = tails.tail_samples(graph, {name: x.shape for name, x in arrays.items()})
    end = max(arrays[name].shape[1] * samples for name, samples in timed.items())
    more = -(-(end + tail_samples) // hop) * hop
    for name, samples in timed.items():
        x = arrays[name]
        padding = [(0, 0), (0, more // samples - x.shape[1])] + [(0, 0)] * (x.ndim - 2)
        arrays[name] = np.pad(x, padding, mode="constant" if samples == 1 else "edge")
    return _ended(graph, end), arrays


def _moves(item: Any, arrays: Mapping[str, np.ndarray]) -> bool:
    has_frames = item.signal.rate is not Rate.CONST and item.signal.rank > 1 and item.signal.dims[1] != Dim.of(1)
    return has_frames and item.name in arrays and arrays[item.name].shape[1] > 0


def _ended(graph: Graph, end: int) -> Graph:
    """The graph with its synthesizers silent from a sample on."""
    from ddspgraph.compiler.analysis.infer import infer
    from ddspgraph.compiler.analysis.tails import sources
    from ddspgraph.ir.graph import Node, Ref
    from ddspgraph.ops.ended import Ended

    ended = {ref: Ref(f"{ref.node}.{ref.port}_ended", "signal") for ref in sources(graph)}
    nodes = []
    for node in graph.nodes:
        nodes.append(node.rewired(ended))
        for ref in node.refs:
            if ref in ended:
                nodes.append(Node(ended[ref].node, Ended(end=end), (("audio", ref),), span=node.span))
    outputs = tuple((name, ended.get(ref, ref)) for name, ref in graph.outputs)
    report = Report()
    longer = infer(graph.replace(nodes=tuple(nodes), outputs=outputs, types={}), report)
    report.raise_errors()
    return longer
