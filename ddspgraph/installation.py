"""How this package was installed, and so the command that adds an extra to it: from a checkout, a file or an index."""

from __future__ import annotations

import functools
import json
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

NAME = "ddspgraph"


def install_command(extra: str) -> str:
    """The command that installs an extra (`live`, `plot`, ...), as it works when typed here.

    In a checkout `pip install -e ".[live]"`; elsewhere with the path of the checkout or wheel, or from the index.
    """
    return f"{_pip()} install {_source().format(extra=f'[{extra}]')}"


def _pip() -> str:
    """`pip` where that is the pip of this Python, else this Python's."""
    found = shutil.which("pip")
    is_ours = found is not None and Path(found).parent == Path(sys.executable).parent
    return "pip" if is_ours else f"{_quoted(sys.executable)} -m pip"


def _source() -> str:
    """What pip is given, with `{extra}` where the extra goes."""
    checkout = Path(__file__).resolve().parent.parent
    said = _direct_url()
    url, is_editable = str(said.get("url", "")), bool(said.get("dir_info", {}).get("editable"))
    if (checkout / "pyproject.toml").is_file() and (not url or is_editable):
        return "-e " + _local(checkout)
    if "vcs_info" in said:
        vcs = said["vcs_info"]
        at = vcs.get("requested_revision") or vcs.get("commit_id", "")
        return f'"{NAME}{{extra}} @ {vcs.get("vcs", "git")}+{_plain(url)}{f"@{_plain(at)}" * bool(at)}"'
    if url.startswith("file:"):
        return _local(Path(unquote(urlsplit(url).path)))
    return f'"{NAME}{{extra}} @ {_plain(url)}"' if url else f'"{NAME}{{extra}}"'


@functools.cache
def _direct_url() -> dict:
    """What pip noted of a package that came from no index (PEP 610); empty for others."""
    from importlib import metadata  # a twentieth of the time that `check` takes, which needs none of it

    try:
        return json.loads(metadata.distribution(NAME).read_text("direct_url.json") or "{}")
    except (metadata.PackageNotFoundError, OSError, ValueError):
        return {}


def _local(path: Path) -> str:
    shown = "." if path == Path(os.path.realpath(os.curdir)) else str(path)
    return f'"{_plain(shown)}{{extra}}"'


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path


def _plain(text: str) -> str:
    """Braces of a path are not those of the template."""
    return text.replace("{", "{{").replace("}", "}}")
