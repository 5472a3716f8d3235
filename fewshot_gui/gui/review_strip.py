"""A row of small pictures that shows what a number means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QHideEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.theme import Theme, class_colour
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.texts import _

SIDE = 72
GAP = 8
LINE = 17  # height of a line below a picture
DOT = 8


@dataclass(frozen=True)
class StripPicture:
    """A picture with what is told of it.

    Attributes:
        path: The file.
        name: Of its class; empty where no class is told.
        colour: Index of the class's colour.
        sure: How sure the learner is, in words.
        group: Pictures of one group stand side by side, groups in this order.
    """

    path: str
    name: str = ""
    colour: int = 0
    sure: str = ""
    group: int = 0

    @property
    def words(self) -> str:
        """“lemon7.jpg: Lemon, 91 %”."""
        told = ", ".join(part for part in (self.name, self.sure) if part)
        file = PurePath(self.path).name
        return f"{file}: {told}" if told else file


class PictureStrip(QWidget):
    """Shows as many pictures as there is room for.

    Attributes:
        pictures: The pictures, the most telling first.
    """

    def __init__(
        self, theme: Theme, thumbnails: Thumbnails, name: str, captions: bool = False
    ) -> None:
        """With ``captions`` there is room for class and confidence below each picture."""
        super().__init__()
        self._theme = theme
        self._thumbnails = thumbnails
        self._captions = captions
        self._owner = f"strip {id(self)}"  # strips must not drop each other's requests
        self.pictures: tuple[StripPicture, ...] = ()
        self.setAccessibleName(name)
        self.setFixedHeight(SIDE + (2 * LINE + 4 if captions else 0))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        thumbnails.ready.connect(self._on_ready)
        theme.changed.connect(self.update)

    def show_paths(self, paths: Sequence[str]) -> None:
        """Show other pictures of which nothing is told."""
        self.show_pictures([StripPicture(path) for path in paths])

    def show_pictures(self, pictures: Sequence[StripPicture]) -> None:
        """Show other pictures, the most telling first."""
        if tuple(pictures) == self.pictures:
            return
        self.pictures = tuple(pictures)
        # a slider that is dragged passes many pictures: only the last ones are wanted
        self._thumbnails.keep_only(self._owner, [picture.path for picture in self.pictures])
        self.setAccessibleDescription("; ".join(p.words for p in self._grouped(self.pictures)))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(6 * (SIDE + GAP), self.height())

    @property
    def shown(self) -> list[StripPicture]:
        """The pictures that there is room for, group by group."""
        room = max(1, (self.width() + GAP) // (SIDE + GAP))
        return self._grouped(self.pictures[:room])

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place, shown = event.pos().x() // (SIDE + GAP), self.shown
            words = shown[place].words if 0 <= place < len(shown) else ""
            QToolTip.showText(event.globalPos(), plain_tip(words), self)
            return True
        return super().event(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._thumbnails.keep_only(self._owner, ())
        super().hideEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.pictures:
            self._paint_none(painter)
        for place, shown in enumerate(self.shown):
            box = QRect(place * (SIDE + GAP), 0, SIDE, SIDE)
            self._paint_picture(painter, shown, box)
            if self._captions:
                self._paint_caption(painter, shown, box)

    def _paint_picture(self, painter: QPainter, shown: StripPicture, box: QRect) -> None:
        ratio = self.devicePixelRatioF()
        picture = self._thumbnails.pixmap(shown.path, box.size(), ratio, self._owner, fill=True)
        if picture is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.tones.sunken))
            painter.drawRoundedRect(QRectF(box), 8, 8)
        else:
            painter.drawPixmap(box.topLeft(), picture)

    def _paint_caption(self, painter: QPainter, shown: StripPicture, box: QRect) -> None:
        """The class with its colour, and below it how sure it is."""
        tones = self._theme.tones
        line = QRect(box.left(), box.bottom() + 5, SIDE, LINE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(class_colour(shown.colour, tones.dark).hue)
        painter.drawEllipse(QRectF(line.left() + 1, line.center().y() - DOT / 2 + 1, DOT, DOT))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        name = line.adjusted(DOT + 5, 0, 0, 0)
        elide = Qt.TextElideMode.ElideRight
        painter.setPen(QColor(tones.text))
        words = painter.fontMetrics().elidedText(shown.name, elide, name.width())
        painter.drawText(name, flags, words)
        painter.setPen(QColor(tones.muted))
        painter.drawText(name.translated(0, LINE), flags, shown.sure)

    def _paint_none(self, painter: QPainter) -> None:
        tones = self._theme.tones
        box = QRectF(0, 0, self.width(), SIDE)
        painter.setPen(QPen(QColor(tones.strong_border), 1, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.setPen(QColor(tones.muted))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, _("None"))

    def _grouped(self, pictures: Sequence[StripPicture]) -> list[StripPicture]:
        return sorted(pictures, key=lambda picture: picture.group)

    def _on_ready(self, path: str) -> None:
        if any(path == picture.path for picture in self.pictures):
            self.update()
