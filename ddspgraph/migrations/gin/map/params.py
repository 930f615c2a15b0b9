"""The parameters of a class: gin values -> values of a graph, each with its line in the report."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Span, quote
from ddspgraph.ir.op import Op
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.clock import ClockFacts, computed
from ddspgraph.migrations.gin.map.config import Instance
from ddspgraph.migrations.gin.map.draft import Draft, Entry, identifier
from ddspgraph.migrations.gin.map.own_terms import FLAT, fate_without_parameter, flattened, parameters_of
from ddspgraph.migrations.gin.map.renames import DEFAULTS, PARAMS, last_word
from ddspgraph.migrations.gin.models.networks import NETWORKS, PARTS
from ddspgraph.migrations.gin.syntax.statements import Binding, GinValue, Items, Literal, Macro, Pairs, Reference
from ddspgraph.migrations.text.edits import mapping, scalar
from ddspgraph.migrations.v1.classes import CLASSES, REMOVED_PARAMS, default_name
from ddspgraph.ops import OPS

#: Parameters that an op has beside a function that it applies: where `fn` is bound, its own parameters go there.
_OF_FUNCTIONS = {"freq_scale_fn": ("depth", "hz_min", "hz_max")}
_KERAS = {"relu": "relu", "sigmoid": "sigmoid", "softplus": "softplus", "tanh": "tanh"}


class Params:
    """Writes parameters into a draft."""

    def __init__(self, draft: Draft, clock: ClockFacts) -> None:
        self.draft, self.clock = draft, clock
        self.config, self.ledger = draft.config, draft.ledger
        self._open: list[Instance] = []

    def of(self, instance: Instance, op: str, to: str, skip: Collection[str] = ()) -> Iterator[Entry]:
        """The entries of `params` for all bound parameters but those of `skip`, and for old defaults.

        Args:
          to: where they go: `nodes.harmonic.params`.
        """
        known = OPS.get(op)
        for parameter, binding in instance.parameters().items():
            if parameter not in skip and not self.clock.take(instance, parameter, binding):
                yield from self._entry(instance, parameter, binding, known, to)
        yield from self._old_defaults(instance, known, to, skip)

    def name(self, instance: Instance, default: str, to: str) -> str:
        """The name that an instance has in magenta/ddsp; in a graph, `to` stands before it."""
        binding = instance.binding("name")
        value = self.config.value(binding) if binding is not None else None
        if binding is None or not isinstance(value, Literal) or not isinstance(value.data, str):
            return default
        name = identifier(value.data)
        kind, note = (
            (Kind.MOVED, "") if name == value.data else (Kind.RENAMED, f"{quote(value.data)} is no name of a graph")
        )
        self.ledger.say(binding, kind, to + name, note)
        return value.data

    def _entry(
        self, instance: Instance, parameter: str, binding: Binding, known: type[Op] | None, to: str
    ) -> Iterator[Entry]:
        value = self.config.value(binding)
        removed = (instance.name, parameter)
        said = f"{last_word(binding.selector)}.{binding.parameter}"
        rename = PARAMS.get(f"{instance.name}.{parameter}") or PARAMS.get(said)
        if removed in REMOVED_PARAMS or (rename is not None and rename.new is None):
            version = rename.version if rename is not None else "1.0.0"
            note = f"magenta/ddsp has no such parameter since {version}"
            is_off = isinstance(value, Literal) and not value.data
            self.ledger.say(binding, Kind.NO_EFFECT if is_off else Kind.LOST, None, note)
        elif known is not None and (flat := flattened(self, instance, parameter, binding, known, to)) is not None:
            yield from flat
        elif known is not None and parameter not in known.params():
            self.ledger.say(binding, *fate_without_parameter(instance.name, parameter, value, known.name))
        elif isinstance(value, Reference) and not value.is_call and parameter.endswith("_fn") and known is not None:
            yield from self._function(instance, parameter, binding, value, to)
        elif isinstance(value, Reference) and known is not None and not parameter.endswith("_fn"):
            self.ledger.say(binding, Kind.LOST, None, computed(binding))
        else:
            kind = Kind.RENAMED if binding.parameter != parameter else Kind.MOVED
            self.ledger.say(binding, kind, f"{to}.{parameter}")
            spec = known.params().get(parameter) if known is not None else None
            if spec is not None and spec.kind == "bool" and isinstance(value, Literal) and value.data is None:
                value = Literal(False, value.span)  # as Python reads it
            if parameter == "loss_type" and isinstance(value, Literal) and isinstance(value.data, str):
                value = Literal(value.data.upper(), value.span, value.macro if value.data.isupper() else None)
            yield Key(parameter, binding.span), self.value(value, f"{to}.{parameter}", instance)

    def _function(
        self, instance: Instance, parameter: str, binding: Binding, value: Reference, to: str
    ) -> Iterator[Entry]:
        """A scale function: its name, and its own bindings where the op has parameters for them."""
        name = last_word(value.selector)
        self.ledger.say(binding, Kind.RENAMED, f"{to}.{parameter}", f"'{value}'")
        yield Key(parameter, binding.span), scalar(_KERAS.get(name, name), value.span)
        function = self.config.instance(value, instance)
        op = OPS.get(name)
        for own, inner in function.parameters().items():
            said = self.config.value(inner)
            is_default = op is not None and own in op.params() and isinstance(said, Literal)
            if own in _OF_FUNCTIONS.get(parameter, ()):
                self.ledger.say(inner, Kind.MOVED, f"{to}.{own}")
                yield Key(own, inner.span), self.value(said, f"{to}.{own}", function)
            elif is_default and said.data == op.params()[own].default:  # type: ignore[union-attr]
                self.ledger.say(inner, Kind.DEFAULT, f"{to}.{parameter}", "it is what the function does anyway")
            else:
                note = f"a {parameter} has no parameters: a node {name} before this one has, with {parameter}: null"
                self.ledger.say(inner, Kind.LOST, None, note)

    def _old_defaults(
        self, instance: Instance, known: type[Op] | None, to: str, skip: Collection[str]
    ) -> Iterator[Entry]:
        """What magenta/ddsp did where nothing is said, if this library or a later release does otherwise."""
        kept = CLASSES[instance.name].keeps if instance.name in CLASSES else {}
        for parameter, text in kept.items():
            self._add_default(instance, f"{to}.{parameter}", f"magenta/ddsp's {instance.name}")
            yield Key(parameter, instance.span), scalar(text, instance.span)
        for rename in DEFAULTS.values():
            name, _, parameter = rename.old.partition(".")
            is_due = name in (instance.name, instance.said) and parameter not in skip
            is_due = is_due and instance.binding(parameter) is None
            if is_due and self.config.is_before(rename.version) and (known is None or parameter in known.params()):
                self._add_default(instance, f"{to}.{parameter}", f"the default before magenta/ddsp {rename.version}")
                yield from self._default(parameter, rename.was, to, instance, known)

    def _add_default(self, instance: Instance, to: str, note: str) -> None:
        holder = self.config.holder(instance)
        self.ledger.add(holder, Kind.DEFAULT, f"{instance.said}.{to.rpartition('.')[2]}", to, note)

    def _default(
        self, parameter: str, text: str, to: str, instance: Instance, known: type[Op] | None
    ) -> Iterator[Entry]:
        key = Key(parameter, instance.span)
        if not text.startswith("@"):
            yield key, scalar(ast.literal_eval(text), instance.span)
            return
        reference = Reference((), text[1:-2], True, instance.span)
        flat = FLAT.get((instance.name, parameter), {}).get(last_word(reference.selector))
        if known is None or flat is None:
            yield key, self._part(reference, f"{to}.{parameter}", instance)
        else:
            yield key, scalar(flat.word, instance.span)
            yield from parameters_of(self, flat, self.config.instance(reference, instance), known, to)

    # -- values ------------------------------------------------------------------------------------

    def value(self, value: GinValue, to: str, within: Instance | None = None) -> Value:
        """A value of a graph: tuples as lists, macros as `$name`, what is made as `{op: ..., params: ...}`."""
        if isinstance(value, Literal):
            constant = self._constant(value)
            return constant if constant is not None else scalar(value.data, value.span)
        if isinstance(value, Items):
            return Value(tuple(self.value(v, to, within) for v in value.elements), value.span)
        if isinstance(value, Pairs):
            return mapping(((key_text(k), self.value(v, to, within)) for k, v in value.entries), value.span)
        assert not isinstance(value, Macro)
        return self._part(value, to, within)

    def _constant(self, value: Literal) -> Value | None:
        """`$name` of a macro, which becomes a constant of the graph."""
        if value.macro is None or value.data is None or (isinstance(value.data, str) and value.data[:1] == "$"):
            return None
        name = identifier(value.macro)
        other = self.draft.constants.setdefault(name, value)
        return scalar(f"${name}", value.span) if other.macro == value.macro else None

    def _part(self, reference: Reference, to: str, within: Instance | None) -> Value:
        """A layer or function that is the value of a parameter."""
        part, span = self.config.instance(reference, within), reference.span
        op = op_name(part.name)
        self.config.spend(span)
        if any(open_part.name == part.name and open_part.scopes == part.scopes for open_part in self._open):
            self.config.report.add("E307", f"{quote(reference)} needs itself", span)
            return scalar(None, span)
        if len(self._open) >= self.config.limits.depth:
            self.config.stop("E702", f"references nested deeper than {self.config.limits.depth} levels", span)
        self._open.append(part)
        params = list(self.of(part, "", f"{to}.params"))
        self._open.pop()
        if not reference.is_call and not params:
            return scalar(op, span)
        entries = [(Key("op", span), scalar(op, span))]
        if params:
            entries.append((Key("params", span), mapping(params, span)))
        return mapping(entries, span)


def key_text(key: GinValue) -> Key:
    """A key of a dict as that of a mapping."""
    text = str(key.data) if isinstance(key, Literal) else type(key).__name__
    return Key(text, key.span)


def op_name(name: str) -> str:
    """What a graph calls a class or function: `rnn_sandwich`, `keras_dense`."""
    if name in NETWORKS:
        return NETWORKS[name].op
    return PARTS.get(name) or default_name(name.replace(".", "_")).replace("__", "_")


def texts(value: GinValue) -> Sequence[tuple[str, Span]]:
    """The texts of a list, tuple or single text, with their places."""
    if isinstance(value, Literal):
        return [(value.data, value.span)] if isinstance(value.data, str) else []
    elements = value.elements if isinstance(value, Items) else ()
    return [(e.data, e.span) for e in elements if isinstance(e, Literal) and isinstance(e.data, str)]
