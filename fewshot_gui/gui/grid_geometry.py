"""Where each image of the grid lies: computed, never stored, for any number of images."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect

_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class GridGeometry:
    """Equal cells in lines from left to right; a group begins a line below its strip.

    Places are in the coordinates of the whole grid, in pixels.

    Attributes:
        count: Images.
        columns: Cells in a line, at least 1.
        cell: Width and height of a cell with the gap behind it.
        tile: Width and height of what is painted in it.
        starts: First position of each group, ascending from 0; empty without groups.
        strip: Height of the strip above a group.
    """

    count: int = 0
    columns: int = 1
    cell: tuple[int, int] = (1, 1)
    tile: tuple[int, int] = (1, 1)
    starts: NDArray[np.int64] = field(default_factory=lambda: _NONE)
    strip: int = 0
    _tops: NDArray[np.int64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        counts = np.diff(np.append(self.starts, self.count))
        heights = self.strip - -counts // self.columns * self.cell[1]
        tops = np.concatenate([[0], np.cumsum(heights)]).astype(np.int64)
        object.__setattr__(self, "_tops", tops)

    # -- sizes ---------------------------------------------------------------------------

    @property
    def height(self) -> int:
        """Of all lines and strips."""
        if len(self.starts):
            return int(self._tops[-1])
        return -(-self.count // self.columns) * self.cell[1]

    # -- from a position to a place --------------------------------------------------------

    def rect(self, position: int) -> QRect:
        """The tile at a position."""
        start, top = self._group_at(position)
        line, column = divmod(position - start, self.columns)
        left = column * self.cell[0]
        return QRect(left, top + line * self.cell[1], self.tile[0], self.tile[1])

    def strips(self, top: int, bottom: int) -> list[tuple[int, QRect]]:
        """(position of the first image, strip) of the groups between two heights."""
        if not len(self.starts):
            return []
        first = max(0, int(np.searchsorted(self._tops, top, "right")) - 1)
        width = self.columns * self.cell[0] - (self.cell[0] - self.tile[0])
        found = []
        for group in range(first, len(self.starts)):
            y = int(self._tops[group])
            if y >= bottom:
                break
            if y + self.strip > top:
                found.append((int(self.starts[group]), QRect(0, y, width, self.strip)))
        return found

    # -- from a place to positions -----------------------------------------------------------

    def position(self, place: QPoint) -> int:
        """The position whose tile is at a place, -1 where there is none."""
        if place.x() < 0 or place.y() < 0 or not self.count:
            return -1
        column, inside = divmod(place.x(), self.cell[0])
        if column >= self.columns or inside >= self.tile[0]:
            return -1
        start, end, top = self._group_around(place.y())
        line, below = divmod(place.y() - top, self.cell[1])
        found = start + line * self.columns + column
        return found if line >= 0 and below < self.tile[1] and found < end else -1

    def between(self, top: int, bottom: int) -> range:
        """Positions of all lines that touch the heights from ``top`` up to ``bottom``."""
        if not self.count or bottom <= top:
            return range(0)
        return range(self._first_below(max(0, top)), self._first_below(max(0, bottom - 1), 1))

    def inside(self, area: QRect) -> NDArray[np.int64]:
        """Positions whose tiles touch an area, ascending."""
        left = max(0, -(-(area.left() - self.tile[0] + 1) // self.cell[0]))
        right = min(self.columns - 1, area.right() // self.cell[0])
        if right < left or not self.count:
            return _NONE
        parts = [_NONE]
        for start, end, top in self._groups_between(area.top(), area.bottom() + 1):
            first = max(0, -(-(area.top() - top - self.tile[1] + 1) // self.cell[1]))
            last = min((area.bottom() - top) // self.cell[1], (end - start - 1) // self.columns)
            lines = np.arange(first, last + 1)[:, None] * self.columns + start
            found = (lines + np.arange(left, right + 1)).ravel()
            parts.append(found[found < end])
        return np.concatenate(parts)

    # -- steps ---------------------------------------------------------------------------------

    def above(self, position: int, lines: int = 1) -> int:
        """The image so many lines higher in the same column, or in the first line."""
        return self._stepped(position, -lines)

    def below(self, position: int, lines: int = 1) -> int:
        """The image so many lines lower in the same column, or in the last line."""
        return self._stepped(position, lines)

    def _stepped(self, position: int, lines: int) -> int:
        start, _top = self._group_at(position)
        column = (position - start) % self.columns
        while lines:
            start, end = self._bounds(position)
            line = (position - start) // self.columns
            last = (end - start - 1) // self.columns
            wanted = min(last, max(0, line + lines))
            lines -= wanted - line
            position = min(start + wanted * self.columns + column, end - 1)
            if not lines:
                break
            if (lines < 0 and start == 0) or (lines > 0 and end == self.count):
                break
            beyond = start - 1 if lines < 0 else end
            near, far = self._bounds(beyond)
            lead = near if lines > 0 else near + (far - near - 1) // self.columns * self.columns
            position = min(lead + column, far - 1)
            lines += 1 if lines < 0 else -1
        return position

    # -- groups ----------------------------------------------------------------------------------

    def _group_at(self, position: int) -> tuple[int, int]:
        """(first position, height of its first line) of the group of a position."""
        if not len(self.starts):
            return 0, 0
        group = int(np.searchsorted(self.starts, position, "right")) - 1
        return int(self.starts[group]), int(self._tops[group]) + self.strip

    def _bounds(self, position: int) -> tuple[int, int]:
        """(first, behind the last) position of the group of a position."""
        if not len(self.starts):
            return 0, self.count
        group = int(np.searchsorted(self.starts, position, "right")) - 1
        return self._group(group)[:2]

    def _group(self, group: int) -> tuple[int, int, int]:
        end = int(self.starts[group + 1]) if group + 1 < len(self.starts) else self.count
        return int(self.starts[group]), end, int(self._tops[group]) + self.strip

    def _group_around(self, y: int) -> tuple[int, int, int]:
        """(first, behind the last, height of the first line) of the group at a height."""
        if not len(self.starts):
            return 0, self.count, 0
        group = int(np.searchsorted(self._tops, y, "right")) - 1
        return self._group(min(max(group, 0), len(self.starts) - 1))

    def _groups_between(self, top: int, bottom: int) -> list[tuple[int, int, int]]:
        if not len(self.starts):
            return [(0, self.count, 0)]
        first = max(0, int(np.searchsorted(self._tops, top, "right")) - 1)
        last = int(np.searchsorted(self._tops, bottom, "left"))
        return [self._group(group) for group in range(first, min(last, len(self.starts)))]

    def _first_below(self, y: int, lines: int = 0) -> int:
        """First position of the line at a height, or of one so many lines lower."""
        start, end, top = self._group_around(y)
        line = max(0, y - top + self.cell[1]) // self.cell[1] - 1 + lines
        return min(start + max(0, line) * self.columns, end)
