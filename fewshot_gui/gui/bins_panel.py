"""The support bins beside the grid, and the place where new ones are made."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.errors import UserError
from fewshot_gui.gui.bin_card import BINS, THUMB, BinCard
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.messages import Message
from fewshot_gui.gui.mime import dragged, local_paths, split_folders
from fewshot_gui.gui.name_edit import NameEdit
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.texts import _, ngettext

KEYED = 9
_EDGE = 40  # dragging this close to the edge scrolls


class NewBinCard(QFrame):
    """Asks for the name of a new bin, in place.

    Attributes:
        paths: The first examples of the bin.

    Signals:
        accepted: The name as typed.
        cancelled: No bin after all.
    """

    accepted = Signal(str)
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="newbin")
        self.paths: list[str] = []
        self.edit = NameEdit("")
        self.edit.setPlaceholderText(_("Name, for example Lemon"))
        self.edit.setAccessibleName(_("Name of the new bin"))
        self.edit.accepted.connect(self.accepted)
        self.edit.cancelled.connect(self.cancelled)
        self.edit.textEdited.connect(lambda _text: self.complain(""))
        self._note = QLabel()
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self.edit)
        layout.addWidget(self._note)
        self.complain("")

    def add(self, paths: Iterable[str]) -> None:
        """More first examples."""
        self.paths = list(dict.fromkeys([*self.paths, *paths]))
        self.complain("")

    def complain(self, text: str) -> None:
        """Say what is wrong with the name, or with an empty text what to do."""
        hint = _("Enter makes the bin, Esc cancels.")
        if self.paths:
            count = len(self.paths)
            words = ngettext("With {count} picture.", "With {count} pictures.", count)
            hint = f"{words.format(count=f'{count:,}')} {hint}"
        self._note.setText(text or hint)
        tone = "error" if text else "muted"
        if self._note.property("tone") != tone:
            self._note.setProperty("tone", tone)
            self._note.style().unpolish(self._note)
            self._note.style().polish(self._note)


class DropHint(QWidget):
    """The empty area below the bins, which says what can be done there.

    Signals:
        clicked: The user wants a new bin.
    """

    clicked = Signal()

    def __init__(self, theme: Theme, icons: Icons) -> None:
        super().__init__()
        self._theme = theme
        self._icons = icons
        self._title = ""
        self._text = ""
        self.hot = False
        self.setMinimumHeight(96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def say(self, title: str, text: str) -> None:
        """Set the words."""
        self._title, self._text = title, text
        self.setAccessibleName(f"{title} {text}".strip())
        self.update()

    def set_hot(self, hot: bool) -> None:
        """Show that a drop would land here."""
        if hot != self.hot:
            self.hot = hot
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, 130)

    def mouseReleaseEvent(self, _event: object) -> None:
        self.clicked.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tones = self._theme.tones
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = QColor(tones.accent if self.hot else tones.strong_border)
        painter.setPen(QPen(edge, 2 if self.hot else 1.2, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(tones.accent_soft) if self.hot else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 10, 10)
        ratio = self.devicePixelRatioF()
        middle = self.rect().center()
        ink = tones.accent if self.hot else tones.faint
        glyph = self._icons.pixmap("plus", ink, 24, ratio=ratio)
        painter.drawPixmap(middle.x() - 12, middle.y() - 44, glyph)
        centred = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(tones.text))
        room = self.rect().adjusted(16, 0, -16, 0)
        room.setTop(middle.y() - 14)
        used = painter.boundingRect(room, centred, self._title)
        painter.drawText(room, centred, self._title)
        painter.setFont(self.font())
        painter.setPen(QColor(tones.muted))
        room.setTop(used.bottom() + 6)
        painter.drawText(room, centred, self._text)


class BinsPanel(QWidget):
    """All bins, one card each.

    Signals:
        show_asked: Class id whose images the user wants to see.
        drag_ended: The user let go of an example.
    """

    show_asked = Signal(int)
    drag_ended = Signal()

    def __init__(
        self, session: Session, theme: Theme, icons: Icons, thumbnails: Thumbnails
    ) -> None:
        super().__init__(objectName="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session = session
        self._theme = theme
        self._icons = icons
        self._thumbnails = thumbnails
        self._cards: dict[int, BinCard] = {}
        self._new: NewBinCard | None = None
        self._shown_class: int | None = None
        self._scroll_speed = 0
        self._scroller = QTimer(self, interval=30)
        self._scroller.timeout.connect(self._scroll_on)
        self.setAcceptDrops(True)
        self.setMinimumWidth(250)
        self._build()
        session.bins_changed.connect(self.show_bins)
        session.labels_changed.connect(lambda _rows: self.show_bins())
        session.predictions_changed.connect(self.show_counts)
        session.images_listed.connect(self.show_counts)
        session.folder_changed.connect(self.show_bins)
        thumbnails.ready.connect(self._on_thumbnail)
        theme.changed.connect(self._repaint)
        self.show_bins()

    def _build(self) -> None:
        title = QLabel(_("Support bins"))
        title.setProperty("tone", "title")
        self._new_button = QPushButton(_("New bin"))
        self._new_button.setToolTip(_("Make a bin (Ctrl+B)"))
        self._new_button.setAccessibleName(_("New bin"))
        self._icons.bind(self._new_button.setIcon, "plus", "text")
        self._new_button.clicked.connect(lambda: self.begin_new_bin())
        head = QHBoxLayout()
        head.setContentsMargins(14, 9, 12, 9)
        head.addWidget(title)
        head.addStretch()
        head.addWidget(self._new_button)

        self._hint = QLabel()
        self._hint.setTextFormat(Qt.TextFormat.PlainText)
        self._hint.setWordWrap(True)
        self._hint.setProperty("tone", "muted")
        self._hint.setContentsMargins(14, 0, 14, 8)

        # above the list, where it is in sight however long the list is
        self._place_for_new = QVBoxLayout()
        self._place_for_new.setContentsMargins(12, 0, 12, 6)

        self._list = QWidget(objectName="panel")
        self._layout = QVBoxLayout(self._list)
        self._layout.setContentsMargins(12, 2, 12, 12)
        self._layout.setSpacing(8)
        self._drop_hint = DropHint(self._theme, self._icons)
        self._drop_hint.clicked.connect(lambda: self.begin_new_bin())
        self._layout.addWidget(self._drop_hint, 1)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(self._list)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._hint)
        layout.addLayout(self._place_for_new)
        layout.addWidget(self._area, 1)

    # -- showing -----------------------------------------------------------------------

    @property
    def cards(self) -> tuple[BinCard, ...]:
        """The cards in the order of the bins."""
        return tuple(self._cards[b.id] for b in self._session.project.bins if b.id in self._cards)

    def card(self, class_id: int) -> BinCard:
        """The card of a bin."""
        return self._cards[class_id]

    @property
    def drop_area(self) -> DropHint:
        """The empty area, where a drop makes a new bin."""
        return self._drop_hint

    @property
    def new_card(self) -> NewBinCard | None:
        """The card that asks for a name, while it does."""
        return self._new

    def current_card(self) -> BinCard | None:
        """The card that has the focus."""
        return next((card for card in self.cards if card.hasFocus()), None)

    def show_bins(self) -> None:
        """Show the bins as they are now."""
        bins = self._session.project.bins
        known = {b.id for b in bins}
        for class_id in [c for c in self._cards if c not in known]:
            card = self._cards.pop(class_id)
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
        for place, bin in enumerate(bins):
            card = self._cards.get(bin.id) or self._make_card(bin, place)
            if self._layout.indexOf(card) != place:
                self._layout.insertWidget(place, card)
            key = place + 1 if place < KEYED else 0
            card.show_bin(bin, key, self._session.project.support(bin.id))
        self._explain()
        self.show_counts()
        self._thumbnails.keep_only(BINS, [p for c in self.cards for p in c.visible_examples()])

    def show_counts(self) -> None:
        """Show how many images are sorted into each bin."""
        collection = self._session.collection
        counts = collection.sorted_counts() if collection else {}
        for class_id, card in self._cards.items():
            card.show_sorted(counts.get(class_id, 0), class_id == self._shown_class)

    def mark_shown(self, class_id: int | None) -> None:
        """Mark the bin whose images alone are in the grid."""
        self._shown_class = class_id
        self.show_counts()

    def _make_card(self, bin: object, place: int) -> BinCard:
        card = BinCard(self._session.id, bin, self._theme, self._thumbnails)
        card.dropped.connect(lambda class_id, paths: self._session.put(paths, class_id))
        card.files_dropped.connect(lambda class_id, paths: self._session.put_files(paths, class_id))
        card.taken_out.connect(self._session.take_out)
        card.renamed.connect(self._rename)
        card.show_asked.connect(self.show_asked)
        card.delete_asked.connect(self._session.remove_bin)
        card.focus_asked.connect(self._move_focus)
        card.example_chosen.connect(lambda place: self._show_place(card, place))
        card.drag_over.connect(self._on_drag_over)
        card.drag_ended.connect(self.drag_ended)
        self._cards[bin.id] = card
        self._layout.insertWidget(place, card)
        return card

    def _explain(self) -> None:
        project = self._session.project
        filled = len(project.filled_bins)
        hint = ""
        if not project.bins and self._new is None:
            self._drop_hint.say(
                _("Drop pictures here to make your first bin"),
                _(
                    "A bin holds a few examples of one class. A folder with sub-folders "
                    "makes one bin for each of them."
                ),
            )
        else:
            self._drop_hint.say(_("New bin"), _("Drop pictures here, or click"))
            if filled == 0:
                hint = _("Drag a few pictures into each bin. Three to five are plenty.")
            elif filled == 1:
                hint = _("One more bin with a picture and sorting starts by itself.")
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))

    def _on_thumbnail(self, path: str) -> None:
        for card in self._cards.values():
            if path in card.visible_examples():
                card.update()

    def _repaint(self) -> None:
        self._drop_hint.update()
        for card in self._cards.values():
            card.update()

    # -- making and naming ---------------------------------------------------------------

    def begin_new_bin(self, paths: Iterable[str] = ()) -> None:
        """Ask for the name of a new bin in a card of its own."""
        if self._new is None:
            self._new = NewBinCard()
            self._new.accepted.connect(self._make_bin)
            self._new.cancelled.connect(self._end_new_bin)
            self._place_for_new.addWidget(self._new)
        self._new.add(paths)
        self._explain()
        self._new.edit.setFocus()

    def _make_bin(self, name: str) -> None:
        card = self._new
        if card is None:
            return
        try:
            self._session.add_bin(name, card.paths)
        except UserError as error:
            card.complain(str(error))
            return
        self._end_new_bin()
        made = self._session.project.bin_named(name)
        if made is not None and made.id in self._cards:
            made_card = self._cards[made.id]
            # once the layout knows where the card is
            QTimer.singleShot(50, made_card, lambda: self._area.ensureWidgetVisible(made_card))

    def _end_new_bin(self) -> None:
        if self._new is None:
            return
        card, self._new = self._new, None
        self._place_for_new.removeWidget(card)
        card.hide()
        card.deleteLater()
        self._explain()
        self._new_button.setFocus()

    def rename(self, card: BinCard) -> None:
        """Edit the name of a bin in its card."""
        self._area.ensureWidgetVisible(card)
        card.start_rename()

    def _rename(self, class_id: int, name: str) -> None:
        try:
            self._session.rename_bin(class_id, name)
        except UserError as error:
            self._session.message.emit(Message.from_error(error))

    def _move_focus(self, step: int) -> None:
        cards = self.cards
        current = self.current_card()
        if current is not None:
            following = cards[min(max(0, cards.index(current) + step), len(cards) - 1)]
            following.setFocus()
            self._area.ensureWidgetVisible(following)

    def _show_place(self, card: BinCard, place: QPoint) -> None:
        there = card.mapTo(self._list, place)
        self._area.ensureVisible(there.x(), there.y(), 0, THUMB)

    # -- drops on what is no card ----------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        own = dragged(self._session.id, event.mimeData())
        if own is None and not event.mimeData().hasUrls():
            event.ignore()
            return
        self._drop_hint.set_hot(True)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._on_drag_over(self.mapToGlobal(event.position().toPoint()))
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._drop_hint.set_hot(False)
        self._scroller.stop()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_hint.set_hot(False)
        self._scroller.stop()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        own = dragged(self._session.id, event.mimeData())
        if own is not None:
            self.begin_new_bin(own.paths)
            return
        folders, files = split_folders(local_paths(event.mimeData()))
        if folders:
            self._session.import_class_folders(folders)
        if files:
            self.begin_new_bin(files)

    def _on_drag_over(self, place: QPoint) -> None:
        """Scroll when something is dragged to the upper or lower edge."""
        view = self._area.viewport()
        y = view.mapFromGlobal(place).y()
        self._scroll_speed = -14 if y < _EDGE else 14 if y > view.height() - _EDGE else 0
        if self._scroll_speed and not self._scroller.isActive():
            self._scroller.start()
        elif not self._scroll_speed:
            self._scroller.stop()

    def _scroll_on(self) -> None:
        bar = self._area.verticalScrollBar()
        inside = self.rect().contains(self.mapFromGlobal(self.cursor().pos()))
        if not inside or not self._scroll_speed:
            self._scroller.stop()
            return
        bar.setValue(bar.value() + self._scroll_speed)
