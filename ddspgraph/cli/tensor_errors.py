"""What TensorFlow raises while a graph runs, as errors of the graph and its data."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def typed_tensor_errors() -> Iterator[None]:
    """Raises GraphError E708 where memory runs out, E605 where sizes meet that do not fit."""
    import tensorflow as tf

    from ddspgraph.diagnostics import fail

    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as caught:
        hint = "give shorter inputs, or fewer at once"
        raise fail("E708", f"there is not enough memory: {_first_line(caught)}", hint=hint) from caught
    except tf.errors.InvalidArgumentError as caught:
        # Axes with free names (`channels: k`) meet numbers only here.
        raise fail("E605", f"the inputs do not fit: {_first_line(caught)}") from caught


def _first_line(error: BaseException) -> str:
    from ddspgraph.diagnostics import clean

    return clean((str(error).splitlines() or [""])[0])
