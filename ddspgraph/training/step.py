"""One step of training as one `tf.function`: losses, gradients, clipping, update, and the guard before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ddspgraph.ir.training import Training
from ddspgraph.training.optimizer import Adam

Losses = Callable[[Mapping[str, tf.Tensor], tf.Tensor], Mapping[str, tf.Tensor]]


@dataclass(frozen=True)
class StepResult:
    """What a step found.

    Attributes:
      losses: by name, `total` among them.
      gradient_norm: of all weights together, before clipping.
      learning_rate: that the step was taken with.
      is_finite: whether the weights were moved.
      bad_gradients: the weights whose gradients are not finite.
    """

    losses: Mapping[str, float]
    gradient_norm: float
    learning_rate: float
    is_finite: bool
    bad_gradients: tuple[str, ...] = ()


class TrainStep(tf.Module):
    """Takes steps: `step(batch, seed)` moves the weights.

    A step whose losses or gradients are not finite changes nothing: no weight, no slot, no count of updates.
    """

    def __init__(
        self,
        weights: Mapping[str, tf.Variable],
        losses: Losses,
        specs: Mapping[str, tf.TensorSpec],
        training: Training,
    ) -> None:
        """
        Args:
          weights: what is moved, by name.
          losses: inputs and seed -> scalars by name, with `total`, which is minimised.
          specs: of the inputs.
          training: learning rate, decay, clipping.
        """
        super().__init__(name="train_step")
        self.weights, self.training = dict(sorted(weights.items())), training
        self.optimizer = Adam(self.weights, training)
        self._losses = losses
        signature = [dict(specs), tf.TensorSpec([], tf.int64, "seed")]
        self.function = tf.function(self._step, input_signature=signature, autograph=False)

    def __call__(self, inputs: Mapping[str, tf.Tensor], seed: int) -> StepResult:
        losses, norm, rate, is_finite, squares = self.function(dict(inputs), tf.constant(seed, tf.int64))
        bad = ()
        if not is_finite:
            bad = tuple(name for name, s in zip(self.weights, squares.numpy(), strict=True) if not np.isfinite(s))
        values = {name: float(value) for name, value in losses.items()}
        return StepResult(values, float(norm), float(rate), bool(is_finite), bad)

    def _step(self, inputs: Mapping[str, tf.Tensor], seed: tf.Tensor) -> Any:
        weights = list(self.weights.values())
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            losses = dict(self._losses(inputs, seed))
        found = tape.gradient(losses["total"], weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        gradients = [tf.convert_to_tensor(g) for g in found]
        squares = tf.stack([tf.reduce_sum(g * g) for g in gradients])
        norm = tf.sqrt(tf.reduce_sum(squares))
        finite = tf.reduce_all(tf.math.is_finite(tf.stack([norm, *losses.values()])))
        rate = self.optimizer.learning_rate()
        clip = self.training.grad_clip_norm

        def update() -> tf.Tensor:
            scale = clip / tf.maximum(norm, clip)
            self.optimizer.apply([g * scale for g in gradients])
            return tf.constant(True)

        return losses, norm, rate, tf.cond(finite, update, lambda: tf.constant(False)), squares


def seed_of_step(seed: int, step: int) -> int:
    """The seed of the noise of a step: no two steps of a run hear the same noise."""
    return (seed * 0x9E37_79B9_7F4A_7C15 + step) % (1 << 63)
