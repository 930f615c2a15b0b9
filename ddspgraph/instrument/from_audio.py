"""An instrument that measures levels itself: a graph whose inputs are a recording and its pitch. Free of TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ddspgraph.compiler.driver import load
from ddspgraph.compiler.frontend.document import read
from ddspgraph.data.settings import level_nodes
from ddspgraph.diagnostics import Report, fail, quote
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.op import Op
from ddspgraph.ir.types import Rate
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.migrations import migrate
from ddspgraph.migrations.sources import open_text

#: What the recording is called; a training calls it the same.
AUDIO = "audio"


def from_audio(graph: Graph, *, ops: Iterable[type[Op]] = (), limits: Limits = DEFAULT_LIMITS) -> Graph:
    """The graph with a node of the same name for each of its inputs `loudness_db` and `power_db`, if it has them.

    The nodes measure the input `audio` as a dataset does. All other nodes stay as they are, so that their weights fit.

    Args:
      graph: of `load`; it takes levels of frames.
      ops: your own op classes that it names.
      limits: bounds on the spec.

    Raises:
      GraphError: E611 where it takes no levels, has no frame rate, no spec, or calls something else `audio`.
    """
    clock = graph.clock
    if clock.hop_samples is None:
        hint = "clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}"
        raise fail("E611", "the graph has no frame rate: it takes no loudness", clock.span, hint=hint)
    nodes = {name: node for name, node in level_nodes(clock.hop_samples).items() if name in graph.input_by_name}
    heard = graph.input_by_name.get(AUDIO) or graph.node_by_name.get(AUDIO)
    is_recording = AUDIO in graph.input_by_name and graph.input_by_name[AUDIO].signal.rate is Rate.AUDIO
    if not nodes and is_recording and AUDIO in graph.ancestors(tuple(ref for _, ref in graph.outputs)):
        return graph
    if not nodes:
        hint = "compile it without --from audio"
        raise fail("E611", f"{quote(graph.name)} has no input loudness_db or power_db to measure", hint=hint)
    if heard is not None and not is_recording:
        message = f"{quote(AUDIO)} is to be the recording, and is something else here"
        raise fail("E611", message, heard.span, hint="call it by another name before you train")
    if graph.spec is None:
        raise fail("E611", "the graph was built in Python, and has no spec to change", hint="write it as a spec")
    spec = _plain(graph.spec, limits)
    inputs = {name: item for name, item in spec["inputs"].items() if name not in (AUDIO, *nodes)}
    spec["inputs"] = {AUDIO: {"rate": "audio"}, **inputs}
    spec["nodes"] = {**nodes, **spec["nodes"]}
    document = read(spec, name=f"<{graph.name} from audio>", limits=limits)
    return load(document, params=graph.settings, ops=ops, limits=limits)


def _plain(text: str, limits: Limits) -> dict[str, Any]:
    """A spec of any version as one of the current one, without its comments."""
    document, _ = migrate(open_text(text, "<spec>", limits=limits), Report())
    return document.root.plain()
