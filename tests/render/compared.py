"""Pairs of specs that the tests of comparisons use: what a person would change, one thing at a time and all at once."""

from __future__ import annotations

import ddspgraph as dg
from ddspgraph.ir.graph import Graph

OLD = """\
version: 2
name: chorus
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs:
  audio: {rate: audio}
  depth: {rate: frame, unit: raw}
  target: {rate: audio}
nodes:
  warm:
    op: fir_filter
    inputs: {audio: audio, magnitudes: [1.0, 0.5, 0.1]}
    params: {scale_fn: null, window_size: 0}
  chorus: {op: mod_delay, inputs: {audio: warm, gain: 1.0, phase: depth}, params: {depth_ms: 6 ms}}
  out: {op: gain, inputs: {audio: chorus, gain: -12 dB}}
outputs: {audio: out}
losses:
  spectral: {op: spectral_loss, inputs: {target_audio: target, audio: out}}
"""
#: name -> what is replaced by what
EDITS: dict[str, tuple[tuple[str, str], ...]] = {
    "parameter": (("depth_ms: 6 ms", "depth_ms: 9 ms"),),
    "literal": (("gain: -12 dB", "gain: -6 dB"),),
    "rewired": (("{audio: chorus, gain: -12 dB}", "{audio: warm, gain: -12 dB}"),),
    "another_op": (("op: gain, inputs: {audio: chorus, gain: -12 dB}", "op: tanh, inputs: {x: chorus}"),),
    "renamed": (("warm", "body"), ("  chorus:", "  wide:"), ("{audio: chorus, gain", "{audio: wide, gain")),
    "inserted": (("  out:", "  soft: {op: tanh, inputs: [chorus]}\n  out:"), ("{audio: chorus,", "{audio: soft,")),
    "removed": (
        ("  out: {op: gain, inputs: {audio: chorus, gain: -12 dB}}\n", ""),
        ("{audio: out}", "{audio: chorus}"),
        ("audio: out}}", "audio: chorus}}"),
    ),
    "input_type": (("depth: {rate: frame, unit: raw}", "depth: {rate: const, unit: raw}"),),
    "input_added": (("  target:", "  level: {rate: frame, unit: dB}\n  target:"), ("gain: -12 dB", "gain: level")),
    "outputs": (("outputs: {audio: out}", "outputs: {sound: out, dry: warm}"),),
    "clock": (("16 kHz, frame_rate: 250 Hz", "48 kHz, frame_rate: 250 Hz, duration: 2 s"),),
    "loss": (
        ("  spectral: {op: spectral_loss", "  spectral: {op: param_loss"),
        ("target_audio: target, audio: out", "pred: out, target: target"),
    ),
    "order_and_doc": (("  out: {op: gain,", "  out: {doc: Quieter., op: gain,"),),
}


def graph(text: str = OLD) -> Graph:
    return dg.load(text)


def edited(name: str) -> str:
    """The old spec with one edit, or with those of `several` that go together."""
    text = OLD
    for old, new in EDITS[name]:
        assert old in text, (name, old)
        text = text.replace(old, new)
    return text


def many_changes() -> str:
    text = OLD
    for name in ("parameter", "inserted", "input_added", "outputs"):
        for old, new in EDITS[name]:
            text = text.replace(old, new)
    return text.replace("name: chorus", "name: wide_chorus")
