"""Ops of the user's own: `--ops my_ops.py` or `--ops package.module`. A module of ops is a program: trusted input."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ddspgraph.diagnostics import GraphError, Source, Span, clean, fail

if TYPE_CHECKING:
    from ddspgraph.ir.op import Op


def load_ops(places: Iterable[str]) -> tuple[type[Op], ...]:
    """The op classes of modules: their list `OPS`, or every subclass of Op whose name does not begin with `_`.

    Args:
      places: files (`my_ops.py`) and names of modules (`package.module`, the working folder included).

    Raises:
      GraphError: E610 where a module cannot be loaded, holds no op, or gives an op a name that is taken.
    """
    places = tuple(places)
    if not places:
        return ()
    from ddspgraph.ir.registry import Registry
    from ddspgraph.ops import OPS

    found: list[type[Op]] = []
    for place in places:
        found += _ops_of(_module(place), place)
        try:
            for op in Registry([*OPS.values(), *found]).values():
                op.params()  # a parameter of a type that YAML cannot write is found here
        except (TypeError, ValueError) as error:
            raise _cannot(place, str(error)) from None
    return tuple(found)


def _module(place: str) -> ModuleType:
    is_file = place.endswith(".py") or os.sep in place
    try:
        if is_file:
            return _from_file(Path(place))
        if os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())  # an installed command does not look here by itself
        return importlib.import_module(place)
    except Exception as error:
        hint = None if is_file else f"a file is named with its suffix: --ops {place}.py"
        raise _cannot(place, f"{type(error).__name__}: {error}", error, hint) from error


def _from_file(path: Path) -> ModuleType:
    name = path.stem if path.stem not in sys.modules else f"ddspgraph_user_ops_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError("the file does not exist, or is not Python")
    module = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)  # its neighbours may be imported, but never stand for a library
    sys.modules[name] = module  # the types of parameters are looked up in the module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _ops_of(module: ModuleType, place: str) -> list[type[Op]]:
    from ddspgraph.ir.op import Op

    listed = getattr(module, "OPS", None)
    if listed is not None:
        return list(listed.values() if hasattr(listed, "values") else listed)
    own = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Op)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]
    if not own:
        raise _cannot(place, "there is no subclass of ddspgraph.Op in it")
    return own


def _cannot(place: str, message: str, error: Exception | None = None, hint: str | None = None) -> GraphError:
    """E610, at the line of the user's file where it went wrong."""
    frames = traceback.extract_tb(error.__traceback__) if error is not None else []
    own = [f for f in frames if f.filename.endswith(os.path.basename(place)) and f.lineno]
    line = own[-1].lineno if own else getattr(error, "lineno", None)
    source = Source(clean(place), "")
    span = Span(source, line, 1, line, 2) if line else Span.start_of(source)
    return fail("E610", f"the ops cannot be loaded: {clean(message.splitlines()[0])}", span, hint=hint)
