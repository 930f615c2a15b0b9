"""A page of recordings to compare: a spectrogram and a player of each, and no file beside it.

    python tools/listening_page.py PAGE "HEADING" FILE... ["HEADING" FILE...]

An argument that names no file is a heading.
"""

from __future__ import annotations

import html
import sys
from pathlib import Path

from ddspgraph.io.audio import read_audio
from ddspgraph.page.axes import exact
from ddspgraph.page.charts import Image
from ddspgraph.page.png import data_uri, png
from ddspgraph.page.spectrogram import spectrogram
from ddspgraph.page.wire import flac

SAMPLE_RATE = 16_000
_MOST_BYTES = 600_000
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 960, 240, 64, 24
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem;
       color: #1c1c1c; background: #fff; }
figure { margin: 0 0 2rem; } figcaption { font-weight: 600; } svg, audio { width: 100%; display: block; }
svg text { font: 13px system-ui, sans-serif; fill: currentColor; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #181818; } }
"""


def main() -> int:
    page, *arguments = sys.argv[1:]
    body = []
    for argument in arguments:
        path = Path(argument)
        body.append(_figure(path) if path.is_file() else f"<h2>{html.escape(argument)}</h2>")
    Path(page).write_text(
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">\n'
        f"<title>Listen</title><style>{_STYLE}</style>\n<h1>Listen</h1>\n"
        "<p>Spectrograms: time to the right, frequency upwards (logarithmic), -100 to 0 dB of full scale.</p>\n"
        + "\n".join(body)
        + "\n</html>\n",
        encoding="utf-8",
    )
    print(f"wrote {page}: {Path(page).stat().st_size / 1e6:.1f} MB")
    return 0


def _figure(path: Path) -> str:
    audio = read_audio(path, SAMPLE_RATE)
    image = spectrogram(audio, SAMPLE_RATE, exact("time in s", 0.0, len(audio) / SAMPLE_RATE, "s"))
    sound, _ = flac(audio[:, None], SAMPLE_RATE, _MOST_BYTES)
    name = html.escape(path.name)
    player = f'<audio controls preload="metadata" aria-label="{name}" src="{data_uri("audio/flac", sound)}"></audio>'
    return f"<figure><figcaption>{name}</figcaption>\n{_svg(image, name)}\n{player}</figure>"


def _svg(image: Image, name: str) -> str:
    width, height = _WIDTH - _LEFT, _HEIGHT - _BOTTOM
    marks = [_text(_LEFT - 6, height * (1 - image.y.place(at)) + 4, "end", label) for at, label in image.y.ticks]
    for at, label in image.x.ticks:
        if image.x.place(at) < 0.98:
            marks.append(_text(_LEFT + width * image.x.place(at), _HEIGHT - 6, "middle", label))
    picture = f'<image x="{_LEFT}" width="{width}" height="{height}" preserveAspectRatio="none" href="'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="spectrogram of {name}">'
        f'{picture}{data_uri("image/png", png(image.levels))}"/>{"".join(marks)}</svg>'
    )


def _text(x: float, y: float, anchor: str, label: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(label)}</text>'


if __name__ == "__main__":
    sys.exit(main())
