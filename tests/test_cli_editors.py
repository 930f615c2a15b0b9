"""`ops` as a search, `new` and `schema`: what helps to write a spec."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

import ddspgraph as dg
from ddspgraph.cli import main
from ddspgraph.compiler.frontend.document import read
from ddspgraph.compiler.frontend.op_names import ops_called
from ddspgraph.ops import OPS
from ddspgraph.ops.missing import MEANS

OWN_OPS = '''
import ddspgraph as dg


class Halve(dg.Op):
    """Halves a signal: y = x / 2.

    Source: elementary.
    """

    inputs = {"audio": dg.audio()}
    outputs = {"signal": dg.audio()}

    def kernel(self, audio):
        return audio / 2
'''


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")


def run(capsys: Any, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    told = capsys.readouterr()
    return code, told.out, told.err


# -- ops -------------------------------------------------------------------------------------------------------


def test_a_pipe_gets_every_op_with_all_its_words_in_one_line(capsys: Any) -> None:
    lines = run(capsys, "ops")[1].splitlines()
    for op in OPS.values():
        (line,) = [line for line in lines if line.split()[:1] == [op.name] and line.startswith("  ")]
        assert "..." not in line.removesuffix(")")[-5:]
        for word in op.words:
            assert word.partition(" (")[0] in line


def test_a_terminal_gets_lines_that_fit(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    for arguments in (["ops"], ["ops", "reverb"], ["ops", "make", "it", "quieter"], ["ops", "filter"]):
        out = run(capsys, *arguments)[1]
        assert max(map(len, out.splitlines())) <= 60
    assert "without it" not in out


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("ensemble", "chorus"),
        ("sidechain", "compressor"),
        ("how do I make it quieter when the kick plays?", "compressor"),
        ("Low-Pass", "lowpass"),
        ("envelope", "exp_decay"),
        ("slapback", "delay"),
        ("make it quieter", "gain"),
        ("MAKE IT LOUDER!", "gain"),
        ("darker", "lowpass"),
        ("midi to hz", "midi_to_hz"),
        ("harmonik", None),
        ("make it", None),
    ],
)
def test_words_lead_to_ops(words: str, first: str | None, capsys: Any) -> None:
    code, out, err = run(capsys, "ops", *words.split())
    if first is None:
        assert code == 2
        assert "ddspgraph ops" in err
        return
    assert code == 0
    entries = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert entries[0] == first
    found = json.loads(run(capsys, "ops", *words.split(), "--json")[1])
    assert [op["name"] for op in found] == entries


def test_what_makes_an_op_that_thing_is_shown(capsys: Any) -> None:
    assert "[shape: square]" in run(capsys, "ops", "chopper")[1]


def test_what_is_missing_is_said_with_what_to_do(capsys: Any) -> None:
    code, out, _ = run(capsys, "ops", "balance")
    assert code == 0
    assert "There is no op 'balance'" in out
    assert "'gain'" in out


def test_the_means_of_every_wish_are_there() -> None:
    for means in MEANS.values():
        assert means in OPS or ops_called(means, OPS.values())


# -- new -------------------------------------------------------------------------------------------------------


def names(capsys: Any) -> list[str]:
    return [graph["name"] for graph in json.loads(run(capsys, "new", "--list", "--json")[1])]


def test_every_graph_can_be_started_from(capsys: Any) -> None:
    listed = run(capsys, "new", "--list")[1].splitlines()
    assert [line.split()[0] for line in listed] == names(capsys)
    assert "guitar_chorus" in names(capsys)
    assert "models/solo_instrument" in names(capsys)
    validator = Draft7Validator(json.loads(run(capsys, "schema")[1]))
    for i, name in enumerate(names(capsys)):
        assert run(capsys, "new", f"copy {i}", "--from", name)[0] == 0
        path = Path(f"copy {i}.yaml")
        graph = dg.load(path)
        assert graph.name == f"copy_{i}"
        modeline, schema = path.read_text().splitlines()[0].split("$schema=")
        assert modeline == "# yaml-language-server: "
        assert json.loads(Path(schema).read_text()) == validator.schema
        assert not list(validator.iter_errors(read(path).root.plain()))


@pytest.mark.parametrize(("name", "called"), [("1st", "_1st"), ("null", "_null"), ("ähm", "_hm"), ("a-b.yml", "a_b")])
def test_any_file_name_gives_a_name_that_is_one(name: str, called: str, capsys: Any) -> None:
    assert run(capsys, "new", name)[0] == 0
    assert dg.load(name if name.endswith(".yml") else f"{name}.yaml").name == called


def test_nothing_is_overwritten(capsys: Any) -> None:
    Path("mine.yaml").write_text("mine")
    code, _, err = run(capsys, "new", "mine", "--from", "wind")
    assert (code, Path("mine.yaml").read_text()) == (4, "mine")
    assert "E607" in err
    assert not Path("ddspgraph.schema.json").exists()
    Path("ddspgraph.schema.json").write_text("{}")
    assert run(capsys, "new", "other")[0] == 0
    assert Path("ddspgraph.schema.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "which name?"),
        (["a", "--from", "guitar"], 2, "did you mean 'guitar_chorus'"),
        (["a", "--from", "old_style"], 2, "no graph 'old_style'"),
        (["nowhere/a"], 4, "the folder 'nowhere' does not exist"),
        (["a", "--ops", "nothing.py"], 4, "E610"),
    ],
)
def test_what_cannot_be_begun(arguments: list[str], code: int, message: str, capsys: Any) -> None:
    found, _, err = run(capsys, "new", *arguments)
    assert found == code
    assert message in err
    assert not list(Path().iterdir())


# -- schema ----------------------------------------------------------------------------------------------------


def test_own_ops_are_no_errors_in_an_editor(capsys: Any) -> None:
    Path("own.py").write_text(OWN_OPS)
    spec = {"version": 2, "name": "a", "nodes": {"x": {"op": "halve", "inputs": ["y"]}}}
    assert list(Draft7Validator(json.loads(run(capsys, "schema")[1])).iter_errors(spec))
    code, out, err = run(capsys, "schema", "--ops", "own.py", "-o", "with own.json")
    assert (code, out) == (0, "")
    assert "$schema=with own.json" in err
    schema = json.loads(Path("with own.json").read_text())
    Draft7Validator.check_schema(schema)
    assert not list(Draft7Validator(schema).iter_errors(spec))
    assert run(capsys, "new", "mine", "--ops", "own.py")[0] == 0
    assert json.loads(Path("ddspgraph.schema.json").read_text()) == schema
