"""Adam, its decay and the clipping against the formulas and against Keras."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from ddspgraph.ir.training import Training
from ddspgraph.training.optimizer import Adam
from ddspgraph.training.step import TrainStep, seed_of_step

RNG = np.random.default_rng(0)


def test_it_is_the_adam_of_keras() -> None:
    """magenta/ddsp's Trainer: Adam of Keras with an exponential decay that is not a staircase."""
    training = Training(learning_rate=0.02, lr_decay_rate=0.5, lr_decay_steps=7)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, 7, 0.5)
    theirs, ours = tf.Variable(RNG.normal(size=(3, 4)).astype(np.float32)), tf.Variable(tf.zeros([3, 4]))
    ours.assign(theirs)
    oracle, adam = keras.optimizers.Adam(schedule), Adam({"a": ours}, training)
    for _ in range(20):
        gradient = tf.constant(RNG.normal(size=(3, 4)).astype(np.float32))
        oracle.apply([gradient], [theirs])
        adam.apply([gradient])
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(float(adam.learning_rate()), 0.02 * 0.5 ** (20 / 7), rtol=1e-5)


def test_long_gradients_are_shortened_together() -> None:
    """The first update of Adam does not see the length of a gradient; its running mean does."""
    weights = {"a": tf.Variable([3.0, 0.0]), "b": tf.Variable([4.0])}

    def losses(inputs: object, seed: object) -> dict[str, tf.Tensor]:
        return {"total": 5.0 * tf.add_n([tf.reduce_sum(w * w) for w in weights.values()])}

    step = TrainStep(weights, losses, {}, Training(grad_clip_norm=10.0))
    result = step({}, 0)
    assert result.gradient_norm == 50.0
    clipped = np.concatenate([step.optimizer.slots["m"][name].numpy() for name in "ab"]) / 0.1
    np.testing.assert_allclose(clipped, [6.0, 0.0, 8.0], rtol=1e-5)


def test_no_two_steps_hear_the_same_noise() -> None:
    seeds = {seed_of_step(seed, step) for seed in (0, 1, 2**53 - 1) for step in range(1000)}
    assert len(seeds) == 3000
    assert all(0 <= seed < 2**63 for seed in seeds)
