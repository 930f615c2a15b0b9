"""Migrates every gin file of every release of magenta/ddsp and writes what became of it.

    for v in 0.0.5 ... 3.7.0; do pip download --no-deps ddsp==$v; done
    for w in ddsp-*.whl; do unzip -q "$w" '*.gin' -d "unpacked/$(echo $w | cut -d- -f2)"; done
    python tools/try_released_gin.py unpacked            # compares with tests/migrations/gin/released.txt
    python tools/try_released_gin.py unpacked --write

The wheel of 3.5.0 has metadata that pip refuses since version 24; an older pip has it. The files are their
authors' and are not copied here: the table holds their names and outcomes only.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from ddspgraph.compiler.driver import check
from ddspgraph.diagnostics import GraphError
from ddspgraph.migrations import migrate_text

TABLE = Path(__file__).parent.parent / "tests" / "migrations" / "gin" / "released.txt"
HEAD = """\
# Every gin file in the releases of magenta/ddsp, 0.0.5 to 3.7.0, and what `ddspgraph migrate` makes of it.
# Written by tools/try_released_gin.py. clean: the graph passes `check`; awaits: an op that this library does not have;
# E901: the file describes no model, only data, training or evaluation.
"""


def outcome(path: Path, release: Path) -> str:
    try:
        result = migrate_text(path, gin_path=[release])
    except GraphError as error:
        return ", ".join(sorted({d.code for d in error.diagnostics if d.is_error}))
    errors = [d for d in check(result.text) if d.is_error]
    awaited = sorted({d.message.split("'")[1] for d in errors if d.code == "E302"})
    others = sorted({d.code for d in errors if d.code != "E302"})
    return ", ".join(others) or (f"awaits {', '.join(awaited)}" if awaited else "clean")


def table(folder: Path) -> str:
    """Lines `file | first release .. last, number of releases | outcome`."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for release in sorted(folder.iterdir(), key=lambda p: [int(n) for n in p.name.split(".")]):
        for path in sorted(release.rglob("*.gin")):
            name = path.relative_to(release).as_posix().removeprefix("ddsp/training/gin/")
            found[name, outcome(path, release)].append(release.name)
    rows = [(name, f"{v[0]} .. {v[-1]}, {len(v)}", result) for (name, result), v in sorted(found.items())]
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    return HEAD + "".join(f"{a:<{widths[0]}} | {b:<{widths[1]}} | {c}\n" for a, b, c in rows)


def main() -> int:
    text = table(Path(sys.argv[1]))
    if "--write" in sys.argv[2:]:
        TABLE.write_text(text)
        return 0
    sys.stdout.write(text)
    return int(text != TABLE.read_text())


if __name__ == "__main__":
    sys.exit(main())
