"""Graphs and pages that several tests look at."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import ddspgraph as dg
from ddspgraph.page import port_values
from ddspgraph.page.document import html_of
from tests.render.hostile import CORPUS, hostile_graph

ROOT = Path(__file__).parent.parent.parent
GUITAR = ROOT / "graphs" / "guitar_chorus.yaml"
RECORDING = ROOT / "graphs" / "audio" / "guit_e_slide.flac"


def data_of(page: str) -> dict[str, Any]:
    """What the script of a page reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def guitar_page() -> str:
    """The README's example: all ports of the guitar chorus on its recording."""
    sound, _ = soundfile.read(RECORDING, dtype="float32")
    return html_of(dg.load(GUITAR), port_values(dg.compile(GUITAR), {"audio": sound[None]}))


def solo_page() -> str:
    """Pitch that glides over an octave, loudness, heat maps, a trainable node and a loss."""
    time = np.linspace(0, 1, 500)[None, :, None]
    controls = {
        "amplitudes": 2 * time,
        "harmonic_distribution": np.cos(np.arange(60) / 4 - 6 * time),
        "noise_magnitudes": np.full([1, 500, 65], -3.0),
        "f0_hz": 220 * 2**time,
        "target": np.sin(np.arange(32_000) / 10)[None],
    }
    graph = dg.load(ROOT / "graphs" / "solo_controls.yaml")
    return html_of(graph, port_values(dg.compile(graph), controls))


def hostile_page() -> str:
    """Every text of the corpus as names, docs and parameters, with signals behind the hostile names."""
    graph = hostile_graph()
    time = np.arange(800) / 16_000
    values = {str(i.ref): np.sin(2000 * time)[None] for i in graph.inputs}
    values |= {str(ref): np.sin(3000 * time)[None] for node in graph.nodes for ref in node.refs}
    return html_of(graph, values)


def hostile_spec() -> str:
    """A spec that a stranger may send: the corpus as docs, and so in the YAML lines and the search."""
    texts = [text for text in CORPUS if len(text) < 200 and text.isprintable() and text.strip()]
    inputs = "\n".join(
        f"  in_{i}: {{rate: audio, doc: {json.dumps(text, ensure_ascii=False)}}}" for i, text in enumerate(texts)
    )
    nodes = "\n".join(
        f"  node_{i}: {{op: gain, inputs: {{audio: in_{i}, gain: 0 dB}}, doc: {json.dumps(text, ensure_ascii=False)}}}"
        for i, text in enumerate(texts)
    )
    outputs = "\n".join(f"  out_{i}: node_{i}" for i in range(len(texts)))
    name = json.dumps(texts[0] + texts[1], ensure_ascii=False)
    return (
        f"version: 2\nname: hostile\ndoc: {name}\nclock: {{sample_rate: 16 kHz, frame_rate: 250 Hz}}\n"
        f"inputs:\n{inputs}\nnodes:\n{nodes}\noutputs:\n{outputs}\n"
    )
