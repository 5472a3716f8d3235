"""The grid of images: what it shows, dragging and dropping, its thumbnails."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QElapsedTimer, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QListView

from fewshot_gui.gui.arrangement import Arrangement
from fewshot_gui.gui.collection import Rows
from fewshot_gui.gui.drag_picture import drag_picture
from fewshot_gui.gui.grid_geometry import GridGeometry
from fewshot_gui.gui.grid_view import GridView
from fewshot_gui.gui.image_delegate import GRID, PADDING, STRIP, ImageDelegate
from fewshot_gui.gui.image_model import ImageModel
from fewshot_gui.gui.mime import dragged, local_paths, mime_of
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.settings import MIN_TILE
from fewshot_gui.texts import _

GAP = 10
SETTLE_MS = 60
_NO_GROUPS = np.zeros(0, np.int64)
NEAR = 1.0  # screens above and below whose requests are kept, and of pictures read ahead


class ImageGrid(GridView):
    """Shows the image model in columns that fill the width.

    Signals:
        dropped: Paths of files and folders from elsewhere.
        taken_out: Paths dragged out of a bin and dropped here.
        drag_ended: The user let go of what was dragged from here.
    """

    dropped = Signal(object)
    taken_out = Signal(object)
    drag_ended = Signal()

    def __init__(
        self,
        session: Session,
        model: ImageModel,
        delegate: ImageDelegate,
        thumbnails: Thumbnails,
        theme: Theme,
    ) -> None:
        super().__init__()
        self.setObjectName("grid")
        self._session = session
        self._images = model
        self._tiles = delegate
        self._thumbnails = thumbnails
        self._theme = theme
        self.dragging = False
        self._tile, self._headed = MIN_TILE, False
        self._seen_at = 0
        self._columns = 1
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setDragEnabled(True)
        self.setAcceptDrops(True)
        self.viewport().setAcceptDrops(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setViewportMargins(GAP - 2, GAP - 2, 0, 0)
        self.setAccessibleName(_("Pictures"))
        # Asked for now and then, not at every painting: else all that rushes by is decoded.
        self._settle = QTimer(self, singleShot=True)
        self._settle.timeout.connect(self._ask_for_thumbnails)
        self._scrolled = QElapsedTimer()
        self._scrolled.start()
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        thumbnails.ready.connect(self._on_thumbnail)
        theme.changed.connect(self.viewport().update)
        self.fit_columns()

    # -- layout ------------------------------------------------------------------------

    def set_tile(self, tile: int, headed: bool | None = None) -> None:
        """Change the size of the pictures; the current image stays in sight.

        Args:
            tile: Width of the pictures, at least.
            headed: Whether groups get a strip with their class.
        """
        current = self.currentIndex()
        stays = current.isValid() and current.row() in self.in_sight()
        first = self.in_sight().start
        self._tile = tile
        if headed is not None:
            self._headed = headed
        self.fit_columns()
        if stays:
            self.scrollTo(current)
        elif first:
            self.scrollTo(self._images.index(first), self.ScrollHint.PositionAtTop)

    def fit_columns(self) -> None:
        """As many columns as fit; the pictures grow a little, so that they fill the width."""
        # one pixel is left over: rounding must not push the last column to a new line
        room = max(1, self.viewport().width() - 1)
        self._columns = max(1, room // (self._tile + 2 * PADDING + GAP))
        width = max(MIN_TILE, room // self._columns - 2 * PADDING - GAP)
        self._tiles.set_tile(width)
        self.updateGeometries()
        self.viewport().update()

    def geometry_now(self) -> GridGeometry:
        tile = self._tiles.size
        return GridGeometry(
            count=len(self._images.rows),
            columns=self._columns,
            cell=(tile.width() + GAP, tile.height() + GAP),
            tile=(tile.width(), tile.height()),
            starts=self._images.starts if self._headed else _NO_GROUPS,
            strip=STRIP,
        )

    def paint_strip(self, painter: QPainter, first: int, area: QRect) -> None:
        head = self._images.head(first)
        if head is not None:
            self._tiles.paint_strip(painter, head, area)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.model() is None:
            return  # under construction
        first = self.in_sight().start
        columns = self._columns
        self.fit_columns()
        if self._columns != columns and first:
            self.scrollTo(self._images.index(first), self.ScrollHint.PositionAtTop)
        super().resizeEvent(event)

    def append(self, rows: Rows) -> None:
        """Show more images at the end."""
        self._images.append(rows)

    def show_arrangement(self, arrangement: Arrangement, grouped: bool) -> None:
        """Show other images or another order; selection and current image are kept."""
        selected, current = self.selected_rows(), self.current_row()
        scroll = self.verticalScrollBar().value()
        if len(arrangement.rows) == len(self._images.rows) > 0 and grouped == self._images.grouped:
            self._images.exchange(arrangement)
            self.updateGeometries()
        else:
            self._images.set_arrangement(arrangement, grouped)
        self.select_rows(selected, current)
        self.verticalScrollBar().setValue(scroll)  # the view had followed the current image

    def go_to_first(self) -> None:
        """Leave the selection and go to the first image, whatever was current."""
        self.clearSelection()
        self._go(min(0, self.places.count - 1), Qt.KeyboardModifier.NoModifier)
        self.scrollToTop()

    def show_from_start(self) -> None:
        """Scroll to what is selected, or else to the top."""
        if len(self.selected_positions()) and self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())
        else:
            self.scrollToTop()

    # -- selection -----------------------------------------------------------------------

    def selected_rows(self) -> Rows:
        """Table rows of the selected images, in the order shown."""
        positions = self.selected_positions()
        rows = self._images.rows
        return rows[positions[positions < len(rows)]]

    def current_row(self) -> int:
        """Table row of the current image, -1 without one."""
        position = self.currentIndex().row()
        return int(self._images.rows[position]) if 0 <= position < len(self._images.rows) else -1

    def select_rows(self, rows: Rows, current: int = -1) -> None:
        """Select these images, as far as they are shown."""
        place = self._images.position(current)
        if place >= 0:
            self._make_current(place)
        self.select_positions(self._images.positions(rows) if len(rows) else slice(0, 0))
        self.chosen.anchor = place

    def select_one(self) -> None:
        """Select the current image, or the first one, where none is selected."""
        if not len(self.selected_positions()) and len(self._images.rows):
            row = self.current_row()
            row = row if row >= 0 else int(self._images.rows[0])
            self.select_rows(np.asarray([row], np.int64), row)

    def step_on(self) -> None:
        """Go on to the image after the selected ones."""
        positions = self.selected_positions()
        if len(positions):
            following = min(int(positions[-1]) + 1, len(self._images.rows) - 1)
            self._go(following, Qt.KeyboardModifier.NoModifier)

    # -- dragging ------------------------------------------------------------------------------

    def startDrag(self, _actions: Qt.DropAction) -> None:
        collection, rows = self._session.collection, self.selected_rows()
        if collection is None or not len(rows):
            return
        drag = QDrag(self)
        # a hundred thousand paths are made when they are dropped, not before
        drag.setMimeData(mime_of(self._session.id, lambda: collection.paths(rows)))
        ratio = self.devicePixelRatioF()
        pictures = [
            p
            for path in collection.paths(rows[:3])
            if (p := self._thumbnails.pixmap(path, QSize(72, 72), ratio, GRID, fill=True))
        ]
        drag.setPixmap(drag_picture(pictures, len(rows), self._theme.tones, ratio))
        drag.setHotSpot(QPoint(28, 28))
        self.dragging = True
        try:
            drag.exec(Qt.DropAction.CopyAction)
        finally:
            self.dragging = False
            self.drag_ended.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._welcome(event):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.dragEnterEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        own = dragged(self._session.id, event.mimeData())
        if own is not None:
            if own.from_bin is not None:
                self.taken_out.emit(list(own.paths))
                event.setDropAction(Qt.DropAction.CopyAction)
                event.accept()
            return
        self.dropped.emit(local_paths(event.mimeData()))
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def _welcome(self, event: QDropEvent) -> bool:
        own = dragged(self._session.id, event.mimeData())
        if own is not None:
            return own.from_bin is not None
        return event.mimeData().hasUrls()

    # -- thumbnails ----------------------------------------------------------------------------

    def visible_positions(self) -> range:
        """Positions in sight, and a little more."""
        return self.in_sight(self.places.cell[1])

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self._ask_soon()

    def _on_scrolled(self, _value: int) -> None:
        self._scrolled.restart()

    def _ask_soon(self) -> None:
        if not self._settle.isActive():
            self._settle.start(SETTLE_MS if self._scrolled.elapsed() < 2 * SETTLE_MS else 0)

    def _ask_for_thumbnails(self) -> None:
        """Ask for what is in sight, then for a screen in the direction of scrolling."""
        collection = self._session.collection
        if collection is None:
            return
        offset = self.verticalOffset()
        down, self._seen_at = offset >= self._seen_at, offset
        seen, near = self.in_sight(), self.in_sight(round(NEAR * self.viewport().height()))
        below, above = range(seen.stop, near.stop), range(seen.start - 1, near.start - 1, -1)
        ahead, behind = (below, above) if down else (above, below)
        rows = self._images.rows
        paths = [collection.paths(rows[list(part)]) for part in (seen, ahead, behind)]
        self._thumbnails.expect(GRID, *paths, self._tiles.picture, self.devicePixelRatioF())

    def _on_thumbnail(self, path: str) -> None:
        collection = self._session.collection
        row = collection.table.row(path) if collection else None
        if row is None:
            return
        position = self._images.position(row)
        if position in self.in_sight():
            self.update(self._images.index(position))

    def repaint_tiles(self) -> None:
        """Paint what is in sight anew; nothing is laid out again."""
        self.viewport().update()
