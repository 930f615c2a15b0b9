"""Filters that are given as coefficients, as SciPy designs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ddspgraph import dsp
from ddspgraph.ir.op import Advice
from ddspgraph.ir.ports import Mismatch, audio, const
from ddspgraph.ir.streaming import Block
from ddspgraph.ir.types import Signal
from ddspgraph.lazy import np, tf
from ddspgraph.ops.recursive import RecursiveFilter

_HINT = "a stable section has |a2| < 1 and |a1| < 1 + a2; the poles are moved inside"


class _Given(RecursiveFilter):
    """Sections of second order from their coefficients."""

    def is_moving(self, controls: Mapping[str, Any]) -> bool:
        return False

    def sections(self, controls: Mapping[str, Any], dtype: Any) -> list[dsp.Section]:
        sections: Any = dsp.spread_gains(tf.cast(self._coefficients(controls), dtype))
        by_one = [sections[:, i : i + 1] for i in range(sections.shape[1])]
        return [dsp.polynomial_section(section[..., :3], section[..., 4:]) for section in by_one]

    def polynomials(self, controls: Mapping[str, Any]) -> list[tuple[list[float], list[float]]]:
        """Of the filter that runs: poles that are not inside of the unit circle are moved there."""
        rows = np.concatenate([np.reshape(x, [-1, x.shape[-1]]) for x in controls.values()], axis=1)
        found = []
        for b0, b1, b2, a0, a1, a2 in rows:
            scale = a0 if a0 else 1.0
            a2 = float(np.clip(a2 / scale, dsp.MARGIN - 1.0, 1.0 - dsp.MARGIN))
            most = (1.0 - dsp.MARGIN) * (1.0 + a2)
            found.append(([b0 / scale, b1 / scale, b2 / scale], [1.0, float(np.clip(a1 / scale, -most, most)), a2]))
        return found

    def _coefficients(self, controls: Mapping[str, Any]) -> Any:
        """[batch, sections, 6]"""
        raise TypeError(f"{type(self).__name__} declares no coefficients")

    def _advice(self, at: str, denominators: list[list[float]]) -> Sequence[Advice]:
        """W119 where poles lie on or outside of the unit circle, or a0 is 0."""
        for i, (a0, a1, a2) in enumerate(denominators):
            if a0 == 0.0 or abs(a2 / a0) >= 1.0 or abs(a1 / a0) >= 1.0 + a2 / a0:
                which = f"section {i + 1} is" if len(denominators) > 1 else "the filter is"
                return (Advice("W119", f"{which} not stable: it would ring for ever, or grow", at, _HINT),)
        return ()


class Biquad(_Given):
    """A section of second order by its coefficients: a0 y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2].

    Poles on or outside of the unit circle are moved inside. Float32 coefficients are too coarse for cutoffs below a
    hundredth of the sample rate: the ops that take a cutoff compute theirs in float64.

    Source: R. Bristow-Johnson, Audio EQ Cookbook.
    """

    words = ("second order section", "iir coefficients", "difference equation", "digital filter", "tf2")

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "b": const(3, doc="b0, b1, b2."),
        "a": const(3, doc="a0, a1, a2, as SciPy writes them; a0 is usually 1."),
    }

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        return [2]

    def _coefficients(self, controls: Mapping[str, Any]) -> Any:
        b, a = controls["b"], controls["a"]
        common = tf.zeros_like(b + a)
        return tf.concat([b + common, a + common], axis=-1)[:, tf.newaxis]

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        return self._advice("a", [values["a"]] if "a" in values else [])


class Sos(_Given):
    """Sections of second order in series, as SciPy's design functions give them with `output="sos"`.

    The gain of the first section is spread over all. Poles on or outside of the unit circle are moved inside. Float32
    coefficients are too coarse for cutoffs below a hundredth of the sample rate: the ops that take a cutoff compute
    theirs in float64.

    Source: the layout of scipy.signal.sosfilt.
    """

    words = ("second order sections", "iir", "recursive filter", "elliptic", "chebyshev", "bessel", "scipy filter")

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "sections": const("n_sections", 6, doc="Rows of b0, b1, b2, a0, a1, a2."),
    }

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        self.orders(signals)
        return super().infer(signals)

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        given = signals["sections"]
        if given.rank == 3 and given.dims[1].size is None:
            message = "the number of sections must be known, {source} is " + given.shape_text
            raise Mismatch("E414", "sections", message, "write a number in its `shape`, such as `shape: [4, 6]`")
        return [2] * (given.dims[1].size or 0) if given.rank == 3 else []

    def _coefficients(self, controls: Mapping[str, Any]) -> Any:
        return controls["sections"]

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        numbers = values.get("sections", [])
        return self._advice("sections", [numbers[i + 3 : i + 6] for i in range(0, len(numbers), 6)])


class StateSpace(_Given):
    """A linear system by its matrices: s[n+1] = A s[n] + b x[n], y[n] = c s[n] + d x[n], of any number of states.

    A matrix whose powers grow is made as small as keeps its eigenvalues inside of the unit circle. Channels have states
    of their own.

    Source: the layout of scipy.signal.dlsim.
    """

    words = ("ssm", "state space model", "linear system", "lti", "dlsim", "abcd", "system identification")

    inputs = {
        "audio": audio(doc="The sound.", shares="unit"),
        "a": const("states", "states", doc="How the states go on: rows of numbers."),
        "b": const("states", doc="What the sound gives to each state."),
        "c": const("states", doc="What each state gives to the result."),
        "d": const(doc="What goes straight through. Open: 0.", optional=True),
    }

    def infer(self, signals: Mapping[str, Signal]) -> Mapping[str, Signal]:
        self.orders(signals)
        return super().infer(signals)

    def orders(self, signals: Mapping[str, Signal]) -> list[int]:
        given = signals["a"]
        if given.rank == 3 and given.dims[1].size is None:
            message = "the number of states must be known, {source} is " + given.shape_text
            raise Mismatch("E414", "a", message, "write a number in its `shape`, such as `shape: [4, 4]`")
        return [1] * (given.dims[1].size or 0) if given.rank == 3 else []

    def kernel(self, audio: Any, **controls: Any) -> Any:
        return dsp.block_filter(self._matrices(controls), audio)[0]

    def stream_state(self, signals: Mapping[str, Signal], constants: Mapping[str, Any], block: Block) -> Any:
        return self.silent_state(signals, block) | self._matrices(constants)

    def polynomials(self, controls: Mapping[str, Any]) -> list[tuple[list[float], list[float]]]:
        a, b, c = controls["a"], controls["b"].reshape(-1, 1), controls["c"].reshape(1, -1)
        radius = np.abs(np.linalg.eigvals(a)).max(initial=0.0)
        a = a * min(1.0, (1.0 - dsp.MARGIN) / max(radius, dsp.MARGIN))
        poles = np.poly(a)
        through = float(np.ravel(controls.get("d", 0.0))[0])
        return [(list(np.poly(a - b @ c) + (through - 1.0) * poles), list(poles))]

    def _matrices(self, controls: Mapping[str, Any]) -> Any:
        a, b, c = (tf.cast(controls[name], tf.float64) for name in ("a", "b", "c"))
        d = tf.cast(controls["d"], tf.float64) if "d" in controls else tf.zeros_like(c[:, 0])
        one = 0.0 * (a[:, 0, 0] + b[:, 0] + c[:, 0] + d)  # of as many items as any has
        return dsp.system_matrices(
            (
                dsp.stable_matrix(a + one[:, None, None]),
                b[..., None] + one[:, None, None],
                c[:, None] + one[:, None, None],
                (d + one)[:, None, None],
            )
        )

    def advise(
        self, signals: Mapping[str, Signal], values: Mapping[str, list[float]], sizes: Mapping[str, int]
    ) -> Sequence[Advice]:
        """W119 where an eigenvalue is not inside of the unit circle."""
        n = len(self.orders(signals))
        if "a" not in values or not n or len(values["a"]) != n * n:
            return ()
        radius = float(np.abs(np.linalg.eigvals(np.reshape(values["a"], [n, n]))).max())
        if radius < 1.0:
            return ()
        message = f"the matrix has an eigenvalue of size {radius:.4g}: the system would ring for ever, or grow"
        return (Advice("W119", message, "a", "it is made as small as keeps all of them inside of the unit circle"),)
