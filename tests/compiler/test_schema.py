"""The JSON Schema that editors read: it accepts what the checker accepts, refuses slips, and explains every name."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from ddspgraph.compiler.driver import check
from ddspgraph.compiler.frontend.document import read
from ddspgraph.compiler.frontend.schema import graph_schema
from ddspgraph.ir.op import Traits
from ddspgraph.ops import OPS
from tests.strategies import plainest

GRAPHS = sorted((Path(__file__).parents[2] / "graphs").glob("*.yaml"))
SCHEMA = graph_schema(OPS)
VALIDATOR = Draft7Validator(SCHEMA)


def complaints(spec: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(spec)]


def test_it_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: path.stem)
def test_the_graphs_are_valid(path: Path) -> None:
    spec = read(path).root.plain()
    if spec["version"] == 2:
        assert complaints(spec) == []


@pytest.mark.parametrize("name", OPS)
def test_the_plainest_spec_of_every_op_is_valid(name: str) -> None:
    assert complaints(plainest(name)) == []


def _changed(op: str, **params: Any) -> dict[str, Any]:
    spec = plainest(op)
    entry = next(iter((spec.get("nodes") or spec["losses"]).values()))
    entry.setdefault("params", {}).update(params)
    return spec


@pytest.mark.parametrize(
    ("op", "params"),
    [
        ("harmonic", {"scale_fnn": None}),
        ("harmonic", {"scale_fn": "exp_sigmod"}),
        ("harmonic", {"nyquist_fade": 1}),
        ("harmonic", {"normalize_below_nyquist": "yes"}),
        ("fir_filter", {"window_size": -1}),
        ("fir_filter", {"window_size": 12.5}),
        ("crop", {"frame_size": None}),
        ("split", {"outputs": {"left": 0}}),
        ("split", {"outputs": {"not a name": 1}}),
        ("spectral_loss", {"fft_sizes": 2048}),
        ("spectral_loss", {"fft_sizes": [3]}),
    ],
)
def test_slips_are_refused_by_both(op: str, params: dict[str, Any]) -> None:
    spec = _changed(op, **params)
    assert complaints(spec)
    assert any(finding.is_error for finding in check(spec))


@pytest.mark.parametrize(
    ("op", "params"),
    [
        ("harmonic", {"scale_fn": None, "sample_rate": "16 kHz"}),
        ("reverb", {"reverb_length": "$room"}),
        ("reverb", {"reverb_length": "3 s"}),
        ("spectral_loss", {"fft_sizes": ["$size", 64]}),
    ],
)
def test_quantities_constants_and_null_are_allowed(op: str, params: dict[str, Any]) -> None:
    assert complaints(_changed(op, **params)) == []


def test_inputs_are_checked_by_name() -> None:
    spec = plainest("harmonic")
    (node,) = spec["nodes"].values()
    node["inputs"] = {"amplitude": 1, "harmonic_distribution": [1], "f0_hz": 440}
    assert complaints(spec)
    node["inputs"] = [1, [1], 440, 3]
    assert complaints(spec)
    node["inputs"] = [1, [1], "A4"]
    assert complaints(spec) == []


def test_an_op_stands_where_it_belongs() -> None:
    spec = plainest("spectral_loss")
    spec["nodes"] = spec.pop("losses")
    assert complaints(spec)


@pytest.mark.parametrize("name", OPS)
def test_every_name_is_explained(name: str) -> None:
    op, entry = OPS[name], SCHEMA["definitions"][name]
    assert entry["description"]
    assert list(entry["properties"]["params"]["properties"]) == list(op.params())
    for key, param in entry["properties"]["params"]["properties"].items():
        assert len(param["description"]) > 8, key
    ports = entry["properties"]["inputs"]["anyOf"][0]["properties"]
    assert list(ports) == list(op.inputs)
    assert all(port["description"] for port in ports.values())
    section = SCHEMA["properties"]["losses" if _is_loss(name) else "nodes"]["additionalProperties"]
    (said,) = [entry for entry in section["properties"]["op"]["oneOf"] if entry["const"] == name]
    assert said["description"] == op.summary()
    assert inspect.cleandoc(op.__doc__ or "") in said["markdownDescription"]


def _shown_at(schema: Any, path: tuple[str, ...], spec: Any) -> list[str]:
    """The descriptions that belong to one value: of the schemas that it fits, alternatives included."""
    found: list[str] = []

    def visit(schema: dict[str, Any], value: Any, rest: tuple[str, ...]) -> None:
        if "$ref" in schema:
            schema = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]]
        for sub in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
            whole = {"definitions": SCHEMA["definitions"], **sub}
            if "if" in sub:
                if Draft7Validator(sub["if"]).is_valid(value):
                    visit(sub["then"], value, rest)
            elif Draft7Validator(whole).is_valid(value):
                visit(sub, value, rest)
        if not rest:
            found.extend(schema[key] for key in ("description",) if key in schema)
            return
        key, *more = rest
        inner = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
        if isinstance(inner, dict):
            visit(inner, value[key], tuple(more))

    visit(schema, spec, path)
    return found


def test_an_editor_shows_what_this_op_does_and_this_parameter_is() -> None:
    spec = plainest("reverb")
    (name,) = spec["nodes"]
    spec["nodes"][name]["params"] = {"reverb_length": "3 s"}
    assert _shown_at(SCHEMA, ("nodes", name, "op"), spec) == [OPS["reverb"].summary()]
    (shown,) = _shown_at(SCHEMA, ("nodes", name, "params", "reverb_length"), spec)
    assert shown.startswith(OPS["reverb"].params()["reverb_length"].doc)
    assert "3 s" in shown


def test_a_key_that_is_still_empty_is_no_error() -> None:
    spec = plainest("filtered_noise_reverb")
    (node,) = spec["nodes"].values()
    node["params"] = None
    assert complaints(spec) == []
    spec = plainest("gain")
    (node,) = spec["nodes"].values()
    node["inputs"] = None
    assert complaints(spec)  # its ports are needed


def _is_loss(name: str) -> bool:
    traits = OPS[name].traits
    return isinstance(traits, Traits) and Traits.LOSS in traits


def test_every_key_of_the_language_is_explained() -> None:
    def keys(schema: dict[str, Any], path: str) -> list[str]:
        found = []
        for key, sub in schema.get("properties", {}).items():
            is_explained = "description" in sub or all("description" in one for one in sub.get("oneOf", [{}]))
            found += [] if is_explained else [f"{path}.{key}"]
            found += keys(sub, f"{path}.{key}")
            if isinstance(sub.get("additionalProperties"), dict):
                found += keys(sub["additionalProperties"], f"{path}.{key}.*")
        return found

    assert keys(SCHEMA, "") == []


@pytest.mark.parametrize(("op", "named"), [("add", 2), ("multiply", 2), ("concat", 0), ("rnn_fc_decoder", 0)])
def test_more_inputs_are_counted_from_the_named_ones_on(op: str, named: int) -> None:
    """Schema and check refuse the same: `input_1` is `signal_one` where that is its name."""
    spec = plainest(op)
    (node,) = spec["nodes"].values()
    names = list(OPS[op].inputs)
    for count in (0, 1, 2, 3, 10, 1_000_000):
        node["inputs"] = dict.fromkeys([*names, f"input_{count}"], 1)
        is_one = named < count < 1_000_000
        assert bool(complaints(spec)) is not is_one, count
        assert any(d.code == "E304" for d in check(spec)) is not is_one, count


def test_what_is_left_empty_is_valid_in_both() -> None:
    """Whoever comments out the last entry leaves a key with nothing under it."""
    spec: dict[str, Any] = {
        "version": 2,
        "name": "t",
        "clock": {"sample_rate": "16 kHz"},
        "params": None,
        "inputs": None,
        "nodes": {"n": {"op": "constant", "inputs": None, "params": {"value": 1}}, "m": {"op": "add", "params": None}},
        "outputs": {"o": "m"},
        "losses": None,
        "training": None,
    }
    spec["nodes"]["m"]["inputs"] = ["n", 1]
    assert complaints(spec) == []
    assert [d for d in check(spec) if d.is_error] == []
    del spec["nodes"]["n"]
    spec["nodes"]["m"] = None
    assert complaints(spec)
    assert [d.code for d in check(spec) if d.is_error] == ["E203"]
