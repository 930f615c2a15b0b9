"""results.json -> the tables of README.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_HEAD = """# Benchmarks

`make bench` measures ddspgraph beside magenta/ddsp 3.7.0 in one run: every side and mode is a process of its own, calls
alternate between them, figures are medians in milliseconds. The peer gets its own environment. This page and
`results.json` are written by that command; nothing here is typed by hand.

"""


def write_report(results: dict[str, Any], path: Path) -> None:
    machine, versions = results["machine"], results["versions"]
    about = f"{machine['date']}, {machine['cores']} cores ({machine['cpu']}), Python {machine['python']}, "
    about += f"TensorFlow {versions['ours']['tensorflow']} on both sides. The run took {results['seconds']} s.\n\n"
    text = _HEAD + about
    for section, title in (
        ("table", "4 s at 16 kHz, 100 harmonics, batch 1"),
        ("sizes", "Other sizes"),
        ("training", "A model: solo_instrument, 4 s at 16 kHz"),
        ("lengths", "Length"),
    ):
        if results[section]:
            text += f"## {title}\n\n" + _times(results[section]) + "\n"
    if results.get("c_one_thread_ms"):
        text += f"One thread of plain C, the harmonic sum alone: {results['c_one_thread_ms']:.1f} ms.\n\n"
    text += "## Error against float64\n\nRelative L2.\n\n" + _errors(results["table"]) + "\n"
    text += "## First call\n\nBuilding, tracing and the first run, ms; the first row loads code besides.\n\n"
    text += _first(results["table"]) + "\n"
    text += "## Export\n\nThe graph of a SavedModel (`saved_model.pb`), kB.\n\n" + _export(results["table"]) + "\n"
    text += "## Peak memory\n\nOf a fresh process above what it holds before, MB.\n\n" + _memory(results["memory"])
    path.write_text(text)


def _times(rows: list[dict[str, Any]]) -> str:
    names = list(rows[0]["sides"])
    lines = [
        _row(["work", *names, "ratio to peer", "to the better of tf.function and XLA"]),
        _row(["---"] * (len(names) + 3)),
    ]
    for row in rows:
        ms = {name: side.get("ms") for name, side in row["sides"].items()}
        ours, best = ms.get("ours"), min((m for n in ("peer", "peer_xla") if (m := ms.get(n))), default=None)
        ratios = [f"{other / ours:.1f}x" if ours and other else "" for other in (ms.get("peer"), best)]
        lines.append(
            _row([row["name"], *(f"{ms[n]:.1f}" if ms.get(n) else "cannot" for n in names if n in ms), *ratios])
        )
    return "\n".join(lines) + "\n"


def _errors(rows: list[dict[str, Any]]) -> str:
    lines = [_row(["work", "ours", "ours_xla", "peer", "peer_xla"]), _row(["---"] * 5)]
    for row in rows:
        errors = [row["sides"].get(n, {}).get("relative_error") for n in ("ours", "ours_xla", "peer", "peer_xla")]
        if any(errors):
            lines.append(_row([row["name"], *(f"{e:.1e}" if e is not None else "" for e in errors)]))
    return "\n".join(lines) + "\n"


def _first(rows: list[dict[str, Any]]) -> str:
    lines = [_row(["work", "ours", "ours_xla", "peer", "peer_xla"]), _row(["---"] * 5)]
    for row in rows:
        first = [row["sides"].get(n, {}).get("first_ms") for n in ("ours", "ours_xla", "peer", "peer_xla")]
        lines.append(_row([row["name"], *(f"{f:.0f}" if f is not None else "" for f in first)]))
    return "\n".join(lines) + "\n"


def _export(rows: list[dict[str, Any]]) -> str:
    lines = [_row(["work", "ours", "peer"]), _row(["---"] * 3)]
    for row in rows:
        sizes = [row["sides"].get(n, {}).get("export_bytes") for n in ("ours", "peer")]
        if any(sizes):
            lines.append(_row([row["name"], *(f"{n / 1000:.0f}" if n else "cannot" for n in sizes)]))
    return "\n".join(lines) + "\n"


def _memory(rows: list[dict[str, Any]]) -> str:
    lines = [_row(["work", "ours", "peer", "ratio"]), _row(["---"] * 4)]
    for row in rows:
        ours, peer = row["peak_mb"]["ours"], row["peak_mb"]["peer"]
        ratio = f"{peer / ours:.1f}x" if ours and peer else ""
        lines.append(_row([row["name"], *(f"{m:.0f}" if m is not None else "cannot" for m in (ours, peer)), ratio]))
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
