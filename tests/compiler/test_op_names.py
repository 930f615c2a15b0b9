"""Ops by the words that people have for them."""

from __future__ import annotations

import pytest

from ddspgraph.compiler.frontend.op_names import op_hint, ops_called, plain_word
from ddspgraph.ops import OPS
from ddspgraph.ops.missing import MISSING


@pytest.mark.parametrize("name", OPS)
def test_every_op_has_other_words_than_its_name(name: str) -> None:
    words = [word.partition(" (")[0] for word in OPS[name].words]
    assert words
    assert len({plain_word(name), *map(plain_word, words)}) == 1 + len(words)

    for word in OPS[name].words:
        assert word.count("(") == word.count(")") == word.endswith(")"), word


def test_what_makes_an_op_that_thing_is_a_parameter_of_it() -> None:
    for op in OPS.values():
        for word in op.words:
            parameter, colon, value = word.removesuffix(")").partition(" (")[2].partition(": ")
            if colon:
                spec = op.params()[parameter]
                assert value in spec.choices if spec.choices else spec.kind == "bool", word


def test_what_is_missing_is_not_there() -> None:
    for words, advice in MISSING:
        for word in words:
            assert word not in OPS
            assert ops_called(word, OPS.values()) == {}, word
        for quoted in advice.split("'")[1::2]:
            assert quoted in OPS, advice


@pytest.mark.parametrize(
    ("word", "ops"),
    [
        ("hpf", {"highpass": ""}),
        ("Low-Cut", {"highpass": ""}),
        ("fi.lpf", {"lowpass": ""}),
        ("fir highpass", {"sinc_filter": "high_pass: true"}),
        ("saw", {"oscillator": "shape: saw", "harmonic": "", "wavetable": "", "lfo": "shape: saw"}),
        ("cycle~", {"oscillator": "shape: sine", "harmonic": ""}),
        ("doubler", {"mod_delay": "", "chorus": ""}),
        ("xfade", {"mix": ""}),
        ("mse", {"param_loss": ""}),
        ("nothing like it", {}),
    ],
)
def test_an_op_is_found_by_another_word(word: str, ops: dict[str, str]) -> None:
    assert ops_called(word, OPS.values()) == ops


OWN = "an op of your own is given with --ops FILE"


@pytest.mark.parametrize(
    ("written", "help"),
    [
        ("hpf", f"did you mean 'highpass'? `ddspgraph ops highpass` explains it; {OWN}"),
        ("oscilator", "did you mean 'oscillator'?"),
        ("hamonic", "did you mean 'harmonic'?"),
        ("my_reverb", f"did you mean 'reverb' or 'exp_decay_reverb'? A{OWN[1:]}"),
        ("mse", f"did you mean 'param_loss'? `ddspgraph ops param_loss` explains it; {OWN}"),
        ("Limiter", "did you mean 'limiter'?"),
        ("Griffin-Lim", f"there is none: 'fir_filter' shapes a spectrum, 'sinusoidal' makes sound of one; {OWN}"),
        ("qqq", f"`ddspgraph ops` lists the library; {OWN}"),
    ],
)
def test_a_name_that_no_op_has_gets_a_repair(written: str, help: str) -> None:
    nodes = {name: op for name, op in OPS.items() if "loss" not in name}
    assert op_hint(written, nodes, OPS) == help
