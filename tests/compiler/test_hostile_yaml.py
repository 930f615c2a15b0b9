"""A spec from a stranger ends in a document or a typed error: in bounded time and memory, running nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ddspgraph.compiler.frontend.document import read, read_text
from ddspgraph.diagnostics import GraphError
from ddspgraph.limits import DEFAULT_LIMITS
from tests.compiler.hostile_payloads import PAYLOADS

ROOT = Path(__file__).parents[2]

# The ones that killed or stalled a reader which parses first and counts later.
MAY_CRASH = ["30000 brackets", "30,000 closed brackets", "1000000 brackets", "500000 question marks"]


def in_a_child(names: Iterable[str], folder: Path | None = None) -> dict[str, dict[str, Any]]:
    """Reads payloads in a process that may use 1 GiB of address space; fails if it ends by a signal."""
    asked = json.dumps({"names": list(names), "folder": folder and str(folder)})
    command = [sys.executable, "-m", "tests.compiler.hostile_payloads"]
    child = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=120, cwd=ROOT, check=False)
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, f"{lines[-1:]} ended with {child.returncode}: {child.stderr[-2000:]}"
    return {line["name"]: line for line in lines if "name" in line}


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    return in_a_child(PAYLOADS)


@pytest.mark.parametrize("name", PAYLOADS)
def test_hostile_texts_end_in_time(name: str, results: dict[str, dict[str, Any]]) -> None:
    result, expected = results[name], PAYLOADS[name][1]
    assert result["code"] == expected
    # CPU time: the machine may be busy. A document that fills the limits may take longer than a refusal.
    assert result["seconds"] < (1.0 if expected not in (None, "E703") else 3.0)
    assert result["characters"] < 60_000


@pytest.mark.parametrize("name", MAY_CRASH)
def test_a_reader_that_starts_with_it_survives(name: str) -> None:
    assert in_a_child([name])[name]["code"] == "E702"


def test_odd_files_end_in_time(tmp_path: Path) -> None:
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
        "to_spec.yaml": None,
        "spec.yaml": None,
    }
    results = in_a_child(expected, tmp_path)
    assert {name: result["code"] for name, result in results.items()} == expected
    assert max(result["seconds"] for result in results.values()) < 1.0


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
    import yaml

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a YAML loader ran")

    for name in ("load", "load_all", "compose", "compose_all", "safe_load", "unsafe_load"):
        monkeypatch.setattr(yaml, name, refuse)
    monkeypatch.setattr(yaml.constructor.BaseConstructor, "construct_document", refuse)
    monkeypatch.setattr(yaml.composer.Composer, "compose_node", refuse)
    assert read_text("a: &a {b: 1}\nc: {<<: *a}\n", "t").root.plain()["c"] == {"b": 1}
