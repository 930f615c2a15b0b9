"""`ProcessorGroup.dag` and `LossGroup.dag`: lists that are read in order -> nodes and losses."""

from __future__ import annotations

from dataclasses import replace

from ddspgraph.diagnostics import quote
from ddspgraph.migrations.change import Kind
from ddspgraph.migrations.gin.map.config import Instance
from ddspgraph.migrations.gin.map.draft import MadeGroup, identifier
from ddspgraph.migrations.gin.map.params import texts
from ddspgraph.migrations.gin.models.environment import Environment, Results
from ddspgraph.migrations.gin.models.modules import Keys, Modules
from ddspgraph.migrations.gin.syntax.statements import Binding, GinValue, Items, Literal, Reference
from ddspgraph.migrations.v1.classes import CLASSES, default_name

_GROUPS = ("ProcessorGroup", "DAGLayer", "LossGroup")
_DEEPEST = 16


class Group:
    """One group: its dag, and the modules that its parameters name."""

    def __init__(
        self, modules: Modules, instance: Instance, env: Environment, prefix: str = "", depth: int = 0
    ) -> None:
        self.modules, self.instance, self.env = modules, instance, env
        self.prefix, self.depth = prefix, depth
        self.config, self.ledger, self.report = modules.config, modules.ledger, modules.report
        self.to = "losses" if instance.name == "LossGroup" else "nodes"

    def run(self) -> Results | None:
        """The nodes of the dag; the results of the last, which are the group's. Reports E203, E301, E304, E306."""
        binding = self.instance.binding("dag")
        if binding is None:
            hint = f"add `{self.instance.said}.dag = [...]`"
            self.report.add("E310", f"{self.instance.said} has no dag", self.instance.span, hint=hint)
            return None
        to = f"graphs.{identifier(self.prefix)[:-1]}.nodes" if self.prefix else self.to
        self.ledger.say(binding, Kind.MOVED, to, "the order of the file is kept")
        value, last = self.config.value(binding), None
        entries = value.elements if isinstance(value, Items) else ()
        if isinstance(value, Reference):
            message = f"{value} makes this dag in Python: its calls are not in the file"
            hint = (
                "write the list that it returns in its place, "
                f"`{binding.key} = [(@module.Class(), ['input', ...]), ...]`; an operative config does not hold "
                "it either"
            )
            self.report.add("E904", message, value.span, hint=hint)
        elif not entries:
            hint = "a dag is a list of (module, [inputs])"
            self.report.add("E203", "a dag is a list of calls", value.span, hint=hint)
        for entry in entries:
            last = self._call(binding, entry) or last
        if self.depth == 0:
            self._own_name()
        return last

    def _call(self, binding: Binding, entry: GinValue) -> Results | None:
        parts = list(entry.elements) if isinstance(entry, Items) else []
        if len(parts) not in (2, 3):
            hint = "a call is (module, [inputs]) or (module, [inputs], [names of its results])"
            self.report.add("E203", "this is no call of a module", entry.span, hint=hint)
            return None
        found = self._module(binding, parts[0])
        if found is None:
            return None
        where, instance, name = found
        keys, outputs = texts(parts[1]), texts(parts[2]) if len(parts) > 2 else []
        if self.to == "losses":
            self.modules.loss(where, instance, keys, self.env, self.prefix, name)
            return None
        results = self._node(where, instance, name, keys)
        if results is None:
            return None
        ports = {**results.ports, **self._renamed(results, outputs)}
        results = replace(results, ports=ports)
        self.env.add(results)
        return results

    def _module(self, binding: Binding, value: GinValue) -> tuple[Binding, Instance, str] | None:
        """What an entry calls, where the file names it, and the name that the group has for it."""
        if isinstance(value, Reference):
            return binding, self.config.instance(value, self.instance), ""
        name = value.data if isinstance(value, Literal) else None
        if not isinstance(name, str):
            self.report.add("E203", "a module is @module.Class() or a name", value.span)
            return None
        where = self.instance.binding(name)
        reference = self.config.value(where) if where is not None else None
        if where is None or not isinstance(reference, Reference):
            hint = f"add `{self.instance.said}.{name} = @...()`"
            self.report.add("E301", f"{self.instance.said} has no module {quote(name)}", value.span, hint=hint)
            return None
        return where, self.config.instance(reference, self.instance), name

    def _node(self, binding: Binding, instance: Instance, name: str, keys: Keys) -> Results | None:
        if instance.name in _GROUPS:
            return self._nested(instance, name, keys)
        if instance.name in CLASSES:
            if CLASSES[instance.name].is_loss:
                self.report.add("E302", f"{instance.said} is a loss: it has no place in a dag of nodes", instance.span)
                return None
            results = self.modules.processor(binding, instance, keys, self.env, self.prefix, name)
        else:
            own = name or self.modules.params.name(instance, default_name(instance.said), "nodes.")
            results = self.modules.network(binding, instance, self.prefix + own, self.env, keys or None)
        return replace(results, name=name or results.name.removeprefix(self.prefix))

    def _nested(self, instance: Instance, name: str, keys: Keys) -> Results | None:
        """A group in a group, which becomes a sub-graph: see `map.groups`."""
        if self.depth >= _DEEPEST:
            self.config.stop("E702", f"groups nested deeper than {_DEEPEST}", instance.span)
        binding = instance.binding("name")
        if name and binding is not None:
            self.ledger.say(binding, Kind.NO_EFFECT, None, f"the group around it calls it '{name}'")
        name = name or self.modules.params.name(instance, default_name(instance.said), f"graphs.{self.prefix}")
        inner = Environment(self.env.draft, dict(self.env.values), dict(self.env.results), dict(self.env.open))
        for key, _ in keys:
            if key in self.env.results:  # the dictionary that a module gives
                inner.values.update(self.env.results[key].ports)
        prefix, before = f"{self.prefix}{name}_", set(self.env.draft.nodes)
        last = Group(self.modules, instance, inner, prefix, self.depth + 1).run()
        if last is None:
            return None
        made = {n: r for n, r in inner.results.items() if self.env.results.get(n) is not r}
        own = {f"controls/{n}/{port}": ref for n, r in made.items() for port, ref in r.ports.items()}
        signal = last.find("signal") or last.default or last.name
        key = self.env.draft.claim(f"{self.prefix}{name}", instance.span)
        own_nodes = tuple(node for node in self.env.draft.nodes if node not in before)
        self.env.draft.groups[key] = MadeGroup(key, identifier(self.prefix) if self.prefix else "", own_nodes, signal)
        return Results(name, {**own, "signal": signal}, signal)

    def _renamed(self, results: Results, outputs: Keys) -> dict[str, str]:
        """The names that a call gives to the results of a module that does not name them itself."""
        if not outputs or len(results.ports) > 1:
            return {}
        if len(outputs) == 1 and results.default is not None and results.part is None:
            return {outputs[0][0]: results.default}
        return {name: f"{results.default}/{name}" for name, _ in outputs}

    def _own_name(self) -> None:
        binding = self.instance.binding("name")
        if binding is not None:
            self.ledger.say(binding, Kind.NO_EFFECT, None, "a graph has no groups, and no names of them")
