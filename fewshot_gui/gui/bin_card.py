"""One support bin: its name, its examples and how many images are sorted into it.

A card is one widget that paints itself, because there may be a hundred of them.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from fewshot_gui.gui.drag_picture import drag_picture
from fewshot_gui.gui.mime import dragged, local_paths, mime_of
from fewshot_gui.gui.name_edit import NameEdit
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.theme import Theme, class_colour
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.model import Bin
from fewshot_gui.texts import _, ngettext

BINS = "bins"  # owner of the requests for thumbnails
THUMB = 44
_STEP = THUMB + 6
_LEFT, _RIGHT, _TOP = 16, 12, 10
_HEAD, _SUB = 24, 18
_STRIP_TOP = _TOP + _HEAD + _SUB + 7
_EXPANDED_LIMIT = 120


class BinCard(QWidget):
    """Shows a bin, takes drops, and lets examples be dragged away.

    Attributes:
        bin: The bin shown.
        examples: Paths of its examples, the newest first.

    Signals:
        dropped: (class id, paths) dragged within the window.
        files_dropped: (class id, paths) from elsewhere.
        taken_out: Paths to be taken out of the bin.
        renamed: (class id, name) as typed.
        show_asked: Class id whose images the user wants to see.
        delete_asked: Class id.
        focus_asked: +1 or -1, the next or previous card.
        example_chosen: Place in the card of the example that a key has moved to.
        drag_over: Global position of what is being dragged over the card.
        drag_ended: The user let go of an example.
    """

    dropped = Signal(int, object)
    files_dropped = Signal(int, object)
    taken_out = Signal(object)
    renamed = Signal(int, str)
    show_asked = Signal(int)
    delete_asked = Signal(int)
    focus_asked = Signal(int)
    example_chosen = Signal(QPoint)
    drag_over = Signal(QPoint)
    drag_ended = Signal()

    def __init__(self, session_id: str, bin: Bin, theme: Theme, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._session_id = session_id
        self._theme = theme
        self._thumbnails = thumbnails
        self.bin = bin
        self.examples: tuple[str, ...] = ()
        self._key = 0
        self._sorted = 0
        self._shown_only = False
        self._hot = False
        self._expanded = False
        self._selected = -1
        self._first = 0  # the example painted first
        self._pressed: QPoint | None = None
        self._edit: NameEdit | None = None
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._fit_height()

    # -- what it shows -------------------------------------------------------------------

    def show_bin(self, bin: Bin, key: int, examples: tuple[str, ...]) -> None:
        """Show the bin as it is now; ``key`` is 1 to 9, or 0 for none."""
        newest_first = examples[::-1]
        if (bin, key, newest_first) == (self.bin, self._key, self.examples) and key:
            return
        self.bin, self._key, self.examples = bin, key, newest_first
        if self._selected >= len(self.examples):
            self._selected = len(self.examples) - 1
        self._fit_height()
        self._show_selected()
        self._describe()
        self.update()

    def show_sorted(self, count: int, shown_only: bool) -> None:
        """Show how many images wear this class, and whether only they are in the grid."""
        if (count, shown_only) != (self._sorted, self._shown_only):
            self._sorted, self._shown_only = count, shown_only
            self._describe()
            self.update()

    def visible_examples(self) -> tuple[str, ...]:
        """The examples that are painted."""
        return self.examples[self._first : self._first + self._capacity()]

    @property
    def chosen_example(self) -> str | None:
        """The example that keys mean, None without one."""
        return self.examples[self._selected] if 0 <= self._selected < len(self.examples) else None

    def start_rename(self) -> None:
        """Edit the name in place."""
        if self._edit is not None:
            return
        self._edit = edit = NameEdit(self.bin.name, self)
        edit.setAccessibleName(_("Name of the bin"))
        edit.setGeometry(self._name_rect().adjusted(-6, -3, 0, 4))
        edit.accepted.connect(self._rename)
        edit.cancelled.connect(self._end_rename)
        edit.show()
        edit.setFocus()
        edit.selectAll()

    def _rename(self, name: str) -> None:
        self._end_rename()
        if name.strip() != self.bin.name:
            self.renamed.emit(self.bin.id, name)

    def _end_rename(self) -> None:
        if self._edit is not None:
            edit, self._edit = self._edit, None
            edit.hide()
            edit.deleteLater()
            self.setFocus()

    def _describe(self) -> None:
        self.setAccessibleName(self.bin.name)
        self.setAccessibleDescription(f"{self._examples_text()}, {self._sorted_text()}")

    def _examples_text(self) -> str:
        count = len(self.examples)
        return _examples_words(count)

    def _sorted_text(self) -> str:
        return _sorted_words(self._sorted)

    # -- geometry ----------------------------------------------------------------------------

    def _columns(self) -> int:
        return max(1, (self.width() - _LEFT - _RIGHT + 6) // _STEP)

    def _capacity(self) -> int:
        """How many examples are painted."""
        if self._expanded:
            return min(len(self.examples), _EXPANDED_LIMIT)
        columns = self._columns()
        return len(self.examples) if len(self.examples) <= columns else columns - 1

    def _fit_height(self) -> None:
        lines = 1
        if self._expanded:
            lines = max(1, -(-(self._capacity() + 1) // self._columns()))
        self.setFixedHeight(_STRIP_TOP + lines * _STEP - 6 + _TOP + 2)

    def _thumb_rect(self, index: int) -> QRect:
        line, column = divmod(index, self._columns())
        return QRect(_LEFT + column * _STEP, _STRIP_TOP + line * _STEP, THUMB, THUMB)

    def _more_rect(self) -> QRect:
        """Where the examples that have no room are counted; empty without any."""
        columns = self._columns()
        if len(self.examples) <= columns:
            return QRect()
        return self._thumb_rect(self._capacity())

    def _sorted_rect(self) -> QRect:
        width = QFontMetrics(self._small_font()).horizontalAdvance(self._sorted_text()) + 18
        return QRect(self.width() - _RIGHT - width + 4, _TOP + 1, width, 22)

    def _name_rect(self) -> QRect:
        left = _LEFT + (28 if self._key else 0)
        return QRect(left, _TOP, self._sorted_rect().left() - left - 8, _HEAD)

    def _example_at(self, position: QPoint) -> int:
        for place in range(len(self.visible_examples())):
            if self._thumb_rect(place).contains(position):
                return self._first + place
        return -1

    def _expand(self, expanded: bool) -> None:
        """Show all examples, or one line of them."""
        self._expanded = expanded
        self._fit_height()
        self._show_selected()
        self.update()

    def _show_selected(self) -> None:
        """Move on by whole lines until the chosen example is painted."""
        columns, capacity = self._columns(), self._capacity()
        last = max(0, len(self.examples) - capacity)
        if not self._expanded:
            self._first = 0
            if self._selected >= capacity:
                self._selected = -1  # keys never mean an example that nobody sees
        elif self._selected < 0:
            self._first = 0
        elif self._selected < self._first:
            self._first = self._selected // columns * columns
        elif self._selected >= self._first + capacity:
            behind = self._selected - capacity + 1
            self._first = -(-behind // columns) * columns
        self._first = min(self._first, -(-last // columns) * columns)

    def _choose(self, index: int) -> None:
        """Choose an example by key; the card opens where it would not be seen."""
        self._selected = min(max(0, index), len(self.examples) - 1)
        if self._selected >= self._capacity() and not self._expanded:
            self._expand(True)
        self._show_selected()
        self.update()
        self.example_chosen.emit(self._thumb_rect(self._selected - self._first).center())

    def sizeHint(self) -> QSize:
        return QSize(280, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit_height()
        self._show_selected()
        super().resizeEvent(event)

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.92)
        return font

    # -- painting -----------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        tones = self._theme.tones
        colour = class_colour(self.bin.colour, tones.dark)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        edge, width, fill = QColor(tones.border), 1.0, QColor(tones.surface)
        if self._hot:
            edge, width, fill = colour.hue, 2.0, colour.tint
        elif self.hasFocus():
            edge, width = QColor(tones.accent), 2.0
        elif self._shown_only:
            edge, width = colour.hue, 1.5
        painter.setPen(QPen(edge, width))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, 10, 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour.hue)
        painter.drawRoundedRect(QRectF(5, 10, 4, self.height() - 20), 2, 2)
        self._paint_head(painter)
        self._paint_examples(painter)

    def _paint_head(self, painter: QPainter) -> None:
        tones = self._theme.tones
        colour = class_colour(self.bin.colour, tones.dark)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        font = QFont(self.font())
        font.setWeight(QFont.Weight.Bold)
        if self._key:
            badge = QRectF(_LEFT, _TOP + 2, 20, 20)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour.solid)
            painter.drawRoundedRect(badge, 6, 6)
            painter.setFont(font)
            painter.setPen(colour.on_solid)
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(self._key))
        painter.setFont(font)
        painter.setPen(QColor(tones.text))
        room = self._name_rect()
        name = QFontMetrics(font).elidedText(
            self.bin.name, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, middle, name)

        painter.setFont(self._small_font())
        pill = self._sorted_rect()
        hovered = pill.contains(self.mapFromGlobal(self.cursor().pos()))
        if self._shown_only or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour.solid if self._shown_only else colour.tint)
            painter.drawRoundedRect(QRectF(pill), 11, 11)
        ink = QColor(tones.muted if self._sorted else tones.faint)
        if self._shown_only:
            ink = colour.on_solid
        elif hovered:
            ink = colour.on_tint
        painter.setPen(ink)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, self._sorted_text())

        painter.setPen(QColor(tones.muted))
        line = QRect(_LEFT, _TOP + _HEAD + 2, self.width() - _LEFT - _RIGHT, _SUB)
        painter.drawText(line, middle, self._examples_text())

    def _paint_examples(self, painter: QPainter) -> None:
        tones = self._theme.tones
        if not self.examples:
            room = QRectF(_LEFT, _STRIP_TOP, self.width() - _LEFT - _RIGHT, THUMB)
            painter.setPen(QPen(QColor(tones.strong_border), 1, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(room.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
            painter.setPen(QColor(tones.muted))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, _("Drop pictures here"))
            return
        ratio = self.devicePixelRatioF()
        box = QSize(THUMB, THUMB)
        for index, path in enumerate(self.visible_examples(), self._first):
            place = self._thumb_rect(index - self._first)
            pixmap = self._thumbnails.pixmap(path, box, ratio, BINS, radius=7, fill=True)
            if pixmap is None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(tones.sunken))
                painter.drawRoundedRect(QRectF(place), 7, 7)
                if self._thumbnails.failure(path) is not None:
                    painter.setPen(QColor(tones.warning))
                    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "!")
            else:
                painter.drawPixmap(place.topLeft(), pixmap)
            if index == self._selected and self.hasFocus():
                painter.setPen(QPen(QColor(tones.accent), 2.5))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(QRectF(place).adjusted(-1.5, -1.5, 1.5, 1.5), 8, 8)
        more = self._more_rect()
        if more.isValid():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tones.sunken))
            painter.drawRoundedRect(QRectF(more), 7, 7)
            painter.setPen(QColor(tones.muted))
            hidden = len(self.examples) - self._capacity()
            text = _("Less") if self._expanded else f"+{hidden:,}"
            painter.drawText(more, Qt.AlignmentFlag.AlignCenter, text)

    # -- mouse ----------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self.setFocus()
        position = event.position().toPoint()
        if self._sorted_rect().contains(position):
            self.show_asked.emit(self.bin.id)
        elif self._more_rect().contains(position):
            self._expand(not self._expanded)
        else:
            self._selected = self._example_at(position)
            self._pressed = position if self._selected >= 0 else None
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = event.position().toPoint()
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            if (position - self._pressed).manhattanLength() >= QApplication.startDragDistance():
                self._pressed = None
                self._drag_example()
            return
        over = self._sorted_rect().contains(position) or self._more_rect().contains(position)
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
        self.setToolTip(plain_tip(self._tip(position)))
        self.update(self._sorted_rect())

    def _tip(self, position: QPoint) -> str:
        index = self._example_at(position)
        if index >= 0:
            return self.examples[index]
        if self._sorted_rect().contains(position):
            return _("Show only these images")
        if self._key:
            return _("Key {key} puts the selected images here").format(key=self._key)
        return self.bin.name

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._name_rect().contains(event.position().toPoint()):
            self.start_rename()

    def _drag_example(self) -> None:
        if not 0 <= self._selected < len(self.examples):
            return
        path = self.examples[self._selected]
        drag = QDrag(self)
        drag.setMimeData(mime_of(self._session_id, [path], self.bin.id))
        ratio = self.devicePixelRatioF()
        picture = self._thumbnails.pixmap(path, QSize(72, 72), ratio, BINS, fill=True)
        pictures = [picture] if picture else []
        drag.setPixmap(drag_picture(pictures, 1, self._theme.tones, ratio))
        drag.setHotSpot(QPoint(28, 28))
        drag.exec(Qt.DropAction.CopyAction)
        self.drag_ended.emit()

    # -- keys -----------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.show_asked.emit(self.bin.id)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.examples:
            step = 1 if key == Qt.Key.Key_Right else -1
            self._choose(self._selected + step)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self.examples:
            self._choose(0 if key == Qt.Key.Key_Home else len(self.examples) - 1)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            self._expand(key == Qt.Key.Key_Plus)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.focus_asked.emit(1 if key == Qt.Key.Key_Down else -1)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        index = self._example_at(event.pos())
        if index >= 0:
            path = self.examples[index]
            menu.addAction(_("Take out of bin"), lambda: self.taken_out.emit([path]))
            menu.addSeparator()
        menu.addAction(_("Rename"), self.start_rename)
        menu.addAction(_("Show only this class"), lambda: self.show_asked.emit(self.bin.id))
        menu.addSeparator()
        menu.addAction(_("Delete bin"), lambda: self.delete_asked.emit(self.bin.id))
        menu.popup(event.globalPos())

    # -- drops ----------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        own = dragged(self._session_id, event.mimeData())
        if own is not None and own.from_bin == self.bin.id:
            event.ignore()
            return
        if own is None and not event.mimeData().hasUrls():
            event.ignore()
            return
        self._set_hot(True)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.drag_over.emit(self.mapToGlobal(event.position().toPoint()))
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._set_hot(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_hot(False)
        own = dragged(self._session_id, event.mimeData())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if own is not None:
            self.dropped.emit(self.bin.id, list(own.paths))
            return
        paths = local_paths(event.mimeData())
        if paths:
            self.files_dropped.emit(self.bin.id, list(paths))

    def _set_hot(self, hot: bool) -> None:
        if hot != self._hot:
            self._hot = hot
            self.update()


def _examples_words(count: int) -> str:
    if not count:
        return _("No examples yet")
    return ngettext("{count} example", "{count} examples", count).format(count=f"{count:,}")


def _sorted_words(count: int) -> str:
    return _("{count} sorted here").format(count=f"{count:,}")
