"""A graph that is played on after its inputs have ended: reverbs and echoes ring out, synthesizers fall silent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ddspgraph.compiler.analysis import tails
from ddspgraph.diagnostics import Report, fail
from ddspgraph.ir.types import BATCH, FRAMES, SAMPLES, Dim, Rate, Signal, Unit

if TYPE_CHECKING:
    import numpy as np

    from ddspgraph.ir.graph import Graph

#: The input of `ended`: 1 while the other inputs last, then 0. (No author can write a name with a dot for an input.)
SOUNDING = "inputs.sounding"


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

    arrays = {name: np.asarray(x, np.float32) for name, x in inputs.items()}
    hop = graph.clock.hop_samples or 1
    timed = {i.name: 1 if i.signal.rate is Rate.AUDIO else hop for i in graph.inputs if _moves(i, arrays)}
    check_ends_with_inputs(graph, timed)
    if tail_samples is None:
        tail_samples = natural_tail(graph, {name: x.shape for name, x in arrays.items()})
    # Audio may end within a frame, which its last frame goes on for.
    axes = {i.name: i.signal.time_axis for i in graph.inputs}
    lengths = {name: arrays[name].shape[axes[name]] * samples for name, samples in timed.items()}
    end = max((lengths[name] for name, samples in timed.items() if samples == 1), default=max(lengths.values()))
    longer = longer_length(end, tail_samples, hop)
    more_frames = longer // hop - -(-end // hop)
    for name, samples in timed.items():
        x = arrays[name]
        n = (-(-lengths[name] // hop) + more_frames) * hop // samples
        padding = [(0, 0)] * x.ndim
        padding[axes[name]] = (0, n - x.shape[axes[name]])
        arrays[name] = np.pad(x, padding, mode="constant" if samples == 1 else "edge")
    silenced = ended(graph)
    if silenced is not graph:
        batch = arrays[next(iter(timed))].shape[0]
        arrays[SOUNDING] = np.tile((np.arange(longer) < end).astype(np.float32), (batch, 1))
    return silenced, arrays


def natural_tail(graph: Graph, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """How long a typed graph sounds after its inputs, in samples: by its responses, and by the T60 of its loops."""
    from ddspgraph.compiler.analysis.stability import judge
    from ddspgraph.compiler.pipeline import LEGALISE, run

    rate = graph.clock.sample_rate or 1
    verdicts = judge(run(LEGALISE, graph)) if graph.feedback else ()
    rings = {frozenset(v.loop): round((v.t60_s or 0.0) * rate) for v in verdicts}
    return tails.tail_samples(graph, shapes, rings)


def ended(graph: Graph) -> Graph:
    """The graph with its synthesizers times the input `SOUNDING`; itself where it has none."""
    from ddspgraph.compiler.analysis.infer import infer
    from ddspgraph.ir.graph import Input, Node, Origin, Ref
    from ddspgraph.ir.mapped import Mapped
    from ddspgraph.ops.mixing import Multiply

    silenced = {ref: Ref(f"{ref.node}.{ref.port}_ended", "signal") for ref in tails.sources(graph)}
    if not silenced:
        return graph
    samples = FRAMES * graph.clock.hop_samples if graph.clock.hop_samples else SAMPLES
    sounding = Input(SOUNDING, Signal((BATCH, samples), Rate.AUDIO, Unit.LINEAR))
    nodes = []
    for node in graph.nodes:
        nodes.append(node.rewired(silenced))
        for ref in node.refs:
            if ref in silenced:
                ends = (("signal_one", ref), ("signal_two", sounding.ref))
                made_by = {"origin": Origin.ENDING, "owner": node.name}
                voices, op = graph.types[ref].voices, Multiply()
                op = op if voices is None else Mapped(inner=op, voices=voices)
                nodes.append(Node(silenced[ref].node, op, ends, span=node.span, **made_by))
    report = Report()
    inputs = (*graph.inputs, sounding)
    longer = infer(graph.rewired(silenced, inputs=inputs, nodes=tuple(nodes), types={}), report)
    report.raise_errors()
    return longer


def longer_length(end: int, tail_samples: int, hop: int) -> int:
    """How long a sound of `end` samples is with its tail: whole frames."""
    return -(-(end + tail_samples) // hop) * hop


def check_ends_with_inputs(graph: Graph, timed: Mapping[str, Any]) -> None:
    """Raises GraphError E606 where the clock, and not one of the inputs `timed`, says how long a graph sounds."""
    if graph.clock.n_samples is not None or not timed:
        hint = "write a longer `duration`, and envelopes that end before it"
        raise fail("E606", "the clock says how long the graph sounds: no tail can follow", graph.clock.span, hint=hint)


def _moves(item: Any, arrays: Mapping[str, np.ndarray]) -> bool:
    has_frames = item.signal.rate is not Rate.CONST and item.signal.rank > 1 and item.signal.dims[1] != Dim.of(1)
    return has_frames and item.name in arrays and arrays[item.name].shape[item.signal.time_axis] > 0
