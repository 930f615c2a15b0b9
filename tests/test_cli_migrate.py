"""`ddspgraph migrate` on files as people have them: what is written, what is kept, what is refused."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path

import pytest

from ddspgraph import files
from ddspgraph.cli import main
from ddspgraph.diagnostics import fail
from ddspgraph.proofs import migration as verify_migration

OLD = """\
# The room of Zoë
version: 1
name: old
sample_rate: 8000
n_samples: 800
x-level: &level -6.50
inputs: [a, b]
modules: {sum: {class: Add, doc: 'a: b'}}   # a comment
dag:
  - [sum, [a, b]]
"""
NEW = """\
# The room of Zoë
version: 2
name: old

clock: {sample_rate: 8 kHz, duration: 800 samples}

inputs:
  a: {rate: audio}
  b: {rate: audio}

nodes:
  sum: {op: add, doc: 'a: b', inputs: {signal_one: a, signal_two: b}}  # a comment

outputs:
  audio: sum

x-level: -6.50
"""
BROKEN = OLD.replace("class: Add", "class: Adder")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {"old.yaml": OLD, "new.yaml": NEW, "broken.yaml": BROKEN}.items():
        Path(name).write_text(text, encoding="utf-8")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["migrate", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def contents() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path().iterdir()}


def test_the_text_goes_to_stdout_and_all_else_to_stderr(capsys) -> None:
    before = contents()
    code, out, err = run(capsys, "old.yaml")
    assert (code, out) == (0, NEW)
    assert "old.yaml:6:10: W110 the anchor '&level' is gone" in err
    assert err.endswith("old.yaml: version 1 -> 2, 6 changes, to stdout\n")
    assert contents() == before


def test_stdout_is_utf_8_whatever_the_terminal_says(capfdbinary, monkeypatch) -> None:
    Path("old.yaml").write_bytes(OLD.replace("\n", "\r\n").encode())
    with os.fdopen(os.dup(1), "w", encoding="ascii") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main(["migrate", "old.yaml"]) == 0
    assert capfdbinary.readouterr().out == NEW.replace("\n", "\r\n").encode()


def test_a_diff_writes_nothing(capsys) -> None:
    before = contents()
    code, out, err = run(capsys, "old.yaml", "--diff")
    assert code == 0
    assert out.startswith("--- old.yaml\n+++ old.yaml (migrated)\n@@")
    assert {"-version: 1", "+version: 2", " name: old"} <= set(out.splitlines())
    assert "nothing was written" in err
    assert contents() == before
    assert run(capsys, "new.yaml", "--diff")[:2] == (0, "")


def test_check_finds_work(capsys) -> None:
    before = contents()
    code, out, err = run(capsys, "old.yaml", "--check")
    assert (code, out) == (1, "")
    assert err.endswith("version 1 is not current: `ddspgraph migrate old.yaml --in-place` brings it to 2\n")
    assert run(capsys, "new.yaml", "--check") == (0, "", "new.yaml: version 2 is the current one: nothing to do\n")
    assert contents() == before


def test_in_place_keeps_the_old_file_and_is_idempotent(capsys) -> None:
    os.chmod("old.yaml", 0o640)
    assert run(capsys, "old.yaml", "--in-place")[:2] == (0, "")
    assert Path("old.yaml").read_text("utf-8") == NEW
    assert Path("old.yaml.bak").read_text("utf-8") == OLD
    assert {Path(name).stat().st_mode & 0o777 for name in ("old.yaml", "old.yaml.bak")} == {0o640}
    before = contents()
    code, out, err = run(capsys, "old.yaml", "--in-place")
    assert (code, out, err) == (0, "", "old.yaml: version 2 is the current one: nothing to do\n")
    assert contents() == before


def test_a_backup_never_replaces_another(capsys) -> None:
    Path("old.yaml.bak").write_text("mine")
    os.symlink("nowhere", "old.yaml.bak2")
    assert run(capsys, "old.yaml", "--in-place")[0] == 0
    assert Path("old.yaml.bak").read_text() == "mine"
    assert Path("old.yaml.bak3").read_text("utf-8") == OLD
    Path("old.yaml").write_text(OLD, encoding="utf-8")
    assert "the old one is old.yaml.bak3\n" in run(capsys, "old.yaml", "--in-place")[2]


def test_a_link_stays_a_link(capsys) -> None:
    os.symlink("old.yaml", "link.yaml")
    assert run(capsys, "link.yaml", "--in-place")[0] == 0
    assert Path("link.yaml").is_symlink()
    assert Path("old.yaml").read_text("utf-8") == NEW
    assert Path("link.yaml.bak").read_text("utf-8") == OLD


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_byte_order_marks_stay(capsys, mark: bytes, end: str) -> None:
    old = mark + OLD.replace("\n", end).encode()
    new = mark + NEW.replace("\n", end).encode()
    Path("a.yaml").write_bytes(old)
    assert run(capsys, "a.yaml", "-o", "b.yaml")[:2] == (0, "")
    assert run(capsys, "a.yaml", "--in-place")[:2] == (0, "")
    assert run(capsys, "a.yaml", "-o", "c.yaml")[2].endswith("nothing to do, copied to c.yaml\n")
    found = contents()
    assert [found[name] for name in ("a.yaml", "a.yaml.bak", "b.yaml", "c.yaml")] == [new, old, new, new]


def test_a_folder_that_cannot_be_written_loses_nothing(capsys, monkeypatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    before = contents()
    monkeypatch.setattr(files.os, "replace", refused)  # tests may run as root, whom no mode stops
    for arguments in (("old.yaml", "--in-place"), ("old.yaml", "-o", "b.yaml")):
        code, out, err = run(capsys, *arguments)
        assert (code, out) == (4, "")
        assert "E607 cannot be written: Permission denied" in err
        assert contents() == before


def test_a_folder_that_is_not_there(capsys) -> None:
    code, _, err = run(capsys, "old.yaml", "-o", "none/b.yaml")
    assert code == 4
    assert "the folder 'none' does not exist" in err


def test_names_with_spaces(capsys) -> None:
    Path("my old.yaml").write_text(OLD, encoding="utf-8")
    assert "`ddspgraph migrate 'my old.yaml' --in-place`" in run(capsys, "my old.yaml", "--check")[2]
    assert run(capsys, "my old.yaml", "-o", "my new.yaml")[:2] == (0, "")
    assert Path("my new.yaml").read_text("utf-8") == NEW


def stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_stdin(capsys, monkeypatch) -> None:
    stdin(monkeypatch, OLD)
    assert run(capsys, "-")[:2] == (0, NEW)
    stdin(monkeypatch, "\ufeff" + OLD)
    assert run(capsys, "-", "-o", "b.yaml")[:2] == (0, "")
    assert Path("b.yaml").read_text("utf-8") == NEW
    stdin(monkeypatch, OLD)
    code, _, err = run(capsys, "-", "--check")
    assert code == 1
    assert err.endswith("<stdin>: version 1 is not current, which is 2\n")


def test_several_files(capsys) -> None:
    code, out, err = run(capsys, "new.yaml", "broken.yaml", "old.yaml", "--check")
    assert (code, out) == (3, "")
    assert "broken.yaml:8:24: E302 version 1 has no class 'Adder'" in err
    assert "old.yaml: version 1 is not current" in err
    assert run(capsys, "new.yaml", "old.yaml", "--check")[0] == 1
    reports = json.loads(run(capsys, "new.yaml", "broken.yaml", "old.yaml", "--in-place", "--json")[1])
    assert [r["ok"] for r in reports] == [True, False, True]
    assert [r.get("written") for r in reports] == [None, None, "old.yaml"]
    assert reports[1]["diagnostics"][0]["code"] == "E302"
    assert Path("old.yaml").read_text("utf-8") == NEW
    assert Path("broken.yaml").read_text("utf-8") == BROKEN


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-", "--in-place"), "--in-place needs a file, not stdin"),
        (("old.yaml", "new.yaml"), "several files need --in-place, --check or --diff"),
        (("old.yaml", "new.yaml", "-o", "b.yaml"), "-o takes one file"),
        (("old.yaml", "-o", "./old.yaml"), "-o names the file itself"),
        (("old.yaml", "--in-place", "--check"), "not allowed with argument"),
    ],
)
def test_usage(capsys, arguments: tuple[str, ...], message: str) -> None:
    before = contents()
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert contents() == before


def test_json_says_it_all(capsys) -> None:
    code, out, _ = run(capsys, "old.yaml", "--in-place", "--json")
    report = json.loads(out)
    assert code == 0
    expected = {"file": "old.yaml", "ok": True, "from_version": 1, "to_version": 2, "changed": True, "text": NEW}
    assert {key: report[key] for key in expected} == expected
    assert (report["written"], report["backup"], report["verified"]) == ("old.yaml", "old.yaml.bak", None)
    assert [w["code"] for w in report["warnings"]] == ["W110"]
    change = next(c for c in report["changes"] if c["path"] == "modules.sum.class")
    assert (change["kind"], change["to"], change["line"], change["column"]) == ("moved", "nodes.sum.op", 8, 24)


@pytest.mark.parametrize(
    ("old", "new", "code", "finding"),
    [
        ("version: 1", "version: 3", 3, "old.yaml:2:10: E204 the spec is of version 3; this program knows versions up"),
        ("version: 1", "versoin: 1", 3, "E201"),
        ("[a, b]]", "[a, b]", 3, "E101"),
        ("class: Add", "class: Adder", 3, "old.yaml:8:24: E302"),
    ],
)
def test_what_is_refused_stays_as_it_is(capsys, old: str, new: str, code: int, finding: str) -> None:
    Path("old.yaml").write_text(OLD.replace(old, new), encoding="utf-8")
    before = contents()
    for arguments in (("--in-place",), ("-o", "b.yaml"), ("--check",), ()):
        found, out, err = run(capsys, "old.yaml", *arguments)
        assert (found, out) == (code, "")
        assert finding in err
    assert contents() == before


# -- gin --------------------------------------------------------------------------------------------------

GIN = """\
include 'parts/sizes.gin'
ProcessorGroup.dag = [(@synths.Harmonic(), ['amps', 'distribution', 'f0_hz'])]
Harmonic.sample_rate = %RATE
"""


def test_a_gin_file_and_a_folder_of_what_it_includes(capsys) -> None:
    Path("own.gin").write_text(GIN)
    Path("lib/parts").mkdir(parents=True)
    Path("lib/parts/sizes.gin").write_text("RATE = 24000\n")
    code, _, err = run(capsys, "own.gin")
    assert code == 4
    assert "own.gin:1:9: E601" in err
    code, out, err = run(capsys, "own.gin", "--gin-path", "lib", "-o", "own.yaml")
    assert (code, out) == (0, "")
    assert "sample_rate: 24 kHz" in Path("own.yaml").read_text()
    assert "own.gin: version 0 -> 2" in err
    assert run(capsys, "own.gin", "--gin-path", "lib", "--check")[2].endswith(
        "version 0 is not current: `ddspgraph migrate own.gin -o own.yaml` brings it to 2\n"
    )


def test_a_gin_file_is_never_replaced(capsys) -> None:
    text = GIN.replace("include 'parts/sizes.gin'", "RATE = 24000")
    Path("a.gin").write_text(text)
    Path("a.txt").write_text(text)
    before = contents()
    for file in ("a.gin", "a.txt"):
        code, out, err = run(capsys, file, "--in-place")
        assert (code, out) == (2, "")
        assert "-o a.yaml writes it beside" in err
    assert contents() == before


# -- verify -----------------------------------------------------------------------------------------------


def test_verify_says_the_largest_difference(capsys) -> None:
    code, out, err = run(capsys, "old.yaml", "--verify")
    assert (code, out) == (0, NEW)
    assert re.search(r"old\.yaml: verified: 'audio' differs by 0 at most \(tolerance [\d.e-]+\)\n", err)
    report = json.loads(run(capsys, "old.yaml", "--verify", "--json")[1])
    (audio,) = report["verified"]
    assert (audio["name"], audio["difference"]) == ("audio", 0.0)
    assert run(capsys, "new.yaml", "--verify", "--check")[0] == 0


def test_verify_runs_the_chain_of_a_gin_file(capsys) -> None:
    Path("a.gin").write_text("ProcessorGroup.dag = [(@Mix(), ['a', 'b', 'level'])]\n")
    code, _, err = run(capsys, "a.gin", "--verify")
    assert code == 0
    assert "a.gin: verified: 'audio' differs by 0 at most" in err
    ragged = "Mix.sample_rate = 48000\nMix.n_samples = 64000\n"  # no whole number of frames
    Path("a.gin").write_text(f"ProcessorGroup.dag = [(@Mix(), ['a', 'b', 'level'])]\n{ragged}")
    assert run(capsys, "a.gin", "--verify")[0] == 0
    Path("b.gin").write_text("ProcessorGroup.dag = [(@nn.Fc(), ['a'])]\n")
    code, out, err = run(capsys, "b.gin", "--verify")
    assert (code, out) == (2, "")
    assert "--verify runs lists of processors; b.gin holds more" in err


def test_nothing_is_written_where_the_two_differ(capsys, monkeypatch) -> None:
    def differs(*_: object) -> None:
        raise fail("E802", "the migrated graph does not compute what the list does: 'audio' differs by 1 at most")

    before = contents()
    monkeypatch.setattr(verify_migration, "verify_migration", differs)
    for arguments in (("--in-place",), ("-o", "b.yaml"), ()):
        code, out, err = run(capsys, "old.yaml", "--verify", *arguments)
        assert (code, out) == (6, "")
        assert "E802" in err
    assert contents() == before
