"""A real, headless Chromium, through Selenium: what it shows, says and asks for."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
)


def programs() -> tuple[str, str] | None:
    """Chromium and its driver; None where one of them is not installed."""
    browsers = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    driver = shutil.which("chromedriver")
    found = next((path for path in browsers if path), None)
    return (found, driver) if found and driver else None


class Browser:
    """One window. `open` begins anew: what was logged before is forgotten."""

    def __init__(self, profile: Path) -> None:
        found = programs()
        assert found is not None
        options = webdriver.ChromeOptions()
        options.binary_location = found[0]
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options, Service(found[1]))

    def close(self) -> None:
        self.driver.quit()

    def open(self, page: Path, *, width: int = 1200, height: int = 900, dark: bool = False) -> None:
        """Loads a page into a viewport of so many CSS pixels."""
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        # A headless window may be without the focus, and then no element is told that it has it.
        self.driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
        self.driver.get(page.as_uri())
        # A driver may return while a large page is still being read.
        WebDriverWait(self.driver, 60).until(
            lambda _: self.run("return location.href !== 'about:blank' && document.readyState === 'complete'")
        )

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, box: str) -> None:
        """Clicks a box of the diagram, by its id."""
        self.find(f'g[data-box="{box}"]').click()

    @property
    def heading(self) -> str:
        """Of the panel: what is chosen."""
        return self.find("#panel h2").text

    def wait(self, script: str, seconds: float = 10.0) -> Any:
        """The first true value of an expression."""
        return WebDriverWait(self.driver, seconds, 0.05).until(lambda _: self.run(f"return {script}"))

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """A real event of the mouse: "mouseMoved", "mousePressed", "mouseReleased" or "mouseWheel"."""
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})

    def touch(self, kind: str, *places: tuple[float, float]) -> None:
        """A real event of fingers: "touchStart", "touchMove" or "touchEnd"."""
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        self.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def complaints(self) -> list[str]:
        """What stands in the console: errors of scripts, refusals of the security policy."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> set[str]:
        """The kinds of everything that was asked for since `open`: "file" (the page itself), "data"; more is a leak."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return {url.partition(":")[0] for url in urls}
