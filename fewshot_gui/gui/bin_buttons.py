"""The two small buttons on the card of a bin. They paint themselves: no icon files needed."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolButton, QWidget

from fewshot_gui.gui.bin_painter import paint_chevron, paint_dots
from fewshot_gui.gui.theme import Theme


class CardButton(QToolButton):
    """A quiet button that the keyboard does not stop at: keys of the card do the same."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tones = self._theme.tones
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        over = self.underMouse() or self.isDown()
        if over:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tones.sunken if self.isDown() else tones.hover))
            painter.drawRoundedRect(self.rect(), 6, 6)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tones.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        self.paint_glyph(painter, QColor(tones.text if over else tones.muted))

    def paint_glyph(self, painter: QPainter, ink: QColor) -> None:
        """Paint what the button is for."""
        raise NotImplementedError


class MoreButton(CardButton):
    """Opens the menu of a bin."""

    def paint_glyph(self, painter: QPainter, ink: QColor) -> None:
        paint_dots(painter, self.rect(), ink)


class FoldButton(CardButton):
    """Closes a bin to one line, and opens it.

    Attributes:
        closed: Whether the bin is closed.
    """

    closed = False

    def paint_glyph(self, painter: QPainter, ink: QColor) -> None:
        paint_chevron(painter, self.rect(), ink, self.closed)
