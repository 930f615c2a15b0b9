"""Where an op says with parameters of its own what magenta/ddsp says with a network, a function or otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from ddspgraph.compiler.frontend.values import Key
from ddspgraph.ir.op import Op
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Instance
from ddspgraph.migrations.gin.map.draft import Entry
from ddspgraph.migrations.gin.syntax.statements import Binding, GinValue, Literal, Reference
from ddspgraph.migrations.text.edits import scalar

if TYPE_CHECKING:
    from ddspgraph.migrations.gin.map.params import Params


@dataclass(frozen=True)
class Flat:
    """A network or function whose parameters are those of the node.

    Attributes:
      word: what the parameter itself becomes; None where it is gone.
      names: its parameters -> the node's; others keep their names.
      defaults: the node's, where the file does not say them.
    """

    word: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, int] = field(default_factory=dict)


#: (class, parameter) -> what it may refer to.
FLAT: Mapping[tuple[str, str], Mapping[str, Flat]] = {
    ("ResnetSinusoidalEncoder", "spectral_fn"): {"compute_logmel": Flat()},
    ("SinusoidalToHarmonicEncoder", "net"): {
        "RnnSandwich": Flat("rnn_sandwich"),
        "FcStack": Flat("fc_stack", {"ch": "fc_stack_ch", "layers": "fc_stack_layers"}),
    },
    ("SinusoidalToHarmonicEncoder", "freq_scale_fn"): {"frequencies_softmax": Flat(names={"depth": "f0_depth"})},
    ("DilatedConvDecoder", "precondition_stack"): {
        "FcStack": Flat(
            names={"ch": "precondition_ch", "layers": "precondition_layers"},
            defaults={"precondition_ch": 256, "precondition_layers": 2},
        )
    },
}

#: (class, parameter) -> its fate where the op has no parameter of that name, and why.
EXPLAINED: Mapping[tuple[str, str], tuple[Kind, str]] = {
    ("OnlineF0PowerPreprocessor", "compute_f0"): (Kind.DIFFERS, "pitch is an input of the graph: f0_hz"),
    ("OnlineF0PowerPreprocessor", "crepe_saved_model_path"): (Kind.NO_EFFECT, "pitch is an input of the graph"),
    ("OnlineF0PowerPreprocessor", "viterbi"): (Kind.NO_EFFECT, "pitch is an input of the graph: f0_hz"),
    ("OneHotEncoder", "skip_expand"): (Kind.DERIVED, "a constant stands wherever frames do"),
    ("MfccEncoder", "time_steps"): (Kind.DERIVED, "the frames are those of the clock"),
    ("DilatedConvStack", "conditional"): (Kind.DERIVED, "a second input conditions it"),
    ("ResNet", "conditional"): (Kind.DERIVED, "a second input conditions it"),
    ("compute_loudness", "use_tf"): (Kind.NO_EFFECT, "a graph computes everything in TensorFlow"),
}
#: (class, parameter) -> its default in magenta/ddsp 3.7.0, of those that no op has.
_DEFAULTS: Mapping[tuple[str, str], bool | float] = {
    ("OnlineF0PowerPreprocessor", "compute_f0"): False,  # what an op does anyway
    ("VectorQuantization", "gamma"): 0.99,
    ("VectorQuantization", "restart_threshold"): 0.0,
}


def fate_without_parameter(name: str, parameter: str, value: GinValue, op: str) -> tuple[Kind, str | None, str]:
    """What becomes of a parameter of a class whose op does not have it: kind, place and reason."""
    if isinstance(value, Literal) and value.data is None:
        return Kind.NO_EFFECT, None, "None: there is none"
    if isinstance(value, Literal) and value.data == _DEFAULTS.get((name, parameter), NotImplemented):
        return Kind.NO_EFFECT, None, "it is the default, and what the graph does"
    kind, note = EXPLAINED.get((name, parameter), (Kind.LOST, f"the op {op} has no such parameter"))
    return kind, None, note


_POWER_RATE_HZ = 16_000
_POWER_FRAME_SIZE = 1024


def flattened(
    params: Params, instance: Instance, parameter: str, binding: Binding, known: type[Op], to: str
) -> Iterator[Entry] | None:
    """The entries for a parameter of `FLAT`; None where it is none, or refers to something else."""
    value = params.config.value(binding)
    choices = FLAT.get((instance.name, parameter))
    if choices is None or not isinstance(value, Reference):
        return None
    part = params.config.instance(value, instance)
    flat = choices.get(part.name)
    return None if flat is None else _entries(params, flat, part, parameter, binding, known, to)


def _entries(
    params: Params, flat: Flat, part: Instance, parameter: str, binding: Binding, known: type[Op], to: str
) -> Iterator[Entry]:
    note = "its parameters are those of the node"
    params.ledger.say(binding, Kind.RENAMED, f"{to}.{parameter}" if flat.word else to, note)
    if flat.word is not None:
        yield Key(parameter, binding.span), scalar(flat.word, part.span)
    yield from parameters_of(params, flat, part, known, to)


def parameters_of(params: Params, flat: Flat, part: Instance, known: type[Op], to: str) -> Iterator[Entry]:
    """The parameters of a network or function as those of the node."""
    left = dict(flat.defaults)
    for own, inner in part.parameters().items():
        name = flat.names.get(own, own)
        left.pop(name, None)
        if name in known.params():
            params.ledger.say(inner, Kind.MOVED if name == own else Kind.RENAMED, f"{to}.{name}")
            yield Key(name, inner.span), params.value(params.config.value(inner), f"{to}.{name}", part)
        else:
            value = params.config.value(inner)
            params.ledger.say(inner, *fate_without_parameter(part.name, own, value, known.name))
    yield from ((Key(name, part.span), scalar(number, part.span)) for name, number in left.items())


def power_frame_size(params: Params, instance: Instance, to: str) -> Iterator[Entry]:
    """`frame_size` of a preprocessor that works at 16 kHz whatever the rate of the model: samples of the clock."""
    binding = instance.binding("frame_size")
    value = params.config.value(binding) if binding is not None else None
    size = value.data if isinstance(value, Literal) and isinstance(value.data, int) else _POWER_FRAME_SIZE
    ratio = Fraction(params.clock.rate_ahead()) / _POWER_RATE_HZ
    if ratio == 1 and isinstance(value, Literal) and binding is not None:
        params.ledger.say(binding, Kind.MOVED, f"{to}.frame_size")
        yield Key("frame_size", binding.span), params.value(value, f"{to}.frame_size")
    elif ratio != 1:
        span = binding.span if binding is not None else instance.span
        if binding is not None:
            note = f"{size} samples at 16 kHz, where magenta/ddsp computes power whatever the rate of the model"
            params.ledger.say(binding, Kind.RENAMED, f"{to}.frame_size", note)
        yield Key("frame_size", span), scalar(round(size * ratio), span)
