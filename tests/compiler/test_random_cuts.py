"""Random graphs, cut at random into nested sub-graphs: they stay the graphs that they are."""

from __future__ import annotations

import random
import time
from collections import Counter

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.compiler.driver import expansion
from ddspgraph.compiler.frontend.document import read_text
from ddspgraph.compiler.frontend.mapping_text import mapping_text
from ddspgraph.ir.graph import Graph
from ddspgraph.ir.text import print_graph
from ddspgraph.limits import DEFAULT_LIMITS
from ddspgraph.rewriting.extract import extracted
from ddspgraph.rewriting.inline import inlined
from tests.grown import grown

SEEDS = (*range(20), 35)
PROOF_SECONDS = 300


def cut(text: str, rng: random.Random) -> str:
    """The text with random nodes in sub-graphs, some of them within others."""
    for i in range(rng.randint(1, 3)):
        document = read_text(text, "t.yaml")
        nodes = [str(key) for key, value in document.root.get("nodes").items()]  # type: ignore[union-attr]
        chosen = rng.sample(nodes, rng.randint(1, len(nodes)))
        text = extracted(document, dg.load(document), chosen, f"cut{i}")
    return text


def written_out(text: str) -> str:
    document = read_text(text, "t.yaml")
    return inlined(document, *expansion(document))


def cut_and_written_out(seed: int) -> tuple[Graph, str, str] | None:
    """A random graph, its text cut, and that written out; None where it has no nodes that can be cut."""
    grower = grown(seed, most_nodes=7)
    if grower.graph is None or not grower.spec.get("nodes") or "graphs" in grower.spec:
        return None  # the cuts make the sub-graphs here
    pieces = cut(mapping_text(grower.spec, "t.yaml", DEFAULT_LIMITS), random.Random(seed))
    return grower.graph, pieces, written_out(pieces)


def holds(seed: int) -> None:
    found = cut_and_written_out(seed)
    if found is None:
        return
    graph, pieces, whole = found
    a, b = dg.load(pieces), dg.load(whole)
    assert "graph: cut" in pieces
    assert "graph: " not in whole
    assert print_graph(a) == print_graph(b), pieces
    assert Counter(repr(n.op) for n in a.nodes) == Counter(repr(n.op) for n in graph.nodes), pieces


def test_a_cut_graph_is_the_graph_written_out_node_by_node() -> None:
    """Names, ops, edges, types and their order: all that any later stage asks for."""
    assert sum(cut_and_written_out(seed) is not None for seed in SEEDS) > len(SEEDS) // 2
    for seed in SEEDS:
        holds(seed)


PLAIN = {
    "version": 2,
    "name": "t",
    "clock": {"sample_rate": 16000, "frame_rate": 250},
    "inputs": {"audio": {"rate": "audio"}, "level": {"rate": "frame"}},
    "nodes": {
        "low": {"op": "sinc_filter", "inputs": ["audio", 2000.0], "params": {"window_size": 32}},
        "loud": {"op": "multiply", "inputs": ["low", "level"]},
        "sum": {"op": "add", "inputs": ["loud", "low", "audio"]},
    },
    "outputs": {"audio": "sum", "loud": "loud"},
}


def test_it_sounds_as_the_graph_that_was_cut() -> None:
    text = mapping_text(PLAIN, "t.yaml", DEFAULT_LIMITS)
    random_numbers = np.random.default_rng(0)
    inputs = {"audio": random_numbers.standard_normal((1, 640)), "level": random_numbers.uniform(0, 1, (1, 10, 1))}
    whole, pieces = (dg.compile(source)(inputs) for source in (text, cut(text, random.Random(5))))
    for name in ("audio", "loud"):
        np.testing.assert_array_equal(whole[name], pieces[name])


def test_what_exports_are_made_of_is_that_of_the_graph_written_out() -> None:
    """The traced function, byte for byte: a converter is given nothing else, and numbers its own names anew."""
    from ddspgraph.export.fixed import fixed_graph

    pieces = cut(mapping_text(PLAIN, "t.yaml", DEFAULT_LIMITS), random.Random(5))
    traced = []
    for text in (pieces, written_out(pieces)):
        function = fixed_graph(dg.compile(text), batch=1, samples=640).function
        traced.append(function.graph.as_graph_def().SerializeToString(deterministic=True))
    assert traced[0] == traced[1]


@pytest.mark.proof
def test_random_cuts_for_five_minutes() -> None:
    """With seeds that no run had before; a failure names its own."""
    end = time.monotonic() + PROOF_SECONDS
    while time.monotonic() < end:
        seed = random.SystemRandom().getrandbits(32)
        try:
            holds(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
