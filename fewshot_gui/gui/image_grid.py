"""The grid of images: selecting, dragging, keys."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QPoint,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QListView

from fewshot_gui.gui.arrangement import Arrangement
from fewshot_gui.gui.collection import Rows
from fewshot_gui.gui.drag_picture import drag_picture
from fewshot_gui.gui.image_delegate import GRID, PADDING, ImageDelegate
from fewshot_gui.gui.image_model import ImageModel
from fewshot_gui.gui.mime import dragged, local_paths, mime_of, split_folders
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.settings import MIN_TILE
from fewshot_gui.texts import _

GAP = 10
BATCHED_FROM = 20_000  # laying out more than this at once would be felt
SPARE_ROWS = 2


class ImageGrid(QListView):
    """Shows the image model in columns that fill the width.

    Signals:
        folder_dropped: A folder to open.
        files_dropped: Files that were dropped where no bin is.
        taken_out: Paths dragged out of a bin and dropped here.
        zoomed: Ctrl+wheel: +1 or -1.
        selection_changed: Other images are selected.
        drag_ended: The user let go of what was dragged from here.
    """

    folder_dropped = Signal(str)
    files_dropped = Signal(object)
    taken_out = Signal(object)
    zoomed = Signal(int)
    selection_changed = Signal()
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
        self._fitted = (0, False)
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setBatchSize(2000)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionRectVisible(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setDragEnabled(True)  # Static movement had switched it off
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.viewport().setAcceptDrops(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setViewportMargins(GAP - 2, GAP - 2, 0, 0)
        self.setAccessibleName(_("Pictures"))
        self._settle = QTimer(self, singleShot=True, interval=60)
        self._settle.timeout.connect(self._drop_requests_out_of_sight)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._settle.start())
        thumbnails.ready.connect(self._on_thumbnail)
        theme.changed.connect(self.viewport().update)
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit())
        self.fit_columns()

    # -- layout ------------------------------------------------------------------------

    def set_tile(self, tile: int, headed: bool | None = None) -> None:
        """Change the size of the pictures; the current image stays in sight."""
        self._tile = tile
        if headed is not None:
            self._headed = headed
        self.fit_columns()
        current = self.currentIndex()
        if current.isValid() and self.visualRect(current).isValid():
            self.scrollTo(current)

    def fit_columns(self) -> None:
        """As many columns as fit; the pictures grow a little, so that they fill the width."""
        # one pixel is left over: rounding must not push the last column to a new line
        room = max(1, self.viewport().width() - 1)
        columns = max(1, room // (self._tile + 2 * PADDING + GAP))
        width = max(MIN_TILE, room // columns - 2 * PADDING - GAP)
        if (width, self._headed) != self._fitted:
            self._fitted = (width, self._headed)
            self._tiles.set_tile(width, self._headed)
            self.setGridSize(self._tiles.size + QSize(GAP, GAP))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.fit_columns()
        super().resizeEvent(event)

    def append(self, rows: Rows) -> None:
        """Show more images at the end."""
        self._choose_layout(len(self._images.rows) + len(rows))
        self._images.append(rows)

    def show_arrangement(self, arrangement: Arrangement, grouped: bool) -> None:
        """Show other images or another order; selection and current image are kept."""
        selected, current = self.selected_rows(), self.current_row()
        scroll = self.verticalScrollBar().value()
        if len(arrangement.rows) == len(self._images.rows) > 0 and grouped == self._images.grouped:
            self._images.exchange(arrangement)  # many times quicker than a new layout
            self.select_rows(selected, current)
            self.verticalScrollBar().setValue(scroll)  # the view had followed the current image
            self._settle.start()
            return
        self._choose_layout(len(arrangement.rows))
        self.selectionModel().blockSignals(True)
        self._images.set_arrangement(arrangement, grouped)
        self.selectionModel().blockSignals(False)
        self.select_rows(selected, current)
        if len(arrangement.rows):
            self.doItemsLayout()  # now, so that the scroll position means something
            self.verticalScrollBar().setValue(scroll)
        self._settle.start()

    def go_to_first(self) -> None:
        """Leave the selection and go to the first image, whatever was current."""
        self.clearSelection()
        self.setCurrentIndex(self._images.index(0))
        self.scrollToTop()

    def show_from_start(self) -> None:
        """Scroll to what is selected, or else to the top."""
        if len(self.selected_positions()) and self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())
        else:
            self.scrollToTop()

    def _choose_layout(self, count: int) -> None:
        mode = (
            QListView.LayoutMode.Batched
            if count > BATCHED_FROM
            else QListView.LayoutMode.SinglePass
        )
        if mode != self.layoutMode():
            self.setLayoutMode(mode)

    # -- selection -----------------------------------------------------------------------

    def selected_positions(self) -> Rows:
        """Positions of the selected images, ascending; no loop over single images."""
        parts = [
            np.arange(part.top(), part.bottom() + 1) for part in self.selectionModel().selection()
        ]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)

    def selected_rows(self) -> Rows:
        """Table rows of the selected images, in the order shown."""
        positions = self.selected_positions()
        rows = self._images.rows
        return rows[positions[positions < len(rows)]]

    def selected_paths(self) -> list[str]:
        """Paths of the selected images, in the order shown."""
        collection = self._session.collection
        return collection.paths(self.selected_rows()) if collection else []

    def current_row(self) -> int:
        """Table row of the current image, -1 without one."""
        position = self.currentIndex().row()
        return int(self._images.rows[position]) if 0 <= position < len(self._images.rows) else -1

    def select_rows(self, rows: Rows, current: int = -1) -> None:
        """Select these images, as far as they are shown."""
        positions = self._images.positions(rows)
        selection = QItemSelection()
        if len(positions):
            breaks = np.flatnonzero(np.diff(positions) > 1)
            starts = positions[np.concatenate([[0], breaks + 1])]
            ends = positions[np.concatenate([breaks, [len(positions) - 1]])]
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                selection.select(self._images.index(start), self._images.index(end))
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().select(selection, flags.ClearAndSelect)
        place = self._images.position(current)
        if place >= 0:
            self.selectionModel().setCurrentIndex(self._images.index(place), flags.NoUpdate)

    def step_on(self) -> None:
        """Go on to the image after the selected ones."""
        positions = self.selected_positions()
        if not len(positions):
            return
        following = min(int(positions[-1]) + 1, len(self._images.rows) - 1)
        self.setCurrentIndex(self._images.index(following))

    # -- keys and wheel --------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() and event.text().isprintable() and not event.modifiers():
            event.ignore()  # no type-ahead: letters and digits are for shortcuts
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoomed.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
            return
        super().wheelEvent(event)

    # -- dragging ------------------------------------------------------------------------------

    def startDrag(self, _actions: Qt.DropAction) -> None:
        paths = self.selected_paths()
        if not paths:
            return
        drag = QDrag(self)
        drag.setMimeData(mime_of(self._session.id, paths))
        ratio = self.devicePixelRatioF()
        pictures = [
            p
            for path in paths[:3]
            if (p := self._thumbnails.pixmap(path, QSize(72, 72), ratio, GRID, fill=True))
        ]
        drag.setPixmap(drag_picture(pictures, len(paths), self._theme.tones, ratio))
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
        folders, files = split_folders(local_paths(event.mimeData()))
        if folders:
            self.folder_dropped.emit(folders[0])
        elif files:
            self.files_dropped.emit(list(files))
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def _welcome(self, event: QDropEvent) -> bool:
        own = dragged(self._session.id, event.mimeData())
        if own is not None:
            return own.from_bin is not None
        return event.mimeData().hasUrls()

    # -- thumbnails ----------------------------------------------------------------------------

    def visible_positions(self) -> range:
        """Positions in sight, computed: asking the view for each would take long."""
        cell = self.gridSize()
        columns = max(1, (self.viewport().width() - 1) // max(1, cell.width()))
        top = self.verticalOffset() // max(1, cell.height())
        lines = self.viewport().height() // max(1, cell.height()) + 2
        first = max(0, (top - SPARE_ROWS) * columns)
        last = min(len(self._images.rows), (top + lines + SPARE_ROWS) * columns)
        return range(first, max(first, last))

    def _drop_requests_out_of_sight(self) -> None:
        collection = self._session.collection
        if collection is not None:
            span = self.visible_positions()
            paths = collection.paths(self._images.rows[span.start : span.stop])
            self._thumbnails.keep_only(GRID, paths)

    def _on_thumbnail(self, path: str) -> None:
        collection = self._session.collection
        row = collection.table.row(path) if collection else None
        if row is None:
            return
        position = self._images.position(row)
        if position in self.visible_positions():
            self.update(self._images.index(position))

    def repaint_tiles(self) -> None:
        """Paint what is in sight anew; nothing is laid out again."""
        self.viewport().update()
