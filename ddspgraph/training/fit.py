"""Fits a graph to one recording: its free inputs and its weights become what makes the losses small."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph import dsp
from ddspgraph.compiler.driver import Spec, compile, load
from ddspgraph.compiler.lower import CompiledGraph
from ddspgraph.compiler.not_finite import first_not_finite
from ddspgraph.data.analysis import features_of
from ddspgraph.data.pitch import Track, Tracker, swift_f0
from ddspgraph.diagnostics import clean, fail
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.types import Rate, Unit
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from ddspgraph.training.free_inputs import FreeInput, Roles, roles
from ddspgraph.training.interrupt import Interrupt, interruptible
from ddspgraph.training.loop import MOST_SKIPPED
from ddspgraph.training.observer import Observer, StepFacts
from ddspgraph.training.step import StepResult, TrainStep, seed_of_step
from ddspgraph.training.train import check_has_losses, with_options
from ddspgraph.training.weights import trained_weights_of

_DB_PER_NEPER = 20.0 / np.log(10.0)
#: To render, write, plot and leave takes about half as long as to load, compile and render: that much is kept for it.
_END_TO_BEGINNING = 0.6


@dataclass(frozen=True)
class Fitted:
    """What a fit came to.

    Attributes:
      model: with the weights that were found.
      recording: name of the input that was the recording.
      inputs: every input by name, with a batch axis of 1; the free ones as they were found.
      free: names of those that were free.
      outputs: what the graph makes of them.
      losses: of the last step by name.
      distance_db: mean absolute difference of the log-mel spectra of recording and first audio output, before and
        after; None where there is no such output.
      steps: steps taken.
      seconds: of all of it.
      is_interrupted: whether Ctrl-C ended it.
    """

    model: CompiledGraph
    recording: str
    inputs: Mapping[str, np.ndarray]
    free: tuple[str, ...]
    outputs: Mapping[str, np.ndarray]
    losses: Mapping[str, float]
    distance_db: tuple[float, float] | None
    steps: int
    seconds: float
    is_interrupted: bool


def fit(
    spec: Spec | Graph,
    audio: np.ndarray,
    *,
    recording: str | None = None,
    given: Mapping[str, np.ndarray] | None = None,
    seconds: float = 60.0,
    steps: int | None = None,
    began: float | None = None,
    tracker: Tracker = swift_f0,
    limits: Limits = DEFAULT_LIMITS,
    observer: Observer | None = None,
    **options: Any,
) -> Fitted:
    """Fits a graph to one recording by gradient descent (Adam) on its losses.

    Pitch (one channel in Hz or midi named f0, pitch, note or midi), loudness and power are measured of the recording
    and stay; inputs of the caller stay; all other inputs, and all weights, are changed.

    >>> fitted = dg.fit("graphs/solo_controls.yaml", audio, seconds=60)
    >>> fitted.outputs["audio"], fitted.inputs["amplitudes"]

    Args:
      spec: what `load` takes, or a graph of it; it needs a loss.
      audio: float [samples] at the rate of the graph.
      recording: name of the input that it is; found where only one can be it.
      given: values of other inputs, with batch axis.
      seconds: for all of it, if `steps` is None: loading, compiling, the steps, and time to write what was found; at
        least one step is taken.
      steps: how many steps to take instead.
      began: the `time.monotonic()` that `seconds` are counted from; now, if None.
      tracker: of pitch.
      observer: told of progress.
      **options: in place of the graph's `training` section: `learning_rate`, `grad_clip_norm`, `seed`, ...

    Raises:
      GraphError: what `load` raises; E312 without a loss; E603, E604 for inputs; E608 without a pitch tracker; E803
        where the numbers stay not finite.
    """
    begin = time.monotonic() if began is None else began
    graph = spec if isinstance(spec, Graph) else load(spec, limits=limits)
    check_has_losses(graph)
    training = with_options(graph, options)
    observer = observer or Observer()
    found = roles(graph, recording, given or {})
    fixed = {found.recording: np.asarray(audio, np.float32)[None], **(given or {})}
    observer.stage("measuring the recording")
    fixed |= _measured(graph, found, np.asarray(audio, np.float32), tracker)
    observer.stage(f"compiling {graph.name}")
    model = compile(graph, seed=training.seed, limits=limits)
    sizes = {"batch": 1, "samples": len(audio), "frames": -(-len(audio) // (graph.clock.hop_samples or 1))}
    free = [FreeInput(declared, sizes) for declared in found.free]
    descent = _Descent(model, fixed, free, dataclasses.replace(training, lr_decay_rate=1.0), observer)
    before = descent.outputs()
    end = begin + seconds - _END_TO_BEGINNING * (time.monotonic() - begin) if steps is None else None
    with interruptible(observer.notice) as interrupt:
        descent.run(steps, end, interrupt)
    outputs = descent.outputs()
    distance = None
    types = {name: graph.types[ref] for name, ref in graph.outputs}
    sounds = [n for n, s in types.items() if s.rate is Rate.AUDIO and s.rank == 2 and s.voices is None]
    name = sounds[0] if sounds else None
    if name is not None:
        rate = graph.clock.sample_rate or 16_000
        distance = (
            log_mel_distance_db(audio, before[name][0], rate),
            log_mel_distance_db(audio, outputs[name][0], rate),
        )
    return Fitted(
        model=model,
        recording=found.recording,
        inputs={i.name: descent.inputs()[i.name].numpy() for i in graph.inputs if i.name in descent.inputs()},
        free=tuple(f.name for f in free),
        outputs=outputs,
        losses=descent.losses,
        distance_db=distance,
        steps=descent.step_count,
        seconds=time.monotonic() - begin,
        is_interrupted=interrupt.is_requested,
    )


class _Descent:
    """The loop: the same step as that of a training, always on the same recording."""

    def __init__(
        self,
        model: CompiledGraph,
        fixed: Mapping[str, np.ndarray],
        free: list[FreeInput],
        training: Any,
        observer: Observer,
    ) -> None:
        self.model, self.free, self.training, self.observer = model, free, training, observer
        self.fixed = {name: tf.constant(x, tf.float32) for name, x in fixed.items()}
        variables = {f"inputs/{f.name}": f.variable for f in free} | trained_weights_of(model)
        if not variables:
            hint = "leave an input open, or use a node with weights"
            raise fail("E312", "there is nothing to fit: no input is free, and no node has weights", hint=hint)
        specs = {name: tf.TensorSpec(x.shape, x.dtype, name) for name, x in self.fixed.items()}
        self.step = TrainStep(variables, self._losses, specs, training)
        self.losses: Mapping[str, float] = {}
        self.step_count = 0

    def inputs(self) -> dict[str, tf.Tensor]:
        """Every input as the graph gets it."""
        return {**self.fixed, **{f.name: f.value() for f in self.free}}

    def outputs(self) -> dict[str, np.ndarray]:
        """What the graph makes, with seed 0."""
        if not self.model.graph.outputs:
            return {}
        return {name: x.numpy() for name, x in self.model(self.inputs()).items()}

    def run(self, steps: int | None, end: float | None, interrupt: Interrupt) -> None:
        """Steps until there are enough, or the time is over. Raises GraphError E803."""
        first_end = last_end = time.monotonic()
        step_s, skipped = 0.0, 0
        while not interrupt.is_requested and (steps is None or self.step_count < steps):
            if end is not None and self.step_count and last_end + step_s >= end:
                break
            seed = seed_of_step(self.training.seed, self.step_count)
            result = self.step(self.fixed, seed)
            self.step_count += 1
            skipped = 0 if result.is_finite else skipped + 1
            if skipped:
                self._check(skipped, result, seed)
            self.losses = result.losses
            now = time.monotonic()
            if self.step_count == 1:  # traced the function: says nothing of the speed
                first_end = now
            else:
                step_s = now - last_end
            last_end = now
            self._tell(steps, end, now - first_end)

    def _losses(self, inputs: Mapping[str, tf.Tensor], seed: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return self.model.traced_losses({**inputs, **{f.name: f.value() for f in self.free}}, seed)

    def _check(self, skipped: int, result: StepResult, seed: int) -> None:
        if skipped < MOST_SKIPPED:
            return
        origin = first_not_finite(self.model, self.inputs(), seed)
        culprit = origin[0] if origin else f"the gradient of {', '.join(result.bad_gradients)}"
        message = f"{MOST_SKIPPED} steps in a row changed nothing: {clean(culprit)} is not finite"
        raise fail("E803", message, origin[2] if origin else None, hint="take a lower learning_rate")

    def _tell(self, steps: int | None, end: float | None, seconds: float) -> None:
        rate = (self.step_count - 1) / seconds if seconds > 0 else 0.0
        left = max(0.0, end - time.monotonic()) if end is not None else 0.0
        if steps is not None:
            left = (steps - self.step_count) / rate if rate else 0.0
        total = steps if steps is not None else self.step_count + 1 + int(left * rate)
        self.observer.step(StepFacts(self.step_count, total, self.losses, rate, left))


def _measured(graph: Graph, found: Roles, audio: np.ndarray, tracker: Tracker) -> dict[str, np.ndarray]:
    """Pitch, loudness and power of the recording for the inputs that want them, [1, frames, 1]."""
    if not found.measured:
        return {}
    pitches = [n for n in found.measured if graph.input_by_name[n].signal.unit in (Unit.HZ, Unit.MIDI, Unit.LINEAR)]
    features = features_of(audio, graph.clock, tracker if pitches else _no_pitch)
    values = {}
    for name in found.measured:
        unit = graph.input_by_name[name].signal.unit
        value = features.get(name, features["f0_hz"])
        values[name] = (dsp.hz_to_midi(value).numpy() if unit is Unit.MIDI else value)[None, :, None]
    return values


def _no_pitch(audio: np.ndarray, sample_rate: int) -> Track:
    """A tracker for graphs that do not ask for pitch."""
    return np.zeros(0), np.zeros(0), np.zeros(0)


def log_mel_distance_db(target: np.ndarray, audio: np.ndarray, sample_rate: int) -> float:
    """Mean absolute difference of two log-mel spectra (64 bands, 80 Hz to 0.475 of the rate), in dB.

    Args:
      target, audio: float [samples].
      sample_rate: in Hz.
    """
    spectra = [
        dsp.compute_logmel(np.asarray(x, np.float32)[None], hi_hz=0.475 * sample_rate, sample_rate=sample_rate)
        for x in (target, audio)
    ]
    return float(tf.reduce_mean(tf.abs(spectra[0] - spectra[1])) * _DB_PER_NEPER)
