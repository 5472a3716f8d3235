"""Where the parts of a bin's card are, known without making the card."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from PySide6.QtCore import QRect

THUMB = 44
GAP = 6
LEFT, RIGHT, TOP = 16, 12, 10
HEAD, SUB = 24, 18
BUTTON = 22
MOST = 120  # examples that one card paints at once
_STEP = THUMB + GAP
_STRIP = TOP + HEAD + SUB + 7
_FOOT = 24


class Fold(Enum):
    """How much of a bin is shown."""

    CLOSED = "closed"  # one line
    OPEN = "open"  # and one line of examples
    ALL = "all"  # and more of them


@dataclass(frozen=True)
class CardLayout:
    """Rectangles of a card, in its own coordinates.

    Attributes:
        width: Of the card.
        count: How many examples the bin holds.
        fold: How much of it is shown.
        bare: Whether there is no line for examples while there are none.
    """

    width: int
    count: int
    fold: Fold
    bare: bool = False

    @cached_property
    def columns(self) -> int:
        return max(1, (self.width - LEFT - RIGHT + GAP) // _STEP)

    @cached_property
    def capacity(self) -> int:
        """How many examples are painted."""
        if self.fold is Fold.CLOSED:
            return 0
        if self.fold is Fold.ALL:
            return min(self.count, MOST)
        return self.count if self.count <= self.columns else self.columns - 1

    @cached_property
    def height(self) -> int:
        if self.fold is Fold.CLOSED:
            return HEAD + 2 * TOP - 4
        if not self.has_strip:
            return _STRIP - 7 + TOP
        lines = max(1, -(-self.capacity // self.columns)) if self.fold is Fold.ALL else 1
        return _STRIP + lines * _STEP - GAP + TOP + 2 + (_FOOT if self.has_foot else 0)

    @property
    def has_strip(self) -> bool:
        """Whether there is room for examples."""
        return self.fold is not Fold.CLOSED and (self.count > 0 or not self.bare)

    @property
    def overflows(self) -> bool:
        """Whether one line is too short for the examples."""
        return self.count > self.columns

    @property
    def has_foot(self) -> bool:
        return self.fold is Fold.ALL and self.overflows

    @property
    def top(self) -> int:
        """Upper edge of the head line."""
        return TOP - 2 if self.fold is Fold.CLOSED else TOP

    @property
    def fold_button(self) -> QRect:
        return QRect(LEFT - 5, self.top + 1, BUTTON, BUTTON)

    @property
    def more_button(self) -> QRect:
        return QRect(self.width - BUTTON - 8, self.top + 1, BUTTON, BUTTON)

    @property
    def badge(self) -> QRect:
        """The number key, or the colour of the bin where it has none."""
        return QRect(LEFT + 19, self.top + 2, 20, 20)

    def pill(self, text_width: int) -> QRect:
        """Where it says how many images are sorted into the bin."""
        width = text_width + 16
        return QRect(self.more_button.left() - width - 2, self.top + 1, width, 22)

    def name(self, pill: QRect) -> QRect:
        left = self.badge.right() + 9
        return QRect(left, self.top, max(20, pill.left() - left - 6), HEAD)

    @property
    def line(self) -> QRect:
        """The second line: number of examples, and the description."""
        return QRect(LEFT, TOP + HEAD + 2, self.width - LEFT - RIGHT, SUB)

    @property
    def head_height(self) -> int:
        """Down to where a card is taken hold of."""
        return _STRIP - 4 if self.has_strip else self.height

    @property
    def strip(self) -> QRect:
        """Where the first line of examples is."""
        return QRect(LEFT, _STRIP, self.width - LEFT - RIGHT, THUMB)

    def thumb(self, place: int) -> QRect:
        """The example painted at this place, 0 being the first."""
        line, column = divmod(place, self.columns)
        return QRect(LEFT + column * _STEP, _STRIP + line * _STEP, THUMB, THUMB)

    @property
    def more(self) -> QRect:
        """The tile that counts the examples without room; empty where all have some."""
        if self.fold is not Fold.OPEN or not self.overflows:
            return QRect()
        return self.thumb(self.capacity)

    @property
    def less(self) -> QRect:
        """Link in the foot that folds the examples; empty where there is no foot."""
        return self._foot(left=True)

    @property
    def grid_link(self) -> QRect:
        """Link in the foot to all examples; empty where the card shows them all itself."""
        return self._foot(left=False) if self.count > MOST else QRect()

    def _foot(self, left: bool) -> QRect:
        if not self.has_foot:
            return QRect()
        foot = QRect(LEFT, self.height - _FOOT - 5, self.width - LEFT - RIGHT, _FOOT)
        third = foot.width() // 3
        return (
            foot.adjusted(0, 0, third - foot.width(), 0) if left else foot.adjusted(third, 0, 0, 0)
        )
