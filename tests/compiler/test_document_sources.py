"""Where a spec comes from: files, text, mappings."""

from __future__ import annotations

import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ddspgraph.compiler.frontend.document import read
from ddspgraph.diagnostics import GraphError
from ddspgraph.limits import DEFAULT_LIMITS

SPEC = "version: 2\nname: tone\n"


def test_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text(SPEC)
    for source in (path, str(path)):
        document = read(source)
        assert document.source.name == str(path)
        assert document.root.plain()["version"] == 2
    assert read(path, name="given").source.name == "given"


@pytest.mark.parametrize("text", ["version: 2", "{}", " {a: 1}", "a:\n", "a:\r"])
def test_yaml_text_is_read(text: str) -> None:
    assert read(text).source.name == "<text>"


def test_a_missing_file_gets_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "violin.yaml").write_text("a: 1")
    with pytest.raises(GraphError) as caught:
        read(tmp_path / "violn.yaml")
    found = caught.value.diagnostics[0]
    assert (found.code, str(found.span), found.hint) == (
        "E601",
        f"{tmp_path / 'violn.yaml'}:1:1",
        "did you mean 'violin.yaml'?",
    )
    assert caught.value.exit_code == 4
    with pytest.raises(GraphError, match="E601") as caught:
        read(str(tmp_path / "no" / "violin.yaml"))
    assert "does not exist" in str(caught.value.diagnostics[0].hint)


@pytest.mark.parametrize("path", ["a\0b", "\udcff\x1b[31m", "x" * 5000, "graph.yaml/x"])
def test_odd_paths_are_typed_errors(path: str) -> None:
    with pytest.raises(GraphError) as caught:
        read(path)
    assert caught.value.diagnostics[0].code == "E601"
    assert str(caught.value).replace("\n", "").isprintable()


def test_too_large_a_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_bytes(b"a: 1\n" + b"#" * (DEFAULT_LIMITS.file_bytes - 5))
    assert read(path).root.plain() == {"a": 1}
    with path.open("ab") as file:
        file.write(b"#")
    with pytest.raises(GraphError) as caught:
        read(path)
    found = caught.value.diagnostics[0]
    assert (found.code, str(found.span)) == ("E701", f"{path}:1:1")


def test_a_folder_is_not_a_spec(tmp_path: Path) -> None:
    with pytest.raises(GraphError) as caught:
        read(tmp_path)
    found = caught.value.diagnostics[0]
    assert (found.code, str(found.span)) == ("E709", f"{tmp_path}:1:1")
    assert caught.value.exit_code == 5


# Mappings

# What YAML 1.1 or 1.2 would read as something else, were it written as it stands.
STRINGS = ["1e-3", "0o17", "0x1F", "yes", "~", "", "null", "true", "12:30", "2026-01-01", ".inf", "010", "<<"]
STRINGS += ["a: b", "# x", "x # y", "- a", "|", "{", "[x]", "'", '"', "a\nb\n", " a ", "!t", "&a", "*a", "%x"]
STRINGS += ["@x", "`", "?", "é日本😀", "\t", "\u00a0", "x" * 300 + " y" * 300, "A4", "16 kHz", "$n"]


def test_a_mapping_reads_back_as_itself() -> None:
    shared = [1, 2]
    mapping = {
        "strings": STRINGS,
        "numbers": [0, -1, 1 << 53, 1e-05, 1e22, 0.1, -0.0],
        "others": [None, True, False, [], {}],
        "shared": [shared, shared],
        **dict.fromkeys(STRINGS[:-5], 1),
    }
    document = read(mapping)
    assert document.root.plain() == mapping
    assert document.source.name == "<mapping>"
    numbers = document.root.get("numbers")
    assert numbers is not None
    assert document.source.line(numbers.elements()[1].span.line) == "- -1"


def nested(levels: int) -> dict[str, Any]:
    return {} if levels == 1 else {"a": nested(levels - 1)}


def test_a_mapping_of_another_kind_is_read() -> None:
    class Half(float):
        pass

    assert read({"a": (1, Half(0.5))}).root.plain() == {"a": [1, 0.5]}
    assert read(types.MappingProxyType({"a": types.MappingProxyType({})})).root.plain() == {"a": {}}
    assert read(nested(64)).root.is_mapping


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"a": object()}, "E203"),
        ({"a": {"b": b"x"}}, "E203"),
        ({1: 2}, "E108"),
        ({"a": "\ud800"}, "E102"),
        ({"a\0": 1}, "E102"),
        ({"a": float("nan")}, "E503"),
        ({"a": [float("-inf")]}, "E503"),
        ({"a": 1 << 60}, "E706"),
        ({"a": 10**5000}, "E706"),
        ({"a": "x" * (1 << 17)}, "E705"),
        ({"a": [0] * 100_001}, "E704"),
        (nested(65), "E702"),
    ],
)
def test_what_yaml_cannot_hold_is_a_typed_error(mapping: Mapping[str, object], code: str) -> None:
    with pytest.raises(GraphError) as caught:
        read(mapping)
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_a_mapping_inside_of_itself_ends() -> None:
    mapping: dict[str, object] = {}
    mapping["a"] = [mapping]
    with pytest.raises(GraphError, match="E702"):
        read(mapping)
