"""The page in a real Chromium: it works by mouse, finger and keyboard, plays, and stays silent on the network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("selenium", reason="selenium drives the browser: pip install selenium")

from selenium.webdriver.common.keys import Keys

if TYPE_CHECKING:
    from tests.page.browser import Browser

pytestmark = pytest.mark.usefixtures("quiet")


def focused(browser: Browser) -> str | None:
    return browser.run("return document.activeElement.dataset.box || null")


def press(browser: Browser, *keys: str) -> None:
    for key in keys:
        browser.driver.switch_to.active_element.send_keys(key)


# -- what is shown ------------------------------------------------------------------------------


def test_the_graph_is_shown_first(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    assert browser.driver.title == "guitar_chorus · ddspgraph"
    assert browser.heading == "guitar_chorus"
    assert [e.text for e in browser.all("#panel .boxes .link")] == [
        *("audio", "warm", "sweep", "chorus", "room", "out", "audio")
    ]
    assert "over full scale" in browser.find("#panel").text  # the room amplifies, the gain after it repairs that


def test_a_click_shows_what_is_known_of_a_node(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    browser.click("node_warm")
    assert browser.heading == "warm"
    text = browser.find("#panel").text
    for said in (
        "fir_filter",
        "the first keeps the body",
        "[b, 196·frames] audio",
        "1, 0.8, 0.35, 0.1, 0.04, 0.02, 0.01, 0.01",
        "window_size",
        "instead of 257 samples",
        "guitar_chorus.yaml, line 16",
        "Source: J. O. Smith",
        "peak",
    ):
        assert said in text, said
    assert browser.find(".yaml .line").text.split() == ["16", "warm:"]
    assert browser.find(".flag, .view").is_displayed()


def test_charts_are_drawn_where_there_is_something_to_see(browser: Browser, solo: Path) -> None:
    browser.open(solo)
    browser.click("node_harmonic")
    assert browser.find("#panel .op").text.startswith("harmonic · "), "the op of a node that has its name"
    browser.run("for (const each of document.querySelectorAll('details')) each.open = true")
    browser.wait("document.querySelectorAll('.view').length >= 7")
    waveform = browser.find("details.output .chart .line.area")
    assert waveform.rect["width"] > 300
    assert waveform.rect["height"] > 20
    labels = browser.run("return [...document.querySelectorAll('.chart')].map((c) => c.getAttribute('aria-label'))")
    assert any(label.startswith("spectrogram: 0 to 2 s") for label in labels)
    ticks = browser.run("return [...document.querySelectorAll('.tick')].map((t) => t.textContent)")
    assert {"A3 220 Hz", "A4 440 Hz", "0.5 s"} <= set(ticks)
    loaded = "[...document.querySelectorAll('.key img')].every((i) => i.complete && i.naturalWidth === 255)"
    assert browser.wait(loaded)
    assert browser.run("return document.querySelectorAll('image[href^=\"data:image/png\"]').length") >= 3


def test_a_pointer_reads_a_curve(browser: Browser, solo: Path) -> None:
    browser.open(solo, height=1400)
    browser.click("in_f0_hz")
    ground = browser.run("return document.querySelector('.ground').getBoundingClientRect().toJSON()")
    browser.mouse("mouseMoved", ground["x"] + ground["width"] / 2, ground["y"] + 20)
    said = browser.wait("document.querySelector('.readout').textContent")
    assert re.fullmatch(r"(1|0\.99\d*|1\.00\d*) s: 31\d(\.\d)? Hz, D♯4( [+−]\d+ cents)?", said)


def test_an_output_of_a_graph_can_be_heard(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    browser.click("out_audio")
    assert browser.find("#panel audio").is_displayed()


def test_a_link_leads_to_a_node(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    browser.run("location.hash = 'room'")
    browser.wait("document.querySelector('#panel h2').textContent === 'room'")
    browser.run("location.hash = 'no%20such%20node'")
    assert browser.heading == "room"


# -- sound --------------------------------------------------------------------------------------


def test_every_sound_can_be_played(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    for box in ("in_audio", "node_warm", "node_chorus", "node_room", "node_out"):
        browser.click(box)
        assert browser.wait("document.querySelector('audio').readyState >= 1"), box
        assert browser.run("return document.querySelector('audio').error") is None
        assert browser.run("return document.querySelector('audio').duration") == pytest.approx(4.325, abs=0.01)
    browser.run("document.querySelector('audio').play()")
    assert browser.wait("document.querySelector('audio').currentTime > 0.2")
    cursor = "document.querySelector('.cursor').getAttribute('visibility') === 'visible'"
    assert browser.wait(cursor)
    browser.run("document.querySelector('audio').pause()")


def test_a_click_into_a_chart_moves_the_player(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    browser.click("node_out")
    browser.wait("document.querySelector('audio').readyState >= 1")
    ground = browser.run("return document.querySelector('.ground').getBoundingClientRect().toJSON()")
    at = (ground["x"] + ground["width"] / 2, ground["y"] + 30)
    for kind in ("mousePressed", "mouseReleased"):
        browser.mouse(kind, *at, button="left", clickCount=1)
    assert browser.wait("document.querySelector('audio').currentTime > 0")
    assert browser.run("return document.querySelector('audio').currentTime") == pytest.approx(2.16, abs=0.05)


# -- keyboard -----------------------------------------------------------------------------------


def test_the_keyboard_is_enough(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    browser.find("#search").click()
    press(browser, Keys.TAB)
    assert (focused(browser), browser.heading) == ("in_audio", "audio")
    press(browser, Keys.ARROW_DOWN)
    assert (focused(browser), browser.heading) == ("node_warm", "warm")
    press(browser, Keys.ARROW_RIGHT)
    assert focused(browser) == "node_sweep"
    press(browser, Keys.ARROW_DOWN)
    assert focused(browser) == "node_chorus"
    press(browser, Keys.ARROW_UP, Keys.ARROW_UP)
    assert focused(browser) == "in_audio"
    press(browser, Keys.END)
    assert focused(browser) == "out_audio"
    press(browser, Keys.ENTER)
    assert browser.run("return document.activeElement.id") == "panel"
    press(browser, Keys.TAB, Keys.TAB)
    assert browser.run("return document.activeElement.tagName") == "SUMMARY"
    press(browser, Keys.ESCAPE)
    assert focused(browser) == "out_audio"
    press(browser, Keys.ESCAPE)
    assert browser.heading == "guitar_chorus"
    press(browser, "/")
    assert browser.run("return document.activeElement.id") == "search"


def test_what_has_focus_can_be_told(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    for group in browser.all("g[data-box]"):
        assert group.get_attribute("role") == "button"
        assert group.get_attribute("aria-label")
    label = browser.find('g[data-box="node_room"]').get_attribute("aria-label")
    assert label is not None
    assert label.startswith("room, exp_decay_reverb, [b, 196·frames] audio, random, ")
    assert label.endswith(", over full scale")
    controls = "return [...document.querySelectorAll('button, input, summary')]"
    assert browser.run(f"{controls}.filter((e) => !(e.innerText || e.ariaLabel)).length") == 0
    assert len(browser.all('g[data-box][tabindex="0"]')) == 1


# -- search -------------------------------------------------------------------------------------


def test_search_finds_names_ops_and_ports(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    field = browser.find("#search")
    for words, names in {"room": ["node_room"], "MOD delay": ["node_chorus"], "decay": ["node_room"]}.items():
        field.clear()
        field.send_keys(words)
        found = [e.get_attribute("data-box") for e in browser.all("g.found")]
        assert found == names
        assert browser.find("#found").text == f"{len(names)} of 7"
    field.send_keys(Keys.ENTER)
    assert browser.heading == "room"
    field.send_keys(Keys.ESCAPE)
    assert not browser.all("g.found")
    field.send_keys("no such thing")
    assert browser.find("#found").text == "0 of 7"


# -- paths --------------------------------------------------------------------------------------


def middle_of_edge(browser: Browser, source: str, target: str) -> tuple[float, float]:
    script = """
      const line = document.querySelector(`g[data-from="${arguments[0]}"][data-to="${arguments[1]}"] .reach`);
      const point = line.getPointAtLength(line.getTotalLength() / 2).matrixTransform(line.getScreenCTM());
      return [point.x, point.y];
    """
    x, y = browser.run(script, source, target)
    return x, y


def test_pointing_at_an_edge_shows_what_it_depends_on(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    browser.mouse("mouseMoved", *middle_of_edge(browser, "node_warm", "node_chorus"))
    on_path = "return [...document.querySelectorAll('g[data-box].on-path')].map((g) => g.dataset.box).sort()"
    assert browser.run(on_path) == ["in_audio", "node_chorus", "node_warm"]
    assert len(browser.all("g[data-from].on-path")) == 2
    browser.mouse("mouseMoved", *middle_of_edge(browser, "node_room", "node_out"))
    assert len(browser.run(on_path)) == 6
    browser.mouse("mouseMoved", 5, 400)
    assert browser.run(on_path) == []


def test_a_click_on_an_edge_shows_its_signal(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    at = middle_of_edge(browser, "node_sweep", "node_chorus")
    for kind in ("mousePressed", "mouseReleased"):
        browser.mouse(kind, *at, button="left", clickCount=1)
    assert browser.heading == "sweep"


# -- pan and zoom -------------------------------------------------------------------------------


def looking(browser: Browser) -> list[float]:
    shown = browser.run("return document.getElementById('diagram').getAttribute('viewBox')")
    return [float(part) for part in shown.split()]


def test_buttons_wheel_and_drag_move_the_diagram(browser: Browser, guitar: Path) -> None:
    browser.open(guitar)
    begin = looking(browser)
    browser.find("#zoom-in").click()
    assert looking(browser)[2] == pytest.approx(begin[2] / 1.25)
    browser.find("#zoom-out").click()
    assert looking(browser) == pytest.approx(begin)
    browser.mouse("mouseWheel", 200, 400, deltaX=0, deltaY=-200)
    near = browser.wait("document.getElementById('diagram').viewBox.baseVal.width") and looking(browser)
    assert near[2] < begin[2]
    browser.mouse("mousePressed", 60, 700, button="left", clickCount=1)
    browser.mouse("mouseMoved", 160, 650, button="left", buttons=1)
    browser.mouse("mouseReleased", 160, 650, button="left", clickCount=1)
    moved = looking(browser)
    assert moved[0] < near[0]
    assert moved[1] > near[1]
    assert browser.heading == "guitar_chorus"  # a drag is no click
    browser.find("#zoom-fit").click()
    whole = browser.run("return document.querySelector('#diagram > g').getBoundingClientRect().toJSON()")
    assert whole["top"] >= 40
    assert whole["bottom"] <= 901


def test_fingers_move_and_zoom(browser: Browser, guitar: Path) -> None:
    browser.open(guitar, width=400, height=850)
    begin = looking(browser)
    browser.touch("touchStart", (100, 300))
    browser.touch("touchMove", (130, 260))
    browser.touch("touchEnd")
    moved = looking(browser)
    assert moved[1] > begin[1]
    assert moved[2] == pytest.approx(begin[2])
    browser.touch("touchStart", (150, 250), (200, 250))
    browser.touch("touchMove", (100, 250), (250, 250))
    browser.touch("touchEnd")
    assert looking(browser)[2] < 0.6 * moved[2]


# -- sizes and themes ---------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 400, 700, 900, 1200])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_the_window(browser: Browser, solo: Path, width: int, dark: bool) -> None:
    browser.open(solo, width=width, height=850, dark=dark)
    for box in ("node_harmonic", "node_wet", "node_spectral"):
        browser.run("document.querySelector(`g[data-box='${arguments[0]}']`).focus()", box)
        browser.run("for (const each of document.querySelectorAll('details')) each.open = true")
        assert browser.run("return document.documentElement.scrollWidth") <= width
        shown = "return [...document.querySelectorAll('#panel *')].filter((e) => !e.closest('.yaml, .chart'))"
        assert browser.run(f"{shown}.filter((e) => e.getBoundingClientRect().right > innerWidth + 1).length") == 0


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_contrast(browser: Browser, guitar: Path, dark: bool) -> None:
    """WCAG 2.1, 1.4.3: at least 4.5 : 1 between text and what is behind it."""
    browser.open(guitar, dark=dark)
    browser.click("node_room")
    script = """
      const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
      const luminance = (text) => rgb(text).map((c) => c / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = (e) => {
        for (let at = e; at; at = at.parentElement) {
          const colour = getComputedStyle(at).backgroundColor;
          if (!/, 0\\)$/.test(colour)) return colour;
        }
        return "rgb(255, 255, 255)";
      };
      const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const kinds = "h1, h2, h3, p, dt, dd, td, th, .link, .type, .line, .number, summary, strong";
      return [...document.querySelectorAll(kinds)]
        .filter((e) => e.innerText && e.getClientRects().length)
        .map((e) => [ratio(luminance(getComputedStyle(e).color), luminance(ground(e))), e.innerText])
        .filter(([found]) => found < 4.5);
    """
    assert browser.run(script) == []
