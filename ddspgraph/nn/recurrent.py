"""Recurrent layers of either kind, in one or both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ddspgraph.lazy import tf
from ddspgraph.nn.gated import gru
from ddspgraph.nn.long_memory import lstm
from ddspgraph.nn.weights import part

_KINDS = {"gru": gru, "lstm": lstm}


def rnn(
    x: tf.Tensor,
    weights: Mapping[str, Any],
    rnn_type: str = "gru",
    *,
    bidir: bool = False,
    return_sequences: bool = True,
) -> tf.Tensor:
    """Runs over [batch, time, n_in].

    >>> weights = {"kernel": tf.zeros([3, 12]), "recurrent_kernel": tf.zeros([4, 12]), "bias": tf.zeros([2, 12])}
    >>> dg.nn.rnn(tf.zeros([2, 10, 3]), weights).shape
    TensorShape([2, 10, 4])

    Args:
      x: Shape [batch, time, n_in].
      weights: `kernel`, `recurrent_kernel`, `bias`; with `bidir` `forward_kernel`, ..., `backward_bias`.
      rnn_type: "gru" or "lstm".
      bidir: Run in both directions (Schuster & Paliwal 1997) and join the channels, the forward ones first.
      return_sequences: Give every state; otherwise the last one of each direction.

    Returns:
      [batch, time, units], or [batch, units] of the last states; twice as many channels with `bidir`.
    """
    names = ("forward", "backward") if bidir else ("",)
    found = []
    for name in names:
        w = part(weights, name) if name else weights
        states, last = _KINDS[rnn_type](x, w["kernel"], w["recurrent_kernel"], w["bias"], reverse=name == "backward")
        found.append(states if return_sequences else last)
    return tf.concat(found, axis=-1) if bidir else found[0]


def rnn_step(x: tf.Tensor, state: tf.Tensor, weights: Mapping[str, Any]) -> tuple[tf.Tensor, tf.Tensor]:
    """A GRU that goes on from a given state [batch, units]: all states, and the last one.

    >>> weights = {"kernel": tf.zeros([3, 12]), "recurrent_kernel": tf.zeros([4, 12]), "bias": tf.zeros([2, 12])}
    >>> states, last = dg.nn.rnn_step(tf.zeros([2, 10, 3]), tf.zeros([2, 4]), weights)
    >>> states.shape, last.shape
    (TensorShape([2, 10, 4]), TensorShape([2, 4]))
    """
    return gru(x, weights["kernel"], weights["recurrent_kernel"], weights["bias"], initial_state=state)
