"""Writes every generated file: the schema, the references of ops, errors and Python, the pictures of the README.

    python tools/generate.py           # write
    python tools/generate.py --check   # fail where one is stale

Text is compared byte for byte. A picture is compared by what it was drawn from (`docs/img/sources.json`): the
bytes of a PNG depend on the versions of graphviz, matplotlib and Chromium.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import api_pages
import targets

import ddspgraph as dg
from ddspgraph.codes import CODES
from ddspgraph.compiler.frontend.schema import graph_schema
from ddspgraph.ops import OPS
from ddspgraph.reference import ops_markdown
from ddspgraph.render.dot import to_dot

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "img"
DEMO = ROOT / "graphs" / "guitar_chorus.yaml"
RECORDING = ROOT / "graphs" / "audio" / "guit_e_slide.flac"
FAMILIES = {
    "E1": "YAML",
    "E2": "Structure",
    "E3": "Names",
    "E4": "Types",
    "E5": "Values",
    "E6": "Data and files (exit code 4)",
    "E7": "Limits (exit code 5)",
    "E8": "Numerics (exit code 6)",
    "E9": "Migration",
    "W1": "Warnings",
}


def errors_markdown() -> str:
    lines = ["# Errors and warnings", "", "Generated from `ddspgraph/codes.py`. A code never changes its meaning.", ""]
    for family, title in FAMILIES.items():
        lines += [f"## {family}xx: {title}", "", "| code | what it means |", "|---|---|"]
        lines += [f"| {code} | {text} |" for code, text in CODES.items() if code.startswith(family)]
        lines.append("")
    return "\n".join(lines)


def texts() -> dict[Path, str]:
    """Every generated text by its path."""
    return {
        ROOT / "schemas" / "graph-v2.schema.json": json.dumps(graph_schema(OPS), indent=1, ensure_ascii=False) + "\n",
        ROOT / "docs" / "ops.md": ops_markdown(OPS),
        ROOT / "docs" / "errors.md": errors_markdown(),
        targets.PAGE: targets.page(),
        **api_pages.pages(),
    }


def picture_sources() -> dict[str, str]:
    """Picture -> digest of what it shows."""
    sound = DEMO.read_bytes() + RECORDING.read_bytes()
    page = b"".join(path.read_bytes() for path in sorted((ROOT / "ddspgraph" / "page" / "assets").iterdir()))
    return {
        "guitar_chorus.svg": hashlib.sha256(to_dot(dg.load(DEMO)).encode()).hexdigest(),
        "solo_controls.svg": hashlib.sha256(
            to_dot(dg.load(ROOT / "graphs" / "solo_controls.yaml")).encode()
        ).hexdigest(),
        "guitar_chorus_sound.png": hashlib.sha256(sound).hexdigest(),
        "explore.png": hashlib.sha256(sound + page + to_dot(dg.load(DEMO)).encode()).hexdigest(),
    }


def draw_pictures() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in ("guitar_chorus", "solo_controls"):
        dg.draw(dg.load(ROOT / "graphs" / f"{name}.yaml"), IMAGES / f"{name}.svg")
    _spectrograms(IMAGES / "guitar_chorus_sound.png")
    _page(IMAGES / "explore.png")


def _page(path: Path) -> None:
    """The page of `ddspgraph explore`, opened at a node, as Chromium shows it to a reader."""
    import soundfile

    sound, _ = soundfile.read(RECORDING, dtype="float32")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        dg.explore(dg.load(DEMO), page, inputs={"audio": sound[None]})
        flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
        more = "--disable-component-update --disable-sync --hide-scrollbars --virtual-time-budget=5000"
        size = "--window-size=1200,860 --force-device-scale-factor=1.5"
        where = [f"--user-data-dir={folder}/profile", f"--screenshot={path}", f"{page.as_uri()}#chorus"]
        program = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
        command = [program, *flags.split(), *more.split(), *size.split(), *where]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def _spectrograms(path: Path) -> None:
    """Before and after, on one colour scale."""
    import matplotlib
    import numpy as np
    import soundfile

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    dry, rate = soundfile.read(RECORDING, dtype="float32")
    wet = dg.compile(DEMO)({"audio": dry[None]})["audio"].numpy()[0]
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True, layout="constrained")
    for axis, sound, title in zip(axes, (dry, wet), ("guit_e_slide.flac", "through guitar_chorus.yaml"), strict=True):
        spectrum = dg.dsp.compute_mag(sound[None], size=2048).numpy()[0].T
        db = 20 * np.log10(spectrum / (2048 / 4) + 1e-6)  # a sine of full scale under a Hann window: 0 dBFS
        extent = (0.0, len(sound) / rate, 0.0, rate / 2000)
        image = axis.imshow(db, origin="lower", aspect="auto", extent=extent, vmin=-100, vmax=0, cmap="magma")
        axis.set(title=title, xlabel="time in s", ylim=(0, 10))
    axes[0].set_ylabel("frequency in kHz")
    figure.colorbar(image, ax=axes, label="level in dBFS")
    figure.savefig(path, dpi=110)


def stale() -> list[str]:
    found = [str(p.relative_to(ROOT)) for p, text in texts().items() if not p.exists() or p.read_text() != text]
    record = IMAGES / "sources.json"
    known = json.loads(record.read_text()) if record.exists() else {}
    found += [
        f"docs/img/{name}"
        for name, digest in picture_sources().items()
        if known.get(name) != digest or not (IMAGES / name).exists()
    ]
    return found


def main() -> int:
    if "--check" in sys.argv[1:]:
        found = stale()
        for name in found:
            print(f"stale: {name} (run `make generate`)")
        if not found:
            print("generated files are fresh")
        return 1 if found else 0
    for path, text in texts().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    draw_pictures()
    (IMAGES / "sources.json").write_text(json.dumps(picture_sources(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
