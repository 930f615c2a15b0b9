"""DOT and Mermaid, byte for byte."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.render.regenerate import FOLDER, texts

TEXTS = texts()


@pytest.mark.parametrize("name", TEXTS)
def test_golden(name: str) -> None:
    """Meant to change? `python -m tests.render.regenerate`, then look at the diff and at the picture."""
    assert TEXTS[name] == (FOLDER / name).read_text(encoding="utf-8")


def test_no_golden_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(TEXTS)


def test_another_process_draws_the_same() -> None:
    """Nothing hangs on the order of a set or on the hashes of a process."""
    code = (
        "import sys; from tests.render.regenerate import texts;"
        "sys.stdout.buffer.write(''.join(texts().values()).encode())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=120)
    assert done.stdout.decode() == "".join(TEXTS.values())
