"""Which bins are chosen together, to be merged or deleted at once."""

from __future__ import annotations

from collections.abc import Sequence


class Marks:
    """Ids of bins; the last one is where a choice with Shift goes on from."""

    def __init__(self) -> None:
        self._ids: list[int] = []

    def __contains__(self, class_id: int) -> bool:
        return class_id in self._ids

    def keep(self, known: Sequence[int]) -> None:
        """Forget bins that are no more."""
        alive = set(known)
        self._ids = [class_id for class_id in self._ids if class_id in alive]

    def among(self, order: Sequence[int]) -> tuple[int, ...]:
        """The chosen bins in this order."""
        chosen = set(self._ids)
        return tuple(class_id for class_id in order if class_id in chosen)

    def clear(self) -> None:
        """Choose none."""
        self._ids = []

    def toggle(self, class_id: int) -> None:
        """Choose this one as well, or no longer."""
        if class_id in self._ids:
            self._ids.remove(class_id)
        else:
            self._ids.append(class_id)

    def extend(self, class_id: int, order: Sequence[int]) -> None:
        """Choose all from the last choice to this bin, and no others."""
        if not self._ids or self._ids[-1] not in order:
            self._ids = [class_id]
            return
        start = self._ids[-1]
        first, last = sorted((order.index(start), order.index(class_id)))
        between = [c for c in order[first : last + 1] if c != start]
        self._ids = [*between, start]  # the next choice goes on from the same bin

    def walk(self, start: int, end: int) -> None:
        """Choose two neighbours as well; with the arrows, one after the other."""
        self._ids = [*(c for c in self._ids if c not in (start, end)), start, end]
