"""An entry of `nodes` or `losses` -> an op with its parameters, not yet connected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ddspgraph.compiler.frontend.op_names import op_hint
from ddspgraph.compiler.frontend.parameters import INVALID, ParameterReader
from ddspgraph.compiler.frontend.scope import Draft, Scope
from ddspgraph.compiler.frontend.shared_units import written_unit
from ddspgraph.compiler.frontend.values import Key, Value, text_of
from ddspgraph.compiler.frontend.wording import written
from ddspgraph.diagnostics import Note, Span, did_you_mean, quote
from ddspgraph.ir.op import Op, ParamSpec, Traits
from ddspgraph.ir.types import Unit
from ddspgraph.ir.written import Written


def read_draft(key: Key, value: Value, section: str, scope: Scope, lengths: list[tuple[int, Value]]) -> Draft:
    """The op and its parameters. Reports E302, E309, E310, E403 and E5xx.

    What says `n_samples` is added to `lengths`: only together can they be judged.
    """
    op_value = value.get("op")
    if op_value is None or op_value.is_faulty:
        return Draft(key, value)
    op_class = scope.ops.get(str(op_value.data))
    if op_class is None:
        here = {name: op for name, op in scope.ops.items() if _is_loss(op) is (section == "losses")}
        awaited = value.get("x-awaited")
        if awaited is not None and isinstance(awaited.data, str):  # a migration says why there is none
            hint = awaited.data
        else:
            hint = op_hint(str(op_value.data), here, scope.ops)
        scope.report.add("E302", f"there is no op {quote(op_value.data)}", op_value.span, hint=hint)
        return Draft(key, value)
    in_place = _is_loss(op_class) is (section == "losses")
    if not in_place:
        home = "losses" if _is_loss(op_class) else "nodes"
        message = f"'{op_class.name}' is {'a' if home == 'losses' else 'not a'} loss: it belongs under `{home}`"
        scope.report.add("E302", message, op_value.span, hint=f"move '{key}' to `{home}`")
    return _Parameters(key, value, op_class, scope, lengths).draft(op_value.span, in_place)


class _Parameters:
    """The parameters of one node."""

    def __init__(
        self, key: Key, value: Value, op_class: type[Op], scope: Scope, lengths: list[tuple[int, Value]]
    ) -> None:
        self.key, self.value, self.op_class, self.scope = key, value, op_class, scope
        self.lengths = lengths
        self.report, self.clock = scope.report, scope.clock
        # A node with a key that is not one (`param:`) may mean any of what it lacks.
        self.is_whole = not any(item.is_faulty for _, item in value.items())
        self.params: dict[str, Any] = {}
        self.units: dict[str, Unit | None] = {}
        self.written: dict[str, Written] = {}

    def draft(self, op_span: Span, in_place: bool) -> Draft:
        specs = self.op_class.params()
        given = self.value.get("params")
        self._join_units(dict(given.items()) if given else {})
        for key, value in given.items() if given else ():
            self._read(key, value)
            if self.report.is_full:
                break
        for spec in specs.values():
            self._complete(spec, op_span)
        is_sound = in_place and self.is_whole and INVALID not in self.params.values()
        params = {name: value for name, value in self.params.items() if value is not INVALID}
        can_be_made = all(name in params or not spec.is_required for name, spec in specs.items())
        spans = {str(key): value.span for key, value in given.items()} if given else {}
        op = self.op_class(**params) if can_be_made else None
        return Draft(self.key, self.value, self.op_class, op, is_sound, spans, self.written)

    def _join_units(self, given: Mapping[str, Value]) -> None:
        """What parameters that share a unit are written in; it becomes the parameter that names it. Reports E412."""
        specs = self.op_class.params()
        for variable in dict.fromkeys(spec.shares for spec in specs.values() if spec.shares):
            said = text_of(given.get(variable))
            if said in (unit.value for unit in Unit if unit is not Unit.ANY):
                self.units[variable] = Unit(said)
                continue
            values = {name: value for name, value in given.items() if name in specs and specs[name].shares == variable}
            unit = written_unit(values, str(self.key), self.report)
            self.is_whole = self.is_whole and unit is not None
            self.units[variable] = unit
            if unit is not None and variable not in given:
                self.params[variable] = unit.value

    def _read(self, key: Key, value: Value) -> None:
        specs = self.op_class.params()
        spec = specs.get(str(key))
        if spec is None:
            self.is_whole = False
            name = self.op_class.name
            message = f"{name} has no parameter {quote(key)}"
            hint = did_you_mean(str(key), list(specs))
            hint = hint or (f"its parameters: {', '.join(specs)}" if specs else f"{name} has no parameters")
            if str(key) in self.op_class.inputs:
                message = f"{quote(key)} is an input of {name}, no parameter"
                hint = f"put it under `inputs` of '{self.key}'"
            self.report.add("E309", message, key.span, hint=hint)
            return
        if spec.shares:
            unit = self.units[spec.shares]
            if unit is None:  # they contradict each other, and that is reported
                self.params[spec.name] = INVALID
                return
            spec = replace(spec, unit=unit)
        number = self.params[spec.name] = ParameterReader(self.report, self.clock.sample_rate).read(
            spec, value, self.op_class.name
        )
        words = None if spec.kind == "str" else written(value, spec.unit, self.clock.sample_rate)
        if words is not None:
            self.written[spec.name] = words
        if spec.clock == "n_samples" and number not in (None, INVALID):
            self.lengths.append((number, value))
        elif spec.clock and number not in (None, INVALID):
            self._agree(spec, number, value)

    def _complete(self, spec: ParamSpec, op_span: Span) -> None:
        """What the clock gives, and what must be given."""
        if self.params.get(spec.name) is None and spec.clock and spec.clock != "n_samples":
            self.params[spec.name] = self.clock.get(spec.clock)
            if self.params[spec.name] is None:
                part = "sample_rate" if spec.clock == "sample_rate" else "frame_rate"
                self.scope.need(part, str(self.key), op_span)
                self.params[spec.name] = INVALID
        if not spec.is_required or spec.name in self.params:
            return
        self.params[spec.name] = INVALID
        if self.is_whole:  # else it may be there, misspelt
            message = f"'{self.key}': {self.op_class.name} needs the parameter '{spec.name}'"
            self.report.add("E310", message, op_span, hint=f"add `{spec.name}: ...` to its params. {spec.doc}")

    def _agree(self, spec: ParamSpec, number: float, value: Value) -> None:
        says = self.clock.get(str(spec.clock))
        if says is None or not self.scope.clock_is_sound or abs(says - number) <= 1e-6 * says:
            return
        self.params[spec.name] = says  # so that the rest is judged by the clock alone
        self.is_whole = False
        self.report.add(
            "E403",
            f"'{spec.name}' says {number:g}, the clock says {says:g}",
            value.span,
            *([Note("the clock is", self.clock.span)] if self.clock.span else ()),
            hint="delete it: the clock is enough",
        )


def _is_loss(op: type[Op]) -> bool:
    """A trait may depend on parameters (a property); being a loss never does."""
    return isinstance(op.traits, Traits) and Traits.LOSS in op.traits
