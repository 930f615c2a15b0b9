"""Ops outside of a graph, called on tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ddspgraph.ir.types import Rate, Signal, signal

if TYPE_CHECKING:
    from ddspgraph.ir.op import Op


def run_kernel(
    op: Op, tensors: Mapping[str, Any], *, seed: Any, stream: int, sizes: Any, variables: Any
) -> dict[str, Any]:
    """One kernel on tensors by port name; always a mapping of all outputs."""
    from ddspgraph.ir.op import Traits

    extra: dict[str, Any] = {}
    if Traits.RANDOM in op.traits:
        extra |= {"seed": seed, "stream": stream}
    if Traits.SIZED in op.traits:
        extra["sizes"] = sizes
    if Traits.TRAINABLE in op.traits:
        extra["variables"] = variables
    named = {} if op.variadic else tensors
    result = op.kernel(*(tensors.values() if op.variadic else ()), **named, **extra)
    names = list(op.output_ports())
    return dict(result) if isinstance(result, Mapping) else {names[0]: result}


def call_op(
    op: Op, inputs: Sequence[Any], named: Mapping[str, Any], *, seed: int, variables: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Runs an op on arrays or tensors, as `ops.Harmonic(sample_rate=16000)(amps, distribution, f0_hz)`."""
    from ddspgraph.ir.op import Traits

    tensors = {name: _tensor(op, name, value) for name, value in bind_arguments(op, inputs, named).items()}
    if Traits.TRAINABLE in op.traits and variables is None:
        raise ValueError(
            f"{type(op).__name__} has variables: use {type(op).__name__}(...).layer(), or pass variables={{...}}"
        )
    if all(tensor.shape.rank is not None for tensor in tensors.values()):  # else a trace leaves them open
        _check_sizes(op, tensors, variables or {})
    try:
        return run_kernel(op, tensors, seed=seed, stream=0, sizes=_sizes(op, tensors), variables=variables)
    except _misfits() as error:
        raise _misfit(op, tensors, error) from error


def _check_sizes(op: Op, tensors: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
    """Checks the shapes of a call against the types of the ports, before TensorFlow repeats an axis of size 1.

    Raises GraphError E413 (rank), E414 (a size), or E605 where the variables were made for other sizes.
    """
    from ddspgraph.diagnostics import fail
    from ddspgraph.ir.ports import Mismatch

    refusals: list[Mismatch] = []
    for rates in _RATES:
        signals = _signals_at(op, tensors, rates)
        try:
            op.infer(signals)
            is_known = all(dim.is_static for s in signals.values() for dim in s.dims[2:])
            weights = op.weights(signals) if variables and is_known else {}
            break
        except Mismatch as mismatch:
            refusals.append(mismatch)
    else:
        first = refusals[0]
        if first.code not in ("E413", "E414"):
            return  # of parameters: the kernel says it
        message = first.message.replace("{source}", "what was given")
        raise fail(first.code, f"{op.name}, '{first.port}': {message}", hint=first.hint)
    for name, weight in weights.items():
        made = variables[name].shape if name in variables else weight.shape
        if tuple(made) != weight.shape:
            given = ", ".join(f"'{port}' is {s.shape_text}" for port, s in signals.items())
            message = f"{op.name}: {given}, for which its variable '{name}' is {list(weight.shape)}, not {list(made)}"
            raise fail("E605", message, hint="give inputs of as many channels as the variables were made for")


def _misfits() -> tuple[type[Exception], ...]:
    """What TensorFlow raises for sizes that do not fit: eagerly, and while it traces."""
    import tensorflow as tf

    return tf.errors.InvalidArgumentError, ValueError


def _misfit(op: Op, tensors: Mapping[str, Any], error: Exception) -> Exception:
    """What the types leave open and TensorFlow does not take, by the op's ports; a ValueError of a kernel as it is."""
    import tensorflow as tf

    from ddspgraph.diagnostics import fail

    if not isinstance(error, tf.errors.InvalidArgumentError) and "Dimensions must be equal" not in str(error):
        return error
    ports = op.input_ports(tuple(tensors))
    shapes = ", ".join(f"'{name}' is {tensor.shape}" for name, tensor in tensors.items())
    wanted = "; ".join(f"'{name}' takes {port.type_text()}" for name, port in ports.items())
    return fail("E605", f"{op.name}: the sizes of its inputs do not fit: {shapes}", hint=wanted)


def _signals_at(op: Op, tensors: Mapping[str, Any], rates: Mapping[int, Rate]) -> dict[str, Signal]:
    ports = op.input_ports(tuple(tensors))
    return {name: signal_of(x.shape.as_list(), ports[name].rate, rates) for name, x in tensors.items()}


def bind_arguments(op: Op, inputs: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Positional and named arguments by port name, open optional ports left out. Raises TypeError."""
    names = op.input_names(len(inputs))
    if len(inputs) > len(names):
        raise TypeError(f"{op.name} takes {len(names)} inputs ({', '.join(names)}), {len(inputs)} were given")
    given = dict(zip(names, inputs, strict=False))
    for name, value in named.items():
        if name not in op.input_ports(tuple(named)) or name in given:
            raise TypeError(f"{op.name} has no free input '{name}'; its inputs are {', '.join(op.inputs) or 'none'}")
        given[name] = value
    missing = [name for name, port in op.inputs.items() if not port.optional and given.get(name) is None]
    if missing:
        raise TypeError(f"{op.name} needs the input{'s' * (len(missing) > 1)} {', '.join(missing)}")
    return {name: value for name, value in given.items() if value is not None}


def _tensor(op: Op, name: str, value: Any) -> Any:
    import tensorflow as tf

    from ddspgraph.diagnostics import fail

    if type(value).__name__ == "KerasTensor":  # of a model under construction; Keras may not be loaded
        message = f"{op.name}, '{name}': a symbolic tensor of Keras has no numbers yet"
        raise fail("E605", message, hint=f"call {type(op).__name__}(...).layer() on it, which is a Keras layer")
    return tf.cast(tf.convert_to_tensor(value), tf.float32)


def _sizes(op: Op, tensors: Mapping[str, Any]) -> Any:
    """The lengths of a call outside of a graph: from `n_frames` and `hop_samples` where the op has them."""
    from ddspgraph.ir.op import Sizes

    frames, hop = getattr(op, "n_frames", None), getattr(op, "hop_samples", None)
    samples = getattr(op, "n_samples", None) or (frames * hop if frames and hop else None)
    if frames is None and samples is not None and hop:
        frames = samples // hop
    return Sizes(1, frames, samples)


#: Axes -> rate. A tensor says no rate: frames or audio, constants, audio with channels.
_BY_RANK = {2: Rate.AUDIO, 3: Rate.FRAME}
_RATES: Sequence[Mapping[int, Rate]] = (_BY_RANK, {}, {2: Rate.AUDIO, 3: Rate.AUDIO})


def signal_of(
    shape: Sequence[int | None], rate: Rate | None = None, rates: Mapping[int, Rate] = MappingProxyType(_BY_RANK)
) -> Signal:
    """The type that a tensor's shape shows; unknown axes are named. Without a rate the number of axes tells it."""
    dims = [size if size is not None else f"axis_{i}" for i, size in enumerate(shape)]
    return signal(*dims, rate=rate if rate is not None else rates.get(len(shape), Rate.CONST))


def create_variables(op: Op, signals: Mapping[str, Signal], prefix: str, seed: int = 0) -> dict[str, Any]:
    """The `tf.Variable`s of an op, named `prefix/weight`; the same seed and name give the same values."""
    import tensorflow as tf

    from ddspgraph.ir.initialisers import initial_value

    return {
        name: tf.Variable(
            initial_value(spec, f"{prefix}/{name}", seed), trainable=spec.trainable, name=f"{prefix}/{name}"
        )
        for name, spec in op.weights(signals).items()
    }
