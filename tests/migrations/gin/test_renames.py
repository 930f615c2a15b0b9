"""The table of what magenta/ddsp's releases changed."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from ddspgraph.migrations.gin.map.own_terms import EXPLAINED, FLAT
from ddspgraph.migrations.gin.map.renames import DEFAULTS, PARAMS, RENAMES, Rename, before, class_name, last_word
from ddspgraph.migrations.gin.models.networks import NETWORKS, PARTS
from ddspgraph.migrations.v1.classes import CLASSES, REMOVED_PARAMS, RENAMED_CLASSES
from ddspgraph.ops import OPS

KNOWN = {*CLASSES, *NETWORKS, *PARTS}


def test_the_table_is_in_the_order_of_the_releases() -> None:
    for one, two in pairwise(RENAMES):
        assert not before(two.version, one.version), (one, two)


@pytest.mark.parametrize("rename", RENAMES, ids=lambda r: f"{r.kind} {r.old} {r.version}")
def test_a_row(rename: Rename) -> None:
    assert rename.kind in ("class", "param", "module", "default")
    assert re.fullmatch(r"\d+\.\d+\.\d+", rename.version)
    assert rename.old != rename.new or rename.kind == "default"
    assert ("." in rename.old) == (rename.kind != "class")
    if rename.kind == "default":
        assert rename.was != rename.now
    keys = [(r.kind, r.old) for r in RENAMES]
    assert keys.count((rename.kind, rename.old)) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("synths.Additive", "Harmonic"),
        ("preprocessing.DefaultPreprocessor", "F0LoudnessPreprocessor"),
        ("TranscribingAutoencoder", "InverseSynthesis"),
        ("encoders.Encoder", "ZEncoder"),
        ("InstrumentEncoder", "OneHotEncoder"),
        ("decoders.ZRnnFcDecoder", "RnnFcDecoder"),
        ("effects.TrainableReverb", "Reverb"),
        ("ddsp.training.models.Autoencoder", "Autoencoder"),
        ("tf.keras.layers.Add", "keras.Add"),
        ("processors.Add", "Add"),
        ("losses.EmbeddingLoss", "EmbeddingLoss"),
    ],
)
def test_names_of_classes(old: str, new: str) -> None:
    assert class_name(old) == new


def test_what_version_1_knows_is_in_the_table() -> None:
    for old, (new, version) in RENAMED_CLASSES.items():
        assert (class_name(old), next(r.version for r in RENAMES if r.old == old)) == (new, version)
    assert all(f"{name}.{parameter}" in PARAMS for name, parameter in REMOVED_PARAMS)


def test_old_defaults_are_parameters_of_classes_that_become_ops() -> None:
    for parameter in DEFAULTS:
        name, _, own = parameter.partition(".")
        known = NETWORKS[name].op if name in NETWORKS else CLASSES[name].op if name in CLASSES else None
        if known in OPS:
            assert own in OPS[str(known)].params()


def test_what_ops_say_in_their_own_words_they_say() -> None:
    for (name, _), choices in FLAT.items():
        params = OPS[NETWORKS[name].op].params()
        for flat in choices.values():
            assert {*flat.names.values(), *flat.defaults} <= set(params)
    for name, parameter in EXPLAINED:
        op = NETWORKS[name].op if name in NETWORKS else PARTS[name]
        assert parameter not in OPS[op].params()


def test_ops_that_are_there_have_the_ends_that_the_table_says() -> None:
    for network in NETWORKS.values():
        op = OPS.get(network.op)
        if op is not None:
            assert network.is_list == (op.variadic is not None)
            assert network.is_list or {*network.inputs, *network.optional} <= {*op.inputs}
            assert isinstance(op.outputs, dict) is False or set(network.outputs) <= set(op.outputs)


def test_the_table_of_released_files_names_no_failure() -> None:
    rows = [row.split(" | ") for row in (Path(__file__).parent / "released.txt").read_text().splitlines()[3:]]
    assert len(rows) == 25
    for name, _, outcome in rows:
        is_model = not name.startswith(("datasets/", "eval/", "optimization/")) and "dataset" not in name
        assert outcome.startswith(("clean", "awaits")) if is_model else outcome == "E901"
    assert {last_word(name) for name in KNOWN} == KNOWN
