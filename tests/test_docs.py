"""Every command, snippet and spec of the documentation runs, in the order in which a reader meets them."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import soundfile

import ddspgraph as dg
from ddspgraph.cli import main

ROOT = Path(__file__).parent.parent
PAGES = [
    "README.md",
    "docs/first-steps.md",
    "docs/language.md",
    "docs/drawing.md",
    "docs/exploring.md",
    "docs/migrating-from-ddsp.md",
    "docs/architecture.md",
    "docs/writing-an-op.md",
    "docs/extending.md",
    "docs/performance.md",
    "docs/training.md",
    "docs/streaming.md",
    "docs/filters.md",
    "docs/synthesis.md",
    "docs/midi.md",
    "docs/targets.md",
    "docs/using-a-model.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
]
BLOCK = re.compile(r"^```(\w+)?([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_page(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    shutil.copytree(ROOT / "graphs", tmp_path / "graphs")
    for path in (tmp_path / "graphs").rglob("*.yaml"):
        path.write_text(_quick(path.read_text()))
    for path in (tmp_path / "graphs").rglob("*.flac"):
        _first_seconds(path)
    if page == "docs/migrating-from-ddsp.md":
        shutil.copytree(ROOT / "tests" / "golden" / "checkpoints" / "gru", tmp_path / "violin_ddsp")
    names: dict[str, object] = {}
    for language, options, body in BLOCK.findall((ROOT / page).read_text()):
        said = dict(item.split("=") for item in options.split())
        if language == "python":
            if "file" in said:
                Path(said["file"]).write_text(body)
            exec(compile(body, page, "exec"), names)
        elif language == "yaml":
            graph = dg.load(body, ops=[v for v in names.values() if _is_own_op(v)])
            Path(f"{graph.name}.yaml").write_text(body)
        elif language == "gin":
            Path(said["file"]).write_text(body)
        elif language == "sh":
            for line in body.strip().splitlines():
                program, *arguments = shlex.split(line)
                assert program == "ddspgraph", line
                # What takes a reader minutes is shown to work in a few steps.
                few = ["--steps", said["steps"]] if "steps" in said else []
                assert main([*arguments, *few]) == 0, line


def _quick(spec: str) -> str:
    """The same graph with narrow networks, short rooms and one transform in its losses: a fifth of the work."""
    spec = re.sub(r"\b(rnn_channels|ch): \d\d\d\b", r"\1: 16", spec)
    spec = re.sub(r"reverb_length: [\d.]+ s\b", "reverb_length: 0.1 s", spec)
    spec = re.sub(r"fft_sizes: \[[^]]*\], ", "", spec)
    return re.sub(r"(op: spectral_loss\n.*\n +params: {)", r"\1fft_sizes: [256], ", spec)


def _first_seconds(path: Path) -> None:
    audio, rate = soundfile.read(path)
    soundfile.write(path, audio[: 3 * rate], rate)


def _is_own_op(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, dg.Op) and value is not dg.Op


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        text = BLOCK.sub("", (ROOT / page).read_text())  # `signatures["losses"](**inputs)` is no link
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
            if "://" not in target:
                assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target}"


def test_pictures_fit_light_and_dark_pages() -> None:
    """A picture on white glares in a dark page: each has a second file for readers who ask for dark."""
    for page in PAGES:
        text = BLOCK.sub("", (ROOT / page).read_text())
        assert not re.findall(r"!\[[^\]]*\]\([^)]*\)", text), f"{page}: a picture without a dark one"
        for shown in re.findall(r"<picture>.*?</picture>", text, re.DOTALL):
            (light,) = re.findall(r'<img alt="[^"]+" src="([^"]+)">', shown)
            (dark,) = re.findall(r'<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">', shown)
            for target in (light, dark):
                assert (ROOT / page).parent.joinpath(target).is_file(), f"{page}: {target}"


def test_readme_embeds_the_tables_that_hold() -> None:
    """Every example graph stands in the README."""
    text = (ROOT / "README.md").read_text()
    for path in sorted((ROOT / "graphs").glob("*.yaml")):
        assert f"graphs/{path.name}" in text, path.name
