"""Where the classes of magenta/ddsp keep the parts of our ops: their attributes, of all releases.

A part of an op are the weights whose names begin alike, `rnn_kernel` and `rnn_bias`. Within a part, and in an op that
is not in the table, weights and variables come in the same order. Read from the releases 0.0.7 to 3.7.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ddspgraph.ir.op import Op

#: Attributes that hold a part; of several, the first that is there. `a + b`: one after the other.
Places = tuple[str, ...]

_MFCC_RNN: Mapping[str, Places] = {
    "norm": ("z_norm", "norm_in"),
    "rnn": ("rnn",),
    "dense_out": ("dense_out", "dense_z"),
}
_LAYOUTS: Mapping[str, Mapping[str, Places]] = {
    "rnn_fc_decoder": {"rnn": ("rnn",), "out": ("out_stack",), "dense_out": ("dense_out",)},
    "dilated_conv_decoder": {
        "dense_out": ("dense_out",),
        "precondition": ("precondition_stack",),
        "stack": ("dilated_conv_stack",),
    },
    "mfcc_time_distributed_rnn_encoder": _MFCC_RNN,
    "mfcc_rnn_encoder": _MFCC_RNN,
    "sinusoidal_to_harmonic_encoder": {
        "net": ("net", "pre_rnn + rnn + post_rnn"),
        "amp_out": ("amp_out",),
        "hd_out": ("hd_out",),
        "f0_out": ("f0_out",),
    },
}


def parts_of(op: Op, names: Sequence[str]) -> Iterator[tuple[list[str], Places]]:
    """The parts of an op: names of weights, and the attributes that hold them; `("",)` stands for the whole object."""
    left = list(names)
    for part, places in sorted(_table(op, names).items(), key=lambda item: -len(item[0])):
        own = [name for name in left if name.startswith(f"{part}_")]
        left = [name for name in left if name not in own]
        if own:
            yield own, places
    if left:
        yield left, ("resnet",) if op.name == "resnet_sinusoidal_encoder" else ("",)


def _table(op: Op, names: Sequence[str]) -> Mapping[str, Places]:
    """The parts of an op by what their names begin with."""
    if op.name == "resnet_sinusoidal_encoder":
        return {f"dense_{name}": (f"dense_outs/{i}",) for i, name in enumerate(op.output_ports())}
    table = _LAYOUTS.get(op.name, {})
    if op.name == "rnn_fc_decoder":
        numbers = {int(name.split("_")[1]) for name in names if name.startswith("in_")}
        return {**table, **{f"in_{n}": _stack_places(n) for n in numbers}}
    return table


def _stack_places(n: int) -> Places:
    """Of the stack of the n-th input: before 0.2.0 an attribute of its own, of pitch, loudness or z."""
    before = (f"{'flz'[n - 1]}_stack",) if n <= 3 else ()
    return f"input_stacks/{n - 1}", *before
