"""Measures what every op does in LiteRT and ONNX: ddspgraph/targets.json, from which docs/targets.md is generated.

    python tools/targets.py                   # all ops: 20 minutes on two cores; goes on where it was ended
    python tools/targets.py --again           # forgets what was measured before
    python tools/targets.py --again reverb    # these ops alone; the others stay as they are

What is done lies in build/targets.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the cases are those of the tests

from ddspgraph.export.targets import TARGETS  # noqa: E402
from ddspgraph.ir.op import Traits  # noqa: E402
from ddspgraph.ops import OPS  # noqa: E402

DONE = ROOT / "build" / "targets"
TABLE = ROOT / "ddspgraph" / "targets.json"
PAGE = ROOT / "docs" / "targets.md"
HEAD = ROOT / "tools" / "targets_head.md"


def measure(name: str) -> None:
    from tests.export.measured import measured

    path = DONE / f"{name}.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps(measured(name)))
    part.replace(path)


def measure_all(names: list[str], jobs: int) -> None:
    # A fresh process for each op: converters keep what they used.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, max_tasks_per_child=1) as pool:
        work = {pool.submit(measure, name): name for name in names}
        for i, done in enumerate(as_completed(work), start=1):
            done.result()
            print(f"{i} of {len(names)}: {work[done]}", flush=True)


def write_table() -> None:
    from tests.export.measured import versions

    known = json.loads(TABLE.read_text())["ops"]  # an op that was measured elsewhere stays as it is
    new = {path.stem: json.loads(path.read_text()) for path in DONE.glob("*.json")}
    ops = {name: new.get(name) or known[name] for name in OPS}
    TABLE.write_text(json.dumps({"versions": versions(), "ops": ops}, indent=1) + "\n")


def page() -> str:
    """The hand-written head, and the table: a row for each op, a footnote for each reason."""
    table = json.loads(TABLE.read_text())
    versions = ", ".join(f"{package} {version}" for package, version in table["versions"].items())
    columns = [(target, form) for target in TARGETS for form in ("offline", "streaming")]
    head = " | ".join(f"{target}, {form}" for target, form in columns)
    lines = [HEAD.read_text().rstrip(), "", f"Measured with {versions}.", ""]
    lines += [f"| op | {head} |", "|---" * (len(columns) + 1) + "|"]
    reasons: list[str] = []
    for name, found in table["ops"].items():
        traits = OPS[name].traits
        if isinstance(traits, Traits) and Traits.LOSS in traits:  # no op whose parameters say its traits is one
            continue
        cells = []
        for target, form in columns:
            said = found[target][form]
            if said != "ok" and said not in reasons:
                reasons.append(said)
            cells.append("yes" if said == "ok" else f"no ({reasons.index(said) + 1})")
        lines.append(f"| [`{name}`](ops.md#{name}) | {' | '.join(cells)} |")
    lines += ["", *(f"{i}. {reason}" for i, reason in enumerate(reasons, start=1)), ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("ops", nargs="*", choices=[[], *OPS], metavar="OP")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    DONE.mkdir(parents=True, exist_ok=True)
    names = arguments.ops or list(OPS)
    measure_all([n for n in names if arguments.again or not (DONE / f"{n}.json").is_file()], arguments.jobs)
    write_table()
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
