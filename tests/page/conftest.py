"""A browser for the tests of the page, and the pages that it opens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.page.pages import guitar_page, solo_page, written

if TYPE_CHECKING:
    from tests.page.browser import Browser


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    pytest.importorskip("selenium", reason="selenium drives the browser: pip install selenium")
    from tests.page.browser import Browser, programs

    if programs() is None:
        pytest.skip("chromium and chromium-driver are not installed (Debian: apt-get install chromium chromium-driver)")
    found = Browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def guitar(folder: Path) -> Path:
    return written(folder / "guitar.html", guitar_page())


@pytest.fixture(scope="session")
def solo(folder: Path) -> Path:
    return written(folder / "solo.html", solo_page())


@pytest.fixture
def quiet(browser: Browser) -> Iterator[None]:
    """After the test: an empty console, and no request but for the page itself and data inside of it."""
    yield
    assert browser.complaints() == []
    assert browser.requests() <= {"file", "data"}
