"""Specs as people break them, and exactly what they read: `tests/errors/*.yaml` beside `*.txt`.

To add one, write the spec, run this file as a module (`python -m tests.test_errors`), and read what it wrote as the
person who made the mistake: is it one sentence, at the right place, with a repair?
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ddspgraph.codes import CODES
from ddspgraph.compiler.driver import check
from ddspgraph.compiler.frontend.document import read_text
from ddspgraph.diagnostics import Diagnostic, GraphError
from ddspgraph.limits import Limits

HERE = Path(__file__).parent
SPECS = sorted((HERE / "errors").glob("*.yaml"))
#: What no small spec can show, and where it is shown.
ELSEWHERE = {
    **dict.fromkeys(
        ("E102", "E104", "E105", "E106", "E107", "E108", "E701", "E702", "E704", "E705", "E706"),
        "compiler/test_document.py",
    ),
    **dict.fromkeys(("E703", "E709"), "compiler/test_hostile_yaml.py"),
    **dict.fromkeys(("E707", "W109"), "compiler/test_hostile_specs.py"),
    "E601": "compiler/test_document_sources.py",
    "E602": "io/test_audio.py",
    **dict.fromkeys(("E603", "E604", "E605", "E606"), "compiler/test_lower.py"),
    **dict.fromkeys(("E607", "E608"), "render/test_draw.py"),
    "E609": "export/test_saved_model.py",
    **dict.fromkeys(("E610", "E801"), "test_cli.py"),
    **dict.fromkeys(("E611", "E612"), "data/test_dataset.py"),
    **dict.fromkeys(("E613", "E617"), "data/test_features.py"),
    "E802": "migrations/test_interpret.py",
    "E901": "migrations/test_v1_errors.py",
    **dict.fromkeys(
        ("E905", "E906", "E907", "E908", "E909", "W138", "W139"), "migrations/checkpoint/test_bad_folders.py"
    ),
    **dict.fromkeys(("E902", "E903", "E904", "W111", "W123", "W124"), "migrations/gin"),
    **dict.fromkeys(("E710", "E711", "W120"), "compiler/test_subgraphs.py"),
    "E434": "test_rewriting.py",
    "E614": "training/test_run_folder.py",
    "E623": "training/test_kept.py",
    "E636": "export/test_quantize.py",
    "E637": "midi/test_midi_file.py",
    "E638": "midi/test_keyboard.py",
    "W131": "midi/test_midi_graph.py",
    "E635": "export/test_saved_functions.py",
    **dict.fromkeys(("E615", "E616", "W112"), "training/test_checkpoints.py"),
    "E803": "training/test_guard.py",
    "E415": "streaming/test_graphs.py",
    "E416": "export/test_targets.py",
    "E804": "streaming/test_command.py",
    "W108": "migrations/test_steps.py",
    "W110": "migrations/test_layout.py",
}


def findings(path: Path) -> tuple[Diagnostic, ...]:
    """Of a spec, under a limit that does not depend on this machine, named without its folder."""
    return findings_of(path.read_bytes(), path.name)


def findings_of(text: str | bytes, name: str) -> tuple[Diagnostic, ...]:
    limits = Limits(memory_bytes=8 << 30)
    try:
        return check(read_text(text, name), limits=limits)
    except GraphError as error:  # of the text itself
        return error.diagnostics


def rendered(path: Path) -> str:
    return "".join(f"{finding}\n" for finding in findings(path))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_broken_spec_is_answered(path: Path) -> None:
    assert rendered(path) == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_an_answer_is_one_sentence_at_a_place_with_a_repair(path: Path) -> None:
    found = findings(path)
    assert found
    places = [(d.span.line, d.span.column) for d in found if d.span]
    assert places == sorted(places)
    assert len(places) == len(found)
    for finding in found:
        assert "\n" not in finding.message
        assert not finding.message.endswith(".")
        line = path.read_text(encoding="utf-8").splitlines()[finding.span.line - 1] if finding.span else ""
        assert finding.span
        assert finding.span.column <= len(line) + 1
    assert sum(bool(d.hint) for d in found) >= 0.75 * len(found)


#: Repairs that say what to write where the carets are.
PRINTED = re.compile(
    r"(?:write|the note is written|the nearest legal value is|it is called|did you mean)"
    r" (?:`(?P<quoted>[^`]+)`|'(?P<name>\$?\w+)'\?|(?P<bare>[-+$\w.#]+(?: (?:k?Hz|dB|m?s|samples?|%))?))"
)


def printed(finding: Diagnostic) -> str | None:
    found = PRINTED.fullmatch(finding.hint or "")
    return found and (found["quoted"] or found["name"] or found["bare"])


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_repair_works_as_printed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for finding in findings(path):
        span, written = finding.span, printed(finding)
        if written is None or span is None or span.line != span.end_line:
            continue
        lines = text.splitlines()
        line = lines[span.line - 1]
        lines[span.line - 1] = line[: span.column - 1] + written + line[span.end_column - 1 :]
        left = findings_of("\n".join(lines) + "\n", path.name)
        at_place = [d for d in left if d.span and (d.span.line, d.span.column) == (span.line, span.column)]
        # What is whole and in range may still not divide the clock: E401 has a repair of its own.
        assert not [str(d) for d in at_place if d.is_error and d.code != "E401"], f"{written} for {finding}"


def test_there_are_no_answers_without_a_question() -> None:
    assert {p.stem for p in (HERE / "errors").glob("*.txt")} == {p.stem for p in SPECS}
    assert len(SPECS) >= 50


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_shown(code: str) -> None:
    shown = any(re.search(rf"^\S+ {code} ", p.with_suffix(".txt").read_text("utf-8"), re.MULTILINE) for p in SPECS)
    if code not in ELSEWHERE:
        assert shown, f"no spec in tests/errors shows {code}"
        return
    place = HERE / ELSEWHERE[code]
    files = sorted(place.rglob("test_*.py")) if place.is_dir() else [place]
    assert any(code in file.read_text(encoding="utf-8") for file in files), f"{ELSEWHERE[code]} does not show {code}"


if __name__ == "__main__":
    for spec in SPECS:
        spec.with_suffix(".txt").write_text(rendered(spec), encoding="utf-8")
