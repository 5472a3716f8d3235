"""The images of the open folder as Qt's views want them: one item for each shown row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from fewshot_gui.backbones.table import FAILED, PENDING, READY
from fewshot_gui.gui.arrangement import LOW_CONFIDENCE, Arrangement
from fewshot_gui.gui.collection import CONFIRMED, CORRECTED, NOBODY, SUPPORT, Collection, Rows
from fewshot_gui.gui.help_marks import mark_words
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.project.values import UNKNOWN, Bin
from fewshot_gui.texts import _

TileRole = Qt.ItemDataRole.UserRole + 1
PathRole = Qt.ItemDataRole.UserRole + 2

_NO_INDEX = QModelIndex()


@dataclass(frozen=True, slots=True)
class Tile:
    """All that is needed to paint one image.

    Attributes:
        path: The file.
        name: What is written below it.
        bin: The class it wears, None without one.
        confidence: Of the learner, where it is the learner's class.
        source: ``NOBODY`` where it is the learner's class, else how the user said so.
        reason: Why it cannot be read, empty where it can.
        head: (class name, colour index or None, number of images) on the first of a group.
        note: Why it is shown, in a few words; empty where there is no reason of its own.
    """

    path: str
    name: str
    bin: Bin | None
    confidence: float
    source: int
    reason: str
    head: tuple[str, int | None, int] | None
    note: str = ""

    @property
    def unsure(self) -> bool:
        return self.source == NOBODY and self.confidence < LOW_CONFIDENCE


class ImageModel(QAbstractListModel):
    """Shows the rows of an arrangement.

    Changes that concern every image (predictions) come without ``dataChanged``: the view
    repaints what is visible, which costs the same for ten images and for a million.
    """

    def __init__(self, session: Session, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._session = session
        self._thumbnails = thumbnails
        self._rows: Rows = np.empty(0, np.int64)
        self._heads: dict[int, tuple[int, int]] = {}
        self._grouped = False
        self._positions: Rows | None = None
        self._bins: dict[int, Bin] = {}
        self._notes: Mapping[int, str] = {}
        self._state = np.empty(0, np.uint8)

    # -- Qt's side -----------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        position = index.row()
        collection = self._session.collection
        if not 0 <= position < len(self._rows) or collection is None:
            return None
        row = int(self._rows[position])
        if role == TileRole:
            return self._tile(collection, position, row)
        if role == Qt.ItemDataRole.DisplayRole:
            return collection.table.file(row).relative.rpartition("/")[2]
        if role == PathRole:
            return collection.table.path(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self._tooltip(collection, row))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(collection, position, row)
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsDragEnabled
            | Qt.ItemFlag.ItemNeverHasChildren
        )

    # -- what is shown ---------------------------------------------------------------------

    @property
    def rows(self) -> Rows:
        """Table rows in the order shown; not to be changed."""
        return self._rows

    @property
    def grouped(self) -> bool:
        """Whether the images come in groups."""
        return self._grouped

    @property
    def starts(self) -> Rows:
        """First position of each group, ascending; empty without groups."""
        return np.asarray(sorted(self._heads), np.int64)

    def head(self, position: int) -> tuple[str, int | None, int] | None:
        """(class name, colour index or None, number of images) where a group begins."""
        if position not in self._heads:
            return None
        class_id, count = self._heads[position]
        if class_id == UNKNOWN:
            return _("Unknown"), None, count
        known = self._bins.get(class_id)
        return (known.name, known.colour, count) if known else (_("Not sorted"), None, count)

    def position(self, row: int) -> int:
        """Where a table row is shown, -1 where it is not."""
        positions = self._position_of()
        return int(positions[row]) if 0 <= row < len(positions) else -1

    def positions(self, rows: Rows) -> Rows:
        """Where these table rows are shown, those that are not left out; ascending."""
        positions = self._position_of()
        found = positions[rows[rows < len(positions)]]
        return np.sort(found[found >= 0])

    def shows_same(self, arrangement: Arrangement) -> bool:
        """Whether this arrangement is on screen already."""
        return (
            self._heads == arrangement.heads
            and len(self._rows) == len(arrangement.rows)
            and bool(np.array_equal(self._rows, arrangement.rows))
        )

    def append(self, rows: Rows) -> None:
        """More images at the end, while the scan goes on."""
        if not len(rows):
            return
        first = len(self._rows)
        self.beginInsertRows(_NO_INDEX, first, first + len(rows) - 1)
        self._rows = np.concatenate([self._rows, rows])
        self._positions = None
        self.endInsertRows()
        self.note_states()

    def exchange(self, arrangement: Arrangement) -> None:
        """Show as many images as before, in another order or others: nothing moves."""
        self._rows = arrangement.rows
        self._heads = arrangement.heads
        self._positions = None
        self.note_states()
        self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def set_arrangement(self, arrangement: Arrangement, grouped: bool = False) -> None:
        """Show other images, or the same in another order."""
        self.beginResetModel()
        self._rows = arrangement.rows
        self._heads = arrangement.heads
        self._grouped = grouped
        self._positions = None
        self.note_states()
        self.endResetModel()

    def note_states(self) -> None:
        """Take notice of which rows are ready, failed or waiting."""
        collection = self._session.collection
        self._state = collection.table.state if collection else np.empty(0, np.uint8)

    def note_bins(self) -> None:
        """Take notice of added, renamed and deleted bins."""
        self._bins = {b.id: b for b in self._session.project.bins}

    def note_reasons(self, notes: Mapping[int, str]) -> None:
        """Take notice of why images are shown, row -> a few words."""
        self._notes = notes

    def tile(self, position: int) -> Tile | None:
        """What to paint at a position; for those who have no index at hand."""
        return self.data(self.index(position), TileRole)

    # -- details -------------------------------------------------------------------------------

    def _position_of(self) -> Rows:
        if self._positions is None:
            collection = self._session.collection
            size = len(collection.table) if collection else 0
            size = max(size, int(self._rows.max()) + 1 if len(self._rows) else 0)
            self._positions = np.full(size, -1, np.int64)
            self._positions[self._rows] = np.arange(len(self._rows))
        return self._positions

    def _worn(self, collection: Collection, row: int) -> tuple[Bin | None, int]:
        if row >= len(collection.source):
            return None, NOBODY
        class_id = int(collection.shown(np.asarray([row]))[0])
        if class_id == UNKNOWN:
            return Bin(UNKNOWN, _("Unknown"), 0), int(collection.source[row])
        return self._bins.get(class_id), int(collection.source[row])

    def _tile(self, collection: Collection, position: int, row: int) -> Tile:
        file = collection.table.file(row)
        worn, source = self._worn(collection, row)
        return Tile(
            file.path,
            file.relative.rpartition("/")[2],
            worn,
            _sure(collection, row, worn),
            source,
            self._reason(collection, row, file.path),
            self.head(position),
            self._notes.get(row, ""),
        )

    def _reason(self, collection: Collection, row: int, path: str) -> str:
        failure = None
        if row < len(self._state) and self._state[row] == FAILED:
            failure = collection.table.failure(row)
        elif row >= len(self._state) or self._state[row] != READY:
            failure = self._thumbnails.failure(path)
        return failure.describe() if failure else ""

    def _tooltip(self, collection: Collection, row: int) -> str:
        """Plain text: file names are strangers' words."""
        file = collection.table.file(row)
        size = _("{count} kB").format(count=f"{max(1, round(file.size / 1000)):,}")
        dimensions = self._thumbnails.dimensions(file.path)
        if dimensions:
            size = f"{dimensions[0]} × {dimensions[1]} · {size}"
        lines = [file.relative, size]
        worn, source = self._worn(collection, row)
        reason = self._reason(collection, row, file.path)
        if reason:
            lines.append(reason)
        elif worn and source != NOBODY:
            lines.append(source_words(source).format(name=worn.name))
        best = self._bins.get(int(collection.best[row])) if row < len(collection.best) else None
        if best is not None and source not in (SUPPORT, CORRECTED):
            sure = percent(collection.confidence[row])
            lines.append(_("Looks like {name}, {percent}").format(name=best.name, percent=sure))
            second = self._bins.get(int(collection.runner_up[row]))
            if collection.runner_up[row] != NO_CLASS and second is not None:
                sure = percent(collection.runner_up_confidence[row])
                lines.append(_("or {name}, {percent}").format(name=second.name, percent=sure))
        elif not reason and row < len(self._state) and self._state[row] == PENDING:
            lines.append(_("Not read yet"))
        if worn and not reason:
            unsure = _sure(collection, row, worn) < LOW_CONFIDENCE
            lines.append(mark_words(source, unsure))
        if row in self._notes:
            lines.append(_("Suggested: {reason}").format(reason=self._notes[row]))
        return "\n".join(lines)

    def _spoken(self, collection: Collection, position: int, row: int) -> str:
        tile = self._tile(collection, position, row)
        parts = [tile.name]
        if tile.reason:
            parts.append(tile.reason)
        elif tile.bin is not None and tile.source == NOBODY:
            parts.append(f"{tile.bin.name} {percent(tile.confidence)}")
        elif tile.bin is not None:
            parts.append(source_words(tile.source).format(name=tile.bin.name))
        if tile.note:
            parts.append(tile.note)
        return ", ".join(parts)


def _sure(collection: Collection, row: int, worn: Bin | None) -> float:
    """How sure the learner is of the class that an image wears."""
    if row >= len(collection.confidence):
        return 0.0
    scores = collection.unknown if worn and worn.id == UNKNOWN else collection.confidence
    return float(scores[row])


def percent(share: float) -> str:
    """A share as the user reads it; never 100 % unless it is."""
    value = min(99, round(float(share) * 100)) if share < 1 else 100
    return _("{value} %").format(value=value)


def source_words(source: int) -> str:
    """How the user's label came about, with ``{name}`` for the class."""
    return {
        SUPPORT: _("Your example of {name}"),
        CORRECTED: _("Corrected by you to {name}"),
        CONFIRMED: _("Confirmed by you as {name}"),
    }[source]
