"""The `inputs` of a node -> references and literals, port by port."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ddspgraph.compiler.frontend.decimal_commas import joined, parted_numbers, touching_halves
from ddspgraph.compiler.frontend.learned_values import is_learned, learned_hint, read_learned
from ddspgraph.compiler.frontend.number_slips import is_silence, number_slip
from ddspgraph.compiler.frontend.parameters import INVALID, ParameterReader, quantity_of, whole
from ddspgraph.compiler.frontend.scope import Draft, Scope
from ddspgraph.compiler.frontend.shared_units import has_quantity, written_unit
from ddspgraph.compiler.frontend.values import Key, Value, text_of
from ddspgraph.compiler.frontend.voices import each_of, refuse_each, said_voices, with_voices
from ddspgraph.compiler.frontend.wording import written
from ddspgraph.diagnostics import Span, Use, did_you_mean, quote
from ddspgraph.ir.border import Border
from ddspgraph.ir.graph import Node, Origin, Ref
from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import Port
from ddspgraph.ir.quantity import parse_quantity
from ddspgraph.ir.types import Unit
from ddspgraph.ir.units import scaling_parameter
from ddspgraph.ir.written import Written
from ddspgraph.limits import Limits

_VARIADIC = re.compile("input_[1-9][0-9]{0,5}")
_LOOKS_LIKE_A_NUMBER = re.compile(r"\s*[+-]?\.?[0-9]")


class Connector:
    """Connects drafts; literals become nodes of the ops `constant` and `learned` in `literals`."""

    def __init__(self, scope: Scope, limits: Limits) -> None:
        self.scope, self.report, self.limits = scope, scope.report, limits
        self.edges = 0
        self.use: Use | None = None
        self.reader = ParameterReader(scope.report, scope.clock.sample_rate)
        self.literals: list[Node] = []

    def node(self, draft: Draft) -> Node | None:
        """The node; None where it is at fault. Reports E301, E303, E304, E305, E311, E5xx and E707."""
        # The value at a border stands in the spec or definition around it.
        use, origin = draft.key.span.use, Origin.WRITTEN
        if isinstance(draft.op, Border):
            origin, use = Origin.BORDER, use.span.use if use is not None else None
        self.use = use
        with self.report.within(use):
            node = self._node(draft)
        if node is None or origin is Origin.WRITTEN:
            return node
        return replace(node, origin=origin, owner=node.name.rpartition(".")[0])

    def _node(self, draft: Draft) -> Node | None:
        given = draft.value.get("inputs")
        if not self._is_within_limits(_count(given), draft):
            return None
        if draft.op_class is None:
            for value in [*given.elements(), *(v for _, v in given.items())] if given else ():
                if isinstance(value.data, str) and not self._is_literal(value.data):
                    self.scope.ref(value)
            return None
        written_pairs = dict(self._by_port(draft, draft.op_class, given)) if given else {}
        pairs = {port: each_of(value) or value for port, value in written_pairs.items()}
        ports = draft.op.input_ports(tuple(pairs)) if draft.op else _class_ports(draft.op_class, pairs)
        units = self._literal_units(str(draft.key), ports, pairs)
        refs = {
            port: self._connect(draft, port, unit, value) if (unit := units[port]) else None
            for port, value in pairs.items()
        }
        for port, value in pairs.items():
            if value is not written_pairs[port]:
                refs[port] = self._each(draft, port, refs[port], written_pairs[port])
        is_whole = self._is_whole(draft, ports, pairs)
        if not (is_whole and draft.is_sound) or draft.op is None or None in refs.values():
            return None
        inputs = tuple((port, refs[port]) for port in ports if port in refs)
        places = {**draft.param_spans, **{port: value.span for port, value in pairs.items()}}
        places |= {str(key): value.span for key, value in draft.value.items() if key == "voices"}
        spans: dict[str, Span] = {port: span.within(self.use) for port, span in places.items()}
        op = with_voices(draft.op, str(draft.key), draft.value, self.report)
        doc, group, weights = (draft.value.get(key) for key in ("doc", "group", "weights"))
        if weights is not None and weights.origin is None:  # what `share` adds fits where there are weights
            spans["weights"] = weights.span.within(self.use)
        return Node(
            str(draft.key),
            op,
            inputs,  # type: ignore[arg-type]
            text_of(doc),
            draft.key.span,
            spans,
            text_of(group),
            draft.written,
            weights_of=text_of(weights),
        )

    def _is_within_limits(self, count: int, draft: Draft) -> bool:
        if draft.key.span.use is not None:
            return True  # there is a limit of its own for what is written out
        before = self.edges
        self.edges += count
        if self.edges <= self.limits.edges:
            return True
        if before <= self.limits.edges:
            message = f"more than {self.limits.edges:,} edges"
            self.report.add("E707", message, draft.key.span, hint="make it several graphs")
        return False

    def _is_whole(self, draft: Draft, ports: Mapping[str, Port], pairs: Mapping[str, Value]) -> bool:
        """Whether every port that must be connected is. Reports E305."""
        given = draft.value.get("inputs")
        missing = [name for name, port in ports.items() if not port.optional and name not in pairs]
        if not missing:
            return True
        unknown = any(v.is_faulty for _, v in draft.value.items()) or len(pairs) < _count(given)
        unknown = unknown or any(isinstance(v.data, str) and self.scope.several(v.data) for v in pairs.values())
        if not unknown and draft.op is not None:  # what is unknown may be what is missing, misspelt
            named = ", ".join(f"'{name}'" for name in missing)
            inputs, are = ("inputs", "are") if len(missing) > 1 else ("input", "is")
            message = f"'{draft.key}': the {inputs} {named} of {draft.op.name} {are} not connected"
            types = "; ".join(f"`{name}` takes {ports[name].type_text()}" for name in missing)
            self.report.add("E305", message, draft.key.span, hint=f"add to its inputs: {types}")
        return False

    def _by_port(self, draft: Draft, op: type[Op], given: Value) -> Iterator[tuple[str, Value]]:
        """Pairs of port and value; a list is matched to the ports in order."""
        if given.is_mapping:
            found = []
            for key, value in given.items():
                if str(key) in op.inputs or is_one_more(op, str(key)):
                    found.append((str(key), value))
                    continue
                self._unknown_port(draft, op, key)
                if self.report.is_full:
                    break
            # input_10 comes after input_9, whatever the order of the file.
            yield from sorted(
                found, key=lambda pair: int(pair[0][6:]) if op.variadic and pair[0] not in op.inputs else 0
            )
            return
        values = given.elements()
        if values and all(_names_a_port(value, op) for value in values):
            key, item = next(iter(values[0].items()))
            message = f"'{draft.key}': a list gives the inputs in order, without names"
            self.report.add("E304", message, given.span, hint=f"remove the dashes: `{key}: {_written(item)}`")
            return
        is_too_long = op.variadic is None and len(values) > len(op.inputs)
        parted = parted_numbers(values) or (touching_halves(values) if is_too_long else [])
        for number in parted:
            cause, hint = number.slip()
            self.report.add("E504", f"'{draft.key}': {cause}", number.span, hint=hint)
        values = tuple(joined(values, parted))
        names = op.input_names(len(values))
        if len(values) > len(names):
            has = f"{len(names)} input{'s' * (len(names) > 1)}" if names else "no inputs"
            are = f"{len(values)} are" if len(values) > 1 else "1 is"
            message = f"'{draft.key}': {op.name} has {has}, {are} given"
            self.report.add("E304", message, values[len(names)].span, hint=_inputs_text(op))
        yield from zip(names, values, strict=False)

    def _unknown_port(self, draft: Draft, op: type[Op], key: Key) -> None:
        """Reports E304."""
        if str(key) in op.params():
            message = f"'{draft.key}': {quote(key)} is a parameter of {op.name}, no input"
            self.report.add("E304", message, key.span, hint=f"put it under `params` of '{draft.key}'")
            return
        counted = _VARIADIC.fullmatch(str(key)) if op.variadic else None
        named = list(op.inputs)[int(key[6:]) - 1] if counted and int(key[6:]) <= len(op.inputs) else None
        hint = f"write {named}" if named else did_you_mean(str(key), list(op.inputs)) or _inputs_text(op)
        self.report.add("E304", f"'{draft.key}': {op.name} has no input {quote(key)}", key.span, hint=hint)

    def _literal_units(
        self, node: str, ports: Mapping[str, Port], pairs: Mapping[str, Value]
    ) -> dict[str, Unit | None]:
        """The unit that a literal at each port is in; None where it contradicts another. Reports E412."""
        units: dict[str, Unit | None] = {name: ports[name].unit for name in pairs}
        literals = {name: value for name, value in pairs.items() if not self._is_reference(value)}
        groups: dict[str, dict[str, Value]] = {}
        for name, value in literals.items():
            # A unit that nothing takes on would be lost: such a port takes plain numbers.
            if ports[name].unit is Unit.ANY and (ports[name].shares or ports[name].scales):
                groups.setdefault(ports[name].shares or f"{name} alone", {})[name] = value
        for names in groups.values():
            for group in [{name: names[name]} for name in names] if _are_factors(ports, names) else [names]:
                unit = written_unit(group, node, self.report)
                units |= {name: unit for name, value in group.items() if unit is None or has_quantity(value)}
        for name, unit in units.items():
            if unit is Unit.ANY and name in literals and ports[name].scales:
                units[name] = Unit.LINEAR  # a bare factor
        return units

    def _connect(self, draft: Draft, port: str, unit: Unit, value: Value) -> Ref | None:
        """A reference, or a constant node that holds the literal."""
        if value.is_faulty or self.report.is_full:
            return None
        if self._is_reference(value):
            return self.scope.ref(value, str(draft.key), unit)
        owner = draft.key.rpartition(".")[0] if isinstance(draft.op, Border) else draft.key
        name = f"'{port}' of '{owner}'"
        if any(item.data in self.scope.claimed for item in value.elements() if isinstance(item.data, str)):
            hint = "write one name, or join the signals in a concat node"
            return self._refused("E311", f"{name} is a list of names: a list holds numbers", value, hint)
        if is_learned(value):
            return self._learned(draft, port, unit, value, name)
        if value.is_mapping or value.data is None or isinstance(value.data, bool):
            hint = learned_hint(value) or "write the name of an input or node, or a number"
            braced = next((str(key) for key, _ in value.items() if key in self.scope.constants), None)
            hint = f"write ${braced}" if braced is not None else hint
            return self._refused("E311", f"{name} wants a signal, this is {value.said}", value, hint)
        number = self.reader.numbers(value, unit, name, _unscaled(draft.op, port, value))
        if number is INVALID:
            return None
        literal = self.scope.ops["constant"](value=number, unit=unit.value)  # type: ignore[call-arg]
        words = written(value, unit, self.reader.sample_rate)
        said = {"value": words} if words is not None else {}
        return self._made(draft, port, literal, value, {}, said)

    def _learned(self, draft: Draft, port: str, unit: Unit, value: Value, name: str) -> Ref | None:
        """A node that holds a value which training moves."""
        op, instead = self.scope.ops["learned"], _unscaled(draft.op, port, value.get("learn"))
        found = read_learned(value, op, unit, name, self.reader, instead)
        return None if found is None else self._made(draft, port, found.op, value, found.spans, found.written)

    def _made(
        self, draft: Draft, port: str, op: Op, value: Value, spans: Mapping[str, Span], said: Mapping[str, Written]
    ) -> Ref:
        """The node that a literal becomes."""
        owner = str(draft.key)
        made_by = {"origin": Origin.LITERAL, "owner": owner}
        span = value.span.within(self.use)
        node = Node(f"{owner}.{port}", op, span=span, edge_spans=spans, written=said, **made_by)  # type: ignore[arg-type]
        self.literals.append(node)
        return node.refs[0]

    def _each(self, draft: Draft, port: str, ref: Ref | None, value: Value) -> Ref | None:
        """A value for each voice: a node that gives every voice its channel. Reports E424."""
        said = said_voices(draft.value)
        voices = whole(said.data) if said is not None else None
        if said is None or voices is None:
            if said is None:
                refuse_each(port, str(draft.key), value, self.report)
            return None
        if ref is None:
            return None
        op = self.scope.ops["split_voices"](voices=voices)  # type: ignore[call-arg]
        spans = {"channels": value.span, "voices": said.span}
        name, origin = f"{draft.key}.{port}.each", Origin.CONVERSION
        node = Node(
            name, op, (("channels", ref),), span=value.span, edge_spans=spans, origin=origin, owner=str(draft.key)
        )
        self.literals.append(node)
        return node.refs[0]

    def _refused(self, code: str, message: str, value: Value, hint: str) -> None:
        self.report.add(code, message, value.span, hint=hint)

    def _is_reference(self, value: Value) -> bool:
        return isinstance(value.data, str) and not self._is_literal(value.data)

    def _is_literal(self, text: str) -> bool:
        """A name of the spec is a reference, even where it reads as a note (`A4`)."""
        # Within a sub-graph the names of the spec around it mean nothing; its own have a dot by now.
        if text.partition("/")[0] in self.scope.claimed and (self.use is None or "." in text):
            return False
        looks_like_a_number = _LOOKS_LIKE_A_NUMBER.match(text) or is_silence(text) or number_slip(text)
        return bool(looks_like_a_number) or _quantity(text) is not None


def _quantity(text: str) -> Unit | None:
    """The unit of a quantity, `ANY` of one that is not finite; None where the text is no quantity."""
    try:
        quantity = parse_quantity(text)
    except ValueError:
        return Unit.ANY
    return quantity.unit if quantity else None


def _unscaled(op: Op | None, port: str, value: Value | None) -> str | None:
    """The repair of a quantity at a port that takes raw numbers, which a scale function makes of them."""
    first = value
    while first is not None and first.is_list and first.elements():
        first = first.elements()[0]
    quantity = None if first is None else quantity_of(first)
    name = scaling_parameter(op, port, quantity.unit) if op and quantity else None
    return f"write `{name}: null` in its params: then '{port}' takes {quantity.unit}" if name and quantity else None


def _are_factors(ports: Mapping[str, Port], names: Iterable[str]) -> bool:
    """Whether values at these ports are multiplied: then each has a unit of its own."""
    return any(ports[name].scales for name in names)


def _class_ports(op: type[Op], given: Mapping[str, Value]) -> Mapping[str, Port]:
    """The ports that an op is declared with; parameters may change them, but they are at fault."""
    variadic = {name: op.variadic for name in given if name not in op.inputs and op.variadic is not None}
    return {**op.inputs, **variadic}


def _names_a_port(value: Value, op: type[Op]) -> bool:
    return value.is_mapping and bool(value.data) and all(str(key) in op.inputs for key, _ in value.items())


def _written(value: Value) -> str:
    return str(value.data) if isinstance(value.data, str) or value.is_number else "..."


def _count(given: Value | None) -> int:
    return len(given.elements()) + sum(1 for _ in given.items()) if given is not None else 0


def is_one_more(op: type[Op], name: str) -> bool:
    """Whether a name is of an input after the named ones: `input_3` where two have names of their own."""
    return op.variadic is not None and _VARIADIC.fullmatch(name) is not None and int(name[6:]) > len(op.inputs)


def _inputs_text(op: type[Op]) -> str:
    if op.variadic is not None:
        return f"its inputs are {', '.join(op.input_names(len(op.inputs) + 2))}, and so on"
    return f"its inputs are {', '.join(op.inputs)}" if op.inputs else "it has no inputs: remove them"
