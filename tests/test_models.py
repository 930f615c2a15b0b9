"""The graphs of models: as many weights as magenta/ddsp's, no warnings, sound and gradients."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import ddspgraph as dg

MODELS = Path(__file__).parent.parent / "graphs" / "models"
#: Trainable numbers, as counted on magenta/ddsp 3.7.0 with the gin file of that name (vst.gin for vst_16k).
COUNTS = {
    "solo_instrument": 4_849_150,
    "tiny_instrument": 280_314,
    "autoencoder": 7_251_186,
    "vst_16k": 1_889_278,
    "vst_32k": 1_908_039,
    "vst_48k": 1_908_039,
}


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.yaml")), ids=lambda path: path.stem)
def test_model(path: Path) -> None:
    findings = dg.check(path)
    assert not findings, findings
    model = dg.compile(path)
    count = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert count == COUNTS.get(path.stem, count)
    names = {v.name.split(":")[0] for v in model.trainable_variables}
    assert {"decoder/rnn_kernel", "decoder/rnn_recurrent_kernel", "decoder/dense_out_kernel"} <= names


def test_every_model_of_the_original_is_there() -> None:
    assert {path.stem for path in MODELS.glob("*.yaml")} == {*COUNTS, "tiny_instrument_fast"}


def test_the_decoder_counts_by_its_formula() -> None:
    """Input stacks, gated recurrent layer, output stack, dense layer: solo_instrument less its 48,000 of the reverb."""

    def dense(n_in: int, n_out: int) -> int:
        return n_in * n_out + n_out

    def stack(n_in: int) -> int:
        return dense(n_in, 512) + 2 * dense(512, 512) + 3 * 2 * 512

    recurrent = 3 * 512 * (2 * 512 + 512 + 2)
    decoder = 2 * stack(1) + recurrent + stack(2 * 512 + 512) + dense(512, 1 + 60 + 65)
    assert decoder + 48_000 == COUNTS["solo_instrument"]


#: The autoencoder has an encoder. The docs train tiny_instrument_fast; the others are proofs.
_OTHERS = sorted({*COUNTS, "tiny_instrument_fast"} - {"autoencoder"})


@pytest.mark.parametrize("name", ["autoencoder", *(pytest.param(name, marks=pytest.mark.proof) for name in _OTHERS)])
def test_a_step_of_training(name: str) -> None:
    """Sound as long as the recording, and a finite gradient for every weight."""
    # One size of the loss in place of six, each of which takes a second to trace.
    text = re.sub(r"fft_sizes: \[.*?\], ", "", (MODELS / f"{name}.yaml").read_text())
    model = dg.compile(text.replace("{loss_type: L1,", "{loss_type: L1, fft_sizes: [512],"))
    hop = model.graph.clock.hop_samples or 1
    rng = np.random.default_rng(0)
    features = {
        "audio": 0.1 * rng.normal(size=(2, 20 * hop)),
        "f0_hz": rng.uniform(200, 800, (2, 20, 1)),
        "loudness_db": rng.uniform(-80, 0, (2, 20, 1)),
    }
    inputs = {key: tf.constant(x, tf.float32) for key, x in features.items() if key in model.graph.input_by_name}

    @tf.function(autograph=False)
    def step() -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            loss = model.losses(inputs)["total"]
        return loss, tape.gradient(loss, list(model.trainable_variables))

    loss, gradients = step()
    assert np.isfinite(loss.numpy())
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert gradient is not None, variable.name
        assert np.isfinite(gradient.numpy()).all(), variable.name
    heard = model.graph.ancestors(tuple(ref for _, ref in model.graph.outputs))
    made = {key: x for key, x in inputs.items() if key in heard}
    assert ("audio" in made) == (name == "autoencoder" or name.startswith("vst"))
    assert model(made)["audio"].shape == (2, 20 * hop)
