"""How long a graph goes on sounding after its inputs have ended: by the lengths of its responses."""

from __future__ import annotations

from collections.abc import Mapping

from ddspgraph.ir.graph import Graph, Ref
from ddspgraph.ir.mapped import as_met
from ddspgraph.ir.types import Rate, Signal

#: Axes that every call may have another length of.
_OF_THE_CALL = ("batch", "frames", "samples")


def tail_samples(
    graph: Graph, shapes: Mapping[str, tuple[int, ...]], rings: Mapping[frozenset[str], int] | None = None
) -> int:
    """The longest tail of an output of audio, in samples: along a path the tails of its nodes add up.

    Args:
      graph: a typed graph.
      shapes: of the inputs that were given, by name: they say how long a response is that is an input.
      rings: how long each loop rings, in samples, by the names of its nodes.
    """
    sizes = {
        dim.name: (n - dim.offset) // dim.scale
        for i in graph.inputs
        for dim, n in zip(i.signal.dims, shapes.get(i.name, ()), strict=False)
        if not dim.is_static and dim.name not in _OF_THE_CALL
    }
    loops = {name: (loop, ring) for loop, ring in (rings or {}).items() for name in loop}
    longest: dict[str, int] = {}
    for _ in range(len(rings or {}) + 1):  # once more for each loop, whose nodes may come before what feeds it
        for node in graph.nodes:
            given = {port: graph.types[ref].sized(sizes) for port, ref in node.inputs}
            loop, ring = loops.get(node.name, ((), 0))
            if loop:  # its own tails are in the T60
                fed = [ref.node for name in loop for _, ref in graph.reads(graph.node_by_name[name])]
                before, own = max((longest.get(name, 0) for name in fed if name not in loop), default=0), ring
            else:
                fed = [ref.node for _, ref in graph.reads(node)]
                before, own = (
                    max((longest.get(name, 0) for name in fed), default=0),
                    as_met(node.op, given).tail_samples(given),
                )
            longest[node.name] = before + own
    heard = [ref for _, ref in graph.outputs if graph.types[ref].rate is Rate.AUDIO]
    return max((longest.get(ref.node, 0) for ref in heard), default=0)


def sources(graph: Graph) -> list[Ref]:
    """The sounds that are made of frames or constants: of those nothing says that they end with the inputs.

    What comes out of a line of feedback rings on by itself, and is none of them.
    """
    return [
        ref
        for node in graph.nodes
        if node.name not in graph.source_of_line
        for ref in node.refs
        if _is_sound(graph.types[ref]) and not any(graph.types[r].rate is Rate.AUDIO for _, r in node.inputs)
    ]


def _is_sound(signal: Signal) -> bool:
    """With a channel axis it is a control at audio rate."""
    return signal.rate is Rate.AUDIO and signal.rank == 2
