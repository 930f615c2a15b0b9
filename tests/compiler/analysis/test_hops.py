"""Hops are part of a type: frames at a hop of their own are not frames of the clock."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import ddspgraph as dg
from ddspgraph.ir.types import BATCH, FRAMES, SAMPLES, Dim

CLOCK: dict[str, Any] = {"sample_rate": "16 kHz", "hop": 64}


def spec(nodes: dict[str, Any], output: str, clock: dict[str, Any] = CLOCK, **inputs: Any) -> dict[str, Any]:
    declared = {"audio": {"rate": "audio"}, **inputs}
    return {"version": 2, "name": "hops", "clock": clock, "inputs": declared, "nodes": nodes, "outputs": {"o": output}}


def mel(fft_size: int = 2048, overlap: float = 0.75, op: str = "logmel") -> dict[str, Any]:
    key = {"mfcc": "mfcc_bins"}.get(op, "bins")
    return {"op": op, "inputs": ["audio"], "params": {"fft_size": fft_size, "overlap": overlap, key: 9}}


def node(op: str, *inputs: Any, **params: Any) -> dict[str, Any]:
    return {"op": op, "inputs": list(inputs), **({"params": params} if params else {})}


#: What turns frames into samples, or meets them with audio or with other frames.
READERS = {
    "filtered_noise": node("filtered_noise", "m"),
    "resample": node("resample", "m"),
    "harmonic": node("harmonic", -2.0, "m", 220),
    "wavetable": node("wavetable", -2.0, "m", 220, scale_fn=None),
    "sinusoidal": node("sinusoidal", "m", "m"),
    "gain of audio": node("gain", "audio", "m"),
    "fir_filter": node("fir_filter", "audio", "m"),
    "concat with frames": node("concat", "m", "p"),
    "add to frames": node("add", "p", "m"),
    "concat with another hop": node("concat", "m", "n"),
    "rnn_fc_decoder with a constant": node("rnn_fc_decoder", "m", 0.5, outputs={"a": 1}),
}


@pytest.mark.parametrize("op", ["mel", "logmel", "mfcc"])
@pytest.mark.parametrize("reader", READERS)
def test_frames_of_another_hop_are_refused_where_they_meet_the_clock(op: str, reader: str) -> None:
    nodes = {"m": mel(1024, op=op), "p": node("power", "audio", padding="same"), "n": mel(512), "o": READERS[reader]}
    units = {"mel": "linear"}.get(op, "any")
    found = [d for d in dg.check(spec(nodes, "o")) if d.is_error]
    # Other findings of the same edge (the unit of mel) may stand beside it.
    hops = [d for d in found if d.code == "E414"]
    assert len(hops) == 1, (units, [str(d) for d in found])
    text = str(hops[0])
    assert "256 samples" in text or "128 samples" in text
    assert "64" in text or "128" in text
    assert "'m/signal' is declared" in text or "'n/signal' is declared" in text
    assert hops[0].span is not None
    assert hops[0].hint is not None


def test_both_hops_both_places_and_a_repair_are_named() -> None:
    nodes = {"m": mel(), "o": node("filtered_noise", "m")}
    (finding,) = dg.check(spec(nodes, "o"))
    assert finding.message == "'o': 'm/signal' has a frame every 512 samples, the clock one every 64 samples"
    assert [note.message for note in finding.notes] == ["'m/signal' is declared", "the clock is"]
    assert finding.hint == "write `overlap: 0.96875` in the params of 'm', or make `clock` say `hop: 512`"
    assert dg.check(spec(nodes, "o", {"sample_rate": "16 kHz", "hop": 512})) == ()
    assert dg.check(spec({**nodes, "m": mel(2048, 1 - 64 / 2048)}, "o")) == ()


def test_what_only_goes_from_frame_to_frame_keeps_the_hop() -> None:
    nodes = {
        "m": mel(1000, 0.9),
        "louder": node("gain", "m", 3),
        "net": node("rnn", "louder", dims=4),
        "both": node("concat", "net", "m"),
    }
    types = dg.load(spec(nodes, "both")).types
    by_name = {str(ref): signal for ref, signal in types.items()}
    assert {by_name[f"{name}/signal"].hop for name in ("m", "louder", "net", "both")} == {100}
    assert str(by_name["both/signal"].dims[1]) == "(16*frames + 24) // 25"  # 64 frames / 100, rounded up


def test_a_stack_that_resamples_changes_the_hop() -> None:
    def stack(source: str, resample_type: str) -> dict[str, Any]:
        how = {"resample_type": resample_type, "resample_stride": 2, "stacks": 1, "ch": 4, "layers_per_stack": 1}
        return node("dilated_conv_stack", source, **how)

    frames = {"f": {"rate": "frame", "channels": 4}}
    down = {"down": stack("f", "downsample"), "o": node("filtered_noise", "down")}
    (finding,) = dg.check(spec(down, "o", **frames))
    assert "'down/signal' has a frame every 128 samples, the clock one every 64 samples" in finding.message
    up = {"up": stack("f", "upsample"), "o": node("filtered_noise", "up")}
    (finding,) = dg.check(spec(up, "o", **frames))
    assert "'up/signal' has a frame every 32 samples" in finding.message
    types = dg.load(spec({"up": stack("f", "upsample")}, "up", {"sample_rate": 16_000, "hop": 63}, **frames)).types
    assert Fraction(63, 2) in {signal.hop for signal in types.values()}


def test_an_encoder_at_its_own_hop_does_not_meet_the_clock() -> None:
    found = node("resnet_sinusoidal_encoder", "audio", outputs={"a": 1}, fft_size=514)
    nodes = {"e": found, "p": node("power", "audio", padding="same"), "o": node("add", "e/a", "p")}
    (finding,) = [d for d in dg.check(spec(nodes, "o")) if d.code == "E414"]
    assert "'e/a' has a frame every 128 samples" in finding.message  # a quarter of 514 is 128.5, rounded down


@pytest.mark.parametrize("frame_rate", [32_000, 1e9])
def test_a_frame_of_less_than_a_sample_is_refused(frame_rate: float) -> None:
    nodes = {"o": node("power", "audio", frame_rate=frame_rate)}
    found = dg.check(spec(nodes, "o", {"sample_rate": "16 kHz"}))
    assert [d.code for d in found] == ["E401"]
    assert found[0].hint == "write `frame_rate: 16000` or less"


def test_dims_over_a_divisor_are_exact() -> None:
    """Against the arithmetic of Python's integers, at every length up to 300; no size is negative."""
    for hop in (1, 3, 64, 100, 512):
        for offset in (-320, 0, 1, 63):
            samples = FRAMES * 64 + offset
            down, up = samples // hop, (samples + (hop - 1)) // hop
            nested = (down + 5) // 7
            for frames in range(300):
                n = 64 * frames + offset
                assert down.at({"frames": frames}) == max(n // hop, 0)
                assert up.at({"frames": frames}) == max(-(-n // hop), 0)
                assert nested.at({"frames": frames}) == max((n // hop + 5) // 7, 0)
    assert (FRAMES * 64) // 64 == FRAMES
    assert Dim.of(1000) // 99 == Dim.of(10)
    assert str(SAMPLES // 512) == "samples // 512"
    assert (FRAMES * 3).divided(2) is None
    assert (BATCH * 4).divided(2) == BATCH * 2
    # A multiple of a rounded quotient is nothing that these forms can say: equal to itself alone.
    rounded = (FRAMES // 2) * 2
    assert rounded != FRAMES
    assert rounded == (FRAMES // 2) * 2
