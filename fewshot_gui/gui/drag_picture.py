"""What hangs on the pointer during a drag: a small stack of pictures and how many there are."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap

from fewshot_gui.gui.theme import Tones

_SIDE = 72
_STEP = 7


def drag_picture(pictures: Sequence[QPixmap], count: int, tones: Tones, ratio: float) -> QPixmap:
    """A stack of up to three pictures with the number of images."""
    canvas = QPixmap(round((_SIDE + 40) * ratio), round((_SIDE + 30) * ratio))
    canvas.setDevicePixelRatio(ratio)
    canvas.fill(Qt.GlobalColor.transparent)
    painter = QPainter(canvas)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    shown = list(pictures[:3]) or [QPixmap()]
    for depth in range(len(shown) - 1, -1, -1):
        corner = QPoint(4 + depth * _STEP, 4 + depth * _STEP)
        painter.setPen(QPen(QColor(tones.surface), 3))
        painter.setBrush(QColor(tones.sunken))
        painter.drawRoundedRect(QRectF(corner.x(), corner.y(), _SIDE, _SIDE), 9, 9)
        if not shown[depth].isNull():
            painter.drawPixmap(corner, shown[depth])
    if count > 1:
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.Bold)
        painter.setFont(font)
        text = f"{count:,}"
        width = max(24, QFontMetrics(font).horizontalAdvance(text) + 14)
        pill = QRectF(_SIDE + 12 - width / 2, 0, width, 24)
        painter.setPen(QPen(QColor(tones.surface), 2))
        painter.setBrush(QColor(tones.accent))
        painter.drawRoundedRect(pill.adjusted(1, 1, -1, -1), 11, 11)
        painter.setPen(QColor(tones.on_accent))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    return canvas
