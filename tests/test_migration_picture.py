"""The picture of a migration: every part of the new graph marked by what the report says of it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.migrations import migrate_text
from ddspgraph.render.dot import dot_of
from ddspgraph.render.image import render_dot
from ddspgraph.render.migration import migration_picture
from ddspgraph.render.picture import Change, Picture
from ddspgraph.render.theme import LIGHT

FIXTURES = Path(__file__).parent / "migrations"
LIST = FIXTURES / "v1" / "solo_instrument.yaml"
GIN = FIXTURES / "gin" / "v0" / "operative_config-1200.gin"


def shown(source: str | Path) -> Picture:
    result = migrate_text(source)
    return migration_picture(dg.load(result.text), result.changes)


def marks(picture: Picture) -> dict[str, Change | None]:
    return {f"{box.kind.value} {box.name}": box.change for box in picture.boxes}


def test_a_list() -> None:
    picture = shown(LIST)
    found = marks(picture)
    changed = {name for name, change in found.items() if change is Change.CHANGED}
    assert changed == {"node additive", "node filtered_noise"}
    assert {name for name, change in found.items() if change is Change.ADDED} == {"output audio"}
    assert {name for name, change in found.items() if change is Change.REMOVED} == {"input loudness_db", "node unused"}
    additive = next(box for box in picture.boxes if box.name == "additive")
    assert [*map(str, additive.lines)] == [
        "op: renamed, Additive is Harmonic since",
        "magenta/ddsp 1.0",
        "scale_fn: renamed, '@core.exp_sigmoid'",
    ]
    noise = next(box for box in picture.boxes if box.name == "filtered_noise")
    assert " ".join(map(str, noise.lines)).startswith("timing: default, magenta/ddsp's FilteredNoise")


def test_what_a_gin_file_leaves_to_code_is_added() -> None:
    found = marks(shown(GIN))
    assert found["input f0_hz"] is found["output audio"] is Change.ADDED
    assert found["node decoder"] is found["loss spectral_loss"] is Change.CHANGED


def test_a_current_spec_has_no_marks() -> None:
    text = "version: 2\nname: a\nclock: {sample_rate: 16 kHz}\ninputs: {a: {rate: audio}}\noutputs: {b: a}\n"
    assert not dg.migrate(text).changed
    assert set(marks(shown(text)).values()) == {Change.SAME}


def test_many_lines_are_counted() -> None:
    graph = dg.load(migrate_text(LIST).text)
    step = next(step for step in migrate_text(LIST).changes if step.to == "nodes.additive.op")
    box = next(box for box in migration_picture(graph, [step] * 6).boxes if box.name == "additive")
    assert len(box.lines) == 9
    assert str(box.lines[-1]) == "and 4 lines more"


@pytest.mark.parametrize("name", ["</TABLE>", "\\\\N", "<img src=x>", "a{b|c}"])
def test_notes_stay_text(name: str) -> None:
    """What the report quotes of an old file is a stranger's text."""
    graph, changes = dg.load(migrate_text(LIST).text), migrate_text(LIST).changes
    steps = [dataclasses.replace(step, note=name) for step in changes]
    svg = render_dot(dot_of(migration_picture(graph, steps), LIGHT), "svg")
    texts = [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert f"op: renamed, {name}" in [text.replace("\u2216", "\\") for text in texts if text]


# -- the command --------------------------------------------------------------------------------


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "a picture.svg"
    assert main(["migrate", str(LIST), "--diff", "--draw", str(picture)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("--- ")
    assert f"wrote {picture}: the new graph, what has changed is marked" in err
    assert "no spec was written" in err
    assert "− " in picture.read_text()


def test_with_the_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new, picture = tmp_path / "new.yaml", tmp_path / "changes.mmd"
    arguments = ["migrate", str(GIN), "--diff", "--draw", str(picture), "-o", str(new), "--json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["picture"] == str(picture)
    assert new.is_file()
    assert picture.read_text().startswith("flowchart")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--draw", "a.svg"], "--draw PICTURE goes with --diff of one file"),
        ([str(GIN), "--diff", "--draw", "a.svg"], "--draw PICTURE goes with --diff of one file"),
        (["--diff", "--draw", "a.txt"], "E607"),
    ],
)
def test_what_does_not_go(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", str(LIST), *arguments]) in (2, 4)
    assert said in capsys.readouterr().err


def test_an_op_that_is_not_there_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The picture needs types; nothing appears, the spec neither."""
    new, picture = tmp_path / "new.yaml", tmp_path / "changes.svg"
    early = FIXTURES / "gin" / "v0" / "early_autoencoder.gin"
    assert main(["migrate", str(early), "--diff", "--draw", str(picture), "-o", str(new)]) == 3
    assert "E302" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
