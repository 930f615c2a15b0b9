"""Which variable of a checkpoint is which weight of a graph: by where its object is, by its role, and by its shape.

A node of a migrated graph has the name of the attribute or processor that it was: the objects of a node are found by
that, its parts by `layouts`, and what is within a part by order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ddspgraph.diagnostics import Report, quote
from ddspgraph.files import place
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.mapped import op_inside
from ddspgraph.migrations.checkpoint.layouts import parts_of
from ddspgraph.migrations.checkpoint.tracked import TrackedCheckpoint, Variable
from ddspgraph.migrations.gin.map.draft import identifier

Shape = tuple[int, ...]
#: What a layer calls its variables. The longest that a name ends in is its role.
_ROLES = (
    *("recurrent_kernel", "kernel", "bias", "gamma", "beta", "scale", "shift", "embeddings"),
    *("ir", "gain", "decay", "magnitudes", "counts", "sums", "u"),
)
_RENAMED = {"sn_u": "u"}  # of a layer with spectral norm
_HINT = "the gin file and the checkpoint are not of one training, or the model had classes of its own"


@dataclass
class Matched:
    """What was found.

    Attributes:
      variables: by `node/weight`.
      unused: variables of the model that no node of the graph has a place for.
    """

    variables: dict[str, Variable] = field(default_factory=dict)
    unused: list[Variable] = field(default_factory=list)


def match(
    checkpoint: TrackedCheckpoint, model: int, graph: Graph, shapes: Mapping[str, Mapping[str, Shape]]
) -> Matched:
    """The variable of every weight.

    Args:
      checkpoint: of magenta/ddsp's trainer.
      model: the number of its model.
      graph: what the gin file of the same training became.
      shapes: of the graph's weights, by node and name.

    Raises:
      GraphError: E906 for every weight without a variable that fits it, and every variable left over in a node.
    """
    return _Match(checkpoint, model, graph).run(shapes)


class _Match:
    def __init__(self, checkpoint: TrackedCheckpoint, model: int, graph: Graph) -> None:
        self.checkpoint, self.model, self.graph = checkpoint, model, graph
        self.report, self.found = Report(), Matched()
        self.place = place(checkpoint.path)

    def run(self, shapes: Mapping[str, Mapping[str, Shape]]) -> Matched:
        objects = {node: self._object(node) for node in shapes}
        for node, number in objects.items():
            if number is not None:
                self._node(node, number, shapes[node])
        for node, number in objects.items():
            if number is None:
                self._anywhere(node, shapes[node])
        taken = {variable.number for variable in self.found.variables.values()}
        inside = {v.number: node for node, n in objects.items() if n is not None for v in self.checkpoint.under(n)}
        for variable in self.checkpoint.under(self.model):
            if variable.number in taken:
                continue
            if variable.number in inside:
                node = inside[variable.number]
                self._misfit(f"its {variable} has no place in the node {quote(node)}")
            else:
                self.found.unused.append(variable)
        self.report.raise_errors()
        return self.found

    def _object(self, node: str) -> int | None:
        """The object that became a node: `reverb` is `processor_group/reverb`, `z_encoders_0` is `z_encoders/0`."""
        for number, path in self.checkpoint.walk(self.model):
            ends = {identifier("_".join(path[-n:])) for n in range(1, len(path) + 1)}
            if node in ends and self.checkpoint.under(number):
                return number
        return None

    def _node(self, node: str, number: int, shapes: Mapping[str, Shape]) -> None:
        op = op_inside(self.graph.node_by_name[node].op)
        for names, places in parts_of(op, list(shapes)):
            variables = self._part(number, places)
            if variables is None:
                for name in names:
                    where = " or ".join(map(quote, places))
                    wanted = f"{quote(f'{node}/{name}')} {list(shapes[name])}"
                    self._misfit(f"it has nothing for {wanted}: {quote(node)} has no {where}")
                continue
            self._align(node, {name: shapes[name] for name in names}, variables)

    def _part(self, number: int, places: Sequence[str]) -> list[Variable] | None:
        """The variables of the first place that is there."""
        for where in places:
            found = [self.checkpoint.at(number, path) if path else number for path in where.split(" + ")]
            numbers = [n for n in found if n is not None]
            if len(numbers) == len(found):
                return self.checkpoint.under(*numbers)
        return None

    def _align(self, node: str, shapes: Mapping[str, Shape], variables: Sequence[Variable]) -> None:
        """Weights and variables of one part, of each role in order."""
        by_role: dict[str, list[Variable]] = {}
        for variable in variables:
            by_role.setdefault(_RENAMED.get(variable.role, variable.role), []).append(variable)
        for name, shape in shapes.items():
            left = by_role.get(_role(name), [])
            variable = left.pop(0) if left else None
            wanted = f"{quote(f'{node}/{name}')} {list(shape)}"
            if variable is None:
                self._misfit(f"it has nothing for {wanted}")
            elif not fits(variable.shape, shape):
                self._misfit(f"its {variable} does not fit {wanted}")
            self._take(node, name, variable)

    def _anywhere(self, node: str, shapes: Mapping[str, Shape]) -> None:
        """A node whose object has no name, as processors had none before 0.14: what is left of its roles and shapes."""
        taken = {variable.number for variable in self.found.variables.values()}
        left = [v for v in self.checkpoint.under(self.model) if v.number not in taken]
        for name, shape in shapes.items():
            found = next((v for v in left if v.role == _role(name) and fits(v.shape, shape)), None)
            if found is None:
                self._misfit(f"it has nothing for {quote(f'{node}/{name}')} {list(shape)}")
            else:
                left.remove(found)
            self._take(node, name, found)

    def _take(self, node: str, name: str, variable: Variable | None) -> None:
        if variable is not None:
            self.found.variables[f"{node}/{name}"] = variable

    def _misfit(self, message: str) -> None:
        self.report.add("E906", message, self.place, hint=_HINT)


def _role(name: str) -> str:
    return next((role for role in _ROLES if name == role or name.endswith(f"_{role}")), name)


def fits(has: Shape, wants: Shape) -> bool:
    """Whether an array has the shape of a weight; axes of size 1 before it count for nothing, as of Keras' norms."""
    spare = len(has) - len(wants)
    return spare >= 0 and has[spare:] == wants and all(n == 1 for n in has[:spare])
