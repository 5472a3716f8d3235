"""Paints the card of a bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF

from fewshot_gui.gui.bin_colours import paint_swatch
from fewshot_gui.gui.bin_layout import THUMB, CardLayout, Fold
from fewshot_gui.gui.theme import ClassColour, Tones, mix
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.texts import _

BINS = "bins"  # owner of the requests for thumbnails
_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine


@dataclass(frozen=True)
class Thumb:
    """One example as it is painted.

    Attributes:
        path: The picture.
        chosen: Whether it is chosen.
        current: Whether keys move from it.
        stands: Whether it stands for its bin.
    """

    path: str
    chosen: bool = False
    current: bool = False
    stands: bool = False


@dataclass(frozen=True)
class Look:
    """What a card shows just now.

    Attributes:
        layout: Where everything is.
        colour: Of the class.
        name: Of the bin.
        badge: The key that puts images here, empty for none.
        line: Number of examples and description.
        line_room: Where the line is.
        pill: How many images are sorted into the bin.
        pill_room, name_room: Where these are.
        empty: Words where the examples would be.
        picture: Path of the picture that stands for a closed bin; empty for none.
        thumbs: The examples painted.
        thumb_rects: Their places.
        focused: Whether the card has the keyboard.
        hot: Whether a drop would land here.
        marked: Whether the bin is chosen together with others.
        shown_only: Whether only its images are in the grid.
        pill_hovered: Whether the pointer is over the pill.
    """

    layout: CardLayout
    colour: ClassColour
    name: str
    badge: str
    line: str
    line_room: QRect
    pill: str
    pill_room: QRect
    name_room: QRect
    empty: str
    picture: str
    thumbs: Sequence[Thumb]
    thumb_rects: Sequence[QRect]
    focused: bool
    hot: bool
    marked: bool
    shown_only: bool
    pill_hovered: bool


def small_font(font: QFont) -> QFont:
    """The font of all but the name."""
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * 0.92)
    return small


def bold_font(font: QFont) -> QFont:
    """The font of the name."""
    bold = QFont(font)
    bold.setWeight(QFont.Weight.Bold)
    return bold


class CardPainter:
    """Paints looks in the colours of a theme."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        self._thumbnails = thumbnails

    def paint(self, painter: QPainter, look: Look, tones: Tones, font: QFont) -> None:
        """Paint a whole card at the origin."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_back(painter, look, tones)
        self._paint_head(painter, look, tones, font)
        if look.layout.fold is not Fold.CLOSED:
            painter.setFont(small_font(font))
            painter.setPen(QColor(tones.muted))
            metrics = painter.fontMetrics()
            elide = Qt.TextElideMode.ElideRight
            line = metrics.elidedText(look.line, elide, look.line_room.width())
            painter.drawText(look.line_room, _MIDDLE, line)
            if look.layout.has_strip:
                self._paint_examples(painter, look, tones)
            self._paint_foot(painter, look, tones)

    # -- parts -----------------------------------------------------------------------------

    def _paint_back(self, painter: QPainter, look: Look, tones: Tones) -> None:
        width, height = look.layout.width, look.layout.height
        edge, stroke, fill = QColor(tones.border), 1.0, QColor(tones.surface)
        if look.marked:
            fill = QColor(tones.accent_soft)
            edge = QColor(tones.accent)
        if look.hot:
            edge, stroke, fill = look.colour.hue, 2.0, look.colour.tint
        elif look.focused:
            edge, stroke = QColor(tones.accent), 2.0
        elif look.shown_only:
            edge, stroke = look.colour.hue, 1.5
        painter.setPen(QPen(edge, stroke))
        painter.setBrush(fill)
        painter.drawRoundedRect(QRectF(0, 0, width, height).adjusted(1, 1, -1, -1), 10, 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.colour.hue)  # too thin for a pattern
        painter.drawRoundedRect(QRectF(5, 10, 4, height - 20), 2, 2)

    def _paint_head(self, painter: QPainter, look: Look, tones: Tones, font: QFont) -> None:
        layout, colour = look.layout, look.colour
        bold = bold_font(font)
        badge = QRectF(layout.badge)
        paint_swatch(painter, badge, colour, 6)
        if look.badge:
            if colour.pattern:  # a quiet place for the number
                painter.setBrush(colour.solid)
                painter.drawRoundedRect(badge.adjusted(4, 3, -4, -3), 4, 4)
            painter.setFont(bold)
            painter.setPen(colour.on_solid)
            painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, look.badge)
        room = QRect(look.name_room)
        if look.picture:
            room = self._paint_picture(painter, look, tones, room)
        painter.setFont(bold)
        painter.setPen(QColor(tones.text))
        name = QFontMetrics(bold).elidedText(look.name, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, _MIDDLE, name)
        self._paint_pill(painter, look, tones, small_font(font))

    def _paint_picture(self, painter: QPainter, look: Look, tones: Tones, room: QRect) -> QRect:
        """The picture of a closed bin; returns the room that is left for the name."""
        side = 24
        ratio = painter.device().devicePixelRatioF()
        place = QRect(room.left(), look.layout.top, side, side)
        box = QSize(side, side)
        pixmap = self._thumbnails.pixmap(look.picture, box, ratio, BINS, radius=5, fill=True)
        if pixmap is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tones.sunken))
            painter.drawRoundedRect(QRectF(place), 5, 5)
        else:
            painter.drawPixmap(place.topLeft(), pixmap)
        return room.adjusted(side + 8, 0, 0, 0)

    def _paint_pill(self, painter: QPainter, look: Look, tones: Tones, font: QFont) -> None:
        colour = look.colour
        painter.setFont(font)
        if look.shown_only or look.pill_hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour.solid if look.shown_only else colour.tint)
            painter.drawRoundedRect(QRectF(look.pill_room), 11, 11)
        ink = QColor(tones.muted)
        if look.shown_only:
            ink = colour.on_solid
        elif look.pill_hovered:
            ink = colour.on_tint
        painter.setPen(ink)
        painter.drawText(look.pill_room, Qt.AlignmentFlag.AlignCenter, look.pill)

    def _paint_examples(self, painter: QPainter, look: Look, tones: Tones) -> None:
        if not look.thumbs:
            room = QRectF(look.layout.strip).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.setPen(QPen(QColor(tones.strong_border), 1, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(room, 8, 8)
            painter.setPen(QColor(tones.muted))
            text = painter.fontMetrics().elidedText(
                look.empty, Qt.TextElideMode.ElideRight, round(room.width()) - 16
            )
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)
            return
        for thumb, place in zip(look.thumbs, look.thumb_rects, strict=True):
            self._paint_thumb(painter, look, tones, thumb, place)
        more = look.layout.more
        if more.isValid():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tones.sunken))
            painter.drawRoundedRect(QRectF(more), 7, 7)
            painter.setPen(QColor(tones.muted))
            hidden = look.layout.count - look.layout.capacity
            painter.drawText(more, Qt.AlignmentFlag.AlignCenter, f"+{hidden:,}")

    def _paint_thumb(
        self, painter: QPainter, look: Look, tones: Tones, thumb: Thumb, place: QRect
    ) -> None:
        ratio = painter.device().devicePixelRatioF()
        box = QSize(THUMB, THUMB)
        pixmap = self._thumbnails.pixmap(thumb.path, box, ratio, BINS, radius=7, fill=True)
        if pixmap is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tones.sunken))
            painter.drawRoundedRect(QRectF(place), 7, 7)
            if self._thumbnails.failure(thumb.path) is not None:
                painter.setPen(QColor(tones.warning))
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "!")
        else:
            painter.drawPixmap(place.topLeft(), pixmap)
        if thumb.stands:
            self._paint_stands(painter, look, tones, place)
        if not thumb.chosen and not (thumb.current and look.focused):
            return
        ring = QColor(tones.accent)
        if not look.focused:  # still chosen, but keys mean something else now
            ring = mix(QColor(tones.surface), ring, 0.55)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if thumb.chosen:
            painter.setPen(QPen(ring, 2.5))
            painter.drawRoundedRect(QRectF(place).adjusted(-1.5, -1.5, 1.5, 1.5), 8, 8)
        if thumb.current and look.focused:
            painter.setPen(QPen(QColor(tones.surface), 1))
            painter.drawRoundedRect(QRectF(place).adjusted(1, 1, -1, -1), 6, 6)
            if not thumb.chosen:
                painter.setPen(QPen(ring, 1.5, Qt.PenStyle.DotLine))
                painter.drawRoundedRect(QRectF(place).adjusted(-1.5, -1.5, 1.5, 1.5), 8, 8)

    def _paint_stands(self, painter: QPainter, look: Look, tones: Tones, place: QRect) -> None:
        """A flag on the picture that stands for its bin."""
        flag = QRectF(place.right() - 12, place.bottom() - 12, 12, 12)
        painter.setPen(QPen(QColor(tones.surface), 1.5))
        painter.setBrush(look.colour.solid)
        painter.drawEllipse(flag)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.colour.on_solid)
        painter.drawEllipse(flag.adjusted(4, 4, -4, -4))

    def _paint_foot(self, painter: QPainter, look: Look, tones: Tones) -> None:
        layout = look.layout
        if not layout.has_foot:
            return
        painter.setPen(QColor(tones.accent))
        painter.drawText(layout.less, _MIDDLE, _("Show fewer"))
        if layout.grid_link.isValid():
            text = _("Show all {count} in the grid").format(count=f"{layout.count:,}")
            right = _MIDDLE | Qt.AlignmentFlag.AlignRight
            painter.drawText(layout.grid_link, right, text)


def paint_dots(painter: QPainter, box: QRect, ink: QColor) -> None:
    """Three dots: more actions."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    middle = QRectF(box).center()
    for step in (-5, 0, 5):
        painter.drawEllipse(QRectF(middle.x() + step - 1.5, middle.y() - 1.5, 3, 3))


def paint_chevron(painter: QPainter, box: QRect, ink: QColor, closed: bool) -> None:
    """An arrow down where a card is open, to the right where it is closed."""
    middle = QRectF(box).center()
    long, short = 4.0, 2.2
    if closed:
        points = [(-short, -long), (short, 0), (-short, long)]
    else:
        points = [(-long, -short), (0, short), (long, -short)]
    pen = QPen(ink, 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([middle + QPointF(x, y) for x, y in points]))
