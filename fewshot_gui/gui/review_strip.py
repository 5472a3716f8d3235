"""A row of small pictures that shows what a number means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QHideEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.texts import _

SIDE = 72
GAP = 8


class PictureStrip(QWidget):
    """Shows as many pictures as there is room for.

    Attributes:
        paths: The pictures, the most telling first.
    """

    def __init__(self, theme: Theme, thumbnails: Thumbnails, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._thumbnails = thumbnails
        self._owner = f"strip {id(self)}"  # strips must not drop each other's requests
        self.paths: tuple[str, ...] = ()
        self.setAccessibleName(name)
        self.setFixedHeight(SIDE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        thumbnails.ready.connect(self._on_ready)
        theme.changed.connect(self.update)

    def show_paths(self, paths: Sequence[str]) -> None:
        """Show other pictures."""
        if tuple(paths) == self.paths:
            return
        self.paths = tuple(paths)
        # a slider that is dragged passes many pictures: only the last ones are wanted
        self._thumbnails.keep_only(self._owner, self.paths)
        self.setAccessibleDescription(", ".join(self._name(path) for path in self.paths))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(6 * (SIDE + GAP), SIDE)

    @property
    def room(self) -> int:
        """How many pictures fit."""
        return max(1, (self.width() + GAP) // (SIDE + GAP))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = event.pos().x() // (SIDE + GAP)
            inside = 0 <= place < min(len(self.paths), self.room)
            name = self._name(self.paths[place]) if inside else ""
            QToolTip.showText(event.globalPos(), plain_tip(name), self)
            return True
        return super().event(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._thumbnails.keep_only(self._owner, ())
        super().hideEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.paths:
            self._paint_none(painter)
        ratio = self.devicePixelRatioF()
        for place, path in enumerate(self.paths[: self.room]):
            box = QRect(place * (SIDE + GAP), 0, SIDE, SIDE)
            picture = self._thumbnails.pixmap(path, box.size(), ratio, self._owner, fill=True)
            if picture is None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(self._theme.tones.sunken))
                painter.drawRoundedRect(QRectF(box), 8, 8)
            else:
                painter.drawPixmap(box.topLeft(), picture)

    def _paint_none(self, painter: QPainter) -> None:
        tones = self._theme.tones
        painter.setPen(QPen(QColor(tones.strong_border), 1, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.setPen(QColor(tones.muted))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, _("None"))

    def _name(self, path: str) -> str:
        return PurePath(path).name

    def _on_ready(self, path: str) -> None:
        if path in self.paths:
            self.update()
