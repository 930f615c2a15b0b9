"""What is true of functions of z all around a circle, proven between the points at which they are computed.

An interval of angles is accepted where a bound of the derivative says that nothing can happen within it; the others are
cut in half. Undecided is what would take too many points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ddspgraph.compiler.analysis.stability.model import Block, Line, Model
from ddspgraph.lazy import np

#: Numbers that all questions about a loop may compute, those of one norm, and how many at once.
_MOST, _MOST_OF_NORM, _AT_ONCE = 1 << 21, 1 << 20, 1 << 19


class Undecided(Exception):
    """Too close to call, or too large."""


def zeros_outside(model: Model, radius: float) -> int:
    """How many zeros det(I - T D) of the lines has where |z| > radius, less its poles there (those of filters).

    By the argument principle: it is 1 at infinity, so that each zero outside turns its phase once around the circle.
    Blocks count as if they were 0.
    """
    lines, n = model.lines, len(model.lines)
    if not lines:  # all delays move: a determinant of nothing is 1
        return 0
    slope = _slope(model, radius)
    share = 0.9 if n == 1 else math.sin(math.pi / (n + 1))  # n factors of less than a half turn in sum

    def accept(centres: Any, halves: Any) -> Any:
        inverse = np.linalg.inv(_return_difference(model, lines, radius, centres))
        return slope * halves * np.sqrt(np.sum(np.abs(inverse) ** 2, axis=(1, 2))) <= share

    edges = np.append(_cover(model, accept, slope, n), math.pi)
    values = _in_parts(lambda at: np.linalg.det(_return_difference(model, lines, radius, at)), edges, n)
    turned = 2.0 * np.sum(np.angle(values[1:] / values[:-1]))
    return round(-turned / (2.0 * math.pi))


def amplifies_nowhere(model: Model, radius: float) -> bool:
    """Whether the blocks, whatever they do within their gains of energy, get back less than they send out.

    The circle criterion: what is linear and constant must be stable without them, and its response from block to
    block, in the best of a few scalings of the blocks, below 1 at every frequency: 1 - N' N must be positive, or, where
    all blocks are curves that do not change, (1 + N)' m (1 - N) + its transpose for some multiplier m = 1 - sum of
    h_k z^-k with a sum of |h_k| below 1 (Zames & Falb, SIAM J. Control 6, 1968).
    """
    lines, blocks = model.lines, model.blocks
    gains = np.array([model.units[i].grown(model.units[i].energy, radius) for i in blocks])  # type: ignore[union-attr]
    if not np.all(np.isfinite(gains)) or zeros_outside(model, radius) != 0:
        return False
    bounds = model.bound(radius)
    assert bounds is not None
    sizes = np.array([model.units[i].size(radius) for i in lines]).reshape(-1, 2)  # type: ignore[union-attr]
    a, da = bounds
    slope = _slope(model, radius)

    def pieces(at: Any) -> tuple[Any, Any]:
        """The inverse of I - T D of the lines, and what goes from block to block."""
        z = radius * np.exp(1j * at)
        t = model.transfer(z)
        d = np.stack([model.units[i].at(z) for i in lines], axis=1) if lines else np.zeros((len(at), 0))  # type: ignore[union-attr]
        inverse = np.linalg.inv(np.eye(len(lines)) - t[:, lines][:, :, lines] * d[:, None, :])
        through = t[:, blocks][:, :, lines] * d[:, None, :] @ inverse @ t[:, lines][:, :, blocks]
        return inverse, (t[:, blocks][:, :, blocks] + through) * gains

    sampled = pieces(np.linspace(0.0, math.pi, 257))[1]
    weights = _scaling(model, blocks, np.max(np.abs(sampled), axis=0))
    scale = weights[:, None] / weights
    ages, taps = _multiplier(model, sampled * scale)
    out, into = a[np.ix_(blocks, lines)] * sizes[:, 0], a[np.ix_(lines, blocks)] * gains
    d_out = da[np.ix_(blocks, lines)] * sizes[:, 0] + a[np.ix_(blocks, lines)] * sizes[:, 1]
    norms = [
        float(np.linalg.norm(m, 2)) if m.size else 0.0
        for m in (
            *(weights[:, None] * m for m in (out, d_out)),
            *(m / weights for m in (into, da[np.ix_(lines, blocks)] * gains)),
            scale * da[np.ix_(blocks, blocks)] * gains,
        )
    ]
    g_out, s_out, g_in, s_in, s_direct = norms

    def accept(centres: Any, halves: Any) -> Any:
        inverse, between = pieces(centres)
        value = _least(between * scale, 1.0 - np.exp(-1j * np.outer(centres, ages)) @ taps)
        if np.any(value <= 1e-9):  # 0, and rounded
            raise Undecided
        size = np.sqrt(np.sum(np.abs(inverse) ** 2, axis=(1, 2))) if lines else np.zeros(len(centres))
        share = slope * halves * size
        most = size / np.maximum(1.0 - share, 1e-9)
        moved = halves * (s_out * most * g_in + g_out * most * s_in + s_direct) + g_out * share * most * g_in
        around = 1.0 + np.linalg.norm(between * scale, 2, axis=(1, 2)) + moved
        turned = halves * float(np.sum(np.abs(ages * taps)))
        return (share < 0.9) & (value > around * (around * turned + 2.0 * moved * (1.0 + float(np.sum(np.abs(taps))))))

    try:
        _cover(model, accept, slope, model.size)
    except Undecided:
        return False
    return True


def _multiplier(model: Model, sampled: Any) -> tuple[Any, Any]:
    """Ages and taps of h: none where they are not needed, or do not help; else the better of one and two."""
    ages, taps = np.zeros(0), np.zeros(0)
    at = np.linspace(0.0, math.pi, len(sampled))
    best = float(np.min(_least(sampled, np.ones(len(at)))))
    units = model.units
    if best > 0.0 or not all(units[i].is_curve for i in model.blocks):  # type: ignore[union-attr]
        return ages, taps
    near = {*range(1, 17), *(age for i in model.lines for age in units[i].ages)}  # type: ignore[union-attr]
    for _ in range(2):
        left = 0.98 - float(np.sum(np.abs(taps)))
        found = None
        for age in sorted(near)[:40]:
            for tap in (1.0, 0.5, 0.2, -0.2, -0.5, -1.0):
                for sign in (1, -1):
                    tried = np.append(ages, sign * age), np.append(taps, tap * left)
                    value = float(np.min(_least(sampled, 1.0 - np.exp(-1j * np.outer(at, tried[0])) @ tried[1])))
                    if value > best:
                        best, found = value, tried
        if found is None:
            break
        ages, taps = found
        if best > 0.0:
            break
    return ages, taps


def _least(between: Any, multiplier: Any) -> Any:
    """The least eigenvalue of the form of `amplifies_nowhere`, halved, at each frequency."""
    one = np.eye(between.shape[-1])
    form = np.conj(np.swapaxes(one + between, 1, 2)) @ ((one - between) * multiplier[:, None, None])
    return np.linalg.eigvalsh((form + np.conj(np.swapaxes(form, 1, 2))) / 2.0)[:, 0]


def loudest(model: Model, radius: float) -> float:
    """A bound of what comes back for what goes in once around, in energy: the norm of T D, in the best scaling.

    Below 1 nothing outside of `radius` can last, whatever the delays are: so of any orthogonal matrix, and of one that
    a diagonal scaling makes orthogonal, times absorption.
    """
    units = model.units
    gains = np.array([u.grown(u.energy, radius) if isinstance(u, Block) else u.energy(radius) for u in units])
    bounds = model.bound(radius)
    if bounds is None or not np.all(np.isfinite(gains)):
        return math.inf
    slope = bounds[1] * gains
    everything = list(range(model.size))
    sampled = np.max(np.abs(model.transfer(radius * np.exp(1j * np.linspace(0.0, math.pi, 65)))), axis=0) * gains
    turned = None
    if not model.groups():
        turned = _orthogonal_scaling(np.real(model.transfer(np.array([radius + 0j]))[0]) * gains)
    found = math.inf
    for weights in (np.ones(model.size), _scaling(model, everything, sampled), turned):
        if weights is None:
            continue
        scale = weights[:, None] / weights
        slope_norm = float(np.linalg.norm(scale * slope, 2))
        count = max(int(slope_norm * 200), 1)
        if count * model.size**2 > _MOST_OF_NORM:
            continue
        at = (np.arange(count) + 0.5) * math.pi / count

        def norms(at: Any, scale: Any = scale) -> Any:
            return np.linalg.norm(model.transfer(radius * np.exp(1j * at)) * gains * scale, 2, axis=(1, 2))

        found = min(found, float(np.max(_in_parts(norms, at, model.size))) + slope_norm * math.pi / (2 * count))
    return found


def highest(model: Model, radius: float) -> float:
    """The same in peaks: the spectral radius of the sums of |h| from unit to unit, which moving delays have too."""
    bounds = model.bound(radius)
    if bounds is None:
        return math.inf
    peaks = [u.grown(u.peak, radius) if isinstance(u, Block) else u.size(radius)[0] for u in model.units]
    if not np.all(np.isfinite(peaks)):
        return math.inf
    sizes = bounds[0]
    for rows in model.groups():  # of channels that mix each may be as loud as the loudest
        sizes[rows] = np.max(sizes[rows], axis=0)
    gains = sizes * np.array(peaks)
    lines = [i for i, unit in enumerate(model.units) if isinstance(unit, Line) or unit.longest is not None]
    blocks = [i for i in range(model.size) if i not in lines]  # each after those that it reads
    if blocks:
        closed = np.linalg.solve(np.eye(len(blocks)) - gains[np.ix_(blocks, blocks)], gains[np.ix_(blocks, lines)])
        gains = gains[np.ix_(lines, lines)] + gains[np.ix_(lines, blocks)] @ closed
    return float(np.max(np.abs(np.linalg.eigvals(gains)), initial=0.0))


def _return_difference(model: Model, lines: list[int], radius: float, at: Any) -> Any:
    z = radius * np.exp(1j * at)
    d = np.stack([model.units[i].at(z) for i in lines], axis=1)  # type: ignore[union-attr]
    return np.eye(len(lines)) - model.transfer(z)[:, lines][:, :, lines] * d[:, None, :]


def _slope(model: Model, radius: float) -> float:
    """How fast T D of the lines can change with the angle, as a norm. Raises Undecided."""
    bounds, lines = model.bound(radius), model.lines
    if bounds is None:
        raise Undecided
    if not lines:
        return 0.0
    a, da = (m[np.ix_(lines, lines)] for m in bounds)
    sizes = np.array([model.units[i].size(radius) for i in lines])  # type: ignore[union-attr]
    return float(np.linalg.norm(da * sizes[:, 0] + a * sizes[:, 1], 2))


def _cover(model: Model, accept: Callable[[Any, Any], Any], slope: float, n: int) -> Any:
    """The first angles of intervals from 0 to pi that are all accepted. Raises Undecided."""
    count = max(16, int(math.pi * slope))
    halves = np.full(count, math.pi / (2 * count))
    centres = (2 * np.arange(count) + 1) * halves
    first = []
    while len(centres):
        model.computed += len(centres) * max(n, 1) ** 3  # of inverses
        if model.computed > _MOST or halves[-1] < 1e-13:
            raise Undecided
        step = max(_AT_ONCE // max(n, 1) ** 2, 64)
        parts = [accept(centres[i : i + step], halves[i : i + step]) for i in range(0, len(centres), step)]
        accepted = np.concatenate(parts)
        first.append((centres - halves)[accepted])
        centres, halves = centres[~accepted], halves[~accepted] / 2.0
        centres = np.concatenate([centres - halves, centres + halves])
        halves = np.concatenate([halves, halves])
    return np.sort(np.concatenate(first))


def _in_parts(f: Callable[[Any], Any], at: Any, n: int) -> Any:
    step = max(_AT_ONCE // max(n, 1) ** 2, 64)
    return np.concatenate([f(at[i : i + step]) for i in range(0, len(at), step)])


def _scaling(model: Model, units: list[int], sizes: Any) -> Any:
    """Weights that make the norm of a matrix of such sizes least: those of its Perron vectors; equal in a group."""
    most = float(np.max(sizes, initial=0.0)) or 1.0
    matrix = sizes + 1e-9 * most + most * np.eye(len(units))  # the same vectors, and one largest eigenvalue
    right, left = np.ones(len(units)), np.ones(len(units))
    for _ in range(50):
        right = matrix @ right
        left = matrix.T @ left
        right, left = right / np.sum(right), left / np.sum(left)
    weights = np.sqrt(left / right)
    for group in model.groups():
        places = [place for place, i in enumerate(units) if i in group]
        weights[places] = np.exp(np.mean(np.log(weights[places])))
    return weights


def _orthogonal_scaling(matrix: Any) -> Any:
    """Weights w with w_i m_ij / w_j orthogonal but for factors g_j of the columns, where there are some; else None.

    Of m = D Q D^-1 G the inverse is G^-1 D Q' D^-1, so that (m^-1)_ij / m_ji = d_i^2 / (d_j g_i)^2, and on the diagonal
    1 / g_i^2 (Schlecht & Habets, On lossless feedback delay networks, IEEE TSP 65(6), 2017).
    """
    n = len(matrix)
    if n < 2 or not np.all(np.isfinite(matrix)) or np.linalg.cond(matrix) > 1e12:
        return None
    inverse = np.linalg.inv(matrix)
    with np.errstate(all="ignore"):
        ratios = inverse / matrix.T
        own = np.diag(ratios).copy()
        own[~np.isfinite(own) | (own <= 0.0)] = 1.0
        ratios = ratios / own[:, None]
    logs = np.full(n, np.nan)
    for start in range(n):
        if not np.isnan(logs[start]):
            continue
        logs[start], waiting = 0.0, [start]
        while waiting:
            j = waiting.pop()
            for i in range(n):
                if np.isnan(logs[i]) and abs(matrix[j, i]) > 1e-9 and ratios[i, j] > 0:
                    logs[i] = logs[j] + 0.5 * math.log(ratios[i, j])
                    waiting.append(i)
    return np.exp(-logs)
