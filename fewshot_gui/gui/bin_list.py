"""The list of bins: makes the cards that are in sight, and no others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from PySide6.QtCore import QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QScrollArea, QWidget

from fewshot_gui.gui.bin_card import BinCard
from fewshot_gui.gui.bin_mime import dragged_bin
from fewshot_gui.gui.theme import Theme

_SIDE, _TOP, _GAP, _BOTTOM = 12, 4, 8, 12
_AHEAD = 300  # cards are made this far out of sight, so that scrolling finds them
_KEPT = 60  # cards out of sight that are kept
_EDGE = 40  # dragging this close to the edge scrolls
_SPEED = 14


class _Sheet(QWidget):
    """What is scrolled: the cards, and the line that says where a dragged bin would go.

    Signals:
        moved: (class id, place among the shown bins) a bin was dropped.
        drag_over: Global position of a bin that is dragged.
    """

    moved = Signal(int, int)
    drag_over = Signal(QPoint)

    def __init__(self, session_id: str, theme: Theme, gap_at: Callable[[int], tuple[int, int]]):
        super().__init__(objectName="panel")
        self._session_id = session_id
        self._theme = theme
        self._gap_at = gap_at
        self.line: int | None = None
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dragged_bin(self._session_id, event.mimeData()) is None:
            event.ignore()  # pictures are the panel's affair
            return
        self._show_line(event.position().toPoint())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        place = event.position().toPoint()
        self._show_line(place)
        self.drag_over.emit(self.mapToGlobal(place))
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._hide_line()

    def dropEvent(self, event: QDropEvent) -> None:
        self._hide_line()
        class_id = dragged_bin(self._session_id, event.mimeData())
        if class_id is None:
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        place, _y = self._gap_at(event.position().toPoint().y())
        self.moved.emit(class_id, place)

    def _show_line(self, place: QPoint) -> None:
        _place, y = self._gap_at(place.y())
        if y != self.line:
            self.line = y
            self.update()

    def _hide_line(self) -> None:
        self.line = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.line is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.tones.accent))
        line = QRectF(_SIDE + 2, self.line - 1.5, self.width() - 2 * _SIDE - 4, 3)
        painter.drawRoundedRect(line, 1.5, 1.5)
        painter.drawEllipse(QRectF(line.left() - 3, self.line - 4, 8, 8))


class BinList(QScrollArea):
    """Cards below each other, with a widget that fills the rest.

    Attributes:
        order: Ids of the bins shown, from top to bottom.

    Signals:
        moved: (class id, place among the bins shown) for a bin that was dragged.
        entered: The keyboard comes here by Tab; True from the front, False from behind.
        focus_lost: Place of the bin that had the keyboard and is no longer shown.
        resized: Width of the scroll bar, 0 while there is none.
        shown_changed: Other cards are in sight.
    """

    moved = Signal(int, int)
    entered = Signal(bool)
    focus_lost = Signal(int)
    resized = Signal(int)
    shown_changed = Signal()

    def __init__(
        self,
        session_id: str,
        theme: Theme,
        foot: QWidget,
        make: Callable[[int], BinCard],
        height_of: Callable[[int, int], int],
    ) -> None:
        """``make`` makes the card of a class id; ``height_of(class id, width)`` knows how tall
        it is without making it; ``foot`` is shown below the last card."""
        super().__init__()
        self._make = make
        self._height_of = height_of
        self._foot = foot
        self.order: tuple[int, ...] = ()
        self._places: dict[int, int] = {}
        self._cards: dict[int, BinCard] = {}
        self._tops: list[int] = [_TOP]  # of each card, and of what comes after the last one
        self._scroll_speed = 0
        self._scroller = QTimer(self, interval=30)
        self._scroller.timeout.connect(self._scroll_on)
        self._sheet = _Sheet(session_id, theme, self._gap_at)
        self._sheet.moved.connect(self.moved)
        self._sheet.drag_over.connect(self.drag_over)
        foot.setParent(self._sheet)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setWidget(self._sheet)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._fill())
        self.verticalScrollBar().setSingleStep(30)

    # -- what is in it -------------------------------------------------------------------

    @property
    def cards(self) -> tuple[BinCard, ...]:
        """The cards that are made, from top to bottom."""
        return tuple(self._cards[c] for c in self.order if c in self._cards)

    def card(self, class_id: int) -> BinCard:
        """The card of a bin that is shown; it is made if need be."""
        return self._cards.get(class_id) or self._put(class_id)

    def made(self, class_id: int) -> BinCard | None:
        """The card of a bin if it is made."""
        return self._cards.get(class_id)

    def place(self, class_id: int) -> int | None:
        """Place of a bin among those shown."""
        return self._places.get(class_id)

    def show_order(self, order: Sequence[int]) -> None:
        """Show these bins from top to bottom; cards that are made already stay."""
        if tuple(order) == self.order:
            return
        lost = next((c for c, card in self._cards.items() if card.hasFocus()), None)
        place = -1 if lost is None or lost in order else self._places[lost]
        self.order = tuple(order)
        self._places = {class_id: place for place, class_id in enumerate(self.order)}
        for class_id in [c for c in self._cards if c not in self._places]:
            self._throw_away(class_id)
        self.lay_out()
        if place >= 0:
            self.focus_lost.emit(place)

    def lay_out(self) -> None:
        """Give every card its place, after heights have changed."""
        width = max(100, self.viewport().width())
        inner = width - 2 * _SIDE
        heights = (self._height_of(class_id, inner) + _GAP for class_id in self.order)
        self._tops = list(accumulate(heights, initial=_TOP))
        end = self._tops[-1]
        height = max(end + self._foot.minimumHeight() + _BOTTOM, self.viewport().height())
        self._sheet.resize(width, height)
        self._foot.setGeometry(_SIDE, end, inner, height - end - _BOTTOM)
        for class_id, card in self._cards.items():
            self._set_place(class_id, card)
        self._fill()

    def reveal(self, class_id: int, around: QPoint | None = None, margin: int = 0) -> None:
        """Scroll until a bin is in sight, or a place in its card."""
        card = self.card(class_id)
        if around is not None:
            spot = card.mapTo(self._sheet, around)
            self.ensureVisible(spot.x(), spot.y(), 0, margin)
            return
        place = self._places[class_id]
        top, bottom = self._tops[place], self._tops[place + 1] - _GAP
        bar, view = self.verticalScrollBar(), self.viewport().height()
        if top - _TOP < bar.value():
            bar.setValue(top - _TOP)
        elif bottom + _TOP > bar.value() + view:
            bar.setValue(min(top - _TOP, bottom + _TOP - view))

    def take_bins(self, taken: bool) -> None:
        """Whether a bin can be dropped at another place."""
        self._sheet.setAcceptDrops(taken)

    # -- which cards there are -----------------------------------------------------------

    def _fill(self) -> None:
        """Make the cards in sight; throw away some that have not been for long."""
        top = self.verticalScrollBar().value()
        first = max(0, bisect_right(self._tops, top - _AHEAD) - 1)
        last = bisect_left(self._tops, top + self.viewport().height() + _AHEAD)
        wanted = self.order[first:last]
        new = [class_id for class_id in wanted if class_id not in self._cards]
        for class_id in new:
            self._put(class_id)
        if len(self._cards) > len(wanted) + _KEPT:
            near = set(wanted)
            spare = [c for c, card in self._cards.items() if c not in near and not card.busy]
            middle = (first + last) / 2
            spare.sort(key=lambda c: -abs(self._places[c] - middle))
            for class_id in spare[: len(self._cards) - len(wanted) - _KEPT // 2]:
                self._throw_away(class_id)
        if new:
            self.shown_changed.emit()

    def _put(self, class_id: int) -> BinCard:
        card = self._make(class_id)
        self._cards[class_id] = card
        card.setParent(self._sheet)
        self._set_place(class_id, card)
        card.show()
        return card

    def _set_place(self, class_id: int, card: BinCard) -> None:
        top = self._tops[self._places[class_id]]
        inner = self._sheet.width() - 2 * _SIDE
        card.setGeometry(_SIDE, top, inner, card.minimumHeight())

    def _throw_away(self, class_id: int) -> None:
        card = self._cards.pop(class_id)
        card.hide()
        card.deleteLater()

    def _gap_at(self, y: int) -> tuple[int, int]:
        """The gap nearest to a height: (place of the card below it, its own height)."""
        place = bisect_right(self._tops, y) - 1
        place = min(max(0, place), len(self.order))
        if place < len(self.order) and y > (self._tops[place] + self._tops[place + 1]) / 2:
            place += 1
        return place, self._tops[place] - _GAP // 2

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lay_out()
        self.resized.emit(self.width() - self.viewport().width())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() is Qt.FocusReason.TabFocusReason:
            self.entered.emit(True)
        elif event.reason() is Qt.FocusReason.BacktabFocusReason:
            self.entered.emit(False)

    def leave(self, forward: bool) -> bool:
        """Give the keyboard to what comes after the list, or before it."""
        widget: QWidget = self
        while True:
            widget = widget.nextInFocusChain() if forward else widget.previousInFocusChain()
            if widget is self:
                return False
            if self.isAncestorOf(widget) or not widget.isVisible() or not widget.isEnabled():
                continue
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.window() is self.window():
                reason = Qt.FocusReason
                widget.setFocus(reason.TabFocusReason if forward else reason.BacktabFocusReason)
                return True

    # -- dragging near an edge -------------------------------------------------------------

    def drag_over(self, place: QPoint) -> None:
        """Scroll while something is dragged near the upper or lower edge (global position)."""
        view = self.viewport()
        y = view.mapFromGlobal(place).y()
        self._scroll_speed = -_SPEED if y < _EDGE else _SPEED if y > view.height() - _EDGE else 0
        if self._scroll_speed and not self._scroller.isActive():
            self._scroller.start()
        elif not self._scroll_speed:
            self._scroller.stop()

    def end_drag(self) -> None:
        """Nothing is dragged any more."""
        self._scroll_speed = 0
        self._scroller.stop()

    def _scroll_on(self) -> None:
        bar = self.verticalScrollBar()
        inside = self.rect().contains(self.mapFromGlobal(self.cursor().pos()))
        if not inside or not self._scroll_speed:
            self._scroller.stop()
            return
        bar.setValue(bar.value() + self._scroll_speed)
