"""The last card: what belongs to no bin."""

from __future__ import annotations

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from fewshot_gui.gui.bin_card import BinCard
from fewshot_gui.gui.bin_layout import Fold
from fewshot_gui.gui.theme import ClassColour, Theme, mix
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.values import UNKNOWN, Bin
from fewshot_gui.texts import _


class UnknownCard(BinCard):
    """Takes examples of what belongs to no bin. It has no name to change and no place to move.

    Attributes:
        limit_button: Opens the setting of how much must fit.

    Signals:
        limit_asked: The user wants to set the limit.
    """

    limit_asked = Signal()
    movable = False
    bare = True

    def __init__(self, session_id: str, theme: Theme, thumbnails: Thumbnails) -> None:
        bin = Bin(UNKNOWN, _("Unknown"), 0)
        super().__init__(session_id, bin, theme, thumbnails, Fold.OPEN)
        self.limit_button = QPushButton(_("Set the limit…"), self)
        self.limit_button.setProperty("role", "link")
        self.limit_button.clicked.connect(self.limit_asked)
        self.limit_button.hide()
        self.fold_changed.connect(self._place_button)
        self.hold("")

    def hold(self, reason: str) -> None:
        super().hold(reason)
        tip = _("How little an image may fit every bin before it is sent to Unknown")
        self.limit_button.setEnabled(not reason)
        self.limit_button.setToolTip(reason or tip)

    def start_rename(self) -> None:
        """Its name is the program's."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_button()

    def _place_button(self) -> None:
        room = self._layout.line
        size = self.limit_button.sizeHint()
        left = room.right() - size.width() + 6
        self.limit_button.setGeometry(left, room.center().y() - 12, size.width(), 24)
        self.limit_button.setVisible(self.fold is not Fold.CLOSED)

    def _line_rect(self) -> QRect:
        room = super()._line_rect()
        return room.adjusted(0, 0, -self.limit_button.sizeHint().width(), 0)

    def _sorted_text(self) -> str:
        return _("{count} sent here").format(count=f"{self._sorted:,}")

    def _examples_text(self) -> str:
        if not self.examples:
            return _("Drop here")
        return super()._examples_text()

    def _badge(self) -> str:
        return "N"

    def _colour(self) -> ClassColour:
        tones = self._theme.tones
        grey = QColor(tones.muted)
        surface = QColor(tones.surface)
        return ClassColour(
            hue=grey,
            solid=grey,
            on_solid=surface,
            tint=QColor(tones.sunken),
            on_tint=mix(grey, QColor(tones.text), 0.5),
        )


class Foot(QWidget):
    """Keeps the card in sight below the list, with a line between them."""

    def __init__(self, card: UnknownCard, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._layout = QVBoxLayout(self)
        self._layout.addWidget(card)
        self.fit(0)

    def fit(self, bar: int) -> None:
        """Be as wide as the cards above, next to a scroll bar of this width."""
        self._layout.setContentsMargins(12, 9, 12 + bar, 10)

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(0, 0, self.width(), 1, QColor(self._theme.tones.border))
