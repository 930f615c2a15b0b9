"""What the types leave open is checked at the call: by the author's names, never by TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ddspgraph as dg

OPEN = {"x": {"rate": "audio", "channels": "k"}, "y": {"rate": "audio", "channels": "k"}}


def compiled(nodes: dict[str, Any], inputs: dict[str, Any], clock: Any = None) -> Any:
    spec = {"version": 2, "name": "open", "clock": clock or {"sample_rate": "16 kHz", "hop": 64}}
    ends = {f"o_{name}": name for name in nodes}
    return dg.compile({**spec, "inputs": inputs, "nodes": nodes, "outputs": ends})


def refused(model: Any, **inputs: np.ndarray) -> str:
    with pytest.raises(dg.GraphError) as caught:
        model(inputs)
    (finding,) = caught.value.diagnostics
    assert finding.code == "E605"
    assert finding.span is not None
    return str(finding)


@pytest.fixture(scope="module")
def split() -> Any:
    return compiled({"n": {"op": "split", "inputs": ["x"], "params": {"outputs": {"p": 1, "q": 2}}}}, {"x": OPEN["x"]})


@pytest.mark.parametrize("channels", [1, 2, 4, 5])
def test_no_channel_vanishes(split: Any, channels: int) -> None:
    text = refused(split, x=np.zeros([1, 640, channels]))
    assert f"'n': the outputs take 1 + 2 = 3 channels, 'x' has {channels} (with k = {channels})" in text
    assert "'x' is declared" in text


def test_what_fits_runs(split: Any) -> None:
    x = np.random.default_rng(0).normal(size=[2, 640, 3]).astype(np.float32)
    np.testing.assert_array_equal(split({"x": x})["o_n"], x[:, :, :1])


def test_a_draw_of_classes_whose_number_the_call_says() -> None:
    """The noise, which is numbered through all classes, is that of a number that the spec says."""
    x = np.random.default_rng(0).normal(size=[2, 5, 3])
    node = {"n": {"op": "straight_through_softmax", "inputs": ["x"]}}
    known, free = (compiled(node, {"x": {"rate": "frame", "channels": n}})({"x": x}, seed=4) for n in (3, "k"))
    np.testing.assert_array_equal(free["o_n"], known["o_n"])


def test_one_name_is_one_size() -> None:
    model = compiled({"n": {"op": "add", "inputs": ["x", "y"]}}, OPEN)
    text = refused(model, x=np.zeros([1, 640, 3]), y=np.zeros([1, 640, 2]))
    assert "'k' is 2 in 'y', which is [1, 640, 2], and 3 in 'x'" in text
    assert model({"x": np.ones([1, 640, 3]), "y": np.ones([1, 640, 3])})["o_n"].shape == [1, 640, 3]


def test_two_names_may_not_meet() -> None:
    other = {"x": OPEN["x"], "v": {"rate": "const", "shape": [3]}}
    model = compiled({"n": {"op": "gain", "inputs": ["x", "v"]}}, other)
    text = refused(model, x=np.zeros([1, 640, 4]), v=np.zeros([1, 3]))
    assert "4 is not 3 (with k = 4)" in text
    assert model({"x": np.zeros([1, 640, 3]), "v": np.zeros([1, 3])})["o_n"].shape == [1, 640, 3]


def test_a_free_size_is_at_least_one() -> None:
    model = compiled({"n": {"op": "tanh", "inputs": ["v"]}}, {"v": {"rate": "const", "shape": ["k"]}})
    assert "'k' is 0 in 'v', which is [1, 0]: it is at least 1" in refused(model, v=np.zeros([1, 0]))
    assert model({"v": np.zeros([1, 1])})["o_n"].shape == [1, 1]


def test_frames_that_do_not_fit_the_samples() -> None:
    """One too many is what centred trackers make; for one too few the samples are not at fault."""
    inputs = {"a": {"rate": "audio"}, "f": {"rate": "frame"}}
    model = compiled({"n": {"op": "multiply", "inputs": ["a", "f"]}}, inputs)
    for frames, hint in ((11, "cut the last, f[:, :-1]"), (9, "9 frames go with 576 samples, 10 with 640")):
        for order in ("af", "fa"):
            given = {"a": np.zeros([1, 640]), "f": np.zeros([1, frames, 1])}
            with pytest.raises(dg.GraphError) as caught:
                model({name: given[name] for name in order})
            (finding,) = caught.value.diagnostics
            assert finding.code == "E606"
            assert finding.hint is not None
            assert hint in finding.hint.replace("10 frames go with 640 samples, 9 with 576", hint)


@pytest.mark.parametrize(
    ("x", "said"), [(np.full([1, 64], 1j), "complex: its imaginary part would be lost"), ("a.wav", "it is text")]
)
def test_what_is_no_real_number_is_refused(split: Any, x: Any, said: str) -> None:
    text = refused(split, x=x)
    assert f"'x' is not an array of numbers: {said if 'text' in said else 'it is ' + said}" in text


def test_frames_of_free_channels_at_a_port_of_a_sound() -> None:
    """Each channel is a sound of its own, however many the call has."""
    model = compiled({"n": {"op": "power", "inputs": ["f"]}}, {"f": {"rate": "frame", "channels": "k"}})
    for channels in (1, 4):
        assert model({"f": np.zeros([1, 10, channels])})["o_n"].shape == [1, 11, channels]


def test_frames_of_free_channels_at_a_port_of_one() -> None:
    model = compiled({"n": {"op": "mel", "inputs": ["f"]}}, {"f": {"rate": "frame", "channels": "k"}})
    assert "port 'audio'" in refused(model, f=np.zeros([1, 100, 4]))


def test_audio_that_is_shorter_than_a_frame() -> None:
    nodes = {"n": {"op": "power", "inputs": ["a"], "params": {"padding": "valid"}}}
    model = compiled(nodes, {"a": {"rate": "audio"}})
    text = refused(model, a=np.zeros([1, 100]))
    assert "'a' has 128 samples, less than one frame of 512" in text
    assert "padding: center" in text


def test_a_gain_of_each_channel_gives_a_number_channels() -> None:
    model = compiled({"n": {"op": "gain", "inputs": [0.5, "v"]}}, {"v": {"rate": "const", "shape": [3]}})
    v = np.array([[0.0, 20.0, -20.0]])
    np.testing.assert_allclose(model({"v": v})["o_n"], [[0.5, 5.0, 0.05]], rtol=1e-6)


def test_a_network_says_at_its_line_that_it_must_know_the_channels() -> None:
    for op, params in {"fc": {"ch": 4}, "rnn_fc_decoder": {"outputs": {"a": 1}}, "resnet": {}}.items():
        nodes = {"n": {"op": op, "inputs": ["f"], "params": params}}
        spec: dict[str, Any] = {"version": 2, "name": "open", "clock": {"sample_rate": "16 kHz", "hop": 64}}
        spec |= {"inputs": {"f": {"rate": "frame", "channels": "k"}}, "nodes": nodes, "outputs": {"o": "n"}}
        (finding,) = dg.check(spec)
        assert finding.code == "E414"
        assert "must know how many channels" in finding.message
        assert "'f' is [batch, frames, k]" in finding.message
        assert finding.hint == "write their number, `channels: 8`, where it is declared"


HELD = {
    "rnn": {"op": "rnn", "inputs": [0.5], "params": {"dims": 4, "return_sequences": False}},
    "rnn_fc_decoder": {"op": "rnn_fc_decoder", "inputs": [0.5, 440], "params": {"ch": 4, "outputs": {"a": 1}}},
    "hold": {"op": "hold", "inputs": [0.5]},
}


@pytest.mark.parametrize("op", HELD)
@pytest.mark.parametrize("clock", [{"sample_rate": "16 kHz"}, {"sample_rate": "16 kHz", "hop": 64}, None])
def test_a_constant_is_held_for_as_long_as_something_says(op: str, clock: Any) -> None:
    spec: dict[str, Any] = {"version": 2, "name": "held", "nodes": {"n": HELD[op]}, "outputs": {"o": "n"}}
    (finding,) = dg.check(spec | ({"clock": clock} if clock else {}))
    assert finding.code == "E402"
    assert "nothing says how long it is" in finding.message


def test_frames_without_a_frame_rate_have_no_length() -> None:
    """An input that says how many samples there are does not say how many frames."""
    nodes = {
        "n": {"op": "hold", "inputs": [0.5]},
        "p": {"op": "dilated_conv_stack", "inputs": {"x": "n", "z": 0.5}, "params": {"ch": 4}},
    }
    spec: dict[str, Any] = {"version": 2, "name": "held", "nodes": nodes}
    spec |= {"inputs": {"a": {"rate": "audio"}}, "outputs": {"o": "p"}}
    (finding,) = dg.check(spec | {"clock": {"sample_rate": "16 kHz", "duration": "1 s"}})
    assert finding.code == "E402"
    assert finding.hint == "add `frame_rate: 250 Hz` to `clock`"


def test_two_constants_make_one() -> None:
    """`add` and `multiply` have outputs that are called like their inputs, and so like the literals there."""
    nodes = {
        "sum": {"op": "add", "inputs": ["-6 dB", "-3 dB"]},
        "product": {"op": "multiply", "inputs": [3.0, 0.5]},
        "quieter": {"op": "gain", "inputs": ["a", "sum"]},
    }
    model = compiled(nodes, {"a": {"rate": "audio"}})
    found = model({"a": np.ones([1, 640])})
    np.testing.assert_allclose(found["o_sum"], [-9.0])
    np.testing.assert_allclose(found["o_product"], [1.5])
    np.testing.assert_allclose(found["o_quieter"], np.full([1, 640], 10 ** (-9 / 20)), rtol=1e-6)
