"""Adam with a learning rate that decays: every number of it is a variable, so that a run goes on where it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ddspgraph.ir.training import Training

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


class Adam(tf.Module):
    """Moves weights by their gradients' running mean over the root of their running mean square.

        m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,  w = w - a_t m / (sqrt(v) + e),
        a_t = a d^(t / decay_steps) sqrt(1 - b2^t) / (1 - b1^t)

    with t the updates so far, this one included; the decay counts those before it.

    Source: Kingma & Ba, Adam (ICLR 2015), section 2, the efficient order; e, b1 and b2 are Keras'.

    Attributes:
      iterations: int64 scalar, how often the weights were moved.
      slots: slot name -> weight name -> variable.
    """

    def __init__(self, weights: Mapping[str, tf.Variable], training: Training) -> None:
        super().__init__(name="adam")
        self.weights, self.training = dict(weights), training
        self.iterations = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="adam/iterations")
        self.slots = {
            slot: {
                name: tf.Variable(tf.zeros(w.shape), trainable=False, name=f"adam_{slot}/{name}")
                for name, w in weights.items()
            }
            for slot in ("m", "v")
        }

    def learning_rate(self) -> tf.Tensor:
        """Of the next update, before Adam's own correction; float32 scalar."""
        periods = tf.cast(self.iterations, tf.float32) / float(self.training.lr_decay_steps)
        return self.training.learning_rate * tf.pow(self.training.lr_decay_rate, periods)

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Moves every weight; gradients in the order of `weights`."""
        rate = self.learning_rate()
        t = tf.cast(self.iterations + 1, tf.float32)
        for (name, weight), gradient in zip(self.weights.items(), gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=self.slots["m"][name].handle,
                v=self.slots["v"][name].handle,
                beta1_power=tf.pow(BETA_1, t),
                beta2_power=tf.pow(BETA_2, t),
                lr=rate,
                beta1=BETA_1,
                beta2=BETA_2,
                epsilon=EPSILON,
                grad=gradient,
            )
        self.iterations.assign_add(1)
