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
from ddspgraph.render.dot import to_dot
from ddspgraph.render.reference import ops_markdown
from ddspgraph.render.theme import THEMES

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "img"
DEMO = ROOT / "graphs" / "guitar_chorus.yaml"
SOLO = ROOT / "graphs" / "solo_controls.yaml"
RECORDING = ROOT / "graphs" / "audio" / "guit_e_slide.flac"
#: How the names of pictures end, by theme.
ENDINGS = {"light": "", "dark": "_dark"}
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
    found = {}
    for theme, end in ENDINGS.items():
        demo, solo = (to_dot(dg.load(path), theme=theme).encode() for path in (DEMO, SOLO))
        shown = {
            f"guitar_chorus{end}.svg": demo,
            f"solo_controls{end}.svg": solo,
            f"guitar_chorus_sound{end}.png": sound,
            f"explore{end}.png": sound + page + demo,
        }
        found |= {name: hashlib.sha256(source).hexdigest() for name, source in shown.items()}
    return found


def draw_pictures() -> None:
    """Each picture for a light page and for a dark one: a README names both, and GitHub shows the one that fits."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for theme, end in ENDINGS.items():
        for path in (DEMO, SOLO):
            dg.draw(dg.load(path), IMAGES / f"{path.stem}{end}.svg", theme=theme)
    _spectrograms()
    _pages()


def _pages() -> None:
    """The page of `ddspgraph explore`, opened at a node, as Chromium shows it to a reader."""
    import soundfile

    sound, _ = soundfile.read(RECORDING, dtype="float32")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        dg.explore(dg.load(DEMO), page, inputs={"audio": sound[None]})
        flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
        more = "--disable-component-update --disable-sync --hide-scrollbars --virtual-time-budget=5000"
        size = "--window-size=1200,860 --force-device-scale-factor=1.5"
        program = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
        for theme, end in ENDINGS.items():
            scheme = "--blink-settings=preferredColorScheme=" + {"dark": "0", "light": "1"}[theme]
            shot = f"--screenshot={IMAGES / f'explore{end}.png'}"
            where = [scheme, f"--user-data-dir={folder}/{theme}", shot, f"{page.as_uri()}#chorus"]
            command = [program, *flags.split(), *more.split(), *size.split(), *where]
            subprocess.run(command, check=True, capture_output=True, timeout=120)


def _spectrograms() -> None:
    """Before and after, on one colour scale."""
    import matplotlib
    import numpy as np
    import soundfile

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    dry, rate = soundfile.read(RECORDING, dtype="float32")
    wet = dg.compile(DEMO)({"audio": dry[None]})["audio"].numpy()[0]
    for theme, end in ENDINGS.items():
        colours = THEMES[theme]
        frame = ("axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "text.color")
        with plt.rc_context({"figure.facecolor": colours.background, **dict.fromkeys(frame, colours.text)}):
            figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True, layout="constrained")
            for axis, sound, title in zip(axes, (dry, wet), (RECORDING.name, f"through {DEMO.name}"), strict=True):
                spectrum = dg.dsp.compute_mag(sound[None], size=2048).numpy()[0].T
                db = 20 * np.log10(spectrum / (2048 / 4) + 1e-6)  # a sine of full scale under a Hann window: 0 dBFS
                extent = (0.0, len(sound) / rate, 0.0, rate / 2000)
                image = axis.imshow(db, origin="lower", aspect="auto", extent=extent, vmin=-100, vmax=0, cmap="magma")
                axis.set(title=title, xlabel="time in s", ylim=(0, 10))
            axes[0].set_ylabel("frequency in kHz")
            figure.colorbar(image, ax=axes, label="level in dBFS")
            figure.savefig(IMAGES / f"guitar_chorus_sound{end}.png", dpi=110)
            plt.close(figure)


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
