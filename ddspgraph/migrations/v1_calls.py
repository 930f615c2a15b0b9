"""The modules and the dag of version 1: which module each entry calls, with what, and what has run before it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddspgraph.compiler.frontend.values import Key, Value
from ddspgraph.diagnostics import Note, Report, did_you_mean
from ddspgraph.migrations.v1_classes import (
    CLASSES,
    RENAMED_CLASSES,
    WITHOUT_OP,
    Class,
    default_name,
    last_word,
)


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
    """Reads the entries in order. Reports E301, E302, E303, E304, E306 and E901."""

    root: Value
    inputs: dict[str, Key]
    report: Report
    modules: dict[str, tuple[Key, Value]] = field(default_factory=dict)
    ran: dict[str, Call] = field(default_factory=dict)
    losses: set[str] = field(default_factory=set)
    called: dict[str, Key] = field(default_factory=dict)  # all names that a call was tried for

    def __post_init__(self) -> None:
        modules = self.root.get("modules")
        self.modules = {str(key): (key, value) for key, value in modules.items()} if modules else {}

    def read(self, section: str) -> list[Call]:
        """The calls of `dag` or `losses`; those that are at fault are left out."""
        entries = self.root.get(section)
        found = [self._call(f"{section}.{i}", e) for i, e in enumerate(entries.elements() if entries else ())]
        calls = [call for call in found if call is not None]
        for call in calls:
            if call.known.is_loss is not (section == "losses"):
                where = "`losses`" if call.known.is_loss else "`dag`"
                what = "is a loss" if call.known.is_loss else "is not a loss"
                self.report.add("E302", f"{call.class_name} {what}: its call belongs under {where}", call.place.span)
        return calls

    def _call(self, path: str, entry: Value) -> Call | None:
        place, given, *more = entry.elements()
        found = self._module(path, place)
        if found is None:
            return None
        name, path, module = found
        if not self._claim(name, place):
            return None
        class_value = module.get("class")
        assert class_value is not None  # the schema saw to it
        # The inputs are read even where the class is unknown: all errors are found in one run.
        inputs = [self._reference(value) for value in given.elements()]
        known = self._class(class_value)
        if known is None:
            return None
        class_name, what = known
        if len(inputs) > len(what.arguments):
            self.report.add(
                "E304",
                f"{class_name} takes {len(what.arguments)} inputs, {len(inputs)} are given",
                given.span,
                hint=f"its inputs are {', '.join(what.arguments)}",
            )
            return None
        if None in inputs:
            return None
        resolved = tuple(value for value in inputs if value is not None)
        outputs = more[0] if more else None
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
            assert class_value is not None  # the schema saw to it
            text = str(said.data) if said is not None else default_name(last_word(str(class_value.data)))
            return Key(text, (said or class_value).span), f"{path}.0", place
        name = str(place.data)
        if name in self.modules:
            key, module = self.modules[name]
            return key, f"modules.{name}", module
        hint = did_you_mean(name, list(self.modules)) or "declare it under `modules:`"
        self.report.add("E301", f"there is no module '{name[:60]}'", place.span, hint=hint)
        self.called.setdefault(name, Key(name, place.span))
        return None

    def _claim(self, name: Key, place: Value) -> bool:
        """Each name is called once. magenta/ddsp keeps the last of two and says nothing."""
        here = Key(str(name), place.span)
        if str(name) in self.inputs:
            note = Note(f"the input '{name}' is", self.inputs[str(name)].span)
            self.report.add(
                "E306",
                f"'{name}' is an input and a module: its result would hide the input",
                here.span,
                note,
                hint="rename the input",
            )
            return False
        first = self.called.setdefault(str(name), here)
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

    def _class(self, value: Value) -> tuple[str, Class] | None:
        said = last_word(str(value.data))
        name = RENAMED_CLASSES.get(said, (said, ""))[0]
        if name in CLASSES:
            return name, CLASSES[name]
        if name in WITHOUT_OP:
            self.report.add("E901", f"there is no op yet for magenta/ddsp's {name}", value.span)
        else:
            hint = did_you_mean(said, [*CLASSES, *RENAMED_CLASSES])
            self.report.add("E302", f"version 1 has no class '{said[:60]}'", value.span, hint=hint)
        return None

    # -- references ----------------------------------------------------------------------------

    def _reference(self, value: Value) -> Value | None:
        """`name`, `module/signal` or `module/controls/name` as a reference of version 2; None after a report."""
        text = str(value.data)
        name, *rest = text.split("/")
        if name == "inputs" and len(rest) == 1 and name not in self.modules:
            name, rest = rest[0], []
        if name in self.ran:
            return self._output(value, self.ran[name], rest)
        if name in self.inputs and rest:
            self.report.add("E303", f"'{name}' is an input and has no outputs", value.span, hint=f"write '{name}'")
        elif name in self.inputs:
            return Value(name, value.span)
        elif name in self.losses:
            self.report.add("E301", f"'{name}' is a loss: nothing can read it", value.span)
        elif name in self.modules and name not in self.called:
            note = Note(f"'{name}' is declared", self.modules[name][0].span)
            hint = "the dag is read in order: move the call of it up"
            self.report.add("E301", f"'{name}' has not been called before this line", value.span, note, hint=hint)
        elif name not in self.called:
            hint = did_you_mean(name, [*self.inputs, *self.ran])
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
