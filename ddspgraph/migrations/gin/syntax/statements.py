"""What a gin file consists of: statements and values, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ddspgraph.diagnostics import Source, Span


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from the `#` on.

    Attributes:
      is_behind: whether something stands before it on its line.
    """

    text: str
    span: Span
    is_behind: bool


# -- values ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text, `True`, `False` or `None`.

    Attributes:
      macro: the name of the macro whose value this is, after macros are resolved.
    """

    data: bool | int | float | str | None
    span: Span
    macro: str | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list or tuple."""

    elements: tuple[GinValue, ...]
    is_tuple: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Pairs:
    """A dict; a key may be any value."""

    entries: tuple[tuple[GinValue, GinValue], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Reference:
    """`@scope/module.Name` or, with a call, `@scope/module.Name()`."""

    scopes: tuple[str, ...]
    selector: str
    is_call: bool
    span: Span

    def __str__(self) -> str:
        return "@" + "/".join([*self.scopes, self.selector]) + ("()" if self.is_call else "")


@dataclass(frozen=True, slots=True)
class Macro:
    """`%name`: stands for the value that a binding gives to the name."""

    name: str
    span: Span


GinValue = Literal | Items | Pairs | Reference | Macro


# -- statements ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Binding:
    """`scope/module.Name.parameter = value`; a macro `name = value` has no parameter.

    Attributes:
      key: as written, `FilteredNoise.n_samples`; in a block, with the name that stands above it.
    """

    scopes: tuple[str, ...]
    selector: str
    parameter: str
    value: GinValue
    span: Span
    comments: tuple[Comment, ...] = ()

    @property
    def key(self) -> str:
        name = "/".join([*self.scopes, self.selector])
        return f"{name}.{self.parameter}" if self.parameter else name


@dataclass(frozen=True)
class Block:
    """The line `Name:` above indented bindings; these follow as bindings of their own."""

    scopes: tuple[str, ...]
    selector: str
    span: Span
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True)
class Import:
    """`import a.b`, `from a import b`, with or without `as c`: noted, never done."""

    text: str
    module: str
    span: Span
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True)
class Include:
    """`include 'path'`.

    Attributes:
      file: what was read there; None where nothing was.
      problem: why nothing was read; empty otherwise.
      is_released: whether it was not found, and is a file that came with magenta/ddsp.
    """

    path: str
    span: Span
    comments: tuple[Comment, ...] = ()
    file: GinFile | None = None
    problem: str = ""
    is_released: bool = False


Statement = Binding | Block | Import | Include


@dataclass(frozen=True)
class GinFile:
    """A gin file as it was read.

    Attributes:
      statements: in order; those of included files are in their `Include`.
      trailing: the comments after the last statement.
      more: files and single bindings that the caller gave after this one; they override it.
    """

    source: Source
    statements: tuple[Statement, ...]
    trailing: tuple[Comment, ...] = field(default=())
    more: tuple[GinFile, ...] = field(default=())

    def flat(self) -> Iterator[Statement]:
        """All statements in the order in which they take effect, those of an included file after its include."""
        for statement in self.statements:
            yield statement
            if isinstance(statement, Include) and statement.file is not None:
                yield from statement.file.flat()
        for file in self.more:
            yield from file.flat()
