"""One episode as the learner sees it: its examples, its targets, and what it says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from fewshot_gui.gui.evaluate_fields import muted
from fewshot_gui.gui.evaluate_words import shortened
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.large_pictures import LargePictures, Wish
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.train_words import answer_words, episode_words, wrong_words
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.metatrain.training_events import ExampleEpisode, ShownPicture
from fewshot_gui.texts import _

_SIDES = (40, 84)  # of a picture, in pixels
_GAP = 8
_BETWEEN = 26  # examples and targets
_ASKED = 192  # pixels of a decoded picture
_LETTERS = 40


@dataclass(frozen=True)
class Tile:
    """Where a picture is drawn.

    Attributes:
        shown: The picture.
        frame: Its square.
        target: It is to be sorted, and no example.
    """

    shown: ShownPicture
    frame: QRect
    target: bool


class EpisodeGallery(QWidget):
    """The episode, and a sentence about it.

    Attributes:
        episode: What is shown, None while there is nothing.
        words: The sentence.
        board: The pictures.
    """

    def __init__(
        self, theme: Theme, icons: Icons, pool: Callable[[], DecodePool], runner: JobRunner
    ) -> None:
        super().__init__()
        self.words = muted(_("The first task is shown when all pictures are read."))
        self.board = _Board(theme, icons, LargePictures(pool, runner, self))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setAccessibleName(_("One task as the learner sees it"))
        scroll.setWidget(self.board)
        for part in (scroll.viewport(), self.board):
            part.setAutoFillBackground(False)  # the page around it has the right colour
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self.words)
        layout.addWidget(scroll, 1)

    @property
    def episode(self) -> ExampleEpisode | None:
        return self.board.episode

    def show_episode(self, episode: ExampleEpisode) -> None:
        """Show another episode, or other answers."""
        self.words.setText(episode_words(episode))
        self.board.show_episode(episode)

    def forget(self) -> None:
        """Show nothing."""
        self.words.setText(_("The first task is shown when all pictures are read."))
        self.board.show_episode(None)


class _Board(QWidget):
    """Draws the pictures: a line for each class, its examples left and its targets right."""

    def __init__(self, theme: Theme, icons: Icons, pictures: LargePictures) -> None:
        super().__init__()
        self._theme, self._icons, self._pictures = theme, icons, pictures
        self.episode: ExampleEpisode | None = None
        self.setAccessibleName(_("Examples and targets"))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        pictures.ready.connect(lambda _path: self.update())
        theme.changed.connect(self.update)

    def show_episode(self, episode: ExampleEpisode | None) -> None:
        self.episode = episode
        if episode is not None:
            shown = (*episode.support, *episode.targets)
            self._pictures.want(Wish(picture.path, _ASKED) for picture in shown)
        self.setAccessibleDescription("" if episode is None else wrong_words(episode))
        self.updateGeometry()
        self.update()

    # -- where everything is -------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        classes = 0 if self.episode is None else len(self.episode.classes)
        return QSize(360, self._top() + classes * self._line(self._side()) + _GAP)

    def minimumSizeHint(self) -> QSize:
        most = self._columns()
        return QSize(most * (_SIDES[0] + _GAP) + _BETWEEN, self.sizeHint().height())

    def resizeEvent(self, event: object) -> None:
        self.setMinimumHeight(self.sizeHint().height())

    def _columns(self) -> int:
        if self.episode is None:
            return 1
        return sum(
            max(sum(p.label == place for p in part) for place in range(len(self.episode.classes)))
            for part in (self.episode.support, self.episode.targets)
        )

    def _side(self) -> int:
        room = (self.width() - _BETWEEN - 8) // max(1, self._columns()) - _GAP
        return max(_SIDES[0], min(_SIDES[1], room))

    def _top(self) -> int:
        return self.fontMetrics().height() + _GAP

    def _line(self, side: int) -> int:
        """Height of a class: its name, its pictures, what is said of them, and some air."""
        return side + 2 * self.fontMetrics().height() + 2 * _GAP

    def _half(self) -> int:
        """Where the targets begin."""
        if self.episode is None:
            return 0
        shots = max(
            sum(p.label == place for p in self.episode.support)
            for place in range(len(self.episode.classes))
        )
        return shots * (self._side() + _GAP) + _BETWEEN

    def tiles(self) -> list[Tile]:
        """Where every picture is."""
        if self.episode is None:
            return []
        side, found = self._side(), []
        for place in range(len(self.episode.classes)):
            top = self._top() + place * self._line(side) + self.fontMetrics().height() + 4
            for target, part in ((False, self.episode.support), (True, self.episode.targets)):
                left = self._half() if target else 0
                for picture in (p for p in part if p.label == place):
                    found.append(Tile(picture, QRect(left, top, side, side), target))
                    left += side + _GAP
        return found

    # -- what is drawn ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.episode is None:
            return
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        self._paint_heads(painter)
        for tile in self.tiles():
            self._paint_picture(painter, tile)
            if tile.target:
                self._paint_answer(painter, tile)

    def _paint_heads(self, painter: QPainter) -> None:
        tones, side = self._theme.tones, self._side()
        height = self.fontMetrics().height()
        painter.setPen(QColor(tones.muted))
        painter.drawText(0, self.fontMetrics().ascent(), _("Examples"))
        painter.drawText(self._half(), self.fontMetrics().ascent(), _("Targets and its answers"))
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(QColor(tones.text))
        for place, name in enumerate(self.episode.classes):
            top = self._top() + place * self._line(side)
            words = QFontMetrics(bold).elidedText(
                shortened(name, _LETTERS), Qt.TextElideMode.ElideMiddle, self.width()
            )
            box = QRect(0, top, self.width(), height)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, words)
        painter.setFont(self.font())

    def _paint_picture(self, painter: QPainter, tile: Tile) -> None:
        tones = self._theme.tones
        painter.setPen(QPen(QColor(tones.border), 1))
        painter.setBrush(QColor(tones.sunken))
        painter.drawRoundedRect(QRectF(tile.frame).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        held = self._pictures.picture(tile.shown.path)
        if held is None:
            return
        inner = tile.frame.adjusted(2, 2, -2, -2)
        size = held.image.size().scaled(inner.size(), Qt.AspectRatioMode.KeepAspectRatio)
        box = QRect(inner.topLeft(), size)
        box.moveCenter(inner.center())
        painter.drawImage(box, held.image)

    def _paint_answer(self, painter: QPainter, tile: Tile) -> None:
        """A tick or a cross, a frame, and below it what the learner says."""
        tones = self._theme.tones
        right = tile.shown.answer == tile.shown.label
        colour = QColor(tones.success if right else tones.error)
        style = Qt.PenStyle.SolidLine if right else Qt.PenStyle.DashLine
        painter.setPen(QPen(colour, 2, style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(tile.frame).adjusted(1, 1, -1, -1), 5, 5)
        badge = QRectF(tile.frame.right() - 15, tile.frame.top() - 4, 20, 20)
        painter.setPen(QPen(QColor(tones.surface), 2))
        painter.setBrush(colour)
        painter.drawEllipse(badge)
        glyph = self._icons.pixmap(
            "check" if right else "close",
            QColor(tones.surface),
            12,
            ratio=self.devicePixelRatioF(),
        )
        painter.drawPixmap(
            badge.center().toPoint().x() - 6, badge.center().toPoint().y() - 6, glyph
        )
        painter.setPen(colour)
        words = self.fontMetrics().elidedText(
            self._said(tile.shown), Qt.TextElideMode.ElideMiddle, tile.frame.width() + _GAP - 2
        )
        below = QRect(
            tile.frame.left(),
            tile.frame.bottom() + 3,
            tile.frame.width() + _GAP,
            self.fontMetrics().height(),
        )
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, words)

    def _said(self, shown: ShownPicture) -> str:
        """Short: how sure it is where it is right, else what it takes it for."""
        if shown.answer == shown.label:
            return _("{share:.0f} %").format(share=100 * shown.confidence)
        return shortened(self.episode.classes[shown.answer].rpartition("/")[2], _LETTERS)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            for tile in self.tiles():
                if tile.frame.contains(event.pos()):
                    words = answer_words(self.episode, tile.shown)
                    QToolTip.showText(event.globalPos(), plain_tip(words), self)
                    return True
            QToolTip.hideText()
            return True
        return super().event(event)
