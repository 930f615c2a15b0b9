"""What every op does in every target: the example case of its contract test, converted and run. Slow."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ddspgraph as dg
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.compiler.pipeline import LEGALISE, run
from ddspgraph.export.fixed import Fixed, fixed_graph, fixed_step
from ddspgraph.export.target_folder import save_target
from ddspgraph.export.targets import MODEL_FILES, OK
from ddspgraph.ir.op import Traits
from tests.ops.test_contract import CASES, graph_of

LOSS = "is a loss: an export computes outputs"
BATCH, FRAMES = 2, 8
_PACKAGES = ("tensorflow", "ai-edge-litert", "tf2onnx", "onnx", "onnxruntime")
_LONGEST_REASON = 160


def versions() -> dict[str, str]:
    """What the measurements were made with."""
    return {package: version(package) for package in _PACKAGES}


def measured(name: str) -> dict[str, dict[str, str]]:
    """Target -> form -> "ok" or the reason, a clause about the op."""
    op, inputs = CASES[name]()
    targets = ("saved_model", *MODEL_FILES)
    if Traits.LOSS in op.traits:
        found = {target: dict.fromkeys(("offline", "streaming"), LOSS) for target in targets}
        found["saved_model"]["offline"] = OK  # the signature `losses`
        return found
    graph = graph_of(op, inputs)
    legal = run(LEGALISE, graph)
    model = CompiledGraph(graph, legal, legal)
    hop = graph.clock.hop_samples or 1
    found = {target: {"offline": OK, "streaming": OK} for target in targets}

    def offline() -> Fixed:
        return fixed_graph(model, batch=BATCH, samples=FRAMES * hop)

    def streaming() -> Fixed:
        stream = dg.compile_stream(model)
        constants = {i.name: inputs[i.name] for i in stream.constant_inputs}
        return fixed_step(stream, batch=BATCH, samples=FRAMES * hop, constants=constants)

    forms: Mapping[str, Callable[[], Fixed]] = {"offline": offline, "streaming": streaming}
    for form, make in forms.items():
        fixed, reason = _tried(make, op.name)
        if fixed is None:
            for target in targets:
                found[target][form] = reason
            continue
        for target in MODEL_FILES:
            with tempfile.TemporaryDirectory() as folder:
                _, found[target][form] = _tried(lambda: save_target(fixed, target, Path(folder, "x")), op.name)  # noqa: B023
    return found


def _tried(action: Callable[[], Any], op: str) -> tuple[Any, str]:
    """The result and "ok", or None and the reason."""
    try:
        return action(), OK
    except dg.GraphError as error:
        said = error.diagnostics[0].message
    for begin in (f" {op} ", "'n' ", "the graph "):
        if begin in said:
            said = said.split(begin, 1)[1]
            break
    return None, said[:_LONGEST_REASON]
