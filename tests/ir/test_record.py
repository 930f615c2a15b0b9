"""Ops are values: compared, hashed and shown by their fields, and never changed."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from ddspgraph.ops import OPS


def test_an_op_is_a_value() -> None:
    low, other = OPS["lowpass"](order=4), OPS["lowpass"](order=2)
    assert (low == OPS["lowpass"](order=4), low == other, low == OPS["highpass"](order=4)) == (True, False, False)
    assert len({low, OPS["lowpass"](order=4), other}) == 2
    assert "Lowpass(" in repr(low)
    assert "order=4" in repr(low)
    for twin in (copy.deepcopy(low), pickle.loads(pickle.dumps(low)), dataclasses.replace(other, order=4)):
        assert twin == low


def test_an_op_never_changes() -> None:
    op = OPS["lowpass"](order=4)
    for name in ("order", "cutoff"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(op, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        del op.order  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="ordre"):
        OPS["lowpass"](ordre=4)
    assert op.order == 4  # type: ignore[attr-defined]
