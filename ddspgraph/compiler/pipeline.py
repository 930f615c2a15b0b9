"""The passes in order: a reader learns the optimiser from `passes()`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ddspgraph.compiler.analysis.adapt import Step
from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.compiler.analysis.verify import InvalidGraph, verify, verify_rates
from ddspgraph.compiler.passes.drop_dead import drop_dead
from ddspgraph.compiler.passes.fold_constants import Evaluate, fold_constants
from ddspgraph.compiler.passes.insert_rate_conversions import Conversions, insert_rate_conversions
from ddspgraph.compiler.passes.map_over_channels import map_over_channels
from ddspgraph.compiler.passes.merge_duplicates import merge_duplicates
from ddspgraph.diagnostics import GraphError, Report
from ddspgraph.ir.graph import Clock, Graph
from ddspgraph.ir.op import Op
from ddspgraph.ops import OPS

Pass = Callable[[Graph], Graph]
#: Called after each pass with its name and the graph: how `--dump-after` looks inside.
Observer = Callable[[str, Graph], None]

#: More rounds than any graph has needed; reaching it is a fault of a pass.
_MOST_ROUNDS = 100


def _clocked(name: str) -> Callable[[Step, Clock], Op]:
    """Makes an op with what it takes from the clock."""

    def make(step: Step, clock: Clock) -> Op:
        op = OPS[name]
        times = {p.name: clock.get(p.clock) for p in op.params().values() if p.clock and p.clock != "n_samples"}
        return op(**times, **dict(step.params))

    return make


CONVERSIONS: Conversions = {
    "hold": _clocked("hold"),
    "resample": _clocked("resample"),
    "squeeze": _clocked("tensor_to_audio"),
}

#: Legalisation: after it no edge implies a conversion and every op takes what arrives at it; every later pass and back
#: end may rely on that.
LEGALISE: tuple[Pass, ...] = (partial(insert_rate_conversions, conversions=CONVERSIONS), map_over_channels)


def optimise(evaluate: Evaluate) -> tuple[Pass, ...]:
    """What makes a legal graph smaller; `evaluate` runs one kernel."""
    return (
        drop_dead,  # first: what nobody hears need not be folded
        fixpoint(partial(fold_constants, evaluate=evaluate, ops=OPS), merge_duplicates),
        drop_dead,  # last: folding and merging leave unused constants behind
    )


PASS_NAMES = ("insert_rate_conversions", "map_over_channels", "drop_dead", "fold_constants", "merge_duplicates")


def run(passes: Sequence[Pass], graph: Graph, observe: Observer | None = None) -> Graph:
    """Applies passes in order, re-inferring and verifying after each. Raises InvalidGraph naming the pass."""
    for step in passes:
        graph = step(graph, observe) if isinstance(step, fixpoint) else _checked(step, graph, observe)
    return graph


class fixpoint:  # noqa: N801  it reads as a word of the pipeline
    """A sequence of passes that repeats until nothing changes."""

    def __init__(self, *passes: Pass) -> None:
        self.passes = passes

    def __call__(self, graph: Graph, observe: Observer | None = None) -> Graph:
        for _ in range(_MOST_ROUNDS):
            before = graph
            graph = run(self.passes, graph, observe)
            if graph == before:
                return graph
        raise InvalidGraph(f"{[name_of(p) for p in self.passes]} do not settle")


def name_of(step: Pass) -> str:
    return step.func.__name__ if isinstance(step, partial) else step.__name__


def _checked(step: Pass, graph: Graph, observe: Observer | None) -> Graph:
    name = name_of(step)
    after = step(graph)
    if after is not graph:
        report = Report()
        after = infer(after, report)
        try:
            report.raise_errors()
            verify(after)
            if step in LEGALISE:
                verify_rates(after)
        except (GraphError, InvalidGraph) as error:
            raise InvalidGraph(f"after the pass {name}: {error}") from error
    if observe is not None:
        observe(name, after)
    return after
