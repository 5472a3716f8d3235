"""What each place of a slider costs, as two curves, one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from fewshot_gui.gui.theme import Theme, mix

PANEL = 74
APART = 6
INSET = 8  # half of a slider's handle: so far its ends are from its edge


@dataclass(frozen=True)
class Curve:
    """One curve.

    Attributes:
        caption: What it is, in words.
        tone: Name of a tone of the theme.
        values: ``(m,)`` from 0 to 1, one for each place of the slider from left to right;
            NaN where there is none.
        words: The value at each place, in words.
    """

    caption: str
    tone: str
    values: np.ndarray
    words: Sequence[str]


class CostPlot(QWidget):
    """Curves that share the scale of the slider below them.

    Attributes:
        place: Place of the slider that is marked.
        used: Place that is in use now; -1 for none.
    """

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._curves: tuple[Curve, ...] = ()
        self.place = 0
        self.used = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        theme.changed.connect(self.update)

    def show_curves(self, curves: Sequence[Curve], used: int) -> None:
        """Show other curves."""
        self._curves = tuple(curves)
        self.used = used
        self.setFixedHeight(self.sizeHint().height())
        self._describe()

    def mark(self, place: int) -> None:
        """Mark the place where the slider is."""
        self.place = place
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(420, max(1, len(self._curves)) * (PANEL + APART) - APART)

    def _describe(self) -> None:
        words = (f"{curve.caption}: {curve.words[self.place]}" for curve in self._curves)
        self.setAccessibleDescription("; ".join(words))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, curve in enumerate(self._curves):
            top = number * (PANEL + APART)
            area = QRectF(INSET, top + 20, self.width() - 2 * INSET, PANEL - 24)
            self._paint_words(painter, curve, QRectF(0, top, self.width(), 18))
            self._paint_curve(painter, curve, area)

    def _paint_words(self, painter: QPainter, curve: Curve, line: QRectF) -> None:
        tones = self._theme.tones
        base = painter.font()
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        painter.setPen(QColor(tones.muted))
        painter.drawText(line, flags, curve.caption)
        strong = painter.font()
        strong.setBold(True)
        painter.setFont(strong)
        painter.setPen(QColor(getattr(tones, curve.tone)))
        words = curve.words[self.place]
        width = QFontMetrics(strong).horizontalAdvance(words) + 2
        right = QRectF(line.right() - width, line.top(), width, line.height())
        painter.drawText(right, flags, words)
        painter.setFont(base)

    def _paint_curve(self, painter: QPainter, curve: Curve, area: QRectF) -> None:
        tones = self._theme.tones
        colour = QColor(getattr(tones, curve.tone))
        steps = max(1, len(curve.values) - 1)

        def across(place: int) -> float:
            return area.left() + area.width() * place / steps

        points = {
            int(place): QPointF(
                across(int(place)), area.bottom() - area.height() * float(curve.values[place])
            )
            for place in np.flatnonzero(np.isfinite(curve.values))
        }
        line = list(points.values())
        ground = [QPointF(end.x(), area.bottom()) for end in (*line[-1:], *line[:1])]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mix(QColor(tones.window), colour, 0.14))
        painter.drawPolygon(QPolygonF([*line, *ground]))
        painter.setPen(QPen(QColor(tones.strong_border), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if 0 <= self.used <= steps:
            self._paint_line(painter, across(self.used), area, Qt.PenStyle.DotLine)
        self._paint_line(painter, across(self.place), area, Qt.PenStyle.SolidLine)
        painter.setPen(QPen(colour, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(line))
        if self.place in points:
            painter.setPen(QPen(QColor(tones.window), 2))
            painter.setBrush(colour)
            painter.drawEllipse(points[self.place], 5, 5)

    def _paint_line(self, painter: QPainter, x: float, area: QRectF, style: Qt.PenStyle) -> None:
        painter.setPen(QPen(QColor(self._theme.tones.faint), 1, style))
        painter.drawLine(QPointF(x, area.top() - 2), QPointF(x, area.bottom()))
