"""Sources made of sources: side by side (zipped), or taking turns (mixed)."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ddspgraph.data.dataset import Dataset
from ddspgraph.data.source import Arrays, Source
from ddspgraph.data.synthetic import SYNTHETIC, SyntheticNotes, notes_for
from ddspgraph.diagnostics import fail, quote
from ddspgraph.ir.graph import Graph


class Zipped(Source):
    """Examples with the features of several sources: those that stand at the same place of each.

    >>> Zipped([open_dataset("violin"), SyntheticNotes(clock)])

    Args:
      sources: of one clock, without a feature in common.
      renamed: for each source, what some of its features are to be called: `[{}, {"audio": "synthetic_audio"}]`.

    Raises:
      GraphError: E611 where clocks differ, or two features have one name.
    """

    def __init__(self, sources: Sequence[Source], renamed: Sequence[dict[str, str]] = ()) -> None:
        _check_clocks(sources)
        self.sources, self.clock = tuple(sources), sources[0].clock
        renamed = [*renamed, *({} for _ in sources[len(renamed) :])]
        self._origin: dict[str, tuple[Source, str]] = {}
        self.features = {}
        for source, names in zip(sources, renamed, strict=True):
            for feature in source.features:
                name = names.get(feature, feature)
                if name in self._origin:
                    hint = f"rename one: renamed=[{{}}, {{'{feature}': 'other_{feature}'}}]"
                    raise fail("E611", f"two of the zipped sources have a feature {quote(name)}", hint=hint)
                self._origin[name] = (source, feature)
                self.features[name] = source.features[feature]

    def n_examples(self, split: str) -> int | None:
        """Of the source that has the fewest: the others are used as far."""
        counts = [n for source in self.sources if (n := source.n_examples(split)) is not None]
        return min(counts, default=None)

    def at(self, names: Sequence[str], positions: np.ndarray, *, split: str, seed: int) -> Arrays:
        """As in `Source`; the sources go through their epochs each on its own."""
        found: Arrays = {}
        for source in self.sources:
            wanted = {name: self._origin[name][1] for name in names if self._origin[name][0] is source}
            if wanted:
                arrays = source.at(list(wanted.values()), positions, split=split, seed=seed)
                found |= {name: arrays[feature] for name, feature in wanted.items()}
        return found


class Mixed(Source):
    """Examples of several sources in turns, in fixed proportions.

    >>> Mixed([open_dataset("violin"), open_dataset("viola")], (3, 1))   # of four examples one is a viola's

    Args:
      sources: of one clock. The features are those that all of them have.
      turns: how many examples in a row each gives; all one where not given.

    Raises:
      GraphError: E502 turns that are not positive, or not as many as sources; E611 where clocks differ, or a
        feature is of another type in one of them.
    """

    def __init__(self, sources: Sequence[Source], turns: Sequence[int] = ()) -> None:
        _check_clocks(sources)
        self.sources, self.clock = tuple(sources), sources[0].clock
        self.turns = tuple(turns) or (1,) * len(sources)
        if len(self.turns) != len(sources) or min(self.turns) < 1:
            raise fail("E502", f"{len(sources)} sources want as many turns, each at least 1, these are {turns}")
        common = set.intersection(*(set(source.features) for source in sources))
        self.features = {name: feature for name, feature in sources[0].features.items() if name in common}
        for source in sources:
            for name, feature in self.features.items():
                other = source.features[name]
                if other != feature:
                    said = " and ".join(str(f.as_dict()) for f in (feature, other))
                    raise fail("E611", f"{quote(name)} is of two types in the mixed sources: {said}")

    def n_examples(self, split: str) -> int | None:
        """0 where one of them has none; otherwise all together, None if one never ends."""
        counts = [source.n_examples(split) for source in self.sources]
        if 0 in counts:
            return 0
        return None if None in counts else sum(filter(None, counts))

    def at(self, names: Sequence[str], positions: np.ndarray, *, split: str, seed: int) -> Arrays:
        """As in `Source`; a source goes on with its next example when its turn comes."""
        rounds, places = np.divmod(positions, sum(self.turns))
        shapes = self.shapes()
        found = {name: np.empty((len(positions), *shapes[name]), np.float32) for name in names}
        first = 0
        for source, turns in zip(self.sources, self.turns, strict=True):
            mine = (places >= first) & (places < first + turns)
            if mine.any():
                own = rounds[mine] * turns + places[mine] - first
                for name, array in source.at(names, own, split=split, seed=seed).items():
                    found[name][mine] = array
            first += turns
        return found


def _check_clocks(sources: Sequence[Source]) -> None:
    clocks = [(s.clock.sample_rate, s.clock.hop_samples, s.clock.n_samples) for s in sources]
    for clock in clocks[1:]:
        if clock != clocks[0]:
            said = [f"{rate} Hz, hop {hop}, examples of {n} samples" for rate, hop, n in (clocks[0], clock)]
            raise fail("E611", f"the sources have different clocks: {said[0]}; {said[1]}")


def places_of(source: Source, graph: Graph) -> list[str]:
    """What `--data` says for a source of a graph, so that a run finds it again; nothing for one made in Python."""
    if isinstance(source, Dataset):
        return [os.path.abspath(source.path)]
    if isinstance(source, SyntheticNotes) and source == notes_for(graph):
        return [SYNTHETIC]
    if isinstance(source, Mixed) and set(source.turns) == {1}:
        places = [places_of(part, graph) for part in source.sources]
        return [place for (place,) in places] if all(len(part) == 1 for part in places) else []
    return []
