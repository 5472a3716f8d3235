"""What all charts of an evaluation have in common. Imports pyqtgraph, so it is imported late."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.theme import Theme, Tones

NAME_LETTERS = 22  # of a class or a learner beside an axis
_MOST_ROOM = 0.6  # share of a chart that words may take
_PNG_SCALE = 2  # sharp on paper, too


class Chart(pg.PlotWidget):
    """A chart in the colours of the theme, with its numbers for those who cannot see it.

    Subclasses draw in ``_draw``; it is called again, on an empty chart, whenever the colours
    change.
    """

    _filled = False  # of the class: pyqtgraph resizes the chart before it is made

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=theme.tones.surface)
        self._theme = theme
        self.setAccessibleName(name)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(False, False)
        self.setFrameShape(self.Shape.NoFrame)
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setStyle(tickFont=self.font(), tickLength=0, tickTextOffset=8, tickAlpha=0)
            axis.setStyle(hideOverlappingLabels=False)  # it takes those at the ends for such
        line = self.fontMetrics().height()
        self.getAxis("bottom").setHeight(2 * line + 16)
        self.plotItem.layout.setContentsMargins(4, 10, 16, 4)
        theme.changed.connect(self.draw)

    def draw(self) -> None:
        """Draw everything anew."""
        tones = self._theme.tones
        self.setBackground(tones.surface)
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(tones.border))
            axis.setTextPen(pg.mkPen(tones.muted))
        self.clear()
        if self._filled:
            self._draw(tones)

    def fill(self, description: str) -> None:
        """There is something to draw now, and this is what it says."""
        self._filled = True
        self.setAccessibleDescription(description)
        self.draw()

    def _draw(self, tones: Tones) -> None:
        """Add the items; the chart is empty."""
        raise NotImplementedError

    def name_rows(self, names: Sequence[str]) -> None:
        """Give names that are short enough to the places 0, 1, … from the top down."""
        self.getAxis("left").setTicks([list(enumerate(names))])
        self.invertY(True)

    def percent_axis(self, side: str) -> None:
        """Mark a scale from 0 to 1 in percent."""
        marks = [(share / 100, f"{share}") for share in range(0, 101, 20)]
        self.getAxis(side).setTicks([marks])

    def with_room(self, span: float, pixels: float) -> float:
        """A horizontal span, and as much more of the same scale as so many pixels take."""
        return span / (1 - min(_MOST_ROOM, pixels / max(1.0, self.plotItem.vb.width())))

    # -- pictures of it ------------------------------------------------------------------------

    def as_png(self) -> bytes:
        """The chart as a PNG file."""
        pixmap = QPixmap(self.size() * _PNG_SCALE)
        pixmap.setDevicePixelRatio(_PNG_SCALE)
        pixmap.fill(self.backgroundBrush().color())
        QWidget.render(self, pixmap)
        return _written(lambda buffer: pixmap.save(buffer, "PNG"))

    def as_svg(self) -> bytes:
        """The chart as an SVG file."""

        def write(buffer: QBuffer) -> None:
            generator = QSvgGenerator()
            generator.setOutputDevice(buffer)
            generator.setSize(self.size())
            generator.setViewBox(self.rect())
            generator.setResolution(self.logicalDpiX())
            generator.setTitle(self.accessibleName())
            generator.setDescription(self.accessibleDescription())
            painter = QPainter(generator)
            QWidget.render(self, painter, QPoint())
            painter.end()

        return _written(write)


def _written(write: Callable[[QBuffer], object]) -> bytes:
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    write(buffer)
    buffer.close()
    return bytes(content.data())
