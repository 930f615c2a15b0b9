"""The page as text: self-contained, small, and without markup that a spec wrote. Browsers follow in test_browser."""

from __future__ import annotations

import html.parser
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.page.document import html_of
from tests.page.pages import GUITAR, ROOT, data_of, guitar_page, hostile_page, hostile_spec

#: Attributes by which a page loads or links, and what may stand in them.
LOADING = {"src", "href", "xlink:href", "action", "data", "srcset", "poster", "formaction", "background"}


class Markup(html.parser.HTMLParser):
    """All elements of a page, as a parser that is not ours sees them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def guitar() -> str:
    return guitar_page()


def assert_contained(page: str) -> None:
    elements = Markup(page).elements
    tags = [tag for tag, _ in elements]
    assert tags.count("script") == 2
    assert tags.count("style") == 1
    assert not {"iframe", "object", "embed", "base", "img", "a", "foreignobject", "use", "image", "video"} & set(tags)
    for tag, attributes in elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        for name in LOADING & set(attributes):
            assert str(attributes[name]).startswith("data:"), (tag, attributes)


def test_the_example_is_self_contained_and_small(guitar: str) -> None:
    assert_contained(guitar)
    assert len(guitar.encode()) < 5_000_000
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", guitar)


def test_nothing_that_a_spec_says_becomes_markup() -> None:
    assert_contained(hostile_page())
    assert_contained(html_of(dg.load(hostile_spec())))


def test_the_policy_allows_this_script_and_style_alone(guitar: str) -> None:
    policy = next(a["content"] for tag, a in Markup(guitar).elements if tag == "meta" and "http-equiv" in a)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", rules["script-src"])
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", rules["style-src"])
    assert (rules["img-src"], rules["media-src"]) == ("data:", "data:")
    assert (rules["base-uri"], rules["form-action"]) == ("'none'", "'none'")


def test_every_port_of_the_example_has_its_signal(guitar: str) -> None:
    data = data_of(guitar)
    for box in data["boxes"].values():
        for port in [*box.get("outputs", []), *box.get("inputs", [])]:
            assert port.get("literal") or port["view"] is not None, (box["name"], port["port"])
    sounds = [view for view in data["views"] if "sound" in view]
    assert len(sounds) == 5
    assert not any("cut" in view for view in sounds)


def test_the_same_graph_gives_the_same_page() -> None:
    graph = dg.load(GUITAR)
    assert html_of(graph) == html_of(dg.load(GUITAR))
    assert "views" in data_of(html_of(graph))


def test_both_themes_colour_the_diagram(guitar: str) -> None:
    used = set(re.findall(r'(?:fill|stroke)="var\((--c-[0-9a-f-]+)\)"', guitar))
    assert len(used) > 6
    light, dark = guitar.split("@media (prefers-color-scheme: dark)", 1)
    for name in used:
        first, second = re.findall(r"[0-9a-f]{6}", name)
        assert f"{name}:#{first};" in light
        assert f"{name}:#{second};" in dark
    assert not re.search(r'(?:fill|stroke)="#', guitar)


def test_a_page_without_signals_does_without_tensorflow(tmp_path: Path) -> None:
    code = (
        "import sys\nimport ddspgraph as dg\n"
        f"dg.explore(dg.load({str(GUITAR)!r}), {str(tmp_path / 'page.html')!r})\n"
        "assert not {'tensorflow', 'keras', 'matplotlib', 'soundfile'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert data_of((tmp_path / "page.html").read_text())["has_signals"] is False


@pytest.mark.parametrize("path", sorted((ROOT / "graphs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_graph_has_a_page(path: Path) -> None:
    graph = dg.load(path)
    data = data_of(html_of(graph))
    assert {box["name"] for box in data["boxes"].values() if box["kind"] in ("node", "loss")} == {
        node.name for node in graph.nodes if node.is_written
    }


def test_explore_computes_the_signals_that_the_inputs_allow(tmp_path: Path) -> None:
    graph = dg.load(ROOT / "graphs" / "solo_controls.yaml")
    controls = {
        "amplitudes": np.zeros([2, 50, 1]),
        "harmonic_distribution": np.zeros([2, 50, 60]),
        "noise_magnitudes": np.zeros([2, 50, 65]),
        "f0_hz": np.full([2, 50, 1], 220.0),
    }
    dg.explore(graph, tmp_path / "page.html", inputs=controls, seed=3)
    data = data_of((tmp_path / "page.html").read_text())
    assert data["boxes"]["node_wet"]["outputs"][0]["view"] is not None
    assert data["boxes"]["node_spectral"]["outputs"][0]["view"] is None  # its target was not given
    view = data["views"][data["boxes"]["node_wet"]["outputs"][0]["view"]]
    assert view["note"] == "the first of 2 in the batch"


def test_a_missing_input_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(dg.GraphError) as caught:
        dg.explore(dg.load(GUITAR), tmp_path / "page.html", inputs={"sound": np.zeros([1, 100])})
    assert {d.code for d in caught.value.diagnostics} & {"E603", "E604"}
    assert not (tmp_path / "page.html").exists()


def test_without_dot_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(dg.GraphError) as caught:
        dg.explore(dg.load(GUITAR), tmp_path / "page.html")
    assert [d.code for d in caught.value.diagnostics] == ["E608"]
