"""Document + op library -> Graph: every name, port and parameter resolved, every error collected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ddspgraph.compiler.frontend.clock import read_clock
from ddspgraph.compiler.frontend.parameters import INVALID, ParameterReader
from ddspgraph.compiler.frontend.values import Document, Key, Value
from ddspgraph.diagnostics import Note, Report, Span, did_you_mean
from ddspgraph.ir.graph import Clock, Graph, Input, Node, Ref
from ddspgraph.ir.op import Op, ParamSpec, Traits
from ddspgraph.ir.ports import Port
from ddspgraph.ir.quantity import parse_quantity
from ddspgraph.ir.registry import Registry
from ddspgraph.ir.types import BATCH, FRAMES, SAMPLES, Dim, Rate, Signal, Unit
from ddspgraph.limits import DEFAULT_LIMITS, Limits


def build(document: Document, ops: Registry, report: Report, limits: Limits = DEFAULT_LIMITS) -> Graph:
    """The graph of a valid document, in the order of the file.

    Reports E301-E312, E402, E403, E5xx and E707 to `report`; the caller raises. Nodes that are at fault are
    left out, so that what depends on them is not blamed for them.
    """
    return _Builder(document.root, ops, report, limits).build()


@dataclass
class _Draft:
    """A node whose op is known and whose inputs are not yet connected."""

    key: Key
    value: Value
    op: Op


@dataclass
class _Builder:
    root: Value
    ops: Registry
    report: Report
    limits: Limits
    clock: Clock = field(default_factory=Clock)
    inputs: dict[str, Input] = field(default_factory=dict)
    drafts: dict[str, _Draft] = field(default_factory=dict)
    named: dict[str, Key] = field(default_factory=dict)
    literals: list[Node] = field(default_factory=list)
    said_lengths: list[tuple[int, Span]] = field(default_factory=list)

    def build(self) -> Graph:
        self.clock = read_clock(self.root.get("clock"), self.report)
        self.reader = ParameterReader(self.report, self.clock.sample_rate)
        for key, value in _items(self.root, "inputs"):
            if self._claim(key):
                self._input(key, value)
        for section in ("nodes", "losses"):
            for key, value in _items(self.root, section):
                if self._claim(key):
                    self._draft(key, value, section)
        self._fix_length()
        nodes = [node for draft in self.drafts.values() if (node := self._node(draft)) is not None]
        outputs = []
        for key, value in _items(self.root, "outputs"):
            ref = self._ref(value)
            if ref is not None:
                outputs.append((str(key), ref))
        if not _items(self.root, "outputs") and not _items(self.root, "losses"):
            self.report.add(
                "E312",
                "the graph has neither outputs nor losses",
                self.root.span,
                hint="add `outputs: {audio: <node>}`",
            )
        edges = sum(len(node.inputs) for node in nodes)
        if len(nodes) > self.limits.nodes or edges > self.limits.edges:
            self.report.add(
                "E707",
                f"{len(nodes)} nodes and {edges} edges: the limits are {self.limits.nodes} and {self.limits.edges}",
                self.root.span,
            )
        return Graph(
            name=_text(self.root.get("name")),
            clock=self.clock,
            inputs=tuple(self.inputs.values()),
            nodes=(*self.literals, *nodes),
            outputs=tuple(outputs),
            losses=tuple(str(k) for k, _ in _items(self.root, "losses") if any(n.name == k for n in nodes)),
            doc=_text(self.root.get("doc")),
        )

    def _claim(self, key: Key) -> bool:
        """Inputs, nodes and losses share one namespace."""
        first = self.named.setdefault(str(key), key)
        if first is not key:
            note = Note(f"the first '{key}' is", first.span)
            self.report.add("E306", f"'{key}' is the name of two things", key.span, note, hint="rename one of them")
        return first is key

    # -- inputs --------------------------------------------------------------------------------

    def _input(self, key: Key, value: Value) -> None:
        rate = Rate[str(value.get("rate").data).upper()]  # type: ignore[union-attr]  # the schema saw to it
        unit = Unit(_text(value.get("unit")) or "any")
        channels = _dim(value.get("channels"))
        if rate is Rate.CONST:
            shape = value.get("shape")
            dims = (BATCH, *(_dim(d) or Dim.of(1) for d in (shape.elements() if shape else ())))
        elif rate is Rate.FRAME:
            dims = (BATCH, FRAMES, channels or Dim.of(1))
        else:
            hop = self.clock.hop_samples
            dims = (BATCH, FRAMES * hop if hop else SAMPLES) + ((channels,) if channels else ())
        if rate is not Rate.CONST and self.clock.sample_rate is None and self.root.get("clock") is None:
            self.report.add(
                "E402",
                f"the input '{key}' has a rate, and the spec has no clock",
                key.span,
                hint="add `clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}`",
            )
        self.inputs[str(key)] = Input(str(key), Signal(dims, rate, unit), _text(value.get("doc")), key.span)

    # -- nodes ---------------------------------------------------------------------------------

    def _draft(self, key: Key, value: Value, section: str) -> None:
        op_value = value.get("op")
        assert op_value is not None  # the schema saw to it
        op_class = self.ops.get(str(op_value.data))
        wants_loss = section == "losses"
        if op_class is None:
            names = [n for n, op in self.ops.items() if (Traits.LOSS in _class_traits(op)) is wants_loss]
            hint = did_you_mean(str(op_value.data), names) or "`ddspgraph ops` lists the library"
            self.report.add("E302", f"there is no op '{str(op_value.data)[:60]}'", op_value.span, hint=hint)
            return
        if (Traits.LOSS in _class_traits(op_class)) is not wants_loss:
            said = (
                "is a loss: it belongs under `losses`" if not wants_loss else "is not a loss: it belongs under `nodes`"
            )
            self.report.add("E302", f"'{op_class.name}' {said}", op_value.span)
            return
        params = self._params(op_class, value.get("params"), op_value)
        if params is not None:
            self.drafts[str(key)] = _Draft(key, value, op_class(**params))

    def _params(self, op_class: type[Op], given: Value | None, op_value: Value) -> dict[str, Any] | None:
        specs = op_class.params()
        params: dict[str, Any] = {}
        for key, value in given.items() if given else ():
            spec = specs.get(str(key))
            if spec is None:
                hint = did_you_mean(str(key), list(specs)) or f"{op_class.name} has no parameters"
                self.report.add("E309", f"{op_class.name} has no parameter '{key}'", key.span, hint=hint)
                params[str(key)] = INVALID
                continue
            params[spec.name] = self.reader.read(spec, value, op_class.name)
            if spec.clock and params[spec.name] not in (None, INVALID):
                self._agrees_with_clock(spec, params[spec.name], value.span)
        for spec in specs.values():
            if params.get(spec.name) is None and spec.clock and spec.clock != "n_samples":
                params[spec.name] = self.clock.get(spec.clock)
                if params[spec.name] is None:
                    self._needs_clock(op_class, spec, op_value.span)
                    params[spec.name] = INVALID
            if spec.is_required and spec.name not in params:
                self.report.add(
                    "E310", f"{op_class.name} needs the parameter '{spec.name}'", op_value.span, hint=spec.doc
                )
                params[spec.name] = INVALID
        return None if INVALID in params.values() else params

    def _agrees_with_clock(self, spec: ParamSpec, number: float, span: Span) -> None:
        if spec.clock == "n_samples":
            self.said_lengths.append((int(number), span))
            return
        says = self.clock.get(str(spec.clock))
        if says is not None and abs(says - number) > 1e-6 * says:
            where = Note("the clock is", self.clock.span) if self.clock.span else Note("the clock is implied")
            self.report.add(
                "E403",
                f"'{spec.name}' says {number:g}, the clock says {says:g}",
                span,
                where,
                hint="delete it: the clock is enough",
            )

    def _needs_clock(self, op_class: type[Op], spec: ParamSpec, span: Span) -> None:
        key = "sample_rate: 16 kHz" if spec.clock == "sample_rate" else "frame_rate: 250 Hz"
        self.report.add("E402", f"{op_class.name} needs the clock's {spec.clock}", span, hint=f"add `{key}` to `clock`")

    def _fix_length(self) -> None:
        """`n_samples` on nodes: all must agree, with each other and with the clock's duration and hop."""
        if not self.said_lengths:
            return
        hop, n_samples = self.clock.hop_samples, self.clock.n_samples or self.said_lengths[0][0]
        for said, span in self.said_lengths:
            if said != n_samples:
                self.report.add(
                    "E403",
                    f"n_samples is {said} here and {n_samples} elsewhere",
                    span,
                    hint=f"write {n_samples}, or delete it",
                )
            elif hop and said % hop:
                nearest = max(1, round(said / hop)) * hop
                self.report.add(
                    "E401",
                    f"{said} samples are not a whole number of frames of {hop}",
                    span,
                    hint=f"the nearest is {nearest}",
                )
        self.clock = replace(self.clock, n_samples=n_samples, is_fixed=True)

    # -- edges ---------------------------------------------------------------------------------

    def _node(self, draft: _Draft) -> Node | None:
        name, op = str(draft.key), draft.op
        given = draft.value.get("inputs")
        pairs = list(self._by_port(draft, given))
        ports = op.input_ports([port for port, _ in pairs])
        inputs, spans = [], {}
        sound = True
        for port, value in pairs:
            ref = self._connect(name, port, ports[port], value)
            sound = sound and ref is not None
            if ref is not None:
                inputs.append((port, ref))
                spans[port] = value.span
        missing = [p for p, port in ports.items() if not port.optional and p not in {q for q, _ in pairs}]
        for port in missing if sound else ():
            hint = f"{port}: {ports[port].type_text()}" + (f", {ports[port].doc}" if ports[port].doc else "")
            self.report.add(
                "E305",
                f"'{name}': the input '{port}' of {op.name} is not connected",
                draft.key.span,
                hint=hint,
            )
            sound = False
        order = list(ports)
        inputs.sort(key=lambda pair: order.index(pair[0]))
        doc = _text(draft.value.get("doc"))
        return Node(name, op, tuple(inputs), doc, draft.key.span, spans) if sound else None

    def _by_port(self, draft: _Draft, given: Value | None) -> Iterable[tuple[str, Value]]:
        """Pairs of port and value; a list is matched to the ports in order."""
        if given is None:
            return
        op, name = draft.op, str(draft.key)
        if given.is_mapping:
            known = list(op.inputs)
            for key, value in given.items():
                if str(key) in op.inputs or (op.variadic is not None and key.startswith("input_")):
                    yield str(key), value
                else:
                    hint = did_you_mean(str(key), known) or f"{op.name} has no inputs"
                    self.report.add("E304", f"'{name}': {op.name} has no input '{key}'", key.span, hint=hint)
            return
        values = given.elements()
        names = [f"input_{i + 1}" for i in range(len(values))] if op.variadic else list(op.inputs)
        if len(values) > len(names):
            hint = f"its inputs are {', '.join(names)}" if names else "write no inputs"
            self.report.add(
                "E304",
                f"'{name}': {op.name} has {len(names)} inputs, {len(values)} are given",
                given.span,
                hint=hint,
            )
        yield from zip(names, values, strict=False)

    def _connect(self, node: str, port_name: str, port: Port, value: Value) -> Ref | None:
        """A reference, or a constant node that holds the literal."""
        if isinstance(value.data, str) and not self._is_literal(value.data):
            return self._ref(value)
        if value.is_mapping or value.data is None or isinstance(value.data, bool):
            self.report.add(
                "E311",
                f"'{node}/{port_name}' wants a signal, this is {value.kind}",
                value.span,
                hint="write the name of an input or node, or a number",
            )
            return None
        unit = port.unit
        if unit is Unit.ANY and isinstance(value.data, str) and (quantity := parse_quantity(value.data)):
            unit = quantity.unit
        number = self.reader.numbers(value, unit, f"'{node}/{port_name}'")
        if number is INVALID:
            return None
        literal = self.ops["constant"](value=number, unit=unit.value)  # type: ignore[call-arg]
        name = f"{node}.{port_name}"
        self.literals.append(Node(name, literal, span=value.span))
        return Ref(name, next(iter(literal.output_ports())))

    def _is_literal(self, text: str) -> bool:
        if text.partition("/")[0] in self.named:
            return False
        try:
            return parse_quantity(text) is not None
        except ValueError:
            return True

    def _ref(self, value: Value) -> Ref | None:
        """The value that a reference names; None after reporting E301 or E303, or where its node is at fault."""
        if not isinstance(value.data, str):
            self.report.add("E301", f"a reference is a name, this is {value.kind}", value.span)
            return None
        name, _, port = value.data.partition("/")
        if name in self.inputs and not port:
            return Ref(name)
        if name in self.drafts:
            ports = list(self.drafts[name].op.output_ports())
            if not port or port in ports:
                return Ref(name, port or ports[0])
            note = Note(f"'{name}' is declared", self.named[name].span)
            hint = did_you_mean(port, ports) or f"its outputs are {', '.join(ports)}"
            self.report.add("E303", f"'{name}' has no output '{port[:60]}'", value.span, note, hint=hint)
        elif name in self.inputs:
            self.report.add("E303", f"'{name}' is an input and has no ports", value.span, hint=f"write '{name}'")
        elif name not in self.named:
            hint = did_you_mean(name, list(self.named))
            self.report.add("E301", f"there is no input or node '{name[:60]}'", value.span, hint=hint)
        return None


def _items(root: Value, section: str) -> list[tuple[Key, Value]]:
    value = root.get(section)
    return list(value.items()) if value else []


def _text(value: Value | None) -> str:
    return str(value.data) if value is not None and value.data is not None else ""


def _dim(value: Value | None) -> Dim | None:
    return None if value is None or value.data is None else Dim.of(value.data)  # type: ignore[arg-type]


def _class_traits(op: type[Op]) -> Traits:
    """A trait may depend on parameters (a property); being a loss never does."""
    return op.traits if isinstance(op.traits, Traits) else Traits.NONE
