"""Cropping, joining and splitting."""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph import ops
from ddspgraph.ir.op import Op
from ddspgraph.ir.ports import Mismatch
from ddspgraph.ir.types import Dim, Rate, Signal, Unit, signal
from tests.dsp.golden import Case, cases, relative_l2
from tests.ops.checks import results_of, traced

RNG = np.random.default_rng(9)
AUDIO = signal("batch", Dim(64, "frames"), rate=Rate.AUDIO)
STEREO = signal("batch", Dim(64, "frames"), 2, rate=Rate.AUDIO)
FRAMES = signal("batch", "frames", 3, rate=Rate.FRAME, unit=Unit.HZ)


def refused(op: Op, **signals: Signal) -> Mismatch:
    with pytest.raises(Mismatch) as caught:
        op.infer(signals)
    return caught.value


@pytest.mark.parametrize("case", cases("ddsp.processors.Crop"), ids=lambda c: c.name)
def test_golden_crop(case: Case) -> None:
    inputs, outputs = case.arrays()
    results = results_of(ops.Crop(**case.params), **inputs)
    assert relative_l2(results["signal"], outputs["signal"]) == 0.0
    assert relative_l2(results["audio"], outputs["controls_audio"]) == 0.0


@pytest.mark.parametrize(
    ("location", "frame_size", "first", "last"),
    [
        *[("front", 100, 100, 399), ("back", 100, 0, 299), ("center", 100, 50, 349)],
        *[("front", 101, 100, 399), ("back", 101, 0, 299), ("center", 101, 50, 349)],
        *[("front", 1, 0, 399), ("back", 1, 0, 399), ("center", 0, 0, 399), ("center", 6, 3, 396)],
    ],
)
def test_crop_takes_half_a_frame_twice(location: str, frame_size: int, first: int, last: int) -> None:
    """As measured on magenta/ddsp 3.7.0, but that it returns nothing for frames of 0 or 1 at back and center."""
    op = ops.Crop(frame_size=frame_size, crop_location=location)
    cropped = results_of(op, audio=np.arange(400.0)[None])["signal"]
    np.testing.assert_array_equal(cropped[0], np.arange(first, last + 1))
    length = op.infer({"audio": AUDIO})["signal"].dims[1]
    assert length == Dim(64, "frames", cropped.shape[1] - 400)


def test_crop_keeps_channels_and_refuses_short_clips() -> None:
    assert ops.Crop(frame_size=64).infer({"audio": STEREO})["signal"].shape_text == "[batch, 64*frames - 64, 2]"
    mismatch = refused(ops.Crop(frame_size=64), audio=signal("batch", 64, rate=Rate.AUDIO))
    assert (mismatch.code, mismatch.port, mismatch.hint) == ("E414", "audio", "frame_size must be below 64")


def test_concat_joins_channels_and_gives_audio_an_axis() -> None:
    mono, stereo = RNG.normal(size=(2, 640)), RNG.normal(size=(2, 640, 2))
    joined = results_of(ops.Concat(), input_1=mono, input_2=stereo)["signal"]
    np.testing.assert_allclose(joined, np.concatenate([mono[..., None], stereo], -1), rtol=1e-6)
    assert ops.Concat().infer({"a": AUDIO, "b": STEREO})["signal"].shape_text == "[batch, 64*frames, 3]"
    assert results_of(ops.Concat(), input_1=mono)["signal"].shape == (2, 640, 1)


def test_concat_repeats_what_is_constant() -> None:
    frames, held = RNG.normal(size=(2, 5, 3)), RNG.normal(size=(1, 1, 2))
    joined = results_of(ops.Concat(), input_1=frames, input_2=held)["signal"]
    np.testing.assert_allclose(joined[1, 4], [*frames[1, 4], *held[0, 0]], rtol=1e-6)
    held_type = signal(1, 1, 2, rate=Rate.FRAME, unit=Unit.HZ)
    assert (
        str(ops.Concat().infer({"input_1": FRAMES, "input_2": held_type})["signal"]) == "[batch, frames, 5] frame any"
    )


def test_concat_of_constants() -> None:
    lists = [RNG.normal(size=(2, 3)), RNG.normal(size=(2, 4))]
    np.testing.assert_allclose(ops.Concat(axis="values")(*lists), np.concatenate(lists, -1), rtol=1e-6)
    assert ops.Concat()([1.0], [2.0]).numpy().tolist() == [[1.0, 2.0]]
    z, n = signal("batch", 16), signal("batch")
    assert ops.Concat(axis="values").infer({"a": z, "b": z})["signal"] == signal("batch", 32)
    assert ops.Concat().infer({"a": n, "b": n})["signal"] == signal("batch", 2)
    assert refused(ops.Concat(), a=z, b=z).hint == "write `axis: values`"
    assert refused(ops.Concat(axis="values"), a=FRAMES).code == "E411"


@pytest.mark.parametrize(
    ("signals", "code", "port"),
    [
        ({}, "E305", "input_1"),
        ({"a": AUDIO, "b": signal("batch", Dim(64, "frames", -8), rate=Rate.AUDIO)}, "E414", "b"),
        ({"a": signal("batch", 2, 3)}, "E413", "a"),
    ],
)
def test_concat_refuses(signals: dict[str, Signal], code: str, port: str) -> None:
    mismatch = refused(ops.Concat(), **signals)
    assert (mismatch.code, mismatch.port) == (code, port)


def test_channels_of_any_number_stay_any() -> None:
    wild = signal("batch", "frames", "k", rate=Rate.FRAME)
    assert ops.Concat().infer({"a": wild, "b": wild})["signal"].dims[2] == Dim.of("n_channels")
    assert ops.Concat().infer({"a": wild, "b": FRAMES})["signal"].dims[2] == Dim(1, "k", 3)


def test_split_undoes_concat() -> None:
    parts = {"amps": RNG.normal(size=(2, 5, 1)), "bands": RNG.normal(size=(2, 5, 4))}
    op = ops.Split(outputs=tuple((name, part.shape[-1]) for name, part in parts.items()))
    joined = np.concatenate(list(parts.values()), -1)
    for results in (results_of(op, signal=joined), traced(op, {"signal": joined})):
        assert list(results) == list(parts)
        for name, part in parts.items():
            np.testing.assert_allclose(results[name], part, rtol=1e-6)


def test_split_types() -> None:
    op = ops.Split(outputs=(("a", 1), ("b", 2)))
    assert {n: s.dims[2].size for n, s in op.infer({"signal": FRAMES}).items()} == {"a": 1, "b": 2}
    assert op.infer({"signal": FRAMES})["b"].unit is Unit.HZ
    assert op.infer({"signal": signal("batch", 3)})["b"] == signal("batch", 2)
    assert list(op.output_ports()) == ["a", "b"]
    mismatch = refused(op, signal=STEREO)
    assert (mismatch.code, mismatch.port) == ("E414", "signal")
    assert "1 + 2 = 3" in str(mismatch)
    assert refused(op, signal=AUDIO).code == "E413"
