"""The modules and the dag of version 1: which module each entry calls, with what, and what has run before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Note, Report, did_you_mean
from ddspgraph.migrations.v1.classes import (
    CLASSES,
    RENAMED_CLASSES,
    WITHOUT_OP,
    Class,
    default_name,
    last_word,
)

#: No class takes more; of a longer list no more is read.
_MOST_INPUTS = 16


@dataclass(frozen=True)
class Call:
    """One entry of the dag or of the losses, its names resolved.

    Attributes:
      name: of the module; its span is where the module is declared.
      path: of the module in the old file.
      module: `{class: ..., **parameters}`.
      class_value: where the class is said.
      class_name: as magenta/ddsp 3.7.0 calls it.
      known: what is known of that class.
      place: the first element of the entry.
      given: the list of inputs, as written.
      inputs: references of version 2, one for each that resolved.
      outputs: the third element of the entry, if any.
    """

    name: Key
    path: str
    module: Value
    class_value: Value
    class_name: str
    known: Class
    place: Value
    given: Value
    inputs: tuple[Value, ...]
    outputs: Value | None


@dataclass
class Calls:
    """Reads the entries in order. Reports E203, E301, E302, E303, E304, E306 and E901.

    What breaks the schema was reported before: it is passed over, so that all else is found in the same run.
    `inputs` is None where they cannot be told.
    """

    root: Value
    inputs: Mapping[str, Key] | None
    report: Report
    modules: dict[str, tuple[Key, Value]] = field(default_factory=dict)
    ran: dict[str, Call] = field(default_factory=dict)
    losses: set[str] = field(default_factory=set)
    called: dict[str, Key] = field(default_factory=dict)  # all names that a call was tried for
    knows_calls: bool = True  # False where an entry does not say what it calls

    def __post_init__(self) -> None:
        modules = self.root.get("modules")
        self.modules = {str(key): (key, value) for key, value in modules.items()} if modules else {}

    def read(self, section: str) -> list[Call]:
        """The calls of `dag` or `losses`; those that are at fault are left out."""
        entries = self.root.get(section)
        calls = []
        for i, entry in enumerate(entries.elements() if entries else ()):
            if self.report.is_full:
                break
            call = self._call(f"{section}.{i}", entry)
            if call is None:
                continue
            calls.append(call)
            if call.known.is_loss is not (section == "losses"):
                where = "`losses`" if call.known.is_loss else "`dag`"
                what = "is a loss" if call.known.is_loss else "is not a loss"
                message = f"{call.class_name} {what}: its call belongs under {where}"
                self.report.add("E302", message, call.place.span)
        return calls

    def _call(self, path: str, entry: Value) -> Call | None:
        elements = entry.elements()
        found = self._module(path, elements[0]) if elements else None
        if found is None:
            self.knows_calls = False  # which module it was meant to call cannot be told
            return None
        place, (name, path, module) = elements[0], found
        given = elements[1] if len(elements) > 1 else None
        if len(elements) > 3:
            hint = "a call is [module, [inputs], [names of its results]]"
            self.report.add("E203", "a call has at most three elements", elements[3].span, hint=hint)
        # The inputs are read even where the class is unknown: all errors are found in one run.
        inputs = [self._reference(v) for v in given.elements()[:_MOST_INPUTS]] if given is not None else []
        if not self._claim(name, place) or given is None or not given.is_list:
            return None
        class_value = module.get("class")
        known = self._class(class_value)
        if known is None or class_value is None:
            return None
        class_name, what = known
        if len(given.elements()) > len(what.arguments):
            self.report.add(
                "E304",
                f"{class_name} takes {len(what.arguments)} inputs, {len(given.elements())} are given",
                given.span,
                hint=f"its inputs are {', '.join(what.arguments)}",
            )
            return None
        if None in inputs:
            return None
        resolved = tuple(value for value in inputs if value is not None)
        outputs = elements[2] if len(elements) > 2 else None
        call = Call(name, path, module, class_value, class_name, what, place, given, resolved, outputs)
        if what.is_loss:
            self.losses.add(str(name))
        else:
            self.ran[str(name)] = call
        return call

    def _module(self, path: str, place: Value) -> tuple[Key, str, Value] | None:
        """Name, path and body of the module that an entry calls: by its name, or written in the entry."""
        if place.is_mapping:
            said, class_value = place.get("name"), place.get("class")
            said = said or class_value
            if said is None or not isinstance(said.data, str):
                return None
            name = default_name(last_word(said.data)) if said is class_value else said.data
            return Key(name, said.span), f"{path}.0", place
        name = str(place.data)
        if name in self.modules:
            key, module = self.modules[name]
            return key, f"modules.{name}", module
        if not place.is_scalar or not self._knows_modules():
            return None
        hint = did_you_mean(name, list(self.modules)) or "declare it under `modules:`"
        self.report.add("E301", f"there is no module '{name[:60]}'", place.span, hint=hint)
        self.called.setdefault(name, Key(name, place.span))
        return None

    def _knows_modules(self) -> bool:
        modules = self.root.get("modules")
        return modules is not None and modules.is_mapping

    def _claim(self, name: Key, place: Value) -> bool:
        """Each name is called once. magenta/ddsp keeps the last of two and says nothing."""
        here = Key(str(name), place.span)
        first = self.called.setdefault(str(name), here)
        if self.inputs and str(name) in self.inputs:
            note = Note(f"the input '{name}' is", self.inputs[str(name)].span)
            self.report.add(
                "E306",
                f"'{name}' is an input and a module: its result would hide the input",
                here.span,
                note,
                hint="rename the input",
            )
            return False
        if first is not here:
            self.report.add(
                "E306",
                f"'{name}' is called twice: the second result would hide the first",
                here.span,
                Note("the first call is", first.span),
                hint="give the second call a module with a name of its own",
            )
            return False
        if place.is_mapping and str(name) in self.modules:
            self.report.add(
                "E306",
                f"'{name}' is the name of two modules",
                name.span,
                Note(f"the first '{name}' is", self.modules[str(name)][0].span),
                hint="rename one of them",
            )
            return False
        return True

    def _class(self, value: Value | None) -> tuple[str, Class] | None:
        if value is None or not isinstance(value.data, str):
            return None
        said = last_word(value.data)
        name = RENAMED_CLASSES.get(said, (said, ""))[0]
        if name in CLASSES:
            return name, CLASSES[name]
        if name in WITHOUT_OP:
            self.report.add("E901", f"there is no op yet for magenta/ddsp's {name}", value.span)
        elif said.isidentifier():
            hint = did_you_mean(said, [*CLASSES, *RENAMED_CLASSES])
            self.report.add("E302", f"version 1 has no class '{said[:60]}'", value.span, hint=hint)
        return None

    # -- references ----------------------------------------------------------------------------

    def _reference(self, value: Value) -> Value | None:
        """`name`, `module/signal` or `module/controls/name` as a reference of version 2; None after a report."""
        if not isinstance(value.data, str):
            return None
        name, *rest = value.data.split("/")
        if name == "inputs" and len(rest) == 1 and name not in self.modules:
            name, rest = rest[0], []
        if name in self.ran:
            return self._output(value, self.ran[name], rest)
        if name in self.losses:
            self.report.add("E301", f"'{name}' is a loss: nothing can read it", value.span)
            return None
        if name in self.called:
            return None  # that call was at fault, and is blamed there
        inputs = self.inputs or {}
        if name in inputs and rest:
            message, hint = f"'{name}' is an input and has no outputs", f"write '{name}'"
            self.report.add("E303", message, value.span, hint=hint)
        elif name in inputs:
            return Value(name, value.span)
        elif name in self.modules and self.knows_calls:
            note = Note(f"'{name}' is declared", self.modules[name][0].span)
            hint = "the dag is read in order: move the call of it up"
            self.report.add("E301", f"'{name}' has not been called before this line", value.span, note, hint=hint)
        elif name not in self.modules and self.inputs is not None and self._knows_modules():
            hint = did_you_mean(name, [*inputs, *self.ran])
            self.report.add("E301", f"there is no input or module '{name[:60]}'", value.span, hint=hint)
        return None

    def _output(self, value: Value, call: Call, rest: list[str]) -> Value | None:
        if rest in ([], ["signal"]):
            return Value(str(call.name), value.span)
        if len(rest) == 2 and rest[0] == "controls" and rest[1] in call.known.controls:
            return Value(f"{call.name}/{rest[1]}", value.span)
        known = [f"{call.name}/signal", *(f"{call.name}/controls/{c}" for c in call.known.controls)]
        hint = did_you_mean(str(value.data), known) or f"its outputs are {', '.join(known)}"
        note = Note(f"'{call.name}' is declared", call.name.span)
        shown = "/".join(rest)[:60]
        self.report.add("E303", f"'{call.name}' has no output '{shown}'", value.span, note, hint=hint)
        return None
