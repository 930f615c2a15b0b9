"""The steps as a whole: versions, contiguity, idempotence, and that old files stay what they were."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

import ddspgraph as dg
from ddspgraph.compiler.frontend.document import read_text
from ddspgraph.compiler.frontend.structure import STRUCTURE
from ddspgraph.diagnostics import GraphError, Report
from ddspgraph.migrations import LATEST, STEPS, document_version, migrate, migrate_text
from ddspgraph.resources import folder, schema

HERE = Path(__file__).parent

#: Released once, never edited again: the schema of version 1 and the specs that every later program must read.
FROZEN = {
    "schema": "e3573336b931c8f6",
    "effects": "37d7071b4335c31e",
    "pad_48k": "275fd723e2e783a6",
    "solo_instrument": "d6bd3ee4fa5be1a0",
}


def test_steps_are_contiguous_and_end_at_the_current_version():
    versions = [step.FROM_VERSION for step in STEPS]
    assert versions == list(range(1, LATEST))
    assert STRUCTURE["properties"]["version"]["const"] == LATEST


@pytest.mark.parametrize("version", range(1, LATEST))
def test_every_older_version_has_its_schema(version):
    assert schema(version)["properties"]["version"]["const"] == version


def test_every_step_shows_before_and_after():
    for step in STEPS:
        doc = step.__doc__ or ""
        assert f"version: {step.FROM_VERSION}\n" in doc
        assert f"version: {step.FROM_VERSION + 1}\n" in doc


@pytest.mark.parametrize("name", FROZEN)
def test_what_is_released_is_never_edited(name):
    path = folder("schemas") / "graph-v1.schema.json" if name == "schema" else HERE / "v1" / f"{name}.yaml"
    text = path.read_bytes().replace(b"\r\n", b"\n")
    assert hashlib.sha256(text).hexdigest()[:16] == FROZEN[name]


def test_all_fixtures_are_frozen():
    assert {path.stem for path in (HERE / "v1").glob("*.yaml")} == set(FROZEN) - {"schema"}


@pytest.mark.parametrize("path", sorted(folder("graphs").glob("*.yaml")), ids=lambda path: path.stem)
def test_migration_is_idempotent_and_leaves_current_specs_alone(path):
    first = migrate_text(path)
    again = migrate_text(first.text)
    assert (again.changed, again.changes, again.text) == (False, (), first.text)
    if first.from_version == LATEST:
        assert first.text == path.read_text()


@pytest.mark.parametrize("text", ["version: 2\r\nname: a\r\nnodes: {}\r\n", "{version: 2,\n\n\n name:   'a'}"])
def test_a_current_spec_comes_back_byte_for_byte(text):
    result = migrate_text(text)
    assert result.text == text
    assert not result.changed


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "hint"),
    [
        ("name: a\nnodes: {}\n", "E201", 1, 1, "begin with `version: 2`"),
        ("name: a\ndag: []\n", "E201", 1, 1, "begin with `version: 1`"),
        ("name: a\nversion: 3\n", "E204", 2, 10, "install a newer ddspgraph"),
        ("version: 0\n", "E204", 1, 10, "write `version: 2`"),
        ("version: -1\n", "E204", 1, 10, "write `version: 2`"),
        ("version: 2.5\n", "E204", 1, 10, "write `version: 2`"),
        ("version: '2'\n", "E204", 1, 10, "write `version: 2`"),
        ("version: true\n", "E204", 1, 10, "write `version: 2`"),
        ("version: [2]\n", "E204", 1, 10, "write `version: 2`"),
        ("version:\nname: a\n", "E204", 1, 9, "write `version: 2`"),
    ],
)
def test_versions_that_are_refused(text, code, line, column, hint):
    with pytest.raises(GraphError) as caught:
        document_version(read_text(text, "spec.yaml"))
    (found,) = caught.value.diagnostics
    assert (found.code, found.span.line, found.span.column) == (code, line, column)
    assert found.hint == hint


def test_a_missing_version_does_not_hide_the_other_errors():
    with pytest.raises(GraphError) as caught:
        migrate(read_text("name: a\ndag: [[nothing, []]]\n", "spec.yaml"), Report())
    assert [d.code for d in caught.value.diagnostics].count("E201") == 5
    report = Report()
    document, _ = migrate(read_text("name: a\n", "spec.yaml"), report)
    assert [d.code for d in report.diagnostics] == ["E201"]
    assert document_version(document) == LATEST


def test_line_ends_are_kept():
    text = (HERE / "v1" / "effects.yaml").read_text()
    unix, windows = migrate_text(text).text, migrate_text(text.replace("\n", "\r\n")).text
    assert windows == unix.replace("\n", "\r\n")


def test_an_old_spec_is_used_as_it_is_with_a_warning():
    found = dg.check(folder("graphs") / "old_style.yaml")
    assert [(d.code, d.span.line, d.span.column) for d in found] == [("W108", 2, 10)]


def test_migrating_imports_neither_tensorflow_nor_the_op_library():
    code = (
        "import sys; from ddspgraph.migrations import migrate_text; from ddspgraph.resources import folder;"
        "migrate_text(folder('graphs') / 'old_style.yaml');"
        "print([m for m in sys.modules if m.startswith(('tensorflow', 'ddspgraph.ops'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
