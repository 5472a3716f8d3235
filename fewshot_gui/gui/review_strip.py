"""A row of small pictures that shows what a number means."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails

SIDE = 68
GAP = 8
OWNER = "review"


class PictureStrip(QWidget):
    """Shows as many pictures as there is room for.

    Attributes:
        paths: The pictures, the most telling first.
    """

    def __init__(self, theme: Theme, thumbnails: Thumbnails, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._thumbnails = thumbnails
        self.paths: tuple[str, ...] = ()
        self.setAccessibleName(name)
        self.setFixedHeight(SIDE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        thumbnails.ready.connect(self._on_ready)
        theme.changed.connect(self.update)

    def show_paths(self, paths: Sequence[str]) -> None:
        """Show other pictures."""
        self.paths = tuple(paths)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(6 * (SIDE + GAP), SIDE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        for place, path in enumerate(self.paths[: self.room]):
            box = QRect(place * (SIDE + GAP), 0, SIDE, SIDE)
            picture = self._thumbnails.pixmap(path, box.size(), ratio, OWNER, fill=True)
            if picture is None:
                painter.fillRect(box, QColor(self._theme.tones.sunken))
            else:
                painter.drawPixmap(box.topLeft(), picture)

    @property
    def room(self) -> int:
        """How many pictures fit."""
        return max(1, (self.width() + GAP) // (SIDE + GAP))

    def _on_ready(self, path: str) -> None:
        if path in self.paths:
            self.update()
