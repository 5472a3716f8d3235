"""Which examples of a bin are chosen, as in every list: click, Ctrl, Shift and arrows."""

from __future__ import annotations


class Choice:
    """Chosen examples, held by path so that examples that come and go do not shift it.

    Attributes:
        items: All paths, in the order shown.
        cursor: Place of the example that keys move from; -1 for none.
    """

    def __init__(self) -> None:
        self.items: tuple[str, ...] = ()
        self.cursor = -1
        self._anchor = -1
        self._chosen: set[str] = set()

    @property
    def current(self) -> str | None:
        """The example under the cursor."""
        return self.items[self.cursor] if 0 <= self.cursor < len(self.items) else None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The chosen examples in the order shown."""
        if not self._chosen:
            return ()
        return tuple(path for path in self.items if path in self._chosen)

    def __contains__(self, path: str) -> bool:
        return path in self._chosen

    def __len__(self) -> int:
        return len(self._chosen)

    def show(self, items: tuple[str, ...]) -> None:
        """Other examples; the cursor stays on its example, or at its place if that has gone."""
        current, place, chosen = self.current, self.cursor, bool(self._chosen)
        self.items = items
        self._chosen.intersection_update(items)
        if current is None:
            self.clear()
            return
        known = current in self._chosen or current in items
        self.cursor = items.index(current) if known else min(place, len(items) - 1)
        self._anchor = self.cursor
        if chosen and not self._chosen and self.cursor >= 0:
            self._chosen = {items[self.cursor]}

    def only(self, place: int) -> None:
        """Choose this one and no other; keys stop at both ends."""
        if self.items:
            self.cursor = self._anchor = min(max(0, place), len(self.items) - 1)
            self._chosen = {self.items[self.cursor]}

    def extend(self, place: int) -> None:
        """Choose all from where the choice began to this place."""
        if not self.items:
            return
        place = min(max(0, place), len(self.items) - 1)
        if self._anchor < 0:
            self._anchor = place
        first, last = sorted((self._anchor, place))
        self.cursor = place
        self._chosen = set(self.items[first : last + 1])

    def toggle(self, place: int) -> None:
        """Choose this one as well, or no longer."""
        self.cursor = self._anchor = place
        self._chosen ^= {self.items[place]}

    def everything(self) -> None:
        """Choose all."""
        self._chosen = set(self.items)
        if self.cursor < 0 and self.items:
            self.cursor = self._anchor = 0

    def clear(self) -> None:
        """Choose none."""
        self.cursor = self._anchor = -1
        self._chosen = set()
