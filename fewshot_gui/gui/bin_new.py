"""Where new bins are made: the place to drop pictures, and the card that asks for a name."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from fewshot_gui.errors import UserError
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.name_edit import NameEdit
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.texts import _, ngettext


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


class NewBinPlace(QWidget):
    """Where the card for a new bin appears, and what becomes of it.

    Attributes:
        card: Asks for the name, while it does.

    Signals:
        changed: The card came or went.
        made: Class id of the new bin.
        ended: The card went, with a new bin or without one.
    """

    changed = Signal()
    made = Signal(int)
    ended = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.card: NewBinCard | None = None
        self._held = ""
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 4, 12, 6)

    def begin(self, paths: Iterable[str]) -> None:
        """Ask for the name of a bin with these first examples, added to those so far."""
        if self.card is None:
            self.card = NewBinCard()
            self.card.accepted.connect(self._make)
            self.card.cancelled.connect(self._end)
            self._layout.addWidget(self.card)
        self.card.add(paths)
        self.changed.emit()
        self.card.edit.setFocus()

    def hold(self, reason: str) -> None:
        """Make no bin for a reason, and keep what is typed; an empty one lets it go again."""
        self._held = reason
        if self.card is not None:
            self.card.complain(reason)

    def _make(self, name: str) -> None:
        card = self.card
        if card is None:
            return
        if self._held:
            card.complain(self._held)
            return
        try:
            self._session.add_bin(name, card.paths)
        except UserError as error:
            card.complain(str(error))
            return
        self._end()
        made = self._session.project.bin_named(name)
        if made is not None:
            self.made.emit(made.id)

    def _end(self) -> None:
        if self.card is None:
            return
        card, self.card = self.card, None
        self._layout.removeWidget(card)
        card.hide()
        card.deleteLater()
        self.changed.emit()
        self.ended.emit()


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

    def hold(self, reason: str) -> None:
        """Nothing can be made here for a reason; an empty one lets it go again."""
        self.setEnabled(not reason)
        self.setToolTip(reason)
        shape = Qt.CursorShape
        self.setCursor(shape.ArrowCursor if reason else shape.PointingHandCursor)

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
