"""Paints one image of the grid: the picture, its class and how it came by it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from fewshot_gui.gui.collection import CONFIRMED, CORRECTED, NOBODY, SUPPORT
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.image_model import Tile, TileRole, percent
from fewshot_gui.gui.theme import Theme, class_colour
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.model import Bin

PADDING = 6
BADGE = 22
NAME = 18
HEAD = 26
GRID = "grid"  # owner of the requests for thumbnails
_GLYPHS = {SUPPORT: "star", CORRECTED: "pencil", CONFIRMED: "check"}


class ImageDelegate(QStyledItemDelegate):
    """Paints tiles. All tiles have the same size, which ``set_tile`` sets.

    Attributes:
        size: Of a whole tile.
    """

    def __init__(self, theme: Theme, icons: Icons, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._theme = theme
        self._icons = icons
        self._thumbnails = thumbnails
        self._headed = False
        self._picture = QSize()
        self.size = QSize()
        self.set_tile(168, headed=False)

    def set_tile(self, tile: int, headed: bool) -> None:
        """Set the width of the pictures, and whether there is room for group headings."""
        self._headed = headed
        self._picture = QSize(tile, round(tile * 0.75))
        head = HEAD if headed else 0
        height = head + self._picture.height() + BADGE + NAME + 8 + 2 * PADDING
        self.size = QSize(tile + 2 * PADDING, height)

    def sizeHint(
        self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return self.size

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        tile = index.data(TileRole)
        if tile is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        area = QRect(option.rect)
        if self._headed:
            self._paint_head(painter, tile, QRect(area.left(), area.top(), area.width(), HEAD))
            area.setTop(area.top() + HEAD)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        current = bool(option.state & QStyle.StateFlag.State_HasFocus)
        self._paint_back(painter, area, selected, hovered, current)
        inner = area.adjusted(PADDING, PADDING, -PADDING, -PADDING)
        frame = QRect(inner.topLeft(), QSize(inner.width(), self._picture.height()))
        self._paint_picture(painter, tile, frame)
        line = QRect(inner.left(), frame.bottom() + 5, inner.width(), BADGE)
        if tile.bin is not None and not (tile.reason and tile.source == NOBODY):
            self._paint_badge(painter, tile, tile.bin, line)
            line = QRect(inner.left(), line.bottom() + 3, inner.width(), NAME)
        self._paint_name(painter, tile, line)
        painter.restore()

    # -- parts -----------------------------------------------------------------------------

    def _paint_back(
        self, painter: QPainter, area: QRect, selected: bool, hovered: bool, current: bool
    ) -> None:
        tones = self._theme.tones
        if not (selected or hovered or current):
            return
        box = QRectF(area).adjusted(1, 1, -1, -1)
        pen = QPen(Qt.PenStyle.NoPen)
        if selected:
            pen = QPen(QColor(tones.accent), 2)
        elif current:
            pen = QPen(QColor(tones.strong_border), 1, Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.setBrush(QColor(tones.accent_soft if selected else tones.hover))
        painter.drawRoundedRect(box, 10, 10)

    def _paint_picture(self, painter: QPainter, tile: Tile, frame: QRect) -> None:
        tones = self._theme.tones
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tones.sunken))
        painter.drawRoundedRect(QRectF(frame), 8, 8)
        ratio = painter.device().devicePixelRatioF()
        pixmap = None
        if not tile.reason:
            pixmap = self._thumbnails.pixmap(tile.path, frame.size(), ratio, GRID)
        if pixmap is not None:
            size = pixmap.deviceIndependentSize().toSize()
            left = frame.left() + (frame.width() - size.width()) // 2
            top = frame.top() + (frame.height() - size.height()) // 2
            painter.drawPixmap(left, top, pixmap)
        elif tile.reason:
            self._paint_reason(painter, tile, frame)
        else:
            glyph = self._icons.pixmap("image", tones.faint, 28, ratio=ratio)
            painter.setOpacity(0.6)
            painter.drawPixmap(frame.center().x() - 13, frame.center().y() - 13, glyph)
            painter.setOpacity(1.0)
        if tile.bin is not None and tile.source in (SUPPORT, CORRECTED):
            colour = class_colour(tile.bin.colour, tones.dark).hue
            painter.setPen(QPen(colour, 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(frame).adjusted(1.5, 1.5, -1.5, -1.5), 7, 7)

    def _paint_reason(self, painter: QPainter, tile: Tile, frame: QRect) -> None:
        tones = self._theme.tones
        ratio = painter.device().devicePixelRatioF()
        glyph = self._icons.pixmap("warning", tones.warning, 24, ratio=ratio)
        middle = frame.center()
        painter.drawPixmap(middle.x() - 11, max(frame.top() + 10, middle.y() - 36), glyph)
        painter.setPen(QColor(tones.muted))
        painter.setFont(_scaled(painter.font(), 0.85))
        text = QRect(frame.left() + 8, middle.y() - 6, frame.width() - 16, frame.height() // 2)
        words = tile.reason.partition(" (")[0]
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(text, flags | Qt.TextFlag.TextWordWrap, words)
        painter.setFont(_scaled(painter.font(), 1 / 0.85))

    def _paint_badge(self, painter: QPainter, tile: Tile, bin: Bin, line: QRect) -> None:
        tones = self._theme.tones
        colour = class_colour(bin.colour, tones.dark)
        solid = tile.source in (SUPPORT, CORRECTED)
        font = _scaled(painter.font(), 0.92)
        font.setWeight(QFont.Weight.Normal if tile.unsure else QFont.Weight.DemiBold)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        sure = percent(tile.confidence) if tile.source == NOBODY else ""
        sure_width = metrics.horizontalAdvance(sure) + 6 if sure else 0
        glyph_width = 18 if tile.source != NOBODY else 14
        room = line.width() - 16 - glyph_width - sure_width
        name = metrics.elidedText(bin.name, Qt.TextElideMode.ElideRight, max(12, room))
        width = 16 + glyph_width + metrics.horizontalAdvance(name) + sure_width
        pill = QRectF(line.left(), line.top(), min(width, line.width()), line.height())

        if solid:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour.solid)
            ink = colour.on_solid
        elif tile.source == CONFIRMED:
            painter.setPen(QPen(colour.hue, 1.5))
            painter.setBrush(colour.tint)
            ink = colour.on_tint
        elif tile.unsure:
            painter.setPen(QPen(colour.hue, 1, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ink = QColor(tones.muted)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour.tint)
            ink = colour.on_tint
        painter.drawRoundedRect(pill.adjusted(0.75, 0.75, -0.75, -0.75), 10.5, 10.5)

        left = line.left() + 8
        middle = line.top() + line.height() // 2
        if tile.source != NOBODY:
            ratio = painter.device().devicePixelRatioF()
            glyph = self._icons.pixmap(_GLYPHS[tile.source], ink, 13, ratio=ratio)
            painter.drawPixmap(left, middle - 6, glyph)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour.hue)
            painter.drawEllipse(QRectF(left + 1, middle - 4, 8, 8))
        painter.setPen(ink)
        left += glyph_width
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        painter.drawText(QRect(left, line.top(), max(room, 12), line.height()), flags, name)
        if sure:
            font.setWeight(QFont.Weight.Normal)
            painter.setFont(font)
            right = QRect(round(pill.right()) - sure_width - 8, line.top(), sure_width, BADGE)
            painter.drawText(right, flags | Qt.AlignmentFlag.AlignRight, sure)

    def _paint_name(self, painter: QPainter, tile: Tile, line: QRect) -> None:
        font = _scaled(QFont(painter.font()), 1.0)
        font.setWeight(QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.tones.muted))
        name = QFontMetrics(font).elidedText(
            tile.name, Qt.TextElideMode.ElideMiddle, line.width() - 4
        )
        painter.drawText(
            line.adjusted(2, 0, -2, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine,
            name,
        )

    def _paint_head(self, painter: QPainter, tile: Tile, line: QRect) -> None:
        """A band in the class colour above every tile of a group, with words on its first."""
        tones = self._theme.tones
        band = QColor(tones.strong_border)
        if tile.band is not None:
            band = class_colour(tile.band, tones.dark).hue
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(band)
        left = line.left() + (PADDING if tile.head else -40)
        stripe = QRectF(left, line.bottom() - 4, line.right() - left - PADDING, 3)
        stripe.setLeft(max(stripe.left(), line.left() + PADDING))
        painter.drawRoundedRect(stripe, 1.5, 1.5)
        if tile.head is None:
            return
        name, _colour, count = tile.head
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.Bold)
        metrics = QFontMetrics(font)
        number = f"{count:,}"
        room = line.width() - 2 * PADDING - metrics.horizontalAdvance(number) - 10
        painter.setFont(font)
        painter.setPen(QColor(tones.text))
        text = QRect(line.left() + PADDING + 1, line.top(), line.width() - 2 * PADDING, HEAD - 6)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        painter.drawText(text, flags, metrics.elidedText(name, Qt.TextElideMode.ElideRight, room))
        font.setWeight(QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(tones.muted))
        painter.drawText(text, flags | Qt.AlignmentFlag.AlignRight, number)


def _scaled(font: QFont, factor: float) -> QFont:
    scaled = QFont(font)
    scaled.setPointSizeF(max(6.0, font.pointSizeF() * factor))
    return scaled
