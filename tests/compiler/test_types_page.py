"""docs/types.md: every clash that it shows is what a spec of `tests/errors` is answered, word by word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOWN = re.findall(
    r"^\| ([EW]\d+) \| `(.+)` \|$", (ROOT / "docs" / "types.md").read_text(encoding="utf-8"), re.MULTILINE
)
ANSWERS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "errors").glob("*.txt"))]


def test_the_page_shows_clashes() -> None:
    codes = {code for code, _ in SHOWN}
    assert codes >= {"E402", "E411", "E412", "E413", "E414", "E420", "E421", "E422", "E423", "E424", "W122"}


@pytest.mark.parametrize(("code", "message"), SHOWN)
def test_a_clash_of_the_page_is_what_a_spec_is_answered(code: str, message: str) -> None:
    plain = [re.sub(r"`", "", line) for answer in ANSWERS for line in answer.splitlines() if f" {code} " in line]
    assert any(line.endswith(message) for line in plain), plain
