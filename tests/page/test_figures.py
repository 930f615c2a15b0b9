"""`dg.plot` and what notebooks show."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.installation import install_command
from tests.page.pages import GUITAR, ROOT

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def model() -> Any:
    return dg.compile(ROOT / "graphs" / "solo_controls.yaml")


@pytest.fixture(scope="module")
def signals(model: Any) -> dict[str, Any]:
    time = np.linspace(0, 1, 500)[None, :, None]
    controls = {
        "amplitudes": 2 * time,
        "harmonic_distribution": np.cos(np.arange(60) / 4 - 6 * time),
        "noise_magnitudes": np.full([1, 500, 65], -3.0),
        "f0_hz": 220 * 2**time,
    }
    return model.signals(controls)


def test_figures_show_what_the_page_shows(model: Any, signals: dict[str, Any]) -> None:
    found = dg.plot(signals, model)
    assert list(found) == list(signals)
    wave, spectrum, *_ = found["harmonic/signal"].axes
    assert wave.get_xlim() == (0.0, 2.0)
    assert (spectrum.get_yscale(), spectrum.get_ylim()[1]) == ("log", 8000.0)
    (pitch,) = found["harmonic/f0_hz"].axes
    assert pitch.get_yscale() == "log"
    assert "A4 440 Hz" in [label.get_text() for label in pitch.get_yticklabels()]
    heat, bar = found["harmonic/harmonic_distribution"].axes
    assert heat.get_ylim() == (0.0, 60.0)
    assert bar.get_ylabel() == "dB"


def test_outputs_are_known_by_their_names(model: Any, signals: dict[str, Any]) -> None:
    found = dg.plot({"audio": signals["wet/signal"]}, model.graph)
    assert found["audio"].axes[0].get_xlim() == (0.0, 2.0)


def test_without_a_graph_names_and_ranks_say_the_kind() -> None:
    found = dg.plot({"audio": np.sin(np.arange(1000))[None], "f0_hz": np.full([1, 50, 1], 440.0)}, names=["f0_hz"])
    assert list(found) == ["f0_hz"]
    assert found["f0_hz"].axes[0].get_yscale() == "log"
    with pytest.raises(KeyError):
        dg.plot({}, names=["f0_hz"])


@pytest.mark.parametrize("value", [0.0, np.nan, 1e30])
def test_every_kind_can_be_drawn_and_saved(value: float) -> None:
    shapes = {"$audio": (1, 4000), "f0_hz": (1, 700, 1), "heat": (1, 700, 30), "two": (1, 700, 2), "one": (1,)}
    found = dg.plot({name: np.full(shape, value, np.float32) for name, shape in shapes.items()})
    shown = found._repr_html_()
    assert shown.count('<img src="data:image/png;base64,') == 5
    assert 'alt="$audio"' in shown


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(dg.GraphError) as caught:
        dg.plot({"audio": np.zeros([1, 100])})
    assert [d.code for d in caught.value.diagnostics] == ["E608"]
    assert install_command("plot") in str(caught.value)


def test_graphs_show_themselves(model: Any) -> None:
    graph = dg.load(GUITAR)
    assert graph._repr_svg_().startswith("<svg")
    assert "<svg" in graph._repr_html_()
    assert "5 nodes" in graph._repr_html_()
    assert "compiled, 5 nodes, 48 000 weights" in model._repr_html_()
    assert model._repr_svg_().startswith("<svg")


def test_without_dot_a_table_stands_for_the_diagram(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    graph = dg.load(GUITAR)
    assert graph._repr_svg_() is None
    shown = graph._repr_html_()
    assert "<td>exp_decay_reverb</td><td>room</td><td>chorus/signal</td><td>[b, 196·frames] audio</td>" in shown


def test_names_stay_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from tests.render.hostile import hostile_graph

    assert "<script" not in hostile_graph()._repr_html_()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "<script" not in hostile_graph()._repr_html_()
