"""What runs where: the support table `targets.json`, which `tools/targets.py` measures. Free of TensorFlow."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any, Literal

from ddspgraph.diagnostics import Diagnostic, GraphError, Report, quote
from ddspgraph.ir.graph import Graph, Node

Target = Literal["litert", "onnx"]
#: Target -> the file that holds the model.
MODEL_FILES: dict[Target, str] = {"litert": "model.tflite", "onnx": "model.onnx"}
#: What `compile --target` takes; the first is the default.
TARGETS = ("saved_model", *MODEL_FILES)
OK = "ok"
_TABLE = Path(__file__).resolve().parent.parent / "targets.json"
_HINT = "compile it as a SavedModel, or compute this before the graph and give it as an input"


@functools.cache
def support_table() -> dict[str, Any]:
    """`{"versions": {...}, "ops": {op: {target: {"offline" or "streaming": "ok" or the reason}}}}`; read only."""
    return json.loads(_TABLE.read_text(encoding="utf-8"))


def check_support(graph: Graph, target: str, *, streaming: bool = False) -> list[str]:
    """Whether every node that the outputs need has been measured to work in a target.

    Args:
      graph: of `load`.
      target: one of `TARGETS`.
      streaming: as the step of a stream, not offline.

    Returns:
      the names of ops that were never measured: compiling them tries.

    Raises:
      GraphError: E416 for every node that cannot go there.
    """
    report, unknown = Report(), set()
    needed = graph.ancestors(tuple(ref for _, ref in graph.outputs))
    for node in graph.nodes:
        if node.name not in needed:
            continue
        measured = support_table()["ops"].get(node.op.name)
        if measured is None:
            unknown.add(node.op.name)
        elif (reason := measured[target]["streaming" if streaming else "offline"]) != OK:
            report.diagnostics.append(cannot_go(node, target, reason))
    if not graph.outputs:
        report.add("E416", f"a graph of losses alone has nothing that {target} could run", None, hint="name outputs")
    report.raise_errors()
    return sorted(unknown)


def cannot_go(node: Node, target: str, reason: str) -> Diagnostic:
    """E416 at a node. `reason` is a clause about it."""
    return Diagnostic("E416", f"'{node.name}' cannot go to {target}: {node.op.name} {reason}", node.span, hint=_HINT)


def conversion_failed(graph: Graph, target: str, said: str) -> GraphError:
    """E416 from what a converter or runtime said: at the node whose name scope stands first in it, where one does."""
    found = [(match.start(), node) for node in graph.nodes if (match := _scope(node).search(said))]
    message = f"cannot be converted to {target}: {' '.join(said.split())[:300]}"
    if not found:
        return GraphError(Diagnostic("E416", f"the graph {message}", hint=_HINT))
    node = min(found, key=lambda pair: pair[0])[1]
    return GraphError(Diagnostic("E416", f"{quote(node.name)} {message}", node.span, hint=_HINT))


def _scope(node: Node) -> re.Pattern[str]:
    """TensorFlow's operations of a node are called `NODE/...`; those of its k-th trace `NODE_k/...`."""
    return re.compile(rf"(?<![\w.]){re.escape(node.name)}(_\d+)?/")
