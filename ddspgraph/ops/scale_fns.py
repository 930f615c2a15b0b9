"""What synthesizers and effects share: a control comes raw from a network, or in the unit that is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ddspgraph.ir.gains import Range
from ddspgraph.ir.ports import Port
from ddspgraph.ir.types import Unit
from ddspgraph.lazy import np

#: The functions that make an amplitude of a raw network output; `dsp.scaling` knows them by these names.
SCALE_FNS = ("exp_sigmoid", "sym_exp_sigmoid", "sigmoid", "tanh", "softplus", "relu")
#: The documentation of a parameter that names one of them.
SCALE_FN_DOC = "Makes amplitudes of raw network outputs; null takes the inputs as they are."


def with_unit(ports: Mapping[str, Port], unit: Unit, *names: str) -> Mapping[str, Port]:
    """The ports with another unit on some of them: what a null scale function makes of raw ports."""
    return {name: replace(port, unit=unit) if name in names else port for name, port in ports.items()}


def scaled_range(name: str | None, raw: Range) -> Range:
    """The range of a control after its scale function."""
    if name == "sym_exp_sigmoid":  # not monotone
        return Range.of(0.0, 2.0 + 1e-7)
    return raw if name is None else raw.rising(_RISING[name])


_RISING = {
    "exp_sigmoid": lambda x: 2.0 * np.exp(-np.log(10.0) * np.logaddexp(0.0, -x)) + 1e-7,
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "tanh": lambda x: np.tanh(x),
    "softplus": lambda x: np.logaddexp(0.0, x),
    "relu": lambda x: np.maximum(x, 0.0),
}
