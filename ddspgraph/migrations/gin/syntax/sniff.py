"""Telling gin from YAML."""

from __future__ import annotations

import os
import re

_YAML_BEGINS = re.compile(r"^(?:version|name|clock|nodes|modules|dag|inputs)[ \t]*:", re.MULTILINE)
_GIN_LINE = re.compile(
    r"^[ \t]*(?:(?:import|from)[ \t]+[\w.]+[ \t]*(?:$|#|import\b|as\b)|include[ \t]+['\"]"
    r"|[A-Za-z_][\w./]{0,500}[ \t]*=(?!=))",
    re.MULTILINE,
)


def is_gin_path(path: str | os.PathLike[str]) -> bool:
    """Whether the name of a file says that it is gin."""
    return os.fsdecode(path).lower().endswith(".gin")


def looks_like_gin(text: str) -> bool:
    """Whether a text without a name is gin: it has a line that YAML would not have, and none that a spec has."""
    return _GIN_LINE.search(text) is not None and _YAML_BEGINS.search(text) is None
