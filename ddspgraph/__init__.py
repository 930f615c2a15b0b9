"""ddspgraph: a compiler for YAML graphs of neural and DSP nodes.

>>> import ddspgraph as dg
>>> graph = dg.load("graphs/solo_controls.yaml")  # checked at its source lines, without TensorFlow
>>> model = dg.compile(graph)  # one tf.function
>>> audio = model({"f0_hz": f0_hz, ...})["audio"]
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddspgraph import dsp, losses, nn, ops
    from ddspgraph.compiler.driver import check, compile, compile_stream, load
    from ddspgraph.compiler.lower import CompiledGraph
    from ddspgraph.compiler.tail import with_tail
    from ddspgraph.data.dataset import open_dataset
    from ddspgraph.data.features import prepare as make_dataset
    from ddspgraph.diagnostics import Diagnostic, GraphError, Span
    from ddspgraph.export.exported import load_saved_model
    from ddspgraph.export.exported_stream import load_stream
    from ddspgraph.export.exported_target import load_target
    from ddspgraph.instrument.evaluate import evaluate
    from ddspgraph.instrument.instrument import open_instrument
    from ddspgraph.instrument.trained import load_run
    from ddspgraph.instrument.transfer import transfer
    from ddspgraph.ir.graph import Clock, Graph, Input, Node, Ref
    from ddspgraph.ir.op import Advice, Op, Sizes, Splits, Traits, Weight, from_clock, param
    from ddspgraph.ir.ports import Mismatch, Port, anything, audio, const, frame, same_as, scalar
    from ddspgraph.ir.registry import Registry
    from ddspgraph.ir.types import Dim, Rate, Signal, Unit
    from ddspgraph.limits import Limits
    from ddspgraph.migrations import MigrationResult
    from ddspgraph.migrations import migrate_text as migrate
    from ddspgraph.ops import OPS
    from ddspgraph.page import explore, plot
    from ddspgraph.player.live_stream import LiveStream
    from ddspgraph.player.stream import Stream
    from ddspgraph.player.watching import Watch, watch
    from ddspgraph.render import draw
    from ddspgraph.streaming.model import CompiledStream
    from ddspgraph.training.fit import fit
    from ddspgraph.training.migrated import MigratedRun, migrate_run
    from ddspgraph.training.train import train

__version__ = "0.1.0a5"

#: public name -> where it lives; loaded on first use (PEP 562), so that nothing is paid for in advance.
_HOME = {
    "check": "compiler.driver",
    "compile": "compiler.driver",
    "load": "compiler.driver",
    "compile_stream": "compiler.driver",
    "CompiledGraph": "compiler.lower",
    "CompiledStream": "streaming.model",
    "Stream": "player.stream",
    "LiveStream": "player.live_stream",
    "watch": "player.watching",
    "Watch": "player.watching",
    "with_tail": "compiler.tail",
    "load_saved_model": "export.exported",
    "load_stream": "export.exported_stream",
    "load_target": "export.exported_target",
    "draw": "render",
    "train": "training.train",
    "fit": "training.fit",
    "load_run": "instrument.trained",
    "make_dataset": "data.features:prepare",
    "open_dataset": "data.dataset",
    "open_instrument": "instrument.instrument",
    "evaluate": "instrument.evaluate",
    "transfer": "instrument.transfer",
    "explore": "page",
    "plot": "page",
    "migrate": "migrations:migrate_text",
    "MigrationResult": "migrations",
    "migrate_run": "training.migrated",
    "MigratedRun": "training.migrated",
    "OPS": "ops",
    "Diagnostic": "diagnostics",
    "GraphError": "diagnostics",
    "Span": "diagnostics",
    "Limits": "limits",
    **dict.fromkeys(("Clock", "Graph", "Input", "Node", "Ref"), "ir.graph"),
    **dict.fromkeys(("Advice", "Op", "Sizes", "Splits", "Traits", "Weight", "from_clock", "param"), "ir.op"),
    **dict.fromkeys(("Mismatch", "Port", "anything", "audio", "const", "frame", "same_as", "scalar"), "ir.ports"),
    **dict.fromkeys(("Dim", "Rate", "Signal", "Unit"), "ir.types"),
    "Registry": "ir.registry",
    **dict.fromkeys(("dsp", "losses", "nn", "ops"), ""),
}
__all__ = ["__version__", *_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    if module:
        value = getattr(importlib.import_module(f"{__name__}.{module}"), attribute or name)
    else:
        value = importlib.import_module(f"{__name__}.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
