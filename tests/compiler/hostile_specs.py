"""Specs that keep to YAML and try to cost the checker time or memory. As a module: checks those named on stdin.

The process takes an address space of 2 GiB and prints one JSON line a spec.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from tests.strategies import plainest

HEAD = "version: 2\nname: t\nclock: {sample_rate: 16 kHz, frame_rate: 250 Hz}\n"
AUDIO = "inputs: {audio: {rate: audio}}\n"
OUT = "outputs: {a: a}\n"
#: Whole numbers from the longest filter of 32 bits to the largest that a spec may hold.
HUGE = (1 << 31, 10**12, 1 << 53)


def bomb(leaf: str) -> str:
    """An alias bomb of 9**4 leaves under `params`, as `a4`."""
    rows = [f"  a{i}: &a{i} [" + ",".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 5)]
    return "\n".join([f"params:\n  a0: &a0 {leaf}", *rows]) + "\n"


def row(count: int, text: str) -> str:
    return ",".join(text.replace("#", str(i)) for i in range(count))


def nodes(count: int, text: str) -> str:
    return "nodes:\n" + "".join(f" n{i}: {text.replace('#', str(i))}\n" for i in range(count))


#: name -> spec and the codes of its findings
TEXTS: dict[str, tuple[str, set[str]]] = {}


def _add(name: str, codes: str, *parts: str) -> None:
    TEXTS[name] = ("".join(parts), set(codes.split()))


def _bombs() -> None:
    """An alias costs what it stands for, wherever it stands."""
    ones = bomb("[1,1,1]")
    constant = "nodes: {a: {op: constant, params: {value: VALUE}}}\n"
    _add("bomb unused", "W107", HEAD, ones, AUDIO, "outputs: {a: audio}\n")
    _add("bomb of one's own", "", HEAD, ones.replace("params", "x-mine"), AUDIO, "outputs: {a: audio}\n")
    _add("bomb as literal", "W107", HEAD, ones, constant.replace("VALUE", "*a4"), OUT)
    _add("bomb as constant", "W107", HEAD, ones, constant.replace("VALUE", "$a4"), OUT)
    _add("bomb of texts", "E504", HEAD, bomb("[x,y,z]"), constant.replace("VALUE", "$a4"), OUT)
    _add("bomb as shape", "E203", HEAD, ones, "inputs: {a: {rate: const, shape: *a4}}\n", OUT)
    _add("bomb written out", "E704", HEAD, ones, nodes(2_000, "{op: constant, params: {value: $a4}}"))


def _rows() -> None:
    """Long lists and mappings, each entry a fault."""
    shape = "inputs: {a: {rate: const, shape: [ROW]}}\n"
    _add("shape of 40,000 axes", "E203", HEAD, shape.replace("ROW", row(40_000, "2")), OUT)
    _add("shape of 40,000 faults", "E203", HEAD, shape.replace("ROW", row(40_000, "-2")), OUT)
    _add("overflowing product", "E708", HEAD, shape.replace("ROW", row(16, "9007199254740992")), OUT)
    _add("list of 90,000 inputs", "E707", HEAD, f"inputs: [{row(90_000, '2')}]\n", OUT)
    node = "nodes: {a: {op: gain, PART}}\n"
    _add("10,000 unknown inputs", "E304", HEAD, node.replace("PART", f"inputs: {{{row(10_000, 'b#: 1')}}}"), OUT)
    _add("10,000 unknown params", "E309", HEAD, node.replace("PART", f"params: {{{row(10_000, 'b#: 1')}}}"), OUT)
    _add("10,000 unknown node keys", "E202", HEAD, node.replace("PART", row(10_000, "b#: 1")), OUT)
    _add("10,000 unknown keys", "E202", HEAD, *(f"b{i}: 1\n" for i in range(10_000)), OUT)
    concat = "nodes: {a: {op: concat, inputs: [ROW]}}\n"
    _add("node of 90,000 inputs", "E707", HEAD, concat.replace("ROW", row(90_000, "1")), OUT)
    names = f"params: {{{row(4_000, 'b#: 1')}}}\n"
    _add("20,000 undefined constants", "E308", HEAD, names, concat.replace("ROW", row(20_000, "$c#")), OUT)
    _add("4,000 constants unused", "W107", HEAD, AUDIO, names, "outputs: {a: audio}\n")
    split = "nodes: {a: {op: split, inputs: [1], params: {outputs: {ROW}}}}\n"
    _add("10,000 outputs", "E502", HEAD, split.replace("ROW", row(10_000, "b#: 1")), OUT)
    sizes = "losses: {a: {op: spectral_loss, inputs: [audio, audio], params: {fft_sizes: [ROW]}}}\n"
    _add("90,000 FFT sizes at fault", "E501", HEAD, AUDIO, sizes.replace("ROW", row(90_000, "3.5")))
    x, y, z = (letter * 60_000 for letter in "xyz")
    _add("long names", "E302 E301", HEAD, f"nodes: {{a: {{op: {x}, inputs: [{y}]}}}}\noutputs: {{a: {z}}}\n")


def _graphs() -> None:
    """Many nodes, many edges, long cycles (T9)."""
    _add("5,000 nodes", "E707", HEAD, nodes(5_000, "{op: gain}"), OUT)
    _add("4,096 nodes without inputs", "E305", HEAD, nodes(4_096, "{op: gain}"))
    _add("4,096 nodes without an op", "E302", HEAD, nodes(4_096, "{op: gian}"))
    _add("4,096 references to nothing", "E301", HEAD, nodes(4_096, "{op: tanh, inputs: [m#]}"))
    _add("4,096 equal nodes", "W101", HEAD, AUDIO, nodes(4_096, "{op: tanh, inputs: [audio]}"), "outputs: {a: n1}\n")
    _add("4,096 nodes in a row", "", HEAD, AUDIO, *_chain(4_096, ""), "outputs: {a: n4095}\n")
    _add("1 MiB of documentation", "", HEAD, AUDIO, *_chain(2_000, f", doc: {'x' * 460}"), "outputs: {a: n1999}\n")
    for length in (1, 2, 1_000, 4_096):
        cycle = "".join(f" n{i}: {{op: tanh, inputs: [n{(i - 1) % length}]}}\n" for i in range(length))
        _add(f"cycle of {length:,}", "E307", HEAD, "nodes:\n", cycle, "outputs: {a: n0}\n")
    everyone = ",".join(f"n{i}" for i in range(120))
    dense = "".join(f" n{i}: {{op: concat, inputs: [{everyone}]}}\n" for i in range(120))
    _add("120 nodes that read each other", "E307", HEAD, "nodes:\n", dense)
    _add("20,000 edges", "E707", HEAD, AUDIO, nodes(20, f"{{op: concat, inputs: [{row(1_000, 'audio')}]}}"))


def _chain(length: int, more: str) -> list[str]:
    rest = [f" n{i}: {{op: tanh, inputs: [n{i - 1}]{more}}}\n" for i in range(1, length)]
    return ["nodes:\n n0: {op: tanh, inputs: [audio]}\n", *rest]


def _sizes() -> None:
    """Small graphs of large tensors (T10)."""
    clock = "version: 2\nname: t\nclock: {sample_rate: 16 kHz, frame_rate: 250 Hz, duration: DURATION}\n"
    controls = "inputs: {d: {rate: frame, unit: raw, channels: 100000}, f0_hz: {rate: frame, unit: Hz}}\n"
    tone = "nodes: {a: {op: harmonic, inputs: [0, d, f0_hz]}}\n"
    _add("10**5 harmonics for an hour", "E708", clock.replace("DURATION", "3600 s"), controls, tone, OUT)
    samples = clock.replace("DURATION", "1000000000000 samples")
    _add("10**12 samples", "E708", samples, AUDIO, "outputs: {a: audio}\n")
    _add("batch of 10**9", "E708", HEAD, "inputs: {c: {rate: const, shape: [1000000000, 4]}}\noutputs: {a: c}\n")
    eons = "version: 2\nname: t\nclock: {sample_rate: 9007199254740992, frame_rate: 1e-37}\n"
    _add("one frame in eons", "E708", eons, AUDIO, "outputs: {a: audio}\n")


_bombs()
_rows()
_graphs()
_sizes()


def huge_parameters() -> dict[str, dict[str, Any]]:
    """The plainest spec of every op with one whole parameter made huge."""
    from ddspgraph.ops import OPS

    found = {}
    for name, op in OPS.items():
        for param in op.params().values():
            for value in HUGE if param.kind in ("int", "ints") else ():
                spec = plainest(name)
                entry = next(iter({**spec.get("nodes", {}), **spec.get("losses", {})}.values()))
                entry.setdefault("params", {})[param.name] = value if param.kind == "int" else [value]
                found[f"{name}.{param.name} = {value}"] = spec
    return found


def main() -> None:
    from ddspgraph.compiler.driver import check

    check(TEXTS["bomb unused"][0])  # imports and the library, once
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    specs = {name: text for name, (text, _) in TEXTS.items()} | huge_parameters()
    for name, spec in specs.items():
        print(json.dumps({"name": name}), flush=True)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = check(spec)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        result = {"name": name, "codes": sorted({d.code for d in found}), "kib": grown}
        result |= {"characters": sum(len(str(d)) for d in found), "tensorflow": "tensorflow" in sys.modules}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
