"""Which images of the grid are selected: one bit each, so that a million cost no more than one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.gui.collection import Rows

Runs = list[tuple[int, int]]


class GridSelection:
    """A set of positions. Whoever changes it tells the view.

    Attributes:
        anchor: Where a range began that Shift makes longer, -1 without one.
    """

    def __init__(self) -> None:
        self._chosen: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._positions: Rows | None = None
        self.anchor = -1

    def resize(self, count: int) -> None:
        """There are more or fewer images; those at the same positions stay selected."""
        chosen = np.zeros(count, np.bool_)
        kept = min(count, len(self._chosen))
        chosen[:kept] = self._chosen[:kept]
        self._take(chosen)
        if self.anchor >= count:
            self.anchor = -1

    def __contains__(self, position: int) -> bool:
        return 0 <= position < len(self._chosen) and bool(self._chosen[position])

    def __len__(self) -> int:
        return len(self.positions())

    def positions(self) -> Rows:
        """Ascending; not to be changed."""
        if self._positions is None:
            self._positions = np.flatnonzero(self._chosen)
        return self._positions

    def bits(self) -> NDArray[np.bool_]:
        """One for each position, as they are now; not to be changed."""
        return self._chosen

    def runs(self, most: int) -> Runs | None:
        """Selected positions as (first, last), or None where that is more than ``most``."""
        edges = np.flatnonzero(np.diff(self._chosen, prepend=False, append=False))
        if len(edges) > 2 * most:
            return None
        return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]

    def select(self, positions: Rows | slice, base: NDArray[np.bool_] | None = None) -> None:
        """Select these, what ``base`` holds besides, and no others."""
        chosen = np.zeros(len(self._chosen), np.bool_)
        if base is not None:
            kept = min(len(base), len(chosen))
            chosen[:kept] = base[:kept]
        chosen[positions] = True
        self._take(chosen)

    def toggle(self, position: int) -> None:
        """Select one more, or one less."""
        chosen = self._chosen.copy()
        chosen[position] = ~chosen[position]
        self._take(chosen)

    def _take(self, chosen: NDArray[np.bool_]) -> None:
        self._chosen = chosen
        self._positions = None
