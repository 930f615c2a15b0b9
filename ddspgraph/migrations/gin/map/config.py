"""Bindings as gin finds them: the last one wins, scopes are inherited, macros stand for their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ddspgraph.diagnostics import GraphError, Note, Report, Span, did_you_mean, quote
from ddspgraph.limits import Limits
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.ledger import Ledger
from ddspgraph.migrations.gin.map.renames import CLASSES, PARAMS, before, class_name, last_word
from ddspgraph.migrations.gin.syntax.statements import (
    Binding,
    GinFile,
    GinValue,
    Items,
    Literal,
    Macro,
    Pairs,
    Reference,
)

Scopes = tuple[str, ...]

#: `@rate/macro()` is the long form of `%rate`.
_MACRO = ("macro", "gin.macro")


@dataclass(frozen=True)
class Instance:
    """A class or function that a reference names, with the bindings that apply to it.

    Attributes:
      name: as magenta/ddsp 3.7.0 calls it.
      said: as the reference calls it, without the module.
      scopes: in which it is made.
      span: of the reference.
      bases: classes whose bindings it inherits, where it has none of its own.
    """

    config: Config
    name: str
    said: str
    scopes: Scopes
    span: Span
    bases: tuple[str, ...] = ()

    def binding(self, parameter: str) -> Binding | None:
        """The binding of a parameter: of the innermost scope that has one, else of a base class."""
        for name in (self.name, *self.bases):
            for i in range(len(self.scopes), -1, -1):
                binding = self.config.last.get((self.scopes[:i], name, parameter))
                if binding is not None:
                    return binding
        return None

    def get(self, parameter: str) -> GinValue | None:
        """The value of a parameter, its macros resolved; None where nothing binds it."""
        binding = self.binding(parameter)
        return self.config.value(binding) if binding is not None else None

    def parameters(self) -> dict[str, Binding]:
        """All bound parameters in the order of the file."""
        found = {}
        for name in (self.name, *self.bases):
            for parameter in self.config.parameters.get(name, ()):
                binding = self.binding(parameter)
                if binding is not None:
                    found[parameter] = binding
        return found

    def instance(self, parameter: str) -> Instance | None:
        """What a parameter's reference makes; None where it is no reference."""
        value = self.get(parameter)
        return self.config.instance(value, self) if isinstance(value, Reference) else None


class Config:
    """The bindings in effect.

    Reports E903 for macros, E307 for references that need themselves; raises E702 and E704 where what a file says
    grows beyond the limits when it is written out.
    """

    def __init__(
        self, file: GinFile, ledger: Ledger, report: Report, limits: Limits, implied: Sequence[Binding] = ()
    ) -> None:
        """Args: implied: bindings that a program makes before it reads the file."""
        self.file, self.ledger, self.report, self.limits = file, ledger, report, limits
        self.bindings = [s for s in file.flat() if isinstance(s, Binding)]
        self.last: dict[tuple[Scopes, str, str], Binding] = {}
        self.macros: dict[str, Binding] = {}
        self.parameters: dict[str, dict[str, None]] = {}  # of a class, in order
        self.users: dict[str, list[Binding]] = {}  # of a macro: the bindings whose values it is a part of
        self._holders: dict[str, Binding] = {}
        self._values: dict[int, GinValue] = {}
        self._written = 0
        #: Of the program, as in `last`: no part of a model reads them.
        self.implied: dict[tuple[Scopes, str, str], Binding] = {
            ((), *canonical(binding)): binding for binding in implied if binding.parameter
        }
        self.macros |= {binding.key: binding for binding in implied if not binding.parameter}
        for binding in self.bindings:
            self._bind(binding)
        self._older_than = set(self._changes_since())

    def _bind(self, binding: Binding) -> None:
        if not binding.parameter:
            previous = self.macros.get(binding.key)
            self.macros[binding.key] = binding
        else:
            name, parameter = canonical(binding)
            key = binding.scopes, name, parameter
            previous = self.last.get(key)
            self.last[key] = binding
            self.parameters.setdefault(name, {})[parameter] = None
        if previous is not None:
            self.ledger.override(previous, binding.span)

    def is_before(self, version: str) -> bool:
        """Whether a name of the file shows that it was written for a release before `version`."""
        return any(not before(version, other) for other in self._older_than)

    def _changes_since(self) -> Iterator[str]:
        """The releases that no longer have a name of the file."""
        for binding in self.bindings:
            name = last_word(binding.selector)
            renames = [CLASSES.get(name), PARAMS.get(f"{name}.{binding.parameter}")]
            renames += [CLASSES.get(last_word(reference.selector)) for reference in references(binding.value)]
            yield from (rename.version for rename in renames if rename is not None)

    def instance(self, reference: Reference, within: Instance | None = None) -> Instance:
        """What a reference names; of a singleton, what it makes. Without scopes of its own it has those of its holder.

        Raises:
          GraphError: E307 where a singleton makes itself.
        """
        instance = self._instance(reference, within)
        made: list[Binding] = []
        while instance.name == "singleton" and (binding := instance.binding("constructor")) is not None:
            constructor = self.value(binding)
            if not isinstance(constructor, Reference):
                break
            if binding in made:
                self.stop("E307", f"{quote(constructor)} needs itself", constructor.span)
            made.append(binding)
            self.ledger.say(binding, Kind.MOVED, "nodes", "what it makes stands where the singleton is named")
            instance = self._instance(constructor, instance)
        return instance

    def _instance(self, reference: Reference, within: Instance | None) -> Instance:
        scopes = reference.scopes or (within.scopes if within is not None else ())
        name = class_name(reference.selector)
        return Instance(self, name, last_word(reference.selector), scopes, reference.span)

    def named(self, name: str, parameter: str | None = None) -> Instance | None:
        """A class that has bindings, though nothing refers to it: as a program calls it that knows its scope.

        Args:
          parameter: one that it must have.
        """
        for (scopes, other, bound), binding in self.last.items():
            if other == name and parameter in (None, bound):
                return Instance(self, name, last_word(binding.selector), scopes, binding.span)
        return None

    def holder(self, instance: Instance) -> Binding:
        """The binding in whose value an instance is named."""
        if not self._holders:
            for binding in self.bindings:
                for reference in references(binding.value):
                    self._holders[str(reference.span)] = binding
        return self._holders.get(str(instance.span), self.bindings[0])

    def value(self, binding: Binding) -> GinValue:
        """The value of a binding, its macros resolved."""
        if id(binding) not in self._values:
            self._values[id(binding)] = self._resolved(binding.value, binding, ())
        return self._values[id(binding)]

    def spend(self, span: Span) -> None:
        """Counts a value that is written out. Raises E704 where there are too many."""
        self._written += 1
        if self._written > self.limits.values:
            self.stop("E704", f"more than {self.limits.values:,} values, macros and references written out", span)

    def stop(self, code: str, message: str, span: Span) -> None:
        """Ends the migration with all that was found."""
        self.report.add(code, message, span)
        raise GraphError(self.report.diagnostics)

    def _resolved(self, value: GinValue, user: Binding, open_macros: tuple[Binding, ...]) -> GinValue:
        self.spend(value.span)
        if isinstance(value, Items):
            return replace(value, elements=tuple(self._resolved(v, user, open_macros) for v in value.elements))
        if isinstance(value, Pairs):
            pairs = (
                (self._resolved(k, user, open_macros), self._resolved(v, user, open_macros)) for k, v in value.entries
            )
            return replace(value, entries=tuple(pairs))
        if isinstance(value, Reference) and value.selector in _MACRO and value.is_call and value.scopes:
            value = Macro("/".join(value.scopes), value.span)
        return self._macro(value, user, open_macros) if isinstance(value, Macro) else value

    def _macro(self, macro: Macro, user: Binding, open_macros: tuple[Binding, ...]) -> GinValue:
        binding = self.macros.get(macro.name)
        if binding is None:
            own = [b.key for b in self.bindings if not b.parameter]
            name = macro.name.replace(".", "_")
            hint = did_you_mean(macro.name, own) or ""
            if not hint.startswith("did you mean"):
                hint = f"define it, `{name} = ...`, name the file that does on the command line as well, or give "
                hint += f"--gin-param {name}=VALUE"
            what = "a constant of Python code, or a macro" if "." in macro.name else "a macro"
            self.report.add(
                "E903", f"'%{macro.name[:60]}' is {what} that the file does not define", macro.span, hint=hint
            )
            return Literal(None, macro.span)
        if binding in open_macros:
            note = Note(f"{quote(macro.name)} is defined", binding.span)
            self.report.add("E903", f"the macro {quote(macro.name)} is defined by itself", macro.span, note)
            return Literal(None, macro.span)
        if len(open_macros) >= self.limits.depth:
            self.stop("E702", f"macros of macros deeper than {self.limits.depth} levels", macro.span)
        self.users.setdefault(macro.name, []).append(user)
        value = self._resolved(binding.value, user, (*open_macros, binding))
        return replace(value, macro=macro.name) if isinstance(value, Literal) else value


def canonical(binding: Binding) -> tuple[str, str]:
    """Class and parameter as magenta/ddsp 3.7.0 calls them."""
    name = last_word(binding.selector)
    rename = PARAMS.get(f"{name}.{binding.parameter}")
    if rename is not None and rename.new is not None:
        new_name, _, parameter = rename.new.partition(".")
        return class_name(new_name), parameter
    return class_name(binding.selector), binding.parameter


def references(value: GinValue) -> Iterator[Reference]:
    """The references in a value; nesting is bounded by the reader."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, Items):
        for element in value.elements:
            yield from references(element)
    elif isinstance(value, Pairs):
        for pair in value.entries:
            for item in pair:
                yield from references(item)
