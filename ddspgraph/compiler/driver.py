"""The compiler from end to end. Read this file, know the compiler."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from ddspgraph.compiler.analysis.advise import advise
from ddspgraph.compiler.analysis.borders import drop_borders, open_borders
from ddspgraph.compiler.analysis.infer import infer
from ddspgraph.compiler.analysis.lengths import check_lengths
from ddspgraph.compiler.analysis.memory import check_memory, nominal_sizes
from ddspgraph.compiler.analysis.order import order
from ddspgraph.compiler.analysis.shared_weights import check_shared_weights
from ddspgraph.compiler.frontend.build import build
from ddspgraph.compiler.frontend.document import read, read_text
from ddspgraph.compiler.frontend.graphs.expand import WrittenOut
from ddspgraph.compiler.frontend.graphs.stored import stored_text
from ddspgraph.compiler.frontend.stand_ins import with_stand_ins
from ddspgraph.compiler.frontend.structure import STRUCTURE
from ddspgraph.compiler.frontend.substitute import substitute
from ddspgraph.compiler.frontend.validate import validate
from ddspgraph.compiler.frontend.values import Document, Value
from ddspgraph.compiler.pipeline import CONVERSIONS, LEGALISE, Observer, optimise, run
from ddspgraph.compiler.subgraphs import with_parts, without_subgraphs
from ddspgraph.diagnostics import Diagnostic, GraphError, Report, in_source_order
from ddspgraph.ir.graph import Graph, Ref
from ddspgraph.ir.op import Op
from ddspgraph.ir.registry import Registry
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations import kept_text, migrate
from ddspgraph.migrations.sources import open_spec
from ddspgraph.ops import OPS
from ddspgraph.streaming.plan import StreamPlan, plan_stream
from ddspgraph.tensorflow_start import load_tensorflow

if TYPE_CHECKING:
    from ddspgraph.compiler.analysis.stability import Verdict
    from ddspgraph.compiler.lower import CompiledGraph
    from ddspgraph.streaming.model import CompiledStream

#: What can be compiled: a path, YAML text, a mapping, a document that was read, or a graph.
Spec = str | os.PathLike[str] | Mapping[str, Any] | Document


def load(
    spec: Spec,
    *,
    params: Mapping[str, Any] | None = None,
    ops: Iterable[type[Op]] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Graph:
    """A checked, typed graph in execution order. TensorFlow is not imported.

    Args:
      spec: path, YAML text or mapping, of any version.
      params: values for the spec's `params`, by name.
      ops: op classes of your own, beside the library.
      limits: bounds on what a spec may ask for.

    Raises:
      GraphError: with every error of the spec, each at its line.
    """
    report = Report()
    with _nothing_collected():
        graph = _front_end(spec, params, ops, limits, report)
    report.raise_errors()
    return graph.replace(warnings=in_source_order(report.diagnostics))


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Without Python's search for cycles: what a front end makes is kept, and a sixth of its time would go there."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def outline(
    spec: Spec,
    *,
    params: Mapping[str, Any] | None = None,
    ops: Iterable[type[Op]] = (),
    limits: Limits = DEFAULT_LIMITS,
    report: Report | None = None,
) -> Graph:
    """The graph as it is written, in execution order, without types: also of a spec whose types do not fit.

    Args, Raises: as of `load`; shapes, rates, units and the memory needed are not looked at. With a `report` errors of
    names, ports and values are added to it, and the graph has cycles, and a `StandIn` for what is at fault.
    """
    found = Report() if report is None else report
    source = _read(spec, params, ops, limits, found)
    graph = source.built(found, limits)
    if report is not None and report.has_errors:
        errors = [finding for finding in report.diagnostics if finding.is_error]
        graph = with_stand_ins(
            source.document,
            errors,
            lambda document, given: build(
                document, source.library, Report(), limits, {**source.written.borders, **given}
            ),
        )
    graph = drop_borders(source.told(order(graph, found)))
    if report is None:
        found.raise_errors()
    return graph


def check(
    spec: Spec,
    *,
    params: Mapping[str, Any] | None = None,
    ops: Iterable[type[Op]] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Diagnostic, ...]:
    """All errors and warnings of a spec, in source order; empty where there is nothing to say."""
    try:
        return load(spec, params=params, ops=ops, limits=limits).warnings
    except GraphError as error:
        return error.diagnostics


@overload
def compile(
    spec: Spec | Graph,
    *,
    params: Mapping[str, Any] | None = None,
    ops: Iterable[type[Op]] = (),
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    observe: Observer | None = None,
    streaming: Literal[True],
) -> CompiledStream: ...


@overload
def compile(
    spec: Spec | Graph,
    *,
    params: Mapping[str, Any] | None = None,
    ops: Iterable[type[Op]] = (),
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    observe: Observer | None = None,
) -> CompiledGraph: ...


def compile(
    spec: Spec | Graph,
    *,
    params: Mapping[str, Any] | None = None,
    ops: Iterable[type[Op]] = (),
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    observe: Observer | None = None,
    streaming: bool = False,
) -> CompiledGraph | CompiledStream:
    """One `tf.function` of a graph, or the two functions of a stream.

    Args:
      spec: a graph of `load`, or anything that `load` takes.
      seed: of the first values of trainable variables.
      observe: called with the name and result of every pass.
      streaming: for blocks, from a state to the next; `compile_stream` makes a stream of a model and its weights.

    Raises:
      GraphError: as `load` does; with `streaming` E415 for every node that looks at the whole clip.
    """
    load_tensorflow()
    from ddspgraph.compiler.execute import evaluate
    from ddspgraph.compiler.lower import CompiledGraph

    graph = spec if isinstance(spec, Graph) else load(spec, params=params, ops=ops, limits=limits)
    legal = run(LEGALISE, graph, observe)
    optimised, _ = closed(run(optimise(evaluate), legal, observe))
    model = CompiledGraph(graph, legal, optimised, closed(legal, keep=True), seed=seed, limits=limits)
    return compile_stream(model) if streaming else model


def compile_stream(model: CompiledGraph) -> CompiledStream:
    """A compiled graph as a stream, which shares its variables.

    Raises:
      GraphError: E415 for every node that looks at the whole clip.
    """
    from ddspgraph.streaming.model import CompiledStream

    return CompiledStream(model.graph, plan_stream(model.optimised), model.variables_by_node)


def plan_of(graph: Graph) -> StreamPlan:
    """How a graph of `load` runs as a stream. Raises GraphError E415. TensorFlow folds its constants."""
    from ddspgraph.compiler.execute import evaluate

    return plan_stream(closed(run(optimise(evaluate), run(LEGALISE, graph)))[0])


def closed(graph: Graph, *, keep: bool = False) -> tuple[Graph, Mapping[Ref, Ref]]:
    """A legal graph with its cycles as nodes, and where their values went: `streaming.loops.close_loops`."""
    if not graph.feedback:
        return graph, {}
    from ddspgraph.streaming.loops import close_loops  # with networkx: what a graph without loops does not pay for

    return close_loops(graph, keep=keep)


def stability(
    spec: Spec | Graph,
    *,
    params: Mapping[str, Any] | None = None,
    ops: Iterable[type[Op]] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Verdict, ...]:
    """What is known of each loop of a spec, also of one that `load` refuses since it grows. TensorFlow is not imported.

    Raises:
      GraphError: every other error of the spec.
    """
    from ddspgraph.compiler.analysis.stability import judge

    if isinstance(spec, Graph):
        return judge(run(LEGALISE, spec))
    report = Report()
    graph = _front_end(spec, params, ops, limits, report)
    if any(finding.is_error and finding.code != "E418" for finding in report.diagnostics):
        report.raise_errors()
    return judge(run(LEGALISE, graph))


def _front_end(
    spec: Spec, params: Mapping[str, Any] | None, ops: Iterable[type[Op]], limits: Limits, report: Report
) -> Graph:
    source = _read(spec, params, ops, limits, report)
    graph = source.told(order(source.built(report, limits), report))
    graph = open_borders(infer(graph, report), CONVERSIONS, report)
    check_shared_weights(graph, report)
    check_lengths(graph, report)
    if not report.has_errors:
        legal = run(LEGALISE, graph)
        try:
            closed(legal)
        except GraphError as error:
            report.diagnostics += error.diagnostics
        check_memory(legal, nominal_sizes(graph), limits, report)
        if graph.feedback:
            graph = _kept_stable(graph, legal, report)
    if not report.has_errors:
        advise(graph, OPS["constant"], report)
    return graph


def _kept_stable(graph: Graph, legal: Graph, report: Report) -> Graph:
    """The graph, whose learned values stay where loops that are constrained are stable. Reports what is not."""
    from ddspgraph.compiler.analysis.stability import check_stability
    from ddspgraph.compiler.analysis.stability.constrain import keep_stable

    found = Report()
    kept = keep_stable(graph, legal, found)
    if not found.has_errors:
        check_stability(legal if kept is graph else run(LEGALISE, kept), found)
    if report.has_errors:  # what is only not proven may be so because of them
        found.diagnostics = [finding for finding in found.diagnostics if finding.is_error]
    report.take(found)
    return kept


class _Source(NamedTuple):
    """A spec of the current version, its structure checked; its text as it was written, and what a caller set."""

    written: WrittenOut
    library: Registry
    text: str | None
    settings: Mapping[str, Any]

    def told(self, graph: Graph) -> Graph:
        """The graph, which says what it was made of."""
        return with_parts(graph.replace(spec=self.text, settings=self.settings), self.written)

    @property
    def document(self) -> Document:
        return self.written.document

    def built(self, report: Report, limits: Limits) -> Graph:
        """The graph, whose nodes are in the order of the file."""
        return build(self.document, self.library, report, limits, self.written.borders, self.written.uses)


def _read(
    spec: Spec, params: Mapping[str, Any] | None, ops: Iterable[type[Op]], limits: Limits, report: Report
) -> _Source:
    library = OPS | ops
    document = spec if isinstance(spec, Document) else open_spec(spec, limits=limits)
    text = kept_text(document)
    document, _ = migrate(document, report)
    settings = _overrides(params, limits)
    document = substitute(document, settings, report, limits)
    document = validate(document, STRUCTURE, report, limits, library)
    written = without_subgraphs(document, library, lambda d, r: migrate(d, r)[0], CONVERSIONS, report, limits)
    if written.files:
        text = stored_text(text, document.source, written.definitions)
    return _Source(written, library, text, {name: value.plain() for name, value in settings.items()})


def expansion(spec: Spec, *, ops: Iterable[type[Op]] = (), limits: Limits = DEFAULT_LIMITS) -> tuple[WrittenOut, Graph]:
    """A spec with its sub-graphs written out, and its graph. Raises GraphError as `load` does."""
    report = Report()
    source = _read(spec, None, ops, limits, report)
    report.raise_errors()
    return source.written, load(spec, ops=ops, limits=limits)


def subgraph_files(spec: str, limits: Limits = DEFAULT_LIMITS) -> list[str]:
    """The files that the sub-graphs of a spec are in; those that can be found of a spec with errors."""
    try:
        return [*_read(spec, None, (), limits, Report()).written.files]
    except GraphError:
        return []


def _overrides(params: Mapping[str, Any] | None, limits: Limits) -> dict[str, Value]:
    """Values from outside of the spec, located in a source of their own."""
    if not params:
        return {}
    if all(isinstance(value, Value) for value in params.values()):
        return dict(params)
    root = read(params, limits=limits, name="<params>").root
    return {str(key): value for key, value in root.items()}


def overrides_from_text(settings: Iterable[str], limits: Limits = DEFAULT_LIMITS) -> dict[str, Value]:
    """`["n_harmonics=100"]` -> located values, read as YAML scalars. Raises GraphError."""
    found: dict[str, Value] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        root = read_text(f"{name}: {value}\n", "--set", limits).root
        found |= {str(key): item for key, item in root.items()}
    return found
