"""The files that come with the program are found."""

from __future__ import annotations

import pytest

from ddspgraph import resources


def test_schemas_and_graphs_are_found():
    assert (resources.folder("schemas") / "graph-v1.schema.json").is_file()
    assert list(resources.folder("graphs").glob("*.yaml"))
    assert resources.schema(1)["title"] == "ddspgraph graph, version 1"


def test_inside_of_a_wheel_the_package_has_them(tmp_path, monkeypatch):
    (tmp_path / "ddspgraph" / "schemas").mkdir(parents=True)
    (tmp_path / "schemas").mkdir()  # of some other project
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "ddspgraph")
    assert resources.folder("schemas") == tmp_path / "ddspgraph" / "schemas"


def test_a_broken_installation_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "ddspgraph")
    with pytest.raises(FileNotFoundError, match="reinstall ddspgraph"):
        resources.folder("schemas")
