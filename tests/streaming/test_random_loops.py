"""Random graphs with loops against the same graph computed sample by sample in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ddspgraph as dg
from ddspgraph.compiler.driver import check

N = 400


class Drawn:
    """A graph of sums, products, soft clippers and lines, whose nodes read earlier nodes, the input and any line."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        lines = [f"l{i}" for i in range(draw.integers(1, 4))]
        self.nodes: dict[str, tuple[str, str, Any]] = {}
        known = ["x", *lines]
        for i in range(draw.integers(2, 8)):
            one, two = draw.choice(known, 2)
            op = draw.choice(["add", "multiply", "tanh"])
            # Sums of many lines grow: half of each keeps the peak near that of the input.
            self.nodes[f"n{i}"] = (op, one, {"add": two, "multiply": round(float(draw.uniform(-0.5, 0.5)), 3)}.get(op))
            known.append(f"n{i}")
        ends = [name for name in known if name not in ("x",)]
        self.lines = {line: (str(draw.choice(ends)), float(draw.choice([1, 2, 7, 30, 64.25, 90]))) for line in lines}
        self.gain = {line: round(float(draw.uniform(-0.45, 0.45)), 3) for line in lines}
        self.blocks = [int(n) for n in draw.integers(1, 120, 8)]

    def spec(self) -> str:
        nodes = []
        for line in self.lines:  # what goes into a line holds the input, and is damped
            nodes.append(f"  s_{line}: {{op: add, inputs: [{self.lines[line][0]}, x]}}")
            nodes.append(f"  d_{line}: {{op: multiply, inputs: [s_{line}, {self.gain[line]}]}}")
        for name, (op, one, two) in self.nodes.items():
            more = "" if two is None else f", {two}"
            nodes.append(f"  {name}: {{op: {op}, inputs: [{one}{more}]}}")
        lines = [
            f"  {line}: {{from: d_{line}, delay: {delay} samples, interpolation: linear}}"
            for line, (_, delay) in self.lines.items()
        ]
        outputs = ", ".join(f"{name}: {name}" for name in self.nodes)
        head = ["version: 2", "name: drawn", "clock: {sample_rate: 8 kHz}", "inputs: {x: {rate: audio}}"]
        return "\n".join([*head, "feedback:", *lines, "nodes:", *nodes, f"outputs: {{{outputs}}}", ""])

    def computed(self, x: np.ndarray) -> dict[str, np.ndarray]:
        found = {name: np.zeros(len(x)) for name in (*self.nodes, *self.lines, *(f"d_{line}" for line in self.lines))}
        found["x"] = x.astype(np.float64)
        for t in range(len(x)):
            for line, (_, delay) in self.lines.items():
                whole, between = int(delay), delay - int(delay)
                into = found[f"d_{line}"]
                at = [into[t - whole - tap] if t >= whole + tap else 0.0 for tap in (0, 1)]
                found[line][t] = (1.0 - between) * at[0] + between * at[1]
            for name, (op, one, two) in self.nodes.items():
                a = found[one][t]
                found[name][t] = a + found[two][t] if op == "add" else a * two if op == "multiply" else np.tanh(a)
            for line, (source, _) in self.lines.items():
                found[f"d_{line}"][t] = self.gain[line] * (found[source][t] + x[t])
        return found


def grows(drawn: Drawn) -> bool:
    """Whether a small impulse, which no tanh bends, is louder late than it was; a pole decides that in the end."""
    impulse = np.zeros(16_000)
    impulse[0] = 1e-12
    values = list(drawn.computed(impulse).values())
    early, late = (max(float(np.abs(v[at : at + 1_000]).max()) for v in values) for at in (8_000, 15_000))
    return late > early


def prove(seed: int) -> None:
    drawn = Drawn(seed)
    x = np.random.default_rng(seed).normal(size=N)
    wanted = drawn.computed(x)
    peak = max(float(np.abs(value).max()) for value in wanted.values())
    if peak > 100.0:  # sums of sums of lines: some drawn loops grow all the same
        return
    given = x.astype(np.float32)[None]
    errors = {found.code for found in check(drawn.spec()) if found.is_error}
    if errors:
        assert errors == {"E418"}
        assert grows(drawn)
        return
    model = dg.compile(drawn.spec())
    for name, value in model({"x": given}).items():
        np.testing.assert_allclose(value[0], wanted[name], atol=5e-6 * peak, err_msg=f"{seed} {name}")
    stream = dg.compile_stream(model)
    state, at, blocks = stream.initial_state(1), 0, []
    for count in (*drawn.blocks, N):
        state, made = stream.process(state, {"x": given[:, at : at + count]})
        blocks.append(made)
        at += count
        if at >= N:
            break
    for name in drawn.nodes:
        joined = np.concatenate([made[name].numpy() for made in blocks], axis=1)[0]
        np.testing.assert_allclose(joined, wanted[name][: len(joined)], atol=5e-6 * peak, err_msg=f"{seed} {name}")


@pytest.mark.parametrize("seed", range(6))
def test_a_random_loop_is_what_it_says(seed: int) -> None:
    prove(seed)


@pytest.mark.proof
def test_many_random_loops_are_what_they_say() -> None:
    for seed in range(1000, 1300):
        prove(seed)
