"""Test T32: every spec ever released still loads, reaches the newest version, and sounds as it did."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import yaml

import ddspgraph as dg
from ddspgraph.migrations import LATEST, STEPS, migrate_text
from ddspgraph.migrations.interpret import interpret
from ddspgraph.proofs.migration import TOLERANCE
from tests.migrations.frozen_audio import HERE, SEED, SPECS, inputs_of, numbers, render

#: SHA-256 of the raw samples, so that nobody records them anew.
FROZEN = {
    "effects": "01e1e3458b184919",
    "pad_48k": "8a3f121cfffb7d57",
    "solo_instrument": "43e253a5b91dc99c",
}


def recorded(path: Path) -> dict[str, np.ndarray]:
    with np.load(HERE / "audio" / f"{path.stem}.npz") as archive:
        return {name: archive[name] for name in archive}


def assert_sounds_as_recorded(found: dict[str, np.ndarray], path: Path) -> None:
    wanted = recorded(path)
    assert set(found) == set(wanted)
    for name, x in wanted.items():
        np.testing.assert_allclose(found[name], x, rtol=0, atol=TOLERANCE * np.abs(x).max(), err_msg=name)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_recordings_are_never_edited(path: Path) -> None:
    samples = b"".join(x.astype("<f4").tobytes() for _, x in sorted(recorded(path).items()))
    assert hashlib.sha256(samples).hexdigest()[:16] == FROZEN[path.stem]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_old_spec_sounds_as_it_did(path: Path) -> None:
    assert_sounds_as_recorded(render(path), path)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_migrated_spec_sounds_as_the_old_one_did(path: Path) -> None:
    assert_sounds_as_recorded(render(migrate_text(path).text), path)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_list_run_in_order_sounds_as_it_did(path: Path) -> None:
    graph = dg.load(path)
    inputs = inputs_of(graph)
    spec = yaml.safe_load(path.read_text())
    hop = graph.clock.hop_samples
    assert hop is not None
    spec["n_samples"] = next(x.shape[1] for x in inputs.values() if x.ndim == 3) * hop
    spec["modules"] = {name: {**module, "n_samples": spec["n_samples"]} for name, module in spec["modules"].items()}
    variables = {"reverb": {"ir": 0.1 * numbers("reverb/ir", (48000,))}}
    old = interpret(spec, inputs, variables, seed=SEED)
    results = {"audio": old.audio, **old.losses}
    assert_sounds_as_recorded({name: np.asarray(x) for name, x in results.items()}, path)


@pytest.mark.parametrize("version", range(STEPS[0].FROM_VERSION, LATEST))
def test_a_walk_from_every_version_to_the_newest(version: int) -> None:
    paths = [path for path in sorted((HERE / f"v{version}").iterdir()) if path.suffix in (".yaml", ".gin")]
    assert len(paths) >= 3
    for path in paths:
        result = migrate_text(path)
        assert (result.from_version, result.to_version, result.changed) == (version, LATEST, True)
        again = migrate_text(result.text)
        assert (again.text, again.changed) == (result.text, False)
        assert dg.load(path).replace(spec=None) == dg.load(result.text).replace(spec=None)
