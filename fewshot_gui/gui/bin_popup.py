"""A small window without a frame that closes when the user clicks elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QWidget

from fewshot_gui.gui.theme import Theme

_RADIUS = 12


class Popup(QFrame):
    """Paints a card of its own and keeps itself on the screen."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)

    def show_under(self, anchor: QWidget, place: QRect) -> None:
        """Open below a place of a widget, or above it where there is more room."""
        self.adjustSize()
        size = self.sizeHint().expandedTo(self.minimumSize())
        corner = anchor.mapToGlobal(place.bottomLeft() + QPoint(0, 4))
        screen = anchor.screen().availableGeometry()
        if corner.y() + size.height() > screen.bottom():
            corner.setY(anchor.mapToGlobal(place.topLeft()).y() - size.height() - 4)
        self._open_at(corner, screen)

    def show_over(self, anchor: QWidget) -> None:
        """Open in the middle of a widget, somewhat above its centre."""
        self.adjustSize()
        size = self.sizeHint().expandedTo(self.minimumSize())
        left = (anchor.width() - size.width()) // 2
        top = max(0, (anchor.height() - size.height()) // 3)
        self._open_at(anchor.mapToGlobal(QPoint(left, top)), anchor.screen().availableGeometry())

    def _open_at(self, corner: QPoint, screen: QRect) -> None:
        size = self.sizeHint().expandedTo(self.minimumSize())
        x = min(max(screen.left(), corner.x()), screen.right() - size.width())
        y = min(max(screen.top(), corner.y()), screen.bottom() - size.height())
        self.setGeometry(QRect(QPoint(x, y), size))
        self.show()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tones = self._theme.tones
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tones.strong_border), 1))
        painter.setBrush(QColor(tones.surface))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, _RADIUS, _RADIUS)
