"""The page: one self-contained HTML file with the diagram of a graph and the signals on its ports.

Facts of the graph come from `facts`, its picture from `diagram`; arrays become what a chart shows in `views`, which
`wire` writes for the page and `figures` for matplotlib. Only computing signals loads TensorFlow.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ddspgraph.files import write_atomically
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.types import Signal

if TYPE_CHECKING:
    from ddspgraph.compiler.lower import CompiledGraph


def explore(
    graph: Graph | CompiledGraph,
    path: str | os.PathLike[str],
    *,
    inputs: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> None:
    """Writes the page of a graph, with the signals on its ports where inputs are given.

    Args:
      graph: what `load` or `compile` gives; a graph of `load` is compiled where inputs are given.
      path: of the .html file. It appears whole or not at all.
      inputs: as for a call of the compiled graph; `{}` for a graph that needs none; None for a page without
        signals, which does not load TensorFlow.
      seed: of all randomness.

    Raises:
      GraphError: E603-E606 and E708 as a call does; E607 where the file cannot be written; E608 where graphviz's
        `dot` is missing.
    """
    from ddspgraph.page.document import html_of

    checked = graph if isinstance(graph, Graph) else graph.as_trained
    values = None
    if inputs is not None:
        if isinstance(graph, Graph):
            from ddspgraph.compiler.driver import compile

            graph = compile(graph)
        values = port_values(graph, inputs, seed=seed)
    write_atomically(path, html_of(checked, values).encode())


def port_values(model: CompiledGraph, inputs: Mapping[str, Any], *, seed: int = 0) -> dict[str, Any]:
    """Inputs, and all ports that they allow, as NumPy arrays by name: `{"audio": ..., "warm/signal": ...}`.

    Literals and implied conversions, whose names have a dot, are left out. Raises GraphError as `signals` does.
    """
    import numpy as np

    signals = model.signals(inputs, seed=seed)
    given = {name: np.asarray(x, np.float32) for name, x in inputs.items() if name in model.graph.input_by_name}
    return given | {name: value.numpy() for name, value in signals.items()}


def plot(
    signals: Mapping[str, Any], graph: Graph | CompiledGraph | None = None, *, names: Iterable[str] | None = None
) -> Any:
    """The charts of the page as matplotlib figures: `plot(model.signals(inputs), model)["out/signal"]`.

    Args:
      signals: arrays or tensors by name, as `signals`, `losses` or a call of a compiled graph gives them: audio
        [batch, samples], controls [batch, frames, channels], constants [batch, ...]. The first of a batch is drawn.
      graph: says rates, units and the clock. Without it they are read from ranks and names (`f0_hz`,
        `loudness_db`), and time counts samples or frames.
      names: of the signals to draw; all, unless said.

    Returns:
      A dict of `matplotlib.figure.Figure` by name, which a notebook shows.

    Raises:
      GraphError: E608 where matplotlib is not installed.
      KeyError: for a name that is not in `signals`.
    """
    from ddspgraph.ir.graph import Clock
    from ddspgraph.page.figures import figures

    types: dict[str, Signal] = {}
    clock = Clock()
    if graph is not None:
        checked = graph if isinstance(graph, Graph) else graph.graph
        legal = checked if isinstance(graph, Graph) else graph.legal
        clock = checked.clock
        types = {str(ref): signal for ref, signal in {**checked.types, **legal.types}.items()}
        types |= {name: types[str(ref)] for name, ref in checked.outputs if str(ref) in types}
    shown = {name: signals[name] for name in (signals if names is None else names)}
    return figures(shown, types, clock)
