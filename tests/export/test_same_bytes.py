"""T29 for every graph of the project: what two fresh processes export is the same, byte for byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GRAPHS = Path(__file__).parents[2] / "graphs"
EXPORT = """
import contextlib, sys
from pathlib import Path
import ddspgraph as dg
target = Path(sys.argv[1])
for path in sys.argv[2:]:
    model = dg.compile(Path(path))
    model.save(str(target / Path(path).stem))
    with contextlib.suppress(dg.GraphError):  # not every graph can stream
        dg.compile_stream(model).save(str(target / f"{Path(path).stem}_stream"))
"""


@pytest.mark.proof
def test_two_exports_of_every_graph_are_the_same_bytes(tmp_path: Path) -> None:
    graphs = sorted(str(path) for path in GRAPHS.rglob("*.yaml"))
    targets = [tmp_path / "a", tmp_path / "another"]
    children = [
        subprocess.Popen([sys.executable, "-c", EXPORT, str(target), *graphs], stderr=subprocess.DEVNULL)
        for target in targets
    ]
    assert [child.wait() for child in children] == [0, 0]
    first, second = ({p.relative_to(target): p for p in target.rglob("*") if p.is_file()} for target in targets)
    assert first.keys() == second.keys()
    assert len(first) > 5 * len(graphs)
    differing = [name for name in first if first[name].read_bytes() != second[name].read_bytes()]
    assert {name.name for name in differing} == {"fingerprint.pb"}
