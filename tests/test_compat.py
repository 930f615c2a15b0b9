"""`make compat`: what it says without a Python, and that its table and pyproject.toml agree."""

from __future__ import annotations

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
