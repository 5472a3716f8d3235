"""Which classes are taken for which. Imports pyqtgraph, so it is imported late."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QGraphicsRectItem

from fewshot_gui.gui.evaluate_chart import Chart
from fewshot_gui.gui.evaluate_words import cell_words, shortened
from fewshot_gui.gui.theme import Theme, Tones, mix
from fewshot_gui.metatrain.evaluation import Result
from fewshot_gui.texts import _

_STEPS = 128  # shades of each of the two colours
_FAINTEST = 0.15  # of the full colour, for the rarest mistake
_ROOM = 14  # pixels between two names
_NAMES_HEIGHT = 92
_NAMES_WIDTH = 110
_LEAST_HEIGHT = 300  # of a chart that has names on both sides
_ZOOM = 0.8
_MOVES = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class NameAxis(pg.AxisItem):
    """Names of classes in the middle of their fields, as many as there is room for."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self._names: Sequence[str] = ()

    def set_names(self, names: Sequence[str]) -> None:
        """Name the fields 0, 1, …"""
        self._names = names
        self.picture = None
        self.update()

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        low, high = sorted((low, high))
        step = max(1, ceil(_ROOM * (high - low) / max(1.0, size)))
        first = max(0, ceil(low - 0.5))
        last = min(len(self._names) - 1, int(high - 0.5))
        return [(step, [place + 0.5 for place in range(first, last + 1) if place % step == 0])]

    def tickStrings(self, values: Sequence[float], _scale: float, _step: float) -> list[str]:
        if self.orientation == "bottom":
            return [""] * len(values)  # drawn below, from the bottom up
        return [self._shown(int(value), _NAMES_WIDTH) for value in values]

    def drawPicture(self, painter: QPainter, axis, ticks, texts) -> None:
        super().drawPicture(painter, axis, [], texts)
        if self.orientation != "bottom":
            return
        bounds = self.boundingRect()
        low, high = self.range
        for _pen, start, _end in ticks:
            place = low + (start.x() - bounds.left()) / bounds.width() * (high - low)
            painter.save()
            painter.translate(start.x(), bounds.top() + 6)
            painter.rotate(-90)
            where = QRectF(-_NAMES_HEIGHT, -8, _NAMES_HEIGHT - 2, 16)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(where, flags, self._shown(int(place), _NAMES_HEIGHT - 4))
            painter.restore()

    def _shown(self, place: int, room: int) -> str:
        """A name in so many pixels."""
        name = self._names[min(len(self._names) - 1, max(0, place))]
        name = shortened(name, room)  # no letter is narrower than a pixel
        metrics = QFontMetrics(self.style["tickFont"])
        return metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)


class ConfusionChart(Chart):
    """Rows are where pictures belong, columns where they were put.

    One field is marked: that under the pointer, or the one that arrow keys went to. Wheel,
    plus and minus zoom; Home shows everything.

    Signals:
        told: What the marked field says.
    """

    told = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, _("Which classes are taken for which"))
        self._names: Sequence[str] = ()
        self._counts = np.zeros((0, 0), np.int64)
        self._tested = np.zeros(0, np.int64)
        self._cell = (0, 0)
        self._mark = QGraphicsRectItem()
        self._axes = {side: NameAxis(side) for side in ("left", "bottom")}
        self.setAxisItems(dict(self._axes))
        for axis in self._axes.values():
            axis.setStyle(tickFont=self.font(), tickLength=0, tickTextOffset=6, tickAlpha=0)
            axis.setStyle(hideOverlappingLabels=False)
        self._axes["left"].setWidth(_NAMES_WIDTH + self.fontMetrics().height() + 14)
        self.setLabel("left", _("Belongs to"))
        self.setLabel("bottom", _("Put into"))
        self.invertY(True)
        self.setMouseEnabled(True, True)
        self.setToolTip(
            _("Arrow keys go from field to field; the wheel, + and − zoom; Home shows everything")
        )

    @property
    def cell(self) -> tuple[int, int]:
        """Row and column of the marked field."""
        return self._cell

    def show_result(self, result: Result, names: Sequence[str]) -> None:
        """Draw another result."""
        fresh = tuple(names) != tuple(self._names)
        self._names = names
        self._counts, self._tested = result.confusion.matrix(), result.confusion.tested
        count = len(names)
        self._axes["left"].set_names(names)
        self._fit_names()
        self.plotItem.vb.setLimits(xMin=0, xMax=count, yMin=0, yMax=count, minXRange=2, minYRange=2)
        self.fill("")
        if fresh:
            self.show_all()
            self._cell = self._worst_cell()
        self.mark(*self._cell)

    def show_all(self) -> None:
        """Zoom out."""
        count = len(self._names)
        self.setRange(QRectF(0, 0, count, count), padding=0)

    def mark(self, true: int, other: int) -> None:
        """Mark a field and tell what it says."""
        self._cell = (true, other)
        self._mark.setRect(QRectF(other, true, 1, 1))
        count, tested = int(self._counts[true, other]), int(self._tested[true])
        words = cell_words(self._names[true], self._names[other], count, tested)
        self.setAccessibleDescription(words)
        self.told.emit(words)

    def cell_at(self, place: QPointF) -> tuple[int, int] | None:
        """The field at a place of the widget."""
        if not self._names:
            return None
        point = self.plotItem.vb.mapSceneToView(self.mapToScene(place.toPoint()))
        true, other = int(np.floor(point.y())), int(np.floor(point.x()))
        inside = 0 <= true < len(self._names) and 0 <= other < len(self._names)
        return (true, other) if inside else None

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        if self._filled:
            self._fit_names()
        super().resizeEvent(event)

    def _fit_names(self) -> None:
        """Names below the columns, where the fields have room enough above them."""
        named = self.height() >= _LEAST_HEIGHT
        names = _NAMES_HEIGHT if named else 0
        self._axes["bottom"].set_names(self._names if named else ())
        self._axes["bottom"].setHeight(names + self.fontMetrics().height() + 10)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        cell = self.cell_at(event.position())
        if cell is not None and cell != self._cell:
            self.mark(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _MOVES and self._names:
            last = len(self._names) - 1
            moved = np.add(self._cell, _MOVES[Qt.Key(event.key())])
            true, other = np.clip(moved, 0, last).tolist()
            self.mark(true, other)
            self._keep_in_sight()
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom(_ZOOM)
        elif event.key() == Qt.Key.Key_Minus:
            self._zoom(1 / _ZOOM)
        elif event.key() == Qt.Key.Key_Home:
            self.show_all()
        else:
            super().keyPressEvent(event)

    def _zoom(self, factor: float) -> None:
        true, other = self._cell
        self.plotItem.vb.scaleBy((factor, factor), center=(other + 0.5, true + 0.5))

    def _keep_in_sight(self) -> None:
        box = self.plotItem.vb
        view, mark = box.viewRect(), self._mark.rect()
        right = max(0.0, mark.right() - view.right()) + min(0.0, mark.left() - view.left())
        down = max(0.0, mark.bottom() - view.bottom()) + min(0.0, mark.top() - view.top())
        if right or down:
            box.translateBy(x=right, y=down)

    def _draw(self, tones: Tones) -> None:
        image = pg.ImageItem(axisOrder="row-major")
        image.setImage(_shades(self._shares()), levels=(0, 2 * _STEPS - 1), lut=_colours(tones))
        self.addItem(image)
        pen = pg.mkPen(tones.text, width=2)
        pen.setCosmetic(True)
        self._mark.setPen(pen)
        self.addItem(self._mark)

    def _shares(self) -> np.ndarray:
        """Share of each class that was put into each class, float64 ``(n, n)``."""
        return self._counts / np.maximum(self._tested, 1)[:, None]

    def _worst_cell(self) -> tuple[int, int]:
        """The most frequent mistake, or the first field where there is none."""
        wrong = self._shares()
        np.fill_diagonal(wrong, 0.0)
        true, other = np.unravel_index(int(wrong.argmax()), wrong.shape)
        return int(true), int(other)


def _shades(shares: np.ndarray) -> np.ndarray:
    """Shade of each field, uint8 ``(n, n)``: mistakes first, then what is right."""
    # the root, and a first step, let rare mistakes be seen beside frequent ones
    visible = np.where(shares > 0, _FAINTEST + (1 - _FAINTEST) * np.sqrt(shares), 0.0)
    shades = np.ceil(visible * (_STEPS - 1)).astype(np.uint8)
    right = np.ceil(np.diagonal(shares) * (_STEPS - 1)).astype(np.uint8)
    np.fill_diagonal(shades, right + _STEPS)
    return shades


def _colours(tones: Tones) -> np.ndarray:
    """The colour of each shade, uint8 ``(2 * steps, 4)``: orange is wrong, blue is right."""
    ground = QColor(tones.surface)
    return np.asarray(
        [
            mix(ground, QColor(end), step / (_STEPS - 1)).getRgb()
            for end in (tones.warning, tones.accent)
            for step in range(_STEPS)
        ],
        np.uint8,
    )
