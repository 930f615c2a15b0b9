"""Version 1 as magenta/ddsp runs it: the list in order, each call on tensors. The witness of `migrate --verify`.

It shares the kernels with the compiler and nothing else: no schema, no table of the step 1 -> 2, no names resolved
ahead, no types, no clock. So what both agree on was not got wrong in one place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ddspgraph.ir.call import run_kernel
from ddspgraph.ir.initialisers import stream_of
from ddspgraph.ir.op import Op
from ddspgraph.ops import OPS

_CLASSES = {op.__name__: op for op in OPS.values()}
_CLASSES["Additive"] = _CLASSES["Harmonic"]
#: What magenta/ddsp's class does where the op of that name does otherwise unless told.
_AS_MAGENTA: Mapping[str, Mapping[str, Any]] = {
    "FIRFilter": {"timing": "ddsp"},
    "FilteredNoise": {"timing": "ddsp"},
    "FilteredNoiseReverb": {"timing": "ddsp"},
    "Mix": {"law": "ddsp"},
    "ModDelay": {"timing": "ddsp"},
}
_NOT_PARAMS = ("class", "name", "doc")


@dataclass(frozen=True)
class Interpretation:
    """What the calls of a list computed.

    Attributes:
      values: every value by the name that a later call would read it by: `f0_hz`, `harmonic/signal`,
        `harmonic/controls/f0_hz`.
      audio: the signal of the last call of the dag, [batch, samples].
      losses: each loss by name; of a loss with several, `name/loss`.
    """

    values: Mapping[str, Any]
    audio: Any
    losses: Mapping[str, Any]


def interpret(
    spec: Mapping[str, Any],
    inputs: Mapping[str, Any],
    variables: Mapping[str, Mapping[str, Any]],
    *,
    seed: int = 0,
) -> Interpretation:
    """Runs the calls of a version-1 spec in order, eagerly.

    Args:
      spec: plain data of a spec that migrates: what is wrong in it is said there, at its line.
      inputs: arrays by name: audio [batch, samples], controls [batch, frames, channels].
      variables: of trainable modules, module name -> weight name -> value.
      seed: of all noise; each module draws from the stream of its name, as in a graph.

    Raises:
      ValueError: a call that cannot run, with its name and TensorFlow's reason.
    """
    import tensorflow as tf

    values: dict[str, Any] = {}
    for name, x in inputs.items():
        values[name] = values[f"inputs/{name}"] = tf.cast(tf.convert_to_tensor(x), tf.float32)
    audio, losses = None, {}
    for section in ("dag", "losses"):
        for entry in spec.get(section) or ():
            name, op = _module(spec, entry[0])
            try:
                given = [values[reference] for reference in entry[1]]
                results = _run(name, op, given, seed, variables.get(name, {}))
            except (KeyError, TypeError, ValueError, tf.errors.OpError) as error:
                raise ValueError(f"the call of '{name}' in `{section}` fails: {_reason(error)}") from error
            if section == "dag":
                audio = values[name] = values[f"{name}/signal"] = results.pop("signal")
                values |= {f"{name}/controls/{control}": x for control, x in results.items()}
            else:
                losses |= {name if len(results) == 1 else f"{name}/{part}": x for part, x in results.items()}
    return Interpretation(values, audio, losses)


def _module(spec: Mapping[str, Any], said: str | Mapping[str, Any]) -> tuple[str, Op]:
    """Name and instance of the module that an entry names or holds."""
    module = spec["modules"][said] if isinstance(said, str) else said
    op_class = _CLASSES[_last_word(module["class"])]
    name = said if isinstance(said, str) else module.get("name") or op_class.name
    known = op_class.params()
    # In magenta/ddsp a length is a fact of the module: samples are made from however many frames there are.
    arguments = {key: spec[key] for key in ("sample_rate", "n_samples") if key in known}
    arguments |= _AS_MAGENTA.get(op_class.__name__, {})
    for key, value in module.items():
        if key in _NOT_PARAMS or key.startswith("x-"):
            continue
        if key in known:
            arguments[key] = _argument(known[key].kind, _last_word(value) if key.endswith("_fn") else value)
    return name, op_class(**arguments)


def _argument(kind: str, value: Any) -> Any:
    """A value as the constructor takes it."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_argument(kind.removesuffix("s"), item) for item in value)
    return int(value) if kind == "int" and isinstance(value, float) else value


def _run(name: str, op: Op, given: Sequence[Any], seed: int, variables: Mapping[str, Any]) -> dict[str, Any]:
    tensors = dict(zip(op.inputs, given, strict=False))
    return run_kernel(op, tensors, seed=seed, stream=stream_of(name), sizes=None, variables=variables)


def _last_word(text: Any) -> Any:
    """`Harmonic` of `@ddsp.synths.Harmonic()`."""
    return re.sub(r"^@?(?:\w+\.)*(\w+)(?:\(\))?$", r"\1", text) if isinstance(text, str) else text


def _reason(error: Exception) -> str:
    text = f"there is no {error}" if isinstance(error, KeyError) else str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__
