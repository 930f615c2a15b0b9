"""A graph that changes while it plays: what goes on, what begins anew, and the line between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.player.live_stream import FADE_S

RATE = 8_000
FADE = round(FADE_S * RATE)
BLOCK = 64


def model(nodes: str, out: str, inputs: str = "{audio: {rate: audio}}", hop: int = 32) -> Any:
    text = f"version: 2\nname: a\nclock: {{sample_rate: 8 kHz, hop: {hop}, duration: 1 s}}\ninputs: {inputs}\n"
    return dg.compile(f"{text}nodes:\n{nodes}\noutputs: {{audio: {out}}}\n", streaming=True)


def gain(level: float) -> Any:
    return model(f"  out: {{op: gain, inputs: [audio, {level} linear]}}", "out")


def tone(level: float, f0: str = "125 Hz", name: str = "tone") -> Any:
    ports = f"{{amplitudes: {level}, harmonic_distribution: [1.0], f0_hz: {f0}}}"
    return model(f"  {name}: {{op: harmonic, inputs: {ports}, params: {{scale_fn: null}}}}", name, "{}")


def reverb(decay: float) -> Any:
    ports = f"{{audio: audio, gain: 0.5, decay: {decay}}}"
    return model(f"  room: {{op: exp_decay_reverb, inputs: {ports}, params: {{reverb_length: 1024}}}}", "room")


def blocks(live: Any, n: int, given: Any) -> np.ndarray:
    """`n` blocks, [samples]."""
    return np.concatenate([live(given)["audio"][0] for _ in range(n)])


@pytest.fixture(scope="module")
def gains() -> list[Any]:
    return [gain(level) for level in (1.0, 0.5, 0.125)]


ONES = {"audio": np.ones([1, BLOCK], np.float32)}


def test_a_change_is_a_line_from_the_old_sound_to_the_new(gains: list[Any]) -> None:
    live = dg.LiveStream(gains[0])
    np.testing.assert_array_equal(blocks(live, 1, ONES), 1.0)
    live.swap(gains[1])
    found = blocks(live, 4, ONES)
    line = 1.0 - 0.5 * np.minimum((1 + np.arange(4 * BLOCK)) / FADE, 1.0)
    np.testing.assert_allclose(found, line, atol=1e-6)  # float32 of numbers up to 1
    assert live.models == (gains[1],)


def test_a_second_change_waits_for_the_first_and_the_last_one_wins(gains: list[Any]) -> None:
    live = dg.LiveStream(gains[0])
    live.swap(gains[1])
    first = blocks(live, 1, ONES)
    live.swap(gains[0])
    live.swap(gains[2])
    found = np.concatenate([first, blocks(live, 9, ONES)])
    assert np.max(np.abs(np.diff(found))) < 1.01 / FADE
    assert found[-1] == pytest.approx(0.125, rel=1e-6)  # by way of decibels


def test_an_oscillator_keeps_its_phase() -> None:
    """Without it a tone of half the level would begin at phase 0: here it is half of what would have been played."""
    before, n = tone(0.5), 12
    alone = blocks(dg.LiveStream(before), n, BLOCK)
    live = dg.LiveStream(before)
    found = blocks(live, 5, BLOCK)
    live.swap(tone(0.25))
    found = np.concatenate([found, blocks(live, n - 5, BLOCK)])
    np.testing.assert_allclose(found[: 5 * BLOCK], alone[: 5 * BLOCK], atol=1e-6)
    late = 5 * BLOCK + FADE + 64  # the line, and what of the old level is still on its way
    np.testing.assert_allclose(found[late:], 0.5 * alone[late:], atol=1e-5)  # a phase of float64, samples of float32
    assert np.max(np.abs(np.diff(found))) < np.max(np.abs(np.diff(alone))) + 1e-3


def test_the_response_of_a_room_is_the_new_one_and_its_past_goes_on() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 40 * BLOCK)).astype(np.float32)
    first, second = reverb(2.0), reverb(8.0)

    def parts(live: Any, begin: int, end: int) -> np.ndarray:
        given = [{"audio": x[:, i * BLOCK : (i + 1) * BLOCK]} for i in range(begin, end)]
        return np.concatenate([live(block)["audio"][0] for block in given])

    wanted = parts(dg.LiveStream(second), 0, 40)
    live = dg.LiveStream(first)
    parts(live, 0, 20)
    live.swap(second)
    found = parts(live, 20, 40)
    # What was played before the change rings in the new room, as if it had always been there.
    np.testing.assert_allclose(found[FADE:], wanted[20 * BLOCK + FADE :], atol=1e-4)  # sums of 1024 products


def test_another_op_of_the_same_name_and_another_hop_begin_anew(gains: list[Any]) -> None:
    live = dg.LiveStream(tone(0.5))
    blocks(live, 3, BLOCK)
    other = tone(0.5, name="other")
    live.swap(other)
    blocks(live, 6, BLOCK)
    assert int(live._playing.stream.state["state/position"]) == 9 * BLOCK
    coarse = model("  out: {op: gain, inputs: [audio, 0.5 linear]}", "out", hop=64)
    live.swap(coarse)
    given = lambda m: ONES if m.block_inputs else BLOCK  # noqa: E731
    np.testing.assert_allclose(blocks(live, 6, given)[-BLOCK:], 0.5, rtol=1e-6)
    assert int(live._playing.stream.state["state/position"]) == 6 * BLOCK


def test_what_is_not_finite_is_not_carried_on() -> None:
    line = "  out: {op: mod_delay, inputs: {audio: audio, gain: 0.5, phase: 0.5}, params: {center_ms: 5, depth_ms: 1}}"
    first, second = model(line, "out"), model(line, "out")
    live = dg.LiveStream(first)
    live({"audio": np.full([1, BLOCK], np.nan, np.float32)})
    live.swap(second)
    assert np.isfinite(blocks(live, 8, ONES)[-BLOCK:]).all()


def test_constants_that_are_missing_leave_the_old_one_playing(gains: list[Any]) -> None:
    inputs = "{audio: {rate: audio}, level: {rate: const, unit: dB}}"
    wants_more = model("  out: {op: gain, inputs: [audio, level]}", "out", inputs)
    live = dg.LiveStream(gains[1])
    with pytest.raises(dg.GraphError, match="E603"):
        live.swap(wants_more)
    np.testing.assert_allclose(blocks(live, 2, ONES), 0.5, rtol=1e-6)
    live.swap(wants_more, constants={"level": [20 * np.log10(0.25)]})
    np.testing.assert_allclose(blocks(live, 6, ONES)[-BLOCK:], 0.25, atol=1e-6)
