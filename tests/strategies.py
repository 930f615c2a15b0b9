"""Specs that are valid by construction, built op by op, and ways to break them.

`SpecBuilder` makes every choice through `pick`: with `plain` (the first option) it builds the plainest spec of an op;
with Hypothesis' `draw` it builds any.

    @given(specs())
    def test_any_spec(spec): ...
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from hypothesis import strategies as st

from ddspgraph.ir.op import Op, ParamSpec, Traits
from ddspgraph.ir.ports import Port
from ddspgraph.ir.types import Rate, Unit
from ddspgraph.ops import OPS

Spec = dict[str, Any]
Pick = Callable[[Sequence[Any]], Any]

#: Networks hold more rules between parameters and inputs than this builder knows; tests/ops/neural meets them.
BUILT = [name for name, op in OPS.items() if ".neural" not in op.__module__]
CLOCK = {"sample_rate": "16 kHz", "frame_rate": "250 Hz", "duration": "1024 samples"}
CLOCK_VALUES = {"sample_rate": 16_000, "frame_rate": 250.0, "hop_samples": 64, "n_samples": None}
#: Not said, so that the default or the clock holds.
OMIT: Any = object()

#: Values that fit together, small enough to run; what is not here takes its default.
VALUES: Mapping[str, Sequence[Any]] = {
    "sample_rate": [OMIT, 16_000, "16 kHz"],
    "frame_rate": [OMIT, 250],
    "hop_samples": [OMIT, 64, "4 ms"],
    "hz_min": [OMIT, 50.0, "C2"],
    "hz_max": [OMIT, "4 kHz"],
    "lo_hz": [OMIT, 100],
    "hi_hz": [OMIT, 7_000],
    "fft_size": [256, 512],
    "n_fft": [128, OMIT],
    "bins": [10],
    "mel_bins": [20],
    "mfcc_bins": [5, OMIT],
    "overlap": [OMIT, 0.5],
    "fft_sizes": [[128, 64]],
    "hop_sizes": [[32, 16]],
    "win_lengths": [[100, 64]],
    "bands": [OMIT, 2],
    "reverb_length": [100, "5 ms"],
    "n_filter_banks": [4],
    "window_size": [32, OMIT, 1],
    "n_harmonics": [8],
    "midi_min": [OMIT, 30],
    "midi_max": [OMIT, 100],
    "n_harmonic_points": [3],
    "n_harmonic_gaussians": [4],
    "value": [0.5, [0.5, 0.25], -1],
    "phase": [OMIT, 1.5, "90 deg"],
    "nyquist_fade": [OMIT, 0.1],
    "initial_bias": [OMIT, 0.0],
    "center_ms": [OMIT, "2 ms"],
    # Networks: a few units are enough to see whether they fit.
    **{name: [4] for name in ("ch", "fc_stack_ch", "rnn_ch", "rnn_channels", "precondition_ch", "z_dims", "n_dims")},
    **{name: [1, 2] for name in ("layers", "layers_per_stack", "stacks", "fc_stack_layers")},
    "size": ["small"],
    "norm_type": [OMIT, "layer"],
    "resample_type": [OMIT],
    "f0_depth": [8],
    "z_time_steps": [63],
    "conditional": [OMIT],
    "compute_loudness": [OMIT],
    "compute_power": [OMIT],
    "num_heads": [OMIT, 2],
}
#: For a parameter that must be given and is not above, by its kind.
REQUIRED: Mapping[str, Any] = {"int": 4, "float": 0.5, "floats": [0.5, 1.0, 0.25], "ints": [4], "values": 0.5}
#: The same for one op where the name means something else there.
OF_OP: Mapping[tuple[str, str], Sequence[Any]] = {
    ("crop", "frame_size"): [64, 0, 33],
    ("power", "frame_size"): [128, OMIT],
    ("rms_energy", "frame_size"): [128, OMIT],
    ("filtered_noise_reverb", "n_frames"): [4],
    ("lfo", "depth"): [OMIT, 2.0],
    ("split", "outputs"): [OMIT],
    ("learned", "value"): [0.5, [0.5, 0.25]],
    ("mfcc_encoder", "fft_sizes"): [[256]],
    ("mfcc_encoder", "mel_bins"): [[20]],
    ("mfcc_encoder", "mfcc_bins"): [[5]],
    ("mel_stft_loss", "hop_size"): [64],
    ("mel_stft_loss", "win_length"): [256, 200],
    ("mel_stft_loss", "n_mels"): [20],
}
_LEVELS = ("power", "loudness", "rms_energy")
_WANTED_THOUGH_OPTIONAL = ("loudness_db", "power_db", "pw_db")
_UNIT_FOLLOWS = (
    *("add", "multiply", "gain", "mix", "crop", "tensor_to_audio", "resample", "concat", "hold"),
    *("lfo", "sequence", "learned"),
    *("one_pole", "dc_blocker", "lowpass", "highpass", "bandpass", "notch", "allpass", "svf", "peaking"),
    *("low_shelf", "high_shelf", "parametric_eq", "biquad", "sos"),
)
_REVERBS = ("reverb", "exp_decay_reverb", "filtered_noise_reverb")


@dataclass(frozen=True)
class Made:
    """A signal that the spec has: how it is written, and what it is.

    Attributes:
      channels: None without a channel axis.
      unit: None where the op has rules of its own.
      is_whole: as long as the graph: 64 samples a frame.
    """

    written: Any
    rate: Rate
    channels: int | None
    unit: Unit | None
    is_whole: bool = True

    def fits(self, unit: Unit) -> bool:
        return unit is Unit.ANY or (self.unit is not None and unit.accepts(self.unit))


def plain(options: Sequence[Any]) -> Any:
    return options[0]


class SpecBuilder:
    """Builds one spec."""

    def __init__(self, pick: Pick = plain) -> None:
        self.pick = pick
        self.inputs: Spec = {}
        self.nodes: Spec = {}
        self.losses: Spec = {}
        self.made: list[Made] = []

    def spec(self) -> Spec:
        """All signals that no node reads become outputs."""
        read = {str(v) for node in (*self.nodes.values(), *self.losses.values()) for v in _values(node["inputs"])}
        outputs = {
            f"out_{i}": made.written
            for i, made in enumerate(self.made)
            if made.written not in self.inputs and made.written not in read
        }
        spec = {"version": 2, "name": "built", "clock": dict(CLOCK)}
        spec |= {"inputs": self.inputs} if self.inputs else {}
        spec |= {"nodes": self.nodes, "outputs": outputs} if self.nodes else {}
        return copy.deepcopy(spec | ({"losses": self.losses} if self.losses else {}))

    def add(self, name: str) -> str:
        """Adds a node of an op, with what it needs; returns the node's name."""
        op_class = OPS[name]
        params = self._params(op_class)
        given: dict[str, Made] = {}
        special = getattr(self, f"_op_{name}", None)
        if special is not None:
            special(params, given)
        else:
            self._ports(op_class, params, given)
        op = _instance(op_class, params)
        node = f"{name}_{len(self.nodes) + len(self.losses)}"
        written = {port: made.written for port, made in given.items()}
        in_order = list(written) == list(op.input_ports(tuple(written)))[: len(written)]
        entry: Spec = {"op": name, "inputs": self.pick([written, list(written.values())] if in_order else [written])}
        entry |= {"params": params} if params else {}
        (self.losses if Traits.LOSS in op.traits else self.nodes)[node] = entry
        if Traits.LOSS not in op.traits:
            self.made += self._outputs(node, op, given)
        return node

    # -- parameters ----------------------------------------------------------------------------

    def _params(self, op: type[Op]) -> Spec:
        chosen = {spec.name: self.pick(options_of(op, spec)) for spec in op.params().values()}
        return {name: value for name, value in chosen.items() if value is not OMIT}

    # -- inputs --------------------------------------------------------------------------------

    def _ports(self, op_class: type[Op], params: Spec, given: dict[str, Made], **sizes: int) -> None:
        """Connects the ports as they are declared; names of axes are bound to sizes on the way."""
        units: dict[str, Unit] = {}
        op = _instance(op_class, params)
        more = () if op.variadic is None else op.input_names(len(op.inputs) + self.pick([1, 2]))
        for name, port in op.input_ports(more).items():
            if port.optional and name not in _WANTED_THOUGH_OPTIONAL:
                continue
            if port.unit is Unit.ANY and port.shares in units:
                port = replace(port, unit=units[port.shares])
            is_open = port.dims is None and port.rate in (None, Rate.FRAME) and op.variadic is not None
            given[name] = (
                self._signal(Rate.FRAME, 4, port.unit, literals=False) if is_open else self._fitting(port, sizes)
            )
            if port.shares and not port.scales and given[name].unit is not None:
                units[port.shares] = given[name].unit

    def _fitting(self, port: Port, sizes: dict[str, int]) -> Made:
        dims = port.dims
        if dims is None:
            return self._any(port.unit, port.rate)
        if port.rate is Rate.CONST:
            axes = zip(dims[1:], [3, 4][3 - len(dims) :], strict=True)
            known = [dim.size or sizes.setdefault(dim.name, usual) for dim, usual in axes]
            return self._constant(port.unit, len(dims) - 1, known)
        last = dims[-1] if len(dims) == 3 else None
        channels = last.size if last else None
        if last is not None and channels is None:
            channels = sizes.setdefault(last.name, self.pick([4, 1, 3]))
        return self._signal(port.rate or Rate.AUDIO, channels, port.unit)

    def _signal(self, rate: Rate, channels: int | None, unit: Unit, *, literals: bool = True) -> Made:
        """A signal of a graph's length: a new input, one that is there, a slower one, or a literal."""
        options: list[Callable[[], Made]] = [lambda: self._input(rate, channels, unit)]
        for made in self.made:
            if not (made.is_whole and made.fits(unit)):
                continue
            is_slower = rate is Rate.AUDIO and made.rate is Rate.FRAME and made.channels == (channels or 1)
            if is_slower or (made.rate is rate and made.channels == channels):
                options.append(lambda made=made: made)
        if literals:
            number = -6.0 if unit is Unit.DB else 0.5
            value = number if (channels or 1) == 1 else [number] * (channels or 1)
            options.append(lambda: Made(value, Rate.CONST, channels, unit))
        return self.pick(options)()

    def _any(self, unit: Unit, rate: Rate | None = None) -> Made:
        """Any signal of a unit."""
        if rate is Rate.CONST:
            return self._constant(unit, self.pick([0, 1]))
        fitting = [m for m in self.made if m.fits(unit) and m.rate is not Rate.CONST and rate in (None, m.rate)]
        fresh = [lambda: self._input(Rate.AUDIO, None, unit)]
        fresh += [lambda: self._input(Rate.FRAME, self.pick([1, 4]), unit)] if rate is None else []
        return self.pick([*fresh, *(lambda m=m: m for m in fitting)])()

    def _constant(self, unit: Unit, axes: int, sizes: Sequence[int | None] = ()) -> Made:
        shape = [3, 4][-axes:] if axes else []
        shape = [size or any_size for size, any_size in zip(sizes, shape, strict=True)] if sizes else shape
        number: Any = 0.5
        for size in reversed(shape):
            number = [number] * size
        channels = shape[-1] if axes else None
        written = self.pick([number, OMIT])
        if written is not OMIT:
            return Made(written, Rate.CONST, channels, unit)
        return self._declare({"rate": "const", "unit": unit.value, "shape": shape}, Rate.CONST, channels, unit)

    def _input(self, rate: Rate, channels: int | None, unit: Unit) -> Made:
        entry: Spec = {"rate": str(rate), "unit": unit.value}
        if channels is not None and not (rate is Rate.FRAME and channels == 1 and self.pick([True, False])):
            entry["channels"] = channels
        return self._declare(entry, rate, channels, unit)

    def _declare(self, entry: Spec, rate: Rate, channels: int | None, unit: Unit) -> Made:
        name = f"in_{len(self.inputs)}"
        self.inputs[name] = entry
        made = Made(name, rate, channels, unit)
        self.made.append(made)
        return made

    # -- ops whose inputs must fit each other in ways that ports do not say ------------------------

    def _pair(self, given: dict[str, Made], names: Sequence[str], unit: Unit) -> None:
        one = self._any(unit)
        given[names[0]] = one
        number = Made(0.5, Rate.CONST, None, unit)
        same = [m for m in self.made if (m.rate, m.channels, m.is_whole) == (one.rate, one.channels, one.is_whole)]
        given[names[1]] = self.pick([number, *(m for m in same if m.fits(unit) and m.unit is one.unit)])

    def _op_add(self, params: Spec, given: dict[str, Made]) -> None:
        self._pair(given, ("signal_one", "signal_two"), Unit.ANY)

    def _op_multiply(self, params: Spec, given: dict[str, Made]) -> None:
        self._pair(given, ("signal_one", "signal_two"), Unit.ANY)
        if given["signal_one"].unit is not Unit.ANY:  # nothing is multiplied by a second value with a unit
            given["signal_two"] = Made(0.5, Rate.CONST, None, Unit.LINEAR)

    def _op_sample_hold(self, params: Spec, given: dict[str, Made]) -> None:
        self._pair(given, ("x", "trigger"), Unit.ANY)

    def _op_crossover(self, params: Spec, given: dict[str, Made]) -> None:
        self._ports(OPS["crossover"], params, given, splits=params.get("bands", 3) - 1)

    def _constant_or_moving(self, params: Spec, unit: Unit) -> Made:
        """A number, or one at a time of the rate that the node makes."""
        rate = Rate[params.get("rate", "frame").upper()]
        channels = 1 if rate is Rate.FRAME else None
        there = [m for m in self.made if (m.rate, m.channels, m.is_whole) == (rate, channels, True) and m.fits(unit)]
        fresh = (partial(self._constant, unit, 0), partial(self._input, rate, channels, unit))
        return self.pick([*fresh, *(lambda m=m: m for m in there)])()

    def _op_lfo(self, params: Spec, given: dict[str, Made]) -> None:
        given["frequency_hz"] = self._constant_or_moving(params, Unit.HZ)

    def _op_sequence(self, params: Spec, given: dict[str, Made]) -> None:
        given["values"] = self._constant(Unit.ANY, 1)
        given["tempo"] = self._constant_or_moving(params, Unit.ANY)

    def _op_gain(self, params: Spec, given: dict[str, Made]) -> None:
        given["audio"] = self._any(Unit.ANY)
        given["gain"] = Made(self.pick(["-6 dB", 3, -0.5]), Rate.CONST, None, Unit.DB)

    def _op_mix(self, params: Spec, given: dict[str, Made]) -> None:
        mono = [m for m in self.made if m.is_whole and m.rate is Rate.AUDIO and m.channels is None]
        unit = Unit.ANY
        for name in ("signal_one", "signal_two"):
            fitting = (m for m in mono if unit is Unit.ANY or m.unit in (unit, Unit.ANY))
            fresh = partial(self._input, Rate.AUDIO, None, unit)
            given[name] = self.pick([fresh, *(lambda m=m: m for m in fitting)])()
            unit = given[name].unit or Unit.ANY
        unit = Unit.LINEAR if params.get("scale_fn", "") is None else Unit.RAW
        given["nn_out_mix_level"] = self.pick([Made(0.5, Rate.CONST, None, unit), self._input(Rate.FRAME, 1, unit)])

    def _op_concat(self, params: Spec, given: dict[str, Made]) -> None:
        params.pop("axis", None)
        rate = self.pick([Rate.FRAME, Rate.AUDIO])
        for i in range(self.pick([2, 1, 3])):
            channels = None if rate is Rate.AUDIO else self.pick([1, 4])
            given[f"input_{i + 1}"] = self._signal(rate, channels, Unit.ANY, literals=i > 0)

    def _op_split(self, params: Spec, given: dict[str, Made]) -> None:
        given["signal"] = self._signal(Rate.FRAME, 4, Unit.ANY, literals=False)
        params["outputs"] = self.pick([{"first": 1, "rest": 3}, {"all": 4}, {"a": 1, "b": 1, "c": 2}])

    def _op_matrix(self, params: Spec, given: dict[str, Made]) -> None:
        channels = self.pick([3, 1])
        given["audio"] = self._signal(Rate.AUDIO, channels, Unit.ANY, literals=False)
        given["matrix"] = Made([[0.5] * 4] * channels, Rate.CONST, 4, Unit.LINEAR)

    def _op_split_voices(self, params: Spec, given: dict[str, Made]) -> None:
        params["voices"] = self.pick([4, 1])
        given["channels"] = self._signal(Rate.FRAME, params["voices"], Unit.ANY, literals=False)

    def _op_mix_voices(self, params: Spec, given: dict[str, Made]) -> None:
        params.pop("voices", None)
        name = f"in_{len(self.inputs)}"  # for this node alone: no other takes voices
        self.inputs[name] = {"rate": self.pick(["frame", "audio", "const"]), "voices": self.pick([3, 1])}
        given["signal"] = Made(name, Rate.CONST, None, Unit.ANY, False)

    def _op_fc(self, params: Spec, given: dict[str, Made]) -> None:
        given["x"] = self._signal(Rate.FRAME, 4, Unit.ANY, literals=False)

    _op_fc_stack = _op_fc

    def _op_one_hot_encoder(self, params: Spec, given: dict[str, Made]) -> None:
        given["instrument"] = self._constant(Unit.ANY, 0)

    def _op_straight_through_choice(self, params: Spec, given: dict[str, Made]) -> None:
        given["logits"] = self._signal(Rate.FRAME, len(params["values"]), Unit.RAW, literals=False)

    def _op_hold(self, params: Spec, given: dict[str, Made]) -> None:
        params.pop("channels", None)
        params.pop("broadcast", None)
        given["value"] = self._constant(Unit.ANY, 0)

    def _op_exp_decay(self, params: Spec, given: dict[str, Made]) -> None:
        axes = self.pick([0, 1])
        given["amplitude"] = self._constant(Unit.LINEAR, axes)
        given["t60"] = self._constant(Unit.SECONDS, self.pick([axes, 0]))

    def _op_sinusoidal(self, params: Spec, given: dict[str, Made]) -> None:
        n = self.pick([3, 1])
        depth = params["depth"] = self.pick([1, 2])
        raw = params.get("freq_scale_fn", "") is not None
        unit = Unit.LINEAR if params.get("amp_scale_fn", "") is None else Unit.RAW
        given["amplitudes"] = self._signal(Rate.FRAME, n, unit)
        given["frequencies"] = self._signal(Rate.FRAME, n * depth if raw else n, Unit.RAW if raw else Unit.HZ)

    def _op_frequencies_softmax(self, params: Spec, given: dict[str, Made]) -> None:
        params["depth"] = self.pick([1, 2])
        given["freqs"] = self._signal(Rate.FRAME, 4, Unit.RAW, literals=False)

    _op_frequencies_sigmoid = _op_frequencies_critical_bands = _op_frequencies_softmax

    def _op_reverb(self, params: Spec, given: dict[str, Made]) -> None:
        given["audio"] = self._signal(Rate.AUDIO, None, Unit.ANY, literals=False)
        params["trainable"] = self.pick([True, False])
        if not params["trainable"]:
            given["ir"] = self._constant(Unit.ANY, 1)

    def _op_exp_decay_reverb(self, params: Spec, given: dict[str, Made]) -> None:
        given["audio"] = self._signal(Rate.AUDIO, None, Unit.ANY, literals=False)
        params["trainable"] = self.pick([False, True])
        if not params["trainable"]:
            unit = Unit.LINEAR if params.get("scale_fn", "") is None else Unit.RAW
            given["gain"], given["decay"] = self._constant(unit, 0), self._constant(Unit.ANY, 0)

    def _op_filtered_noise_reverb(self, params: Spec, given: dict[str, Made]) -> None:
        given["audio"] = self._signal(Rate.AUDIO, None, Unit.ANY, literals=False)
        params["trainable"] = self.pick([False, True])
        if not params["trainable"]:
            unit = Unit.LINEAR if params.get("scale_fn", "") is None else Unit.RAW
            given["magnitudes"] = self._constant(unit, 2)

    def _op_param_loss(self, params: Spec, given: dict[str, Made]) -> None:
        self._pair(given, ("pred", "target"), Unit.ANY)

    def _op_amp_loss(self, params: Spec, given: dict[str, Made]) -> None:
        self._pair(given, ("amp", "amp_target"), Unit.LINEAR)

    def _op_freq_loss(self, params: Spec, given: dict[str, Made]) -> None:
        self._pair(given, ("f_hz", "f_hz_target"), Unit.HZ)

    # -- outputs -------------------------------------------------------------------------------

    def _outputs(self, node: str, op: Op, given: Mapping[str, Made]) -> Iterator[Made]:
        """What can be read of a node; a second output may be left out where its type follows from a literal."""
        first = given[next(iter(given))] if given else Made(None, Rate.CONST, None, Unit.ANY)
        bound = {
            dim.name: given[name].channels
            for name, port in op.input_ports(tuple(given)).items()
            for dim in (port.dims or ())[2:]
            if name in given and dim.name
        }
        for i, (name, port) in enumerate(op.output_ports().items()):
            written = node if i == 0 else f"{node}/{name}"
            made = replace(first, written=written, unit=port.unit)
            is_network = Traits.TRAINABLE in op.traits and op.name not in _REVERBS
            if (
                is_network
                or op.name
                in ("constant", "hold", "mix", "concat", "exp_decay", "split", "split_voices", "mix_voices", *_REVERBS)
                or (isinstance(given.get(port.like or ""), Made) and given[port.like or ""].rate is Rate.CONST)
            ):
                # The type is for the test to read, not for the next node.
                made = replace(made, rate=Rate.CONST, is_whole=False)
                if op.name in _REVERBS and i == 0:
                    made = replace(made, rate=Rate.AUDIO, channels=None, is_whole=True)
            elif op.name in ("lfo", "sequence"):
                rate = Rate[op.rate.upper()]  # type: ignore[attr-defined]
                made = Made(written, rate, 1 if rate is Rate.FRAME else None, port.unit)
            elif op.name.startswith("frequencies_"):
                made = replace(made, channels=(first.channels or 1) // op.depth)  # type: ignore[attr-defined]
            elif port.like is not None:
                source = _arrived(given[port.like], op.input_ports(tuple(given))[port.like])
                made = replace(source, written=written, unit=source.unit if port.unit is Unit.ANY else port.unit)
            elif port.dims is not None and port.rate is not None:
                last = port.dims[2] if len(port.dims) == 3 else None
                channels = None if last is None else last.size or bound.get(last.name, 1)
                whole = not isinstance(getattr(op, "fft_size", None), int) and op.name != "crop"
                whole = whole and getattr(op, "add_endpoint", True)
                if op.name in _LEVELS:
                    whole = op.padding == "same"  # type: ignore[attr-defined]
                made = Made(written, port.rate, channels, port.unit, whole)
            if port.shares and port.unit is Unit.ANY:
                made = replace(made, unit=_shared(port.shares, op, given))
            if op.name in _UNIT_FOLLOWS and i == 0:
                made = replace(made, unit=None)
            yield made


def _shared(name: str, op: Op, given: Mapping[str, Made]) -> Unit | None:
    """The unit that the inputs of one unit variable have; None where one of them has rules of its own."""
    ports = op.input_ports(tuple(given)).items()
    units = [given[at].unit for at, port in ports if at in given and port.shares == name and not port.scales]
    return None if None in units else next((unit for unit in units if unit is not Unit.ANY), Unit.ANY)


def _arrived(made: Made, port: Port) -> Made:
    """What a slower signal is at its port."""
    if port.rate in (None, made.rate):
        return made
    has_channels = port.dims is not None and len(port.dims) == 3
    return replace(made, rate=port.rate, channels=(made.channels or 1) if has_channels else None)


def options_of(op: type[Op], spec: ParamSpec) -> list[Any]:
    options = list(OF_OP.get((op.name, spec.name), VALUES.get(spec.name, ())))
    if not options and spec.kind == "bool":
        options = [OMIT, True, False]
    elif not options and spec.kind == "str":
        options = [OMIT, *spec.choices, *([None] if spec.nullable else [])]
    elif not options:
        options = [OMIT]
    if spec.is_required and (op.name, spec.name) not in OF_OP:
        options = [option for option in options if option is not OMIT]
        options = options or [{"a": 1, "b": 3} if spec.kind == "splits" else REQUIRED[spec.kind]]
    return options


def _instance(op: type[Op], params: Spec) -> Op:
    """The op with defaults for what only the checker reads (quantities), enough to ask for its ports."""
    values: dict[str, Any] = {}
    for spec in op.params().values():
        value = params.get(spec.name, CLOCK_VALUES.get(spec.clock or ""))
        if spec.name in params and value is None:
            values[spec.name] = None
        elif spec.kind == "splits" and isinstance(value, dict):
            values[spec.name] = tuple(value.items())
        elif spec.kind in ("ints", "floats") and isinstance(value, list):
            values[spec.name] = tuple(value)
        elif isinstance(value, (int, float)) or (isinstance(value, str) and spec.kind == "str"):
            values[spec.name] = value
        elif spec.is_required:
            values[spec.name] = () if spec.kind == "splits" else 1
    return op(**values)


def _values(inputs: Any) -> Sequence[Any]:
    return list(inputs.values()) if isinstance(inputs, dict) else inputs


def plainest(op_name: str) -> Spec:
    """The plainest spec of one op."""
    builder = SpecBuilder()
    builder.add(op_name)
    return builder.spec()


@st.composite
def specs(draw: Any, most_nodes: int = 6) -> Spec:
    """A valid spec of a few nodes."""
    builder = SpecBuilder(lambda options: options[draw(st.integers(0, len(options) - 1))])
    for name in draw(st.lists(st.sampled_from(BUILT), min_size=1, max_size=most_nodes)):
        builder.add(name)
    return builder.spec()


# -- breaking -------------------------------------------------------------------------------------

_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(),
    st.sampled_from(
        ["", "$x", "in_0/signal/x", "1e400 s", "440 hz", "-", "A4", "0", "\n", "日本", "a" * 1000, "<<", "~"]
    ),
    st.text(max_size=8),
    st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=3),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


@st.composite
def broken_specs(draw: Any) -> Spec:
    """A valid spec in which some values, keys or references are replaced by others."""
    spec = draw(specs(most_nodes=4))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(spec))
        holder, key = draw(st.sampled_from(places)) if places else (spec, "nodes")
        how = draw(st.sampled_from(["replace", "replace", "delete", "rename", "swap"]))
        if how == "replace" or isinstance(holder, list):
            holder[key] = draw(_JUNK)
        elif how == "delete":
            del holder[key]
        elif how == "rename":
            holder[draw(st.sampled_from([f"{key}s", key.upper(), key[:-1], ""]))] = holder.pop(key)
        else:
            other_holder, other_key = draw(st.sampled_from(places))
            holder[key] = copy.deepcopy(other_holder[other_key])
    return spec


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every key of every mapping and every index of every list in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(items):
        yield value, key
        yield from _places(item)
