"""What is wrong with a spec of version 1, at its line and column."""

from __future__ import annotations

import contextlib

import pytest

from ddspgraph.compiler.frontend.document import read_text
from ddspgraph.diagnostics import GraphError, Report
from ddspgraph.migrations import migrate

SPEC = """\
version: 1
name: a
sample_rate: 16000
n_samples: 64000
inputs: [amps, dist, f0_hz, mags, audio]
modules:
  harmonic: {class: Harmonic}
  noise: {class: FilteredNoise}
  add: {class: Add}
  loss: {class: SpectralLoss}
dag:
  - [harmonic, [amps, dist, f0_hz]]
  - [noise, [mags]]
  - [add, [harmonic/signal, noise/signal]]
losses:
  - [loss, [audio, add/signal]]
"""


def findings(text: str) -> list[tuple[str, int, int]]:
    report = Report()
    with contextlib.suppress(GraphError):
        migrate(read_text(text, "old.yaml"), report)
    found = GraphError(report.diagnostics).diagnostics
    assert {d.span.source.name for d in found} == {"old.yaml"}
    return [(d.code, d.span.line, d.span.column) for d in found if d.is_error]


def test_the_spec_itself_is_sound():
    assert findings(SPEC) == []


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        # the schema
        ("name: a\n", "", [("E201", 1, 1)]),
        ("name: a", "name: a b", [("E206", 2, 7)]),
        ("n_samples: 64000\n", "", [("E201", 1, 1)]),
        ("sample_rate: 16000", "sample_rate: 16 kHz", [("E203", 3, 14)]),
        ("sample_rate: 16000", "sample_rate: 0", [("E203", 3, 14)]),
        ("sample_rate: 16000", "sample_rate: 16000\nframe_rate: 0", [("E203", 4, 13)]),
        ("n_samples: 64000", "n_samples: 64000\nframes: 250", [("E202", 5, 1)]),
        ("n_samples: 64000", "n_samples: 64000\ntraining: {}", [("E202", 5, 1)]),
        ("inputs: [amps,", "inputs: [[amps], 7,", [("E203", 5, 10), ("E203", 5, 18)]),
        ("inputs: [amps,", "inputs: [[amps, one],", [("E203", 5, 17)]),
        ("inputs: [amps,", "inputs: [[amps, 1, 2],", [("E203", 5, 20)]),
        ("  add: {class: Add}", "  add: {klass: Add}", [("E201", 9, 3)]),
        ("  add: {class: Add}", "  add: {class: 1 + 1}", [("E203", 9, 16)]),
        ("  add: {class: Add}", "  add: Add", [("E203", 9, 8)]),
        ("  add: {class: Add}", "  add: {class: Add}\n  a-b: {class: Add}", [("E206", 10, 3)]),
        ("  - [noise, [mags]]", "  - [noise]", [("E203", 13, 5)]),
        ("  - [noise, [mags]]", "  - [noise, mags]", [("E203", 13, 13)]),
        ("  - [noise, [mags]]", "  - [noise, [3]]", [("E203", 13, 14)]),
        ("  - [noise, [mags]]", "  - [noise, [mags], [], []]", [("E203", 13, 25)]),
        ("  - [noise, [mags]]", "  - [{class: FilteredNoise, name: 1}, [mags]]", [("E203", 13, 35)]),
        # names
        ("[harmonic, [amps,", "[harmonic, [amp,", [("E301", 12, 17)]),
        ("[harmonic, [amps,", "[harmonic, [noise/signal,", [("E301", 12, 17)]),
        ("[harmonic, [amps,", "[harmonic, [harmonic/signal,", [("E301", 12, 17)]),
        ("- [noise, ", "- [noisy, ", [("E301", 13, 6)]),
        ("{class: FilteredNoise}", "{class: FilterdNoise}", [("E302", 8, 18)]),
        ("{class: FilteredNoise}", "{class: decoders.RnnFcDecoder}", [("E901", 8, 18)]),
        ("[harmonic/signal, noise/signal]", "[harmonic/sound, noise/signal]", [("E303", 14, 12)]),
        ("[harmonic/signal, noise/signal]", "[harmonic/controls, noise/signal]", [("E303", 14, 12)]),
        ("[harmonic/signal, noise/signal]", "[harmonic/controls/mags, noise/signal]", [("E303", 14, 12)]),
        ("[harmonic/signal, noise/signal]", "[amps/signal, noise/signal]", [("E303", 14, 12)]),
        ("[audio, add/signal]", "[audio, loss/loss]", [("E301", 16, 20)]),
        ("- [noise, [mags]]", "- [noise, [mags, amps]]", [("E304", 13, 13)]),
        ("  add: {class: Add}", "  f0_hz: {class: Add}", [("E301", 14, 6)]),
        ("inputs: [amps, ", "inputs: [amps, amps, ", [("E306", 5, 16)]),
        ("inputs: [amps, ", "inputs: [amps, noise, ", [("E306", 13, 6)]),
        ("  - [noise, [mags]]", "  - [noise, [mags]]\n  - [noise, [mags]]", [("E306", 14, 6)]),
        ("  - [noise, [mags]]", "  - [noise, [mags]]\n  - [{class: Harmonic}, [amps, dist, f0_hz]]", [("E306", 14, 6)]),
        ("  - [noise, [mags]]", "  - [{class: FilteredNoise, name: noise}, [mags]]", [("E306", 13, 35)]),
        ("  - [add, [h", "  - [loss, [audio, noise/signal]]\n  - [add, [h", [("E302", 14, 6), ("E306", 17, 6)]),
        ("  - [loss, [audio, add/signal]]", "  - [add, [audio, audio]]", [("E306", 16, 6)]),
        # values
        ("sample_rate: 16000", "sample_rate: 44100", [("E401", 3, 14)]),
        ("n_samples: 64000", "n_samples: 64001", [("E401", 4, 12)]),
        ("n_samples: 64000", "n_samples: 64000\nframe_rate: 300", [("E401", 5, 13)]),
        ("{class: FilteredNoise}", "{class: FilteredNoise, noise_fade_fn: relu}", [("E901", 8, 48)]),
    ],
)  # fmt: skip
def test_one_fault_is_one_finding_at_its_place(old, new, found):
    assert old in SPEC
    assert findings(SPEC.replace(old, new, 1)) == sorted(found, key=lambda f: f[1:])


def test_all_errors_of_a_file_in_one_run():
    text = SPEC.replace("name: a\n", "").replace("amps, dist, f0_hz]]", "amps, dest, f0_hz]]").replace("44", "")
    text = text.replace("16000", "16001").replace("class: Add}", "clas: Add}")
    assert findings(text) == [("E201", 1, 1), ("E401", 2, 14), ("E201", 8, 3), ("E301", 11, 23)]


def test_two_nameless_modules_of_one_class_are_both_named():
    text = SPEC.replace("- [noise, [mags]]", "- [{class: Add}, [audio, audio]]\n  - [{class: Add}, [audio, audio]]")
    with pytest.raises(GraphError) as caught:
        migrate(read_text(text, "old.yaml"), Report())
    twice = next(d for d in caught.value.diagnostics if d.span.line == 14)
    assert twice.code == "E306"
    assert [str(note) for note in twice.notes] == ["the first call is at old.yaml:13:6"]


def test_repairs_are_concrete():
    def hint(old: str, new: str) -> str:
        with pytest.raises(GraphError) as caught:
            migrate(read_text(SPEC.replace(old, new, 1), "old.yaml"), Report())
        return str(caught.value.diagnostics[0].hint)

    assert "'amps'" in hint("[harmonic, [amps,", "[harmonic, [amp,")
    assert "'noise'" in hint("- [noise, ", "- [noisy, ")
    assert "'FilteredNoise'" in hint("{class: FilteredNoise}", "{class: FilterdNoise}")
    assert "'harmonic/signal'" in hint("[harmonic/signal, noise", "[harmonic/signals, noise")
    assert "amplitudes, harmonic_distribution, f0_hz" in hint("dist, f0_hz]]", "dist, f0_hz, mags]]")
    assert "move the call of it up" in hint("[harmonic, [amps,", "[harmonic, [noise/signal,")
    assert "252 (175 samples)" in hint("sample_rate: 16000", "sample_rate: 44100")
    assert "64000" in hint("n_samples: 64000", "n_samples: 64001")


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nname: a\nsample_rate: 9007199254740991\nframe_rate: 1.0e-300\nn_samples: 1\ninputs: []\n"
        "modules: {}\ndag: [[a, []]]\n",
        "version: 1\ndag: {a: 1}\nmodules: [1]\ninputs: {a: 1}\nlosses: 3\n",
        "version: 1\ndag: [[[[]]], {}, 1, null, [null, null], [{}, {}]]\ninputs: [[], {}, null]\nmodules: {a: null}\n",
        "version: 1\ndag: [[a, [" + "b, " * 20_000 + "b]]]\nmodules: {a: {class: Add}}\ninputs: []\n",
        "version: 1\ndag: [" + "[{class: Nope}, [x/y]], " * 3_000 + "]\nmodules: {}\ninputs: []\n",
    ],
)
def test_nonsense_is_answered_with_findings(text):
    codes = {code for code, _, _ in findings(text)}
    assert codes
    assert codes <= {"E201", "E203", "E301", "E302", "E304", "E306", "E401", "E707"}
