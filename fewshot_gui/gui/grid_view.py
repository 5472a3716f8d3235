"""A view of equal tiles in lines whose geometry is computed: a million are as quick as ten.

Qt's own list view lays out and remembers every item; here nothing is kept for an item but
one bit that says whether it is selected.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QListView,
    QRubberBand,
    QStyle,
    QStyleOptionViewItem,
)

from fewshot_gui.gui.collection import Rows
from fewshot_gui.gui.grid_geometry import GridGeometry
from fewshot_gui.gui.grid_selection import GridSelection

MIRRORED = 100  # selections in more pieces than this are not told to Qt's selection model
AUTOSCROLL_MS = 25
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_LEFT, _RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
_ACTION = QAbstractItemView.CursorAction
_ACTIONS = {
    Qt.Key.Key_Left: _ACTION.MoveLeft,
    Qt.Key.Key_Right: _ACTION.MoveRight,
    Qt.Key.Key_Up: _ACTION.MoveUp,
    Qt.Key.Key_Down: _ACTION.MoveDown,
    Qt.Key.Key_Home: _ACTION.MoveHome,
    Qt.Key.Key_End: _ACTION.MoveEnd,
    Qt.Key.Key_PageUp: _ACTION.MovePageUp,
    Qt.Key.Key_PageDown: _ACTION.MovePageDown,
}
Index = QModelIndex | QPersistentModelIndex


class GridView(QListView):
    """Lays out, paints, scrolls and selects. A list to Qt's accessibility.

    ``chosen`` is the truth about what is selected. Qt's selection model holds the same as
    long as it comes in few pieces, for assistive technology and for whoever asks it.

    Signals:
        zoomed: Ctrl+wheel: +1 or -1.
        selection_changed: Other images are selected.
    """

    zoomed = Signal(int)
    selection_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.places = GridGeometry()
        self.chosen = GridSelection()
        self._mirroring = False
        self._hovered = -1
        self._pressed = -1
        self._press_place = QPoint()
        self._late_click = Qt.KeyboardModifier.NoModifier
        self._clicks_late = False  # what a press means is known when the button is let go
        self._band: QRubberBand | None = None
        self._band_start = QPoint()  # in the coordinates of the whole grid
        self._band_base: np.ndarray | None = None
        self._autoscroll = QTimer(self, interval=AUTOSCROLL_MS)
        self._autoscroll.timeout.connect(self._scroll_band)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setMouseTracking(True)

    # -- for those who know more -------------------------------------------------------

    def geometry_now(self) -> GridGeometry:
        """Where everything lies, from the model and the width there is."""
        raise NotImplementedError

    def paint_strip(self, painter: QPainter, first: int, area: QRect) -> None:
        """Paint the strip above the group that begins at a position."""

    # -- layout ------------------------------------------------------------------------

    def doItemsLayout(self) -> None:
        QAbstractItemView.doItemsLayout(self)  # never the list view's: it visits all items

    def updateGeometries(self) -> None:
        if self.model() is None:
            return  # under construction
        self.places = self.geometry_now()
        if self.places.count != len(self.chosen.bits()):
            self.chosen.resize(self.places.count)
        bar = self.verticalScrollBar()
        seen = self.viewport().height()
        bar.setSingleStep(max(16, self.places.cell[1] // 4))
        bar.setPageStep(seen)
        bar.setRange(0, max(0, self.places.height - seen))

    def reset(self) -> None:
        super().reset()
        self.chosen.resize(0)
        self._forget_mouse()
        self.updateGeometries()
        self.viewport().update()

    def rowsInserted(self, parent: Index, start: int, end: int) -> None:
        QAbstractItemView.rowsInserted(self, parent, start, end)
        self.updateGeometries()
        self.viewport().update()

    def dataChanged(self, _first: Index, _last: Index, _roles: object = ()) -> None:
        self.viewport().update()

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, _index: Index) -> bool:
        return False

    def visualRect(self, index: Index) -> QRect:
        position = index.row()
        if not 0 <= position < self.places.count:
            return QRect()
        return self.places.rect(position).translated(0, -self.verticalOffset())

    def indexAt(self, place: QPoint) -> QModelIndex:
        return self._index(self.places.position(self._whole(place)))

    def viewportSizeHint(self) -> QSize:
        return QSize(self.places.columns * self.places.cell[0], self.places.height)

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        position = index.row()
        if not 0 <= position < self.places.count:
            return
        hints = QAbstractItemView.ScrollHint
        rect, bar, seen = self.places.rect(position), self.verticalScrollBar(), self._seen()
        top, bottom = rect.top(), rect.top() + self.places.cell[1]
        if position in self.places.starts:
            top -= self.places.strip
        if hint is hints.PositionAtTop or (hint is hints.EnsureVisible and top < bar.value()):
            bar.setValue(top)
        elif hint is hints.PositionAtBottom:
            bar.setValue(bottom - seen)
        elif hint is hints.PositionAtCenter:
            bar.setValue((top + bottom - seen) // 2)
        elif bottom > bar.value() + seen:
            bar.setValue(min(top, bottom - seen))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(dx, dy)
        if self._hovered >= 0:
            self._hover(-1)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & _CTRL:
            self.zoomed.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
            return
        super().wheelEvent(event)

    def in_sight(self, spare: int = 0) -> range:
        """Positions of the lines in sight, and of so many pixels above and below."""
        top = self.verticalOffset()
        return self.places.between(top - spare, top + self._seen() + spare)

    # -- painting ----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        offset = self.verticalOffset()
        # not its bounding box: two thumbnails that come in may be far apart
        region = event.region().translated(0, offset)
        area = region.boundingRect()
        top, bottom = area.top(), area.bottom() + 1
        for first, strip in self.places.strips(top, bottom):
            self.paint_strip(painter, first, strip.translated(0, -offset))
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain = option.state & ~(QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_MouseOver)
        current = self.currentIndex().row() if self.hasFocus() else -1
        delegate, model = self.itemDelegate(), self.model()
        for position in self.places.between(top, bottom):
            rect = self.places.rect(position)
            if not region.intersects(rect):
                continue
            state = plain
            if position in self.chosen:
                state |= QStyle.StateFlag.State_Selected
            if position == self._hovered:
                state |= QStyle.StateFlag.State_MouseOver
            if position == current:
                state |= QStyle.StateFlag.State_HasFocus
            option.state = state
            option.rect = rect.translated(0, -offset)
            delegate.paint(painter, option, model.index(position, 0))
        painter.end()

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region, seen = QRegion(), self.in_sight()
        for part in selection:
            for position in range(max(part.top(), seen.start), min(part.bottom() + 1, seen.stop)):
                region += self._shown_rect(position)
        return region

    # -- selection ---------------------------------------------------------------------

    def selected_positions(self) -> Rows:
        """Positions of the selected images, ascending; no loop over single images."""
        return self.chosen.positions()

    def select_positions(self, positions: Rows | slice, base: np.ndarray | None = None) -> None:
        """Select these, what ``base`` holds besides (one bit each), and no others."""
        before = self.chosen.bits()
        self.chosen.select(positions, base)
        self._selected_others(before)

    def selectAll(self) -> None:
        self.select_positions(slice(None))

    def clearSelection(self) -> None:
        self.select_positions(slice(0, 0))

    def setSelection(self, area: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        flags = QItemSelectionModel.SelectionFlag
        found = self.places.inside(area.translated(0, self.verticalOffset()))
        base = None if command & flags.Clear else self.chosen.bits()
        if command & flags.Select:
            self.select_positions(found, base)

    def setSelectionModel(self, model: QItemSelectionModel) -> None:
        super().setSelectionModel(model)
        model.selectionChanged.connect(self._on_model_selection)

    def _selected_others(self, before: np.ndarray) -> None:
        """Tell everybody, unless the selection is what it was."""
        after = self.chosen.bits()
        if len(before) == len(after) and np.array_equal(before, after):
            return
        self._mirror()
        seen = self.in_sight()
        for position in seen:
            if position >= len(before) or before[position] != after[position]:
                self.viewport().update(self._shown_rect(position))
        self.selection_changed.emit()

    def _mirror(self) -> None:
        selection = QItemSelection()
        for first, last in self.chosen.runs(MIRRORED) or ():
            selection.select(self._index(first), self._index(last))
        self._mirroring = True
        try:
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().select(selection, flags.ClearAndSelect)
        finally:
            self._mirroring = False

    def _on_model_selection(self, *_changes: object) -> None:
        """Somebody else selects: Qt itself, or assistive technology."""
        if self._mirroring:
            return
        chosen = np.zeros(self.places.count, np.bool_)
        for part in self.selectionModel().selection():
            chosen[part.top() : part.bottom() + 1] = True
        before = self.chosen.bits()
        self.chosen.select(np.flatnonzero(chosen))
        if not np.array_equal(before, chosen):
            self.viewport().update()
            self.selection_changed.emit()

    # -- keys --------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() and event.text().isprintable() and not event.modifiers():
            event.ignore()  # no type-ahead: letters and digits are for shortcuts
            return
        action = _ACTIONS.get(Qt.Key(event.key()))
        current = self.currentIndex()
        if action is not None:
            self._go(self._moved(action), event.modifiers())
            event.accept()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.selectAll()
            event.accept()
        elif event.matches(QKeySequence.StandardKey.Copy):
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Space and event.modifiers() & _CTRL and current.isValid():
            before = self.chosen.bits()
            self.chosen.toggle(current.row())
            self.chosen.anchor = current.row()
            self._selected_others(before)
            event.accept()
        else:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current.isValid():
                self.activated.emit(current)
            event.ignore()

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, _modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        return self._index(self._moved(action))

    def _moved(self, action: QAbstractItemView.CursorAction) -> int:
        """Where an action leads from the current image, -1 without images."""
        last = self.places.count - 1
        current = self.currentIndex().row()
        if last < 0 or current < 0:
            return min(0, last)
        lines = max(1, self._seen() // max(1, self.places.cell[1]))
        if action is _ACTION.MoveUp:
            return self.places.above(current)
        if action is _ACTION.MoveDown:
            return self.places.below(current)
        if action is _ACTION.MovePageUp:
            return self.places.above(current, lines)
        if action is _ACTION.MovePageDown:
            return self.places.below(current, lines)
        if action in (_ACTION.MoveLeft, _ACTION.MovePrevious):
            return max(0, current - 1)
        if action in (_ACTION.MoveRight, _ACTION.MoveNext):
            return min(last, current + 1)
        return 0 if action is _ACTION.MoveHome else last

    def _go(self, position: int, modifiers: Qt.KeyboardModifier) -> None:
        """Make an image the current one and select as the modifiers say."""
        if position < 0:
            return
        anchor = self.chosen.anchor
        if anchor < 0:
            anchor = self.currentIndex().row()
        self._make_current(position)
        if modifiers & _SHIFT and anchor >= 0:
            base = self.chosen.bits() if modifiers & _CTRL else None
            span = slice(min(anchor, position), max(anchor, position) + 1)
            self.select_positions(span, base)
            self.chosen.anchor = anchor
        elif not modifiers & _CTRL:
            self.select_positions(slice(position, position + 1))
            self.chosen.anchor = position

    def _make_current(self, position: int) -> None:
        flags = QItemSelectionModel.SelectionFlag
        before = self.currentIndex().row()
        self.selectionModel().setCurrentIndex(self._index(position), flags.NoUpdate)
        for changed in (before, position):
            self.viewport().update(self._shown_rect(changed))

    # -- mouse -------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        position = self.places.position(self._whole(place))
        if event.button() not in (_LEFT, _RIGHT):
            return
        self._press_place, self._clicks_late = place, False
        if event.button() == _RIGHT:
            self._press_right(position)
        elif position < 0:
            self._begin_band(event.modifiers())
        else:
            self._pressed = position
            # a press on what is selected may begin a drag of all of it
            self._clicks_late = position in self.chosen and not event.modifiers() & _SHIFT
            self._late_click = event.modifiers()
            if not self._clicks_late:
                self._click(position, event.modifiers())
            self.pressed.emit(self._index(position))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        if self._band is not None:
            self._stretch_band(place)
            outside = not 0 <= place.y() < self.viewport().height()
            if outside != self._autoscroll.isActive():
                self._autoscroll.start() if outside else self._autoscroll.stop()
            return
        self._hover(self.places.position(self._whole(place)))
        if self._pressed < 0 or not event.buttons() & _LEFT:
            return
        way = (place - self._press_place).manhattanLength()
        if way >= QApplication.startDragDistance() and self.dragEnabled():
            self._forget_mouse()
            self.startDrag(Qt.DropAction.CopyAction)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed = self._pressed
        if event.button() == _LEFT and pressed >= 0:
            if self._clicks_late:
                self._click(pressed, self._late_click)
            if self.places.position(self._whole(event.position().toPoint())) == pressed:
                self.clicked.emit(self._index(pressed))
        self._forget_mouse()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        position = self.places.position(self._whole(event.position().toPoint()))
        if event.button() != _LEFT or position < 0:
            self.mousePressEvent(event)
            return
        self._forget_mouse()
        self._click(position, event.modifiers())
        self.doubleClicked.emit(self._index(position))
        self.activated.emit(self._index(position))

    def leaveEvent(self, event: object) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def _press_right(self, position: int) -> None:
        """A context menu follows: it is about what is selected, or else about this image."""
        if position < 0:
            self.clearSelection()
        elif position not in self.chosen:
            self._click(position, Qt.KeyboardModifier.NoModifier)
        else:
            self._make_current(position)

    def _click(self, position: int, modifiers: Qt.KeyboardModifier) -> None:
        if position >= self.places.count:
            return
        if modifiers & _CTRL and not modifiers & _SHIFT:
            before = self.chosen.bits()
            self.chosen.toggle(position)
            self.chosen.anchor = position
            self._make_current(position)
            self._selected_others(before)
        else:
            self._go(position, modifiers)

    def _hover(self, position: int) -> None:
        if position == self._hovered:
            return
        before, self._hovered = self._hovered, position
        for changed in (before, position):
            if changed >= 0:
                self.viewport().update(self._shown_rect(changed))

    def _forget_mouse(self) -> None:
        self._pressed, self._clicks_late = -1, False
        self._autoscroll.stop()
        if self._band is not None:
            self._band.hide()
            self._band.deleteLater()
            self._band, self._band_base = None, None

    # -- rubber band -------------------------------------------------------------------

    def _begin_band(self, modifiers: Qt.KeyboardModifier) -> None:
        self._forget_mouse()
        adds = bool(modifiers & (_CTRL | _SHIFT))
        self._band_base = self.chosen.bits() if adds else None
        if not adds:
            self.clearSelection()
        self._band_start = self._whole(self._press_place)
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, self.viewport())

    def _stretch_band(self, place: QPoint) -> None:
        assert self._band is not None
        area = QRect(self._band_start, self._whole(place)).normalized()
        self._band.setGeometry(area.translated(0, -self.verticalOffset()))
        self._band.show()
        self.select_positions(self.places.inside(area), self._band_base)

    def _scroll_band(self) -> None:
        place = self.viewport().mapFromGlobal(self.cursor().pos())
        if self._band is None:
            self._autoscroll.stop()
            return
        beyond = min(place.y(), 0) + max(place.y() - self.viewport().height(), 0)
        self.verticalScrollBar().setValue(self.verticalOffset() + beyond)
        self._stretch_band(place)

    # -- small change ------------------------------------------------------------------

    def _whole(self, place: QPoint) -> QPoint:
        """A place in the viewport in the coordinates of the whole grid."""
        return place + QPoint(0, self.verticalOffset())

    def _seen(self) -> int:
        return max(1, self.viewport().height())

    def _shown_rect(self, position: int) -> QRect:
        if not 0 <= position < self.places.count:
            return QRect()
        return self.places.rect(position).translated(0, -self.verticalOffset())

    def _index(self, position: int) -> QModelIndex:
        return self.model().index(position, 0) if position >= 0 else QModelIndex()
