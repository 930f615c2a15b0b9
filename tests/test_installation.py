"""The command that adds an extra, for every way in which the package can have been installed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

import ddspgraph
from ddspgraph import installation
from ddspgraph.installation import install_command

ROOT = Path(ddspgraph.__file__).parent.parent


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip` is this Python's."""
    monkeypatch.setattr(installation.shutil, "which", lambda _: str(Path(sys.executable).parent / "pip"))


def from_url(monkeypatch: pytest.MonkeyPatch, url: dict[str, Any], is_checkout: bool = False) -> None:
    monkeypatch.setattr(installation, "_direct_url", lambda: url)
    if not is_checkout:
        monkeypatch.setattr(installation, "__file__", "/usr/lib/python3/site-packages/ddspgraph/installation.py")


def test_in_the_checkout_and_beside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    checkout = tmp_path / "my checkout"
    (checkout / "ddspgraph").mkdir(parents=True)
    (checkout / "pyproject.toml").touch()
    from_url(monkeypatch, {"url": checkout.as_uri(), "dir_info": {"editable": True}})
    monkeypatch.setattr(installation, "__file__", str(checkout / "ddspgraph" / "installation.py"))
    monkeypatch.chdir(checkout)
    assert install_command("live") == 'pip install -e ".[live]"'
    monkeypatch.chdir(tmp_path)
    assert install_command("live") == f'pip install -e "{checkout}[live]"'


@pytest.mark.parametrize(
    ("url", "command"),
    [
        ({}, 'pip install "ddspgraph[f0]"'),
        (
            {"url": "file:///a%20b/dg.whl", "archive_info": {}},
            'pip install "/a b/dg.whl[f0]"',
        ),
        ({"url": "file:///src/dg", "dir_info": {}}, 'pip install "/src/dg[f0]"'),
        (
            {"url": "https://example.org/dg.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            'pip install "ddspgraph[f0] @ git+https://example.org/dg.git@abc"',
        ),
        (
            {"url": "https://example.org/dg.whl", "archive_info": {}},
            'pip install "ddspgraph[f0] @ https://example.org/dg.whl"',
        ),
    ],
)
def test_elsewhere(monkeypatch: pytest.MonkeyPatch, url: dict[str, Any], command: str) -> None:
    from_url(monkeypatch, url)
    assert install_command("f0") == command


@pytest.mark.parametrize(("python", "shown"), [("/a/python", "/a/python"), ("/a folder/python", '"/a folder/python"')])
def test_with_the_pip_of_this_python(python: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from_url(monkeypatch, {})
    monkeypatch.setattr(installation.sys, "executable", python)
    monkeypatch.setattr(installation.shutil, "which", lambda _: "/elsewhere/bin/pip")
    assert install_command("f0") == f'{shown} -m pip install "ddspgraph[f0]"'


def test_nobody_writes_the_command_by_hand() -> None:
    written = re.compile(r"pip install ['\"]?ddspgraph")
    wrong = [str(path) for path in (ROOT / "ddspgraph").rglob("*.py") if written.search(path.read_text("utf-8"))]
    pages = [ROOT / "README.md", ROOT / "tools" / "targets_head.md", *(ROOT / "docs").glob("*.md")]
    pages.remove(ROOT / "docs" / "targets.md")  # made of its head
    wrong += [str(path) for path in pages if written.search(path.read_text("utf-8"))]
    assert not wrong
