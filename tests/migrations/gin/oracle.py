"""Statements as gin-config's own parser reads them and as ours does, in one plain form."""

from __future__ import annotations

from typing import Any

from gin import config_parser

from ddspgraph.migrations.gin.syntax.statements import (
    Binding,
    Block,
    GinFile,
    GinValue,
    Import,
    Items,
    Literal,
    Pairs,
    Reference,
)


class _Delegate(config_parser.ParserDelegate):
    """References and macros as data: nothing is looked up."""

    def configurable_reference(self, scoped_configurable_name: str, evaluate: bool) -> Any:
        return ("@", scoped_configurable_name, evaluate)

    def macro(self, macro_name: str) -> Any:
        return ("%", macro_name)


def theirs(text: str) -> list[tuple[Any, ...]]:
    """What gin-config reads. Raises SyntaxError and others."""
    found: list[tuple[Any, ...]] = []
    for s in config_parser.ConfigParser(text, _Delegate()):
        line = s.location.line_num
        if isinstance(s, config_parser.BindingStatement):
            scope, selector, argument = s.scope, s.selector, s.arg_name
            if argument == "value" and selector.rpartition(".")[2] == "macro" and scope:
                scope, _, selector = scope.rpartition("/")
                argument = ""
            found.append(("binding", scope, selector, argument, s.value, line))
        elif isinstance(s, config_parser.ImportStatement):
            found.append(("import", s.module, line))
        elif isinstance(s, config_parser.BlockDeclaration):
            found.append(("block", s.scope, s.selector, line))
        else:
            found.append(("include", s.filename))
    return found


def ours(file: GinFile) -> list[tuple[Any, ...]]:
    """The same of a file that we read."""
    found: list[tuple[Any, ...]] = []
    for s in file.statements:
        line = s.span.line
        if isinstance(s, Binding):
            found.append(("binding", "/".join(s.scopes), s.selector, s.parameter, plain(s.value), line))
        elif isinstance(s, Block):
            found.append(("block", "/".join(s.scopes), s.selector, line))
        elif isinstance(s, Import):
            found.append(("import", s.module, line))
        else:
            found.append(("include", s.path))
    return found


def plain(value: GinValue) -> Any:
    if isinstance(value, Literal):
        return value.data
    if isinstance(value, Items):
        return (tuple if value.is_tuple else list)(plain(v) for v in value.elements)
    if isinstance(value, Pairs):
        return {plain(k): plain(v) for k, v in value.entries}
    if isinstance(value, Reference):
        return ("@", "/".join([*value.scopes, value.selector]), value.is_call)
    return ("%", value.name)
