"""Generated specs of version 1: sound by construction, each migrates, and old and new are one graph."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ddspgraph as dg
from ddspgraph.compiler.frontend.document import read
from ddspgraph.diagnostics import Report
from ddspgraph.migrations import migrate, migrate_text
from ddspgraph.migrations.text.emit import emit

#: Class -> parameters that it may be given.
SYNTHS: dict[str, dict[str, list[object]]] = {
    "Harmonic": {"scale_fn": ["exp_sigmoid", "@core.exp_sigmoid", None], "n_samples": [6400]},
    "Additive": {"normalize_below_nyquist": [True, False], "sample_rate": [16000]},
    "FilteredNoise": {"window_size": [0, 257], "initial_bias": [-5.0, 0.25], "noise_fade_fn": [None]},
    "Wavetable": {"scale_fn": ["tf.nn.softplus", None]},
    "TensorToAudio": {},
}
SYNTH_INPUTS = {"Harmonic": 3, "Additive": 3, "FilteredNoise": 1, "Wavetable": 3, "TensorToAudio": 1}
#: Class -> how many inputs stand after the audio, and parameters.
EFFECTS: dict[str, tuple[int, dict[str, list[object]]]] = {
    "Reverb": (1, {"add_dry": [True, False]}),
    "ExpDecayReverb": (2, {"reverb_length": [1000], "scale_fn": ["core.exp_sigmoid"]}),
    "FIRFilter": (1, {"window_size": [0, 129]}),
    "ModDelay": (2, {"center_ms": [12.5], "sample_rate": [16000]}),
    "Crop": (0, {"frame_size": [0], "crop_location": ["back", "front"]}),
}


@st.composite
def specs(draw: st.DrawFn, n_samples: int = 6400) -> dict[str, Any]:
    """A chain of synthesizers, effects, sums and mixes, written with all spellings that version 1 knows."""
    inputs: list[str] = []
    modules: dict[str, dict[str, object]] = {}
    dag: list[list[object]] = []
    signals: list[str] = []

    def new_inputs(count: int) -> list[str]:
        names = [f"in_{len(inputs) + i}" for i in range(count)]
        inputs.extend(names)
        return [draw(st.sampled_from([name, f"inputs/{name}"])) for name in names]

    def call(class_name: str, given_inputs: list[str], params: dict[str, list[object]]) -> None:
        name = f"m{len(dag)}"
        said = {key: draw(st.sampled_from(v)) for key, v in params.items() if draw(st.booleans())}
        said |= {"n_samples": n_samples} if "n_samples" in said else {}
        said["frame_size"] = 0
        spelt = draw(st.sampled_from([class_name, f"synths.{class_name}", f"@ddsp.effects.{class_name}()"]))
        module = {"class": spelt, **{k: v for k, v in said.items() if k in params}}
        module |= {"frame_size": 0} if class_name == "Crop" else {}
        if draw(st.booleans()):
            modules[name] = module
            dag.append([name, given_inputs])
        else:
            dag.append([{**module, "name": name}, given_inputs])
        signals.append(draw(st.sampled_from([f"{name}/signal", name])))

    for _ in range(draw(st.integers(1, 3))):
        synth = draw(st.sampled_from(sorted(SYNTHS)))
        call(synth, new_inputs(SYNTH_INPUTS[synth]), SYNTHS[synth])
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from([*sorted(EFFECTS), "Add", "Mix"]))
        audio = draw(st.sampled_from(signals))
        if kind in ("Add", "Mix"):
            other = draw(st.sampled_from([*signals, *new_inputs(1)]))
            call(kind, [audio, other, *(new_inputs(1) if kind == "Mix" else [])], {})
        else:
            count, params = EFFECTS[kind]
            call(kind, [audio, *new_inputs(count)], params)
    head = {"version": 1, "name": "made", "sample_rate": 16000, "n_samples": n_samples}
    if draw(st.booleans()):
        head["frame_rate"] = draw(st.sampled_from([250, 50, 100.0]))
    return {**head, "inputs": inputs, "modules": modules, "dag": dag}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_old_and_new_are_one_graph(spec):
    result = migrate_text(spec)
    old, new = dg.load(spec), dg.load(result.text)
    assert old.replace(spec=None) == new.replace(spec=None)
    assert [node.name for node in sorted(new.nodes, key=lambda node: int(node.name[1:]))] == [
        f"m{i}" for i in range(len(spec["dag"]))
    ]
    assert migrate_text(result.text).text == result.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_what_is_written_is_what_was_migrated(spec):
    document, _ = migrate(read(spec), Report())
    assert read(emit(document)).root.plain() == document.root.plain()
