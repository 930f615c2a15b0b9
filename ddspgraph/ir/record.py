"""What frozen dataclasses do alike, written once: a dataclass generates and compiles it anew for every class."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar


class Record:
    """The base of dataclasses made with `repr=False, eq=False`: compared, hashed and shown by their fields, and frozen.

    Who makes one states its `field_names`, in order.
    """

    field_names: ClassVar[tuple[str, ...]] = ()

    def __setattr__(self, name: str, value: Any) -> None:
        """The first value of a field, which `__init__` gives; every other assignment is refused."""
        if name in self.__dict__ or name not in self.field_names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        return self.__values() == other.__values() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.__values())

    def __repr__(self) -> str:
        named = (f"{name}={value!r}" for name, value in zip(self.field_names, self.__values(), strict=True))
        return f"{type(self).__qualname__}({', '.join(named)})"

    def __values(self) -> tuple[Any, ...]:
        return tuple([self.__dict__[name] for name in self.field_names])
