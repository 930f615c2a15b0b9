"""ddspgraph's side: every work as a YAML graph, compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf
from cases import FFT_SIZES, FRAME_RATE, REVERB_SECONDS, Case

import ddspgraph as dg
from ddspgraph.compiler.execute import execute
from ddspgraph.compiler.lower import tensor_spec
from ddspgraph.ir.training import Training
from ddspgraph.training.step import TrainStep
from ddspgraph.training.weights import trained_weights_of

VERSION = dg.__version__


def spec(case: Case) -> dict[str, Any]:
    frame = {"rate": "frame"}
    known = {
        "amplitudes": frame,
        "f0_hz": {**frame, "unit": "Hz"},
        "harmonic_distribution": {**frame, "channels": 100},
        "sin_amplitudes": {**frame, "channels": 100},
        "sin_frequencies": {**frame, "channels": 100},
        "wavetables": {**frame, "channels": 2048},
        "magnitudes": {**frame, "channels": 65},
        "ir": {"rate": "const", "shape": [REVERB_SECONDS * case.sample_rate]},
        "audio": {"rate": "audio"},
        "target": {"rate": "audio"},
    }
    harmonic = {
        "op": "harmonic",
        "inputs": {n: n for n in ("amplitudes", "harmonic_distribution", "f0_hz")},
    }
    noise = {"op": "filtered_noise", "inputs": {"magnitudes": "magnitudes"}}
    nodes: dict[str, Any]
    loss = {}
    if case.work == "harmonic":
        nodes = {"out": harmonic}
    elif case.work == "noise":
        nodes = {"out": noise}
    elif case.work == "sinusoidal":
        inputs = {"amplitudes": "sin_amplitudes", "frequencies": "sin_frequencies"}
        nodes = {"out": {"op": "sinusoidal", "inputs": inputs, "params": {"amp_scale_fn": None, "freq_scale_fn": None}}}
    elif case.work == "wavetable":
        inputs = {n: n for n in ("amplitudes", "wavetables", "f0_hz")}
        nodes = {"out": {"op": "wavetable", "inputs": inputs, "params": {"scale_fn": None}}}
    elif case.work == "reverb":
        nodes = {"out": {"op": "reverb", "inputs": {"audio": "audio", "ir": "ir"}}}
    elif case.work == "spectral_loss":
        nodes = {}
        loss = {"l": _loss("target", "audio")}
    else:
        nodes = {
            "harmonic": harmonic,
            "noise": noise,
            "dry": {"op": "add", "inputs": ["harmonic", "noise"]},
            "out": {"op": "reverb", "inputs": {"audio": "dry", "ir": "ir"}},
        }
        loss = {"l": _loss("target", "out")} if case.work == "chain_loss" else {}
    from cases import NEEDS

    return {
        "version": 2,
        "name": case.work,
        "clock": {"sample_rate": case.sample_rate, "frame_rate": FRAME_RATE},
        "inputs": {name: known[name] for name in NEEDS[case.work]},
        "nodes": nodes,
        **({"losses": loss} if loss else {"outputs": {"audio": "out"}}),
    }


def _loss(target: str, audio: str) -> dict[str, Any]:
    weights = {"mag_weight": 1.0, "logmag_weight": 1.0, "fft_sizes": list(FFT_SIZES)}
    return {"op": "spectral_loss", "inputs": {"target_audio": target, "audio": audio}, "params": weights}


def build(case: Case) -> Callable[..., Any]:
    """A function of tensors in the order of `NEEDS`; with gradients, of all of them."""
    if case.work in ("train_step", "synthesis"):
        return _solo_instrument(case)
    model = dg.compile(spec(case), limits=dg.Limits(memory_bytes=1 << 40))
    graph = model.optimised
    roots = graph.roots()
    names = [i.name for i in graph.inputs]

    def forward(*tensors: tf.Tensor) -> tf.Tensor:
        values = execute(graph, dict(zip(names, tensors, strict=True)), tf.constant(0, tf.int64), {}, roots)
        return values[roots[0]]

    return forward


def _solo_instrument(case: Case) -> Callable[..., Any]:
    """A training step, or the synthesis, of `graphs/models/solo_instrument.yaml`."""
    model = dg.compile(Path(__file__).parents[1] / "graphs" / "models" / "solo_instrument.yaml")
    seed = tf.constant(0, tf.int64)
    if case.work == "synthesis":
        return lambda f0_hz, loudness_db: model.render({"f0_hz": f0_hz, "loudness_db": loudness_db}, seed)["audio"]
    specs = {i.name: tensor_spec(i.signal, i.name) for i in model.graph.inputs}
    step = TrainStep(trained_weights_of(model), model.traced_losses, specs, Training())

    def train(f0_hz: tf.Tensor, loudness_db: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        return step.function({"f0_hz": f0_hz, "loudness_db": loudness_db, "audio": target}, seed)[0]["total"]

    return train
