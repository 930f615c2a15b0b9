"""The files that come with the program: schemas and example graphs, in a checkout and in an installed wheel."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

#: The first line of a spec that shows editors its schema, given its path from there.
MODELINE = "# yaml-language-server: $schema={}"
_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """`schemas` or `graphs`: inside of the package in a wheel, beside it in a checkout.

    Raises:
      FileNotFoundError: neither is there; the installation is broken.
    """
    for parent in (_PACKAGE, _PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name
    raise FileNotFoundError(f"the folder '{name}' is neither in {_PACKAGE} nor beside it: reinstall ddspgraph")


@functools.cache
def schema(version: int) -> dict[str, Any]:
    """The JSON Schema of a version of the language. Treat it as read-only: all callers share it."""
    return json.loads((folder("schemas") / f"graph-v{version}.schema.json").read_text(encoding="utf-8"))
