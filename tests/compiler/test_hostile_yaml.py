"""A spec from a stranger ends in a document or a typed error: bounded, running nothing."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ddspgraph.compiler.frontend import document
from ddspgraph.compiler.frontend.document import read, read_text
from ddspgraph.compiler.frontend.yaml.structure import check_structure
from ddspgraph.compiler.frontend.yaml.values import build
from ddspgraph.diagnostics import GraphError, Source
from ddspgraph.limits import DEFAULT_LIMITS, Limits
from tests.compiler.hostile_texts import BEYOND, DEPTH, FLAT, NEAR, NESTED, OTHER, levels


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[type]:
    """The kinds of the events that YAML's parser was asked for."""
    read: list[type] = []

    def spy(*given: Any, **named: Any) -> Iterator[Any]:
        for event in parse(*given, **named):
            read.append(type(event))
            yield event

    parse = yaml.parse
    monkeypatch.setattr(yaml, "parse", spy)
    return read


@pytest.mark.parametrize("count", [DEPTH + 1, DEPTH + 2, 2 * DEPTH])
@pytest.mark.parametrize("name", NESTED)
def test_too_deep_a_text_never_meets_a_parser(name: str, count: int, events: list[type]) -> None:
    text, (line, column) = NESTED[name][0](count), NESTED[name][1]
    with pytest.raises(GraphError) as caught:
        read_text(text, "t")
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("E702", f"nested deeper than {DEPTH} levels")
    assert found.span is not None
    assert (found.span.line, found.span.column) == (line, column)
    assert not events


@pytest.mark.parametrize("name", FLAT)
def test_what_only_looks_deep_is_read(name: str) -> None:
    assert read_text(FLAT[name], "t").root.is_mapping


def test_levels_are_those_of_the_parser() -> None:
    """The first level that is too deep, by our walk and by the events, in random documents of every style."""
    rng = random.Random(0)
    n_deep = 0
    for _ in range(300):
        text = _random_text(rng)
        found, places = _places(text)
        for depth in range(1, found):
            with pytest.raises(GraphError) as caught:
                check_structure(Source("t", text), Limits(depth=depth))
            span = caught.value.diagnostics[0].span
            assert span is not None
            assert (span.line, span.column) == places[depth + 1], text
            n_deep += 1
        check_structure(Source("t", text), Limits(depth=max(found, 1)))
    assert n_deep > 300


_WORDS = [
    "[[[",
    "a: b",
    "{x: 'y]'}",
    "# c [",
    "a [ b",
    "it's",
    '"q\\"["',
    "- not",
    "a:b",
    "é",
    "two\nlines [x",
    "",
    "| x",
    "? q",
]


class _AnyStyle(yaml.SafeDumper):
    """Writes each value in a style of its own, the lists of a key sometimes at its column."""

    rng: random.Random

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless and self.rng.random() < 0.7)


def _random_text(rng: random.Random) -> str:
    def value(depth: int) -> Any:
        kind = rng.random()
        if depth == 0 or kind < 0.3:
            return rng.choice(_WORDS)
        if kind < 0.65:
            return {f"{rng.choice('abc')}{i}": value(depth - 1) for i in range(rng.randint(0, 3))}
        return [value(depth - 1) for _ in range(rng.randint(0, 3))]

    class Dumper(_AnyStyle):
        pass

    Dumper.rng = rng
    styles = [None, None, '"', "'", "|", ">"]
    Dumper.add_representer(str, lambda d, x: d.represent_scalar("tag:yaml.org,2002:str", x, style=rng.choice(styles)))
    Dumper.add_representer(
        list, lambda d, x: d.represent_sequence("tag:yaml.org,2002:seq", x, flow_style=rng.random() < 0.3)
    )
    Dumper.add_representer(
        dict, lambda d, x: d.represent_mapping("tag:yaml.org,2002:map", x, flow_style=rng.random() < 0.3)
    )
    text = yaml.dump({"a": value(6)}, Dumper=Dumper, width=rng.choice([20, 1000]), allow_unicode=True)
    return text.replace("\n", rng.choice(["\n", "\r\n"]))


def _places(text: str) -> tuple[int, dict[int, tuple[int, int]]]:
    """The deepest level by PyYAML, and where each level is first reached."""
    level, places = 0, {}
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
            places.setdefault(level, (event.start_mark.line + 1, event.start_mark.column + 1))
        level -= isinstance(event, yaml.CollectionEndEvent)
    return max(places), places


@pytest.mark.parametrize("parser", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
@pytest.mark.parametrize("name", [*BEYOND, *OTHER])
def test_hostile_texts_end_in_typed_errors(name: str, parser: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "build", lambda source, limits: build(source, limits, parser))
    text, expected = {**BEYOND, **OTHER}[name]
    if expected is None:
        assert read_text(text, name, NEAR).root.is_mapping
        return
    with pytest.raises(GraphError) as caught:
        read_text(text, name, NEAR)
    assert caught.value.diagnostics[0].code == expected
    assert len(str(caught.value)) < 60_000


@pytest.mark.parametrize("name", BEYOND)
def test_nothing_is_read_beyond_a_limit(name: str, events: list[type]) -> None:
    text, code = BEYOND[name]
    with pytest.raises(GraphError):
        read_text(text, name, NEAR)
    if code == "E701" or name.startswith(("a word", "a key", "a quoted key", "letters", "escapes", "words")):
        assert not events
    elif code == "E703":
        assert len(events) == NEAR.events + 1
    elif code != "E706":  # a fault of one value: the rest is checked as well
        # The event that is too much is the last that was asked for.
        assert yaml.StreamEndEvent not in events


@pytest.mark.parametrize("text", [levels(70, "[1]", "[{}]".format), levels(70, "{k: 1}", "{{<<: {}}}".format)])
def test_aliases_are_as_deep_as_what_they_name(text: str) -> None:
    with pytest.raises(GraphError, match=f"nested deeper than {DEPTH} levels, aliases written out"):
        read_text(text, "t")


def test_half_of_a_character_is_refused_where_it_is_escaped() -> None:
    """By the parser or by us: some parsers take it."""
    with pytest.raises(GraphError, match=r"E10[12]"):
        read_text('a: "\\ud800"', "t")


def test_odd_files_end_in_typed_errors(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "spec.yaml").write_text("a: 1\n")
    for name, target in (
        ("zero.yaml", "/dev/zero"),
        ("null.yaml", os.devnull),
        ("to_spec.yaml", "spec.yaml"),
        ("to_folder.yaml", "folder.yaml"),
        ("to_nothing.yaml", "nothing"),
        ("loop.yaml", "loop.yaml"),
    ):
        (tmp_path / name).symlink_to(target)
    with (tmp_path / "sparse.yaml").open("wb") as file:
        file.truncate(1 << 30)
    expected = {
        "pipe.yaml": "E709",
        "folder.yaml": "E709",
        "zero.yaml": "E709",
        "null.yaml": "E709",
        "to_folder.yaml": "E709",
        "to_nothing.yaml": "E601",
        "loop.yaml": "E601",
        "sparse.yaml": "E701",
    }
    for name, code in expected.items():
        with pytest.raises(GraphError, match=code):
            read(tmp_path / name)
    for name in ("to_spec.yaml", "spec.yaml"):
        assert read(tmp_path / name).root.is_mapping


def test_a_pipe_put_in_place_of_a_file_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, pipe = tmp_path / "spec.yaml", tmp_path / "pipe"
    spec.write_text("a: 1\n")
    os.mkfifo(pipe)
    before = os.stat(spec)
    monkeypatch.setattr(os, "stat", lambda path: before)  # what stood there when it was looked at
    with pytest.raises(GraphError, match="E709"):
        read(pipe)


def test_a_file_that_grows_is_read_up_to_the_limit() -> None:
    # Files of /proc say 0 bytes and may hold more than that.
    path = Path("/proc/self/status")
    if path.exists():
        limits = type(DEFAULT_LIMITS)(file_bytes=16)
        with pytest.raises(GraphError, match="E701"):
            read(path, limits=limits)


# T6: tags. `canary` is importable while these run; nothing may import it.
TAGS = """
!!python/object:canary.Bird {} | !!python/object/apply:canary.sing [] | !!python/object/apply:os.system [x]
!!python/object/new:canary.Bird [] | !!python/module:canary '' | !!python/name:canary.sing ''
!!python/object/apply:canary.sing | !!python/tuple [] | !!python/str x | !!python/none x | !!python/bytes x
!!python/complex 1j | !!binary aGk= | !!set {a} | !!omap [] | !!pairs [] | !!timestamp 2026-01-01
!!str 1 | !!int 1 | !!float 1 | !!bool yes | !!null x | !!seq [] | !!map {} | !!merge x | !!value x
!<tag:yaml.org,2002:python/object/apply:canary.sing> [] | !<!x> 1 | !<canary 1 | !e!x 1 | !x%20y 1
!x 1 | ! 1 | &a !x 1 | !x &a 1 | !include canary.py | !ENV x
"""


@pytest.mark.parametrize("payload", [tag.strip() for tag in TAGS.replace("\n", "|").strip("|").split("|")])
@pytest.mark.parametrize("form", ["a: {}", "{}", "[{}]", "{} : 1", "a: [1, {}]", "a: 1\n---\n{}"])
def test_tags_are_refused_and_nothing_runs(
    payload: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = tmp_path / "song"
    code = f"open({str(song)!r}, 'w').close()\nclass Bird: pass\ndef sing(*_): open({str(song)!r}, 'w')\n"
    (tmp_path / "canary.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(GraphError) as caught:
        read_text(form.replace("{}", payload, 1), "t")
    codes = {d.code for d in caught.value.diagnostics}
    assert "E104" in codes or ("---" in form and codes == {"E106"})
    assert "canary" not in sys.modules
    assert not song.exists()


def test_yaml_never_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a YAML loader ran")

    for name in ("load", "load_all", "compose", "compose_all", "safe_load", "unsafe_load"):
        monkeypatch.setattr(yaml, name, refuse)
    monkeypatch.setattr(yaml.constructor.BaseConstructor, "construct_document", refuse)
    monkeypatch.setattr(yaml.composer.Composer, "compose_node", refuse)
    assert read_text("a: &a {b: 1}\nc: {<<: *a}\n", "t").root.plain()["c"] == {"b": 1}
