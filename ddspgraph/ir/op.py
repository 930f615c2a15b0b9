"""What an op is: one class that holds its parameters, ports, traits, typing and kernel.

A declaration is free of TensorFlow; only running a kernel loads it.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from ddspgraph.ir import costs
from ddspgraph.ir.ports import Port, infer_outputs
from ddspgraph.ir.record import Record
from ddspgraph.ir.streaming import Block, CannotStream
from ddspgraph.ir.types import Signal, Unit

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

    from ddspgraph.ir.gains import Moved, Range, Way
else:

    def dataclass_transform(**_):  # Python 3.10 has none, and only type checkers look at it
        return lambda cls: cls


class Traits(enum.Flag):
    """What passes ask instead of asking for names."""

    NONE = 0
    PURE = enum.auto()  # the outputs depend on inputs and parameters only: may be folded, merged
    RANDOM = enum.auto()  # the kernel takes `seed` and `stream`
    SIZED = enum.auto()  # the kernel takes `sizes`: it makes time out of nothing
    TRAINABLE = enum.auto()  # the kernel takes `variables`, declared by `weights()`
    LOSS = enum.auto()  # every output is a scalar to be minimised
    POINTWISE = enum.auto()  # each time of an output depends on the same time of the inputs alone: streams as it is


@dataclass(frozen=True)
class Sizes:
    """How long this call is: scalar int32 tensors (or ints), for kernels with the trait SIZED."""

    batch: Any
    frames: Any
    samples: Any


@dataclass(frozen=True)
class Weight:
    """One variable of a trainable op.

    `init` is "zeros", "ones", "glorot_uniform", "orthogonal", "lstm_bias", or ("normal", mean, stddev),
    ("uniform", low, high), or ("values", ...): the numbers themselves, row by row.
    """

    shape: tuple[int, ...]
    init: str | tuple[Any, ...] = "glorot_uniform"
    trainable: bool = True


@dataclass(frozen=True)
class Advice:
    """A warning that an op gives about its own use; `at` is the port or parameter it points at."""

    code: str
    message: str
    at: str
    hint: str | None = None


@dataclass(frozen=True)
class ParamSpec:
    """All that is known of one parameter: from it come checks, the JSON Schema, and the reference."""

    name: str
    kind: str  # "bool", "int", "float", "str", "ints", "floats", "values" or "splits"
    nullable: bool
    default: Any  # MISSING where it must be given
    unit: Unit
    ge: float | None
    gt: float | None
    le: float | None
    lt: float | None
    choices: tuple[str, ...]
    doc: str
    clock: str | None
    shares: str

    @property
    def is_required(self) -> bool:
        return self.default is MISSING

    def range_text(self) -> str:
        """`0 <= x < 1` in words of mathematics; empty where any number will do."""
        low = f"{self.ge:g} <= " if self.ge is not None else f"{self.gt:g} < " if self.gt is not None else ""
        high = f" <= {self.le:g}" if self.le is not None else f" < {self.lt:g}" if self.lt is not None else ""
        return f"{low}{self.name}{high}" if low or high else ""

    def admits(self, number: float) -> bool:
        return (
            (self.ge is None or number >= self.ge)
            and (self.gt is None or number > self.gt)
            and (self.le is None or number <= self.le)
            and (self.lt is None or number < self.lt)
        )


def param(
    default: Any = MISSING,
    *,
    unit: Unit = Unit.ANY,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    choices: Sequence[str] = (),
    clock: str | None = None,
    shares: str = "",
    doc: str,
) -> Any:
    """Declares a YAML parameter: `window_size: int = param(257, unit=Unit.SAMPLES, ge=0, doc="...")`.

    A parameter that `shares` a unit variable takes any unit, one with the others that share it; the parameter with
    the variable's name then holds that unit.
    """
    facts = {
        "unit": unit,
        "ge": ge,
        "gt": gt,
        "le": le,
        "lt": lt,
        "choices": tuple(choices),
        "clock": clock,
        "shares": shares,
        "doc": doc,
    }
    return dataclasses.field(default=default, metadata=facts)


def from_clock(name: str, *, unit: Unit, doc: str) -> Any:
    """Declares a parameter that the graph's clock gives; where it is repeated it must agree."""
    return param(None, unit=unit, gt=0, clock=name, doc=doc)


def held(default: Any = MISSING) -> Any:
    """Declares what an op holds that no spec can write, such as the nodes of a loop; the compiler gives it."""
    return dataclasses.field(default=default, metadata={"held": True})


_KINDS: Mapping[Any, str] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    tuple[int, ...]: "ints",
    tuple[float, ...]: "floats",
    object: "values",
    tuple[tuple[str, int], ...]: "splits",
}

#: A parameter that names channels: `outputs: {amps: 1, harmonic_distribution: 60}` in YAML.
Splits = tuple[tuple[str, int], ...]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(param, from_clock, held))
class _Declaration(type):
    """Makes every subclass of Op a frozen dataclass, so that an op is one plain class.

    What all of them do alike is in `Record`: generating it for each would be most of the time of importing the library.
    """

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        made = super().__new__(mcs, name, bases, namespace)
        cls: Any = dataclass(kw_only=True, repr=False, eq=False)(made)
        cls.field_names = tuple(field.name for field in dataclasses.fields(cls))
        if "name" not in namespace:
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
        return cls


class Op(Record, metaclass=_Declaration):
    """The base of all ops. A subclass states:

    - its docstring: a sentence, the formula, and the source (`Source: ...`);
    - `inputs` and `outputs`: ports, in order; the first output is the default one;
    - fields made with `param(...)`: the YAML parameters;
    - `kernel(self, <ports>)`: tensors in, the default output or a mapping of all outputs out;
    - where the ports can't say it: `infer`, `weights`, `output_ports`, `workspace`, `multiply_adds`.
    """

    name: ClassVar[str]
    #: What else people call it, for searches: `"high cut"`, or `"low cut (high_pass: true)"` with what makes it one.
    words: ClassVar[tuple[str, ...]] = ()
    traits: ClassVar[Traits] = Traits.PURE
    inputs: ClassVar[Mapping[str, Port]] = {}
    outputs: ClassVar[Mapping[str, Port]] = {}
    #: The type of all inputs beyond `inputs` where an op takes any number of them: see `input_names`.
    variadic: ClassVar[Port | None] = None
    #: Of an op without a streaming form: what it does that needs the whole clip.
    whole_clip: ClassVar[str] = "looks at the whole clip"

    # -- what the compiler asks ----------------------------------------------------------------

    def input_ports(self, given: Sequence[str] = ()) -> Mapping[str, Port]:
        """The ports; of a variadic op, those of the names that were given."""
        if self.variadic is None:
            return self.inputs
        return {**self.inputs, **{name: self.variadic for name in given if name not in self.inputs}}

    @classmethod
    def input_names(cls, count: int) -> list[str]:
        """The names of `count` inputs in order: those declared, then `input_3` for the third, and so on."""
        named = list(cls.inputs)
        return named if cls.variadic is None else [*named, *(f"input_{i + 1}" for i in range(len(named), count))]

    @classmethod
    def more_names(cls) -> str:
        """`input_3, input_4, ...`: the inputs beyond the named ones, for the reference."""
        return ", ".join([*cls.input_names(len(cls.inputs) + 2)[len(cls.inputs) :], "..."])

    def output_ports(self) -> Mapping[str, Port]:
        """The outputs; an op whose parameters name its outputs overrides this."""
        return self.outputs

    def settled(self, signals: Mapping[str, Signal]) -> Op:
        """The op for values of these types, where its kernel must know more of them than tensors show."""
        return self

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        """The types of the outputs from those of the inputs. Raises `ports.Mismatch`."""
        hop = getattr(self, "hop_samples", None)
        return infer_outputs(self.input_ports(tuple(signals)), self.output_ports(), signals, hop)

    def output_hop(self, hop_samples: Fraction | int | None) -> Fraction | int | None:
        """Samples between output frames, where those of the inputs (or of the clock) are `hop_samples` apart.

        None where the clock has no frames.
        """
        return hop_samples

    def weights(self, signals: Mapping[str, Signal]) -> Mapping[str, Weight]:
        """The variables of a trainable op, from the types of its inputs."""
        return {}

    def trained(self, weights: Mapping[str, Any]) -> Op:
        """The op as pictures show it after training: with parameters that say what the weights, arrays, mean."""
        return self

    def workspace(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        """How many numbers the kernel holds at its peak beside inputs and outputs.

        `shapes` has the shapes of all inputs, outputs as `"-> signal"`, and variables as `"= kernel"`.
        """
        return 0

    def multiply_adds(self, shapes: Mapping[str, tuple[int, ...]]) -> int:
        """What one forward call costs, in the currency of `ir.costs`; `shapes` as in `workspace`.

        Unless an op says otherwise: a function of every number that it makes, and for every position of its
        default output a product with each of its matrices.
        """
        made = {name[3:]: shape for name, shape in shapes.items() if name.startswith("-> ")}
        matrices = {name: shape for name, shape in shapes.items() if name.startswith("= ")}
        positions = math.prod(next(iter(made.values()), ())[:-1])
        numbers = sum(math.prod(shape) for name, shape in made.items() if name not in self.inputs)
        return costs.FUNCTION * numbers + costs.products(matrices, positions)

    def tail_samples(self, signals: Mapping[str, Signal]) -> int:
        """How long the outputs go on after the inputs have ended, in samples: of an echo or a room."""
        return 0

    def ranges(self, given: Mapping[str, Range]) -> Mapping[str, Range]:
        """Between which numbers the outputs lie where the inputs lie in `given`; one left out: nothing is known."""
        return {}

    def moved(self) -> Moved | None:
        """Of an op that holds a value which training moves between bounds: those, and where it begins."""
        return None

    def kept_between(self, low: float | None, high: float | None) -> Op:
        """Such an op with other bounds; None leaves one as it is."""
        raise TypeError(f"{type(self).__name__} holds nothing that training moves between bounds")

    def ways(
        self, signals: Mapping[str, Signal], given: Mapping[str, Range], looped: Sequence[str]
    ) -> Mapping[tuple[str, str], Way]:
        """How values of a loop go through: by (input, output), for the inputs `looped` that the loop reaches.

        `given` has the ranges of all inputs. An output left out takes nothing known from that input.
        """
        return {}

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """Warnings: `values` holds the numbers of the inputs that are constants, `sizes` the nominal lengths."""
        return ()

    def kernel(self, *inputs: Any, **named: Any) -> Any:
        raise TypeError(f"{type(self).__name__} declares no kernel")

    # -- the streaming form: free for pointwise ops ----------------------------------------------

    def stream_latency(self, signals: Mapping[str, Signal], hop_samples: int) -> int | Mapping[str, int]:
        """Samples that the outputs, or each of them by name, are later than the inputs. Raises `CannotStream`.

        `hop_samples` is from one frame of the inputs (or of the clock) to the next; for outputs at frame rate the
        latency is a multiple of `output_hop(hop_samples)`.
        """
        if Traits.POINTWISE in self.traits:
            return 0
        raise CannotStream(self.whole_clip)

    def stream_state(
        self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block
    ) -> Mapping[str, Any]:
        """The state before the first block: tensors by name. `constants` are the inputs that never change."""
        return {}

    def stream_step(
        self, state: Mapping[str, Any], inputs: Mapping[str, Any], block: Block
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """One block: the next state, and all outputs. Inputs are of one latency, and 0 before they begin.

        The kernel of a pointwise op has `inputs` of which nothing is known before they begin.
        """
        from ddspgraph.ir.call import run_kernel

        sizes = Sizes(block.batch, block.frames, block.samples)
        extra = {"seed": block.seed, "stream": block.stream, "variables": block.variables}
        return {}, run_kernel(self, inputs, sizes=sizes, **extra)

    def final_outputs(self) -> tuple[str, ...]:
        """Outputs without time that hold what is after the last frame, such as a state: in a stream, of each block."""
        return ()

    @classmethod
    def params(cls) -> Mapping[str, ParamSpec]:
        """The parameters by name, in order of declaration."""
        cached = cls.__dict__.get("_params")
        if cached is None:
            cached = cls._params = declared_params(cls)
        return cached

    def with_params(self, **values: Any) -> Op:
        """The same op with other parameters."""
        return dataclasses.replace(self, **values)

    @classmethod
    def summary(cls) -> str:
        """The first sentence of the docstring."""
        return (cls.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ").strip()

    # -- what a Python user calls --------------------------------------------------------------

    def __call__(self, *inputs: Any, seed: int = 0, variables: Mapping[str, Any] | None = None, **named: Any) -> Any:
        """The default output on tensors or arrays, inputs by position or by port name."""
        results = self.signals(*inputs, seed=seed, variables=variables, **named)
        return results[next(iter(self.output_ports()))]

    def signals(
        self, *inputs: Any, seed: int = 0, variables: Mapping[str, Any] | None = None, **named: Any
    ) -> dict[str, Any]:
        """All outputs by name, on tensors or arrays."""
        from ddspgraph.ir.call import call_op

        return call_op(self, inputs, named, seed=seed, variables=variables)

    def layer(self, **settings: Any) -> Any:
        """This op as a Keras 3 layer that owns its variables; settings such as `name` are those of a Keras layer."""
        from ddspgraph.ir.keras_layer import OpLayer

        return OpLayer(self, **settings)


def declared_params(cls: Any) -> dict[str, ParamSpec]:
    """What a dataclass declares with `param`, by name, in order of declaration."""
    hints = typing.get_type_hints(cls)
    return {f.name: _spec(f, hints[f.name]) for f in dataclasses.fields(cls) if not f.metadata.get("held")}


def _spec(field: dataclasses.Field[Any], hint: Any) -> ParamSpec:
    nullable = False
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(hint) if a is not type(None)]
        nullable = len(inner) < len(typing.get_args(hint))
        hint = inner[0]
    if hint not in _KINDS:
        raise TypeError(f"parameter '{field.name}': {hint} is not one of {[str(k) for k in _KINDS]}")
    if "doc" not in field.metadata:
        raise TypeError(f"parameter '{field.name}' must be declared with param(..., doc=...)")
    return ParamSpec(name=field.name, kind=_KINDS[hint], nullable=nullable, default=field.default, **field.metadata)
