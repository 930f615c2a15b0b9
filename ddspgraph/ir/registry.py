"""The op library as a value: an immutable map from YAML names to op classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ddspgraph.ir.op import Op


class Registry(Mapping[str, type[Op]]):
    """Ops by name, in the order in which they were listed. `registry | [MyOp]` extends it."""

    def __init__(self, ops: Iterable[type[Op]]) -> None:
        self._ops: dict[str, type[Op]] = {}
        for op in ops:
            if not (isinstance(op, type) and issubclass(op, Op)):
                raise TypeError(f"{op!r} is not a subclass of ddspgraph.Op")
            if op.name in self._ops:
                raise ValueError(f"two ops are called '{op.name}': {self._ops[op.name].__module__} and {op.__module__}")
            self._ops[op.name] = op

    def __getitem__(self, name: str) -> type[Op]:
        return self._ops[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ops)

    def __len__(self) -> int:
        return len(self._ops)

    def __or__(self, more: Iterable[type[Op]]) -> Registry:
        added = more.values() if isinstance(more, Registry) else more
        return Registry([*self.values(), *added])
