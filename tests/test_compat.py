"""`make compat`: what it says without a Python, and that its table and pyproject.toml agree."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import compat  # noqa: E402


def test_without_that_python(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert compat.main(["--python", str(tmp_path / "python3.10")]) == 1
    out, err = capsys.readouterr()
    assert "does not run here: name an interpreter with --python PATH" in err
    assert out.splitlines()[-1] == f"| {tmp_path / 'python3.10'} | | | does not run here |"


def test_the_page_shows_the_bounds_of_pyproject() -> None:
    """A bound that has moved without a run of `make compat` is not one that the page may claim."""
    project = (ROOT / "pyproject.toml").read_text("utf-8").partition("\ndev = [")[0]
    bounds = dict(re.findall(r'"([\w.-]+)>=([\d.]+)"', project.partition("dependencies = [")[2]))
    page = (ROOT / "docs" / "compatibility.md").read_text("utf-8")
    shown = dict(re.findall(r"^\| ([\w.-]+) \| ([\d.]+) \|", page, re.MULTILINE))
    untried = {"sounddevice", "python-rtmidi", "tensorboard", "ai-edge-quantizer"}
    assert bounds.keys() - untried == shown.keys()
    for name, oldest in shown.items():
        assert f"{oldest}.0".startswith(f"{bounds[name]}."), name
