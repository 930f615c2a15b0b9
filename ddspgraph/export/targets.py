"""What runs where: the support table `targets.json`, which `tools/targets.py` measures. Free of TensorFlow."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
from pathlib import Path
from typing import Any, Literal

from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.diagnostics import Diagnostic, GraphError, Report, fail, quote
from ddspgraph.export.facts import FACTS
from ddspgraph.export.scopes import named_node
from ddspgraph.installation import install_command
from ddspgraph.ir.graph import Graph, Node
from ddspgraph.streaming.loops import close_loops
from ddspgraph.streaming.plan import plan_stream

Target = Literal["litert", "onnx"]
Precision = Literal["fp16", "int8"]
#: What trained weights may be other than float32.
PRECISIONS: tuple[Precision, ...] = ("fp16", "int8")
#: Target -> the file that holds the model.
MODEL_FILES: dict[Target, str] = {"litert": "model.tflite", "onnx": "model.onnx"}
#: What `compile --target` takes; the first is the default.
TARGETS = ("saved_model", *MODEL_FILES)
OK = "ok"
#: A state `NAME` of a stream leaves its step as `next_NAME`.
NEXT = "next_"
#: Target -> the modules that convert and run, and the packages that they come with.
_NEEDS: dict[Target, dict[str, str]] = {
    "litert": {"ai_edge_litert": "ai-edge-litert"},
    "onnx": {"tf2onnx": "tf2onnx", "onnx": "onnx", "onnxruntime": "onnxruntime"},
}
_QUANTIZER = {"ai_edge_quantizer": "ai-edge-quantizer"}
_TABLE = Path(__file__).resolve().parent.parent / "targets.json"
_HINT = "compile it as a SavedModel, or compute this before the graph and give it as an input"
OPEN_HINT = "--seconds N or --frames N exports it for one length; a SavedModel takes any"


@functools.cache
def support_table() -> dict[str, Any]:
    """`{"versions": {...}, "ops": {op: {target: {"offline" or "streaming": "ok" or the reason}}}}`; read only."""
    return json.loads(_TABLE.read_text(encoding="utf-8"))


def check_packages(target: Target, precision: str | None = None) -> None:
    """Raises GraphError E608 where what a target, or quantizing for it, needs is not installed."""
    needs, extra = _NEEDS[target], target
    if precision is not None and target == "litert":
        needs, extra = {**needs, **_QUANTIZER}, "quantize"
    missing = [package for module, package in needs.items() if importlib.util.find_spec(module) is None]
    if missing:
        hint = install_command(extra)
        raise fail("E608", f"exports to {target} need {' and '.join(missing)}, not installed here", hint=hint)


def is_target_export(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder is a portable export that ddspgraph wrote."""
    return Path(folder, FACTS).is_file() and any(Path(folder, file).is_file() for file in MODEL_FILES.values())


def check_support(graph: Graph, target: str, *, streaming: bool = False) -> None:
    """Whether every node that the outputs need works in a target, as far as it was measured.

    Args:
      graph: of `load`.
      target: one of `TARGETS`.
      streaming: as the step of a stream, not offline.

    Raises:
      GraphError: E415 for every node that looks at the whole clip, else E416 for every node that cannot go there.
    """
    if target == TARGETS[0] and not streaming:
        return
    report, form = Report(), "streaming" if streaming else "offline"
    if not graph.outputs:
        report.add("E416", f"a graph of losses alone has nothing that {target} could run", None, hint="name outputs")
        report.raise_errors()
    if streaming:
        plan_stream(close_loops(run(LEGALISE, graph)).graph)
    for node in _needed(graph):
        known = support_table()["ops"].get(node.op.name, {})
        reason = known.get(target, {}).get(form, OK)
        # What no SavedModel does either is for the node's parameters to say: the plan has asked them.
        if reason not in (OK, known.get(TARGETS[0], {}).get(form)):
            where = f"{target} as a stream" if streaming else target
            report.add("E416", f"'{node.name}' cannot go to {where}: {node.op.name} {reason}", node.span, hint=_HINT)
    report.raise_errors()


def unmeasured_ops(graph: Graph) -> list[str]:
    """The names of needed ops of which the table knows nothing: a user's own."""
    ops = {node.op.name for node in _needed(graph) if node.name not in graph.source_of_line}
    return sorted(ops - support_table()["ops"].keys())


def _needed(graph: Graph) -> list[Node]:
    needed = graph.ancestors(tuple(ref for _, ref in graph.outputs))
    return [node for node in graph.nodes if node.name in needed]


def conversion_failed(graph: Graph, target: str, said: str, *, is_open: bool = False) -> GraphError:
    """E416 from what a converter or runtime said: at the node whose name scope stands first in it, where one does."""
    form = f"{target} with an open length" if is_open else target
    message = f"cannot be converted to {form}: {' '.join(said.split())[:300]}"
    node, hint = named_node(graph, said), OPEN_HINT if is_open else _HINT
    if node is None:
        return GraphError(Diagnostic("E416", f"the graph {message}", hint=hint))
    return GraphError(Diagnostic("E416", f"{quote(node.name)} {message}", node.span, hint=hint))
