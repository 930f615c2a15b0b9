"""Which windows there are, and which of them are held out."""

from __future__ import annotations

import numpy as np
import pytest

from ddspgraph.data.notes import moving_average, note_mask
from ddspgraph.data.windows import Windows, split, windows_of


def windows(n: int) -> Windows:
    return Windows(tuple(range(0, 250 * n, 250)), 0)


def test_windows_lie_within_the_recording() -> None:
    assert windows_of(np.zeros(2000), 1000, 250) == Windows((0, 250, 500, 750, 1000), 0)
    assert windows_of(np.zeros(1999), 1000, 250) == Windows((0, 250, 500, 750), 0)
    assert windows_of(np.zeros(10), 1000, 250) == Windows((0,), 0)
    assert windows_of(np.zeros(0), 1000, 250) == Windows((), 1)


def test_silent_windows_are_dropped() -> None:
    power_db = np.full(2000, -80.0)
    power_db[1300] = -30.0
    assert windows_of(power_db, 1000, 250) == Windows((500, 750, 1000), 2)


def test_one_recording_is_cut_in_time() -> None:
    found = split({"a": windows(100)}, 1000, 0.1)
    assert found["eval"] == [("a", s) for s in range(90 * 250, 100 * 250, 250)]
    assert found["train"] == [("a", s) for s in range(0, 87 * 250, 250)]  # three windows reach across the cut


@pytest.mark.parametrize("n", [1, 4, 7])
def test_a_short_recording_is_for_training(n: int) -> None:
    found = split({"a": windows(n)}, 1000, 0.1)
    assert (len(found["train"]), len(found["eval"])) == (n, 0)


def test_several_recordings_are_not_cut() -> None:
    sizes = {"f": 50, "a": 6, "c": 3, "b": 30, "d": 12}
    found = split({key: windows(n) for key, n in sizes.items()}, 1000, 0.1)
    assert {key for key, _ in found["eval"]} == {"a", "c"}  # 9 of 101, in the order of their keys
    assert {key for key, _ in found["train"]} == {"f", "b", "d"}
    assert len(found["train"]) + len(found["eval"]) == 101


def test_the_smallest_recording_is_held_out_where_all_are_large() -> None:
    found = split({"a": windows(50), "b": windows(20), "c": windows(40)}, 1000, 0.1)
    assert {key for key, _ in found["eval"]} == {"b"}


def test_a_short_one_among_long_ones_is_not_all_that_is_held_out() -> None:
    found = split({"a": windows(67), "b": windows(17), "c": windows(1)}, 1000, 0.1)
    assert {key for key, _ in found["eval"]} == {"b"}
    found = split({"a": windows(80), "c": windows(1)}, 1000, 0.1)
    assert ({key for key, _ in found["eval"]}, len(found["eval"])) == ({"a"}, 8)


def test_of_two_equal_recordings_one_is_cut() -> None:
    found = split({"a": windows(50), "b": windows(50)}, 1000, 0.1)
    assert len(found["eval"]) == 10
    assert len(found["train"]) == 87


def test_nothing_is_held_out_where_nothing_is_wanted() -> None:
    found = split({"a": windows(50), "b": windows(5)}, 1000, 0.0)
    assert (len(found["train"]), found["eval"]) == (55, [])


def test_notes_are_loud_and_sure() -> None:
    loudness_db, confidence = np.full(1000, -5.0), np.zeros(1000)
    confidence[200:500] = 0.95
    loudness_db[600:] = -75.0
    confidence[600:] = 0.95
    mask = note_mask(loudness_db, confidence, 250.0)
    assert mask[230:470].all()
    assert not mask[:150].any()
    assert not mask[620:].any()
    assert note_mask(loudness_db, confidence, 250.0, threshold=9.0).sum() == 0
    assert note_mask(np.zeros(0), np.zeros(0), 250.0).shape == (0,)
    assert not note_mask(np.full(9, -80.0), np.ones(9), 250.0).any()


def test_the_mask_is_that_of_the_peer() -> None:
    """magenta/ddsp's `detect_notes` on these signals, but for 20 frames at both ends: 40 numbers of 1000.

    It is given recordings at full scale; ours is the same at any level.
    """
    t = np.arange(1000)
    confidence = np.clip(0.8 + 0.4 * np.sin(t / 37), 0, 1)
    for mean_db in (-15, -40):
        mask = note_mask(mean_db + 15 * np.sin(t / 60), confidence, 250.0)
        edges = np.flatnonzero(np.diff(mask[20:-20])) + 21
        assert edges.tolist() == PEER_EDGES, mean_db


#: Where the peer's mask changes for a mean of -15 dB, the loudest frame at 0 dB.
PEER_EDGES = [132, 228, 356, 448, 588, 695, 831, 917]


def test_a_moving_average() -> None:
    np.testing.assert_allclose(moving_average(np.array([0.0, 0, 3, 0, 0, 6]), 3), [0, 1, 1, 1, 2, 3])
    np.testing.assert_allclose(moving_average(np.ones(5), 4), np.ones(5))
