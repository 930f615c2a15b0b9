"""Graphs that strangers wrote, opened in a real Chromium: they are shown, and nothing of them runs, loads or leaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ddspgraph as dg
from ddspgraph.page.document import html_of
from tests.page.pages import CORPUS, hostile_page, hostile_spec, written

if TYPE_CHECKING:
    from tests.page.browser import Browser

pytestmark = pytest.mark.usefixtures("quiet")


def assert_inert(browser: Browser) -> None:
    assert browser.run("return document.scripts.length") == 2
    strange = "iframe, object, embed, base, foreignObject, use, a[href], [onclick], [onload], [onerror], [onmouseover]"
    assert browser.all(strange) == []
    loaded = (
        "[...document.querySelectorAll('[src], [href]')].map((e) => e.getAttribute('src') || e.getAttribute('href'))"
    )
    assert [url for url in browser.run(f"return {loaded}.map((url) => url.slice(0, 5))") if url != "data:"] == []


def test_a_hostile_graph_stays_inert(browser: Browser, folder: Path) -> None:
    """Every node of it is opened, with all its ports. An alert would end the test with an error of the driver."""
    browser.open(written(folder / "hostile.html", hostile_page()))
    assert_inert(browser)
    script = """
      const done = arguments[0];
      (async () => {
        let views = 0;
        const all = [...document.querySelectorAll("g[data-box]")];
        const boxes = all.filter((box, i) => box.dataset.box.startsWith("node_") || i % 5 === 0);
        for (const box of boxes) {
          box.focus();
          for (const each of document.querySelectorAll("details")) each.open = true;
          await new Promise((resume) => setTimeout(resume));  // what is opened is drawn now
          views += document.querySelectorAll(".view").length;
        }
        done([all.length, boxes.length, views]);
      })();
    """
    browser.driver.set_script_timeout(120)
    n_boxes, n_opened, n_views = browser.driver.execute_async_script(script)
    assert n_boxes >= 3 * len(CORPUS)
    assert n_opened >= len(CORPUS)
    assert n_views > n_opened
    assert_inert(browser)


def test_a_hostile_spec_stays_inert_and_readable(browser: Browser, folder: Path) -> None:
    graph = dg.load(hostile_spec())
    browser.open(written(folder / "spec.html", html_of(graph)))
    assert "<script>alert(1)</script>" in browser.find("#panel").text
    for i in range(0, len(graph.inputs), 4):
        browser.run("document.querySelector(`g[data-box='${arguments[0]}']`).focus()", f"node_node_{i}")
        assert browser.find("#panel .doc").text.strip()
    browser.find("#search").send_keys("<img src=x onerror=alert(1)>")
    assert browser.find("#found").text.startswith("2 of")
    assert_inert(browser)


def test_names_of_javascript_are_names(browser: Browser, folder: Path) -> None:
    spec = """
version: 2
name: constructor
clock: {sample_rate: 16 kHz, frame_rate: 250 Hz}
inputs: {__proto__: {rate: audio}, toString: {rate: audio}}
nodes: {constructor: {op: add, inputs: [__proto__, toString]}}
outputs: {hasOwnProperty: constructor}
"""
    browser.open(written(folder / "names.html", html_of(dg.load(spec))))
    browser.click("node_constructor")
    assert browser.heading == "constructor"
    browser.click("in___proto__")
    assert browser.heading == "__proto__"
