"""Paints one image of the grid (the picture, its class, how it came by it) and group heads."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from fewshot_gui.gui.collection import CONFIRMED, CORRECTED, NOBODY, SUPPORT
from fewshot_gui.gui.help_marks import GLYPHS
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.image_model import Tile, TileRole, percent
from fewshot_gui.gui.theme import ClassColour, Theme, class_colour
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.project.values import UNKNOWN, Bin

PADDING = 6
BADGE = 22
NAME = 18
STRIP = 38  # above a group
GRID = "grid"  # owner of the requests for thumbnails


class ImageDelegate(QStyledItemDelegate):
    """Paints tiles. All tiles have the same size, which ``set_tile`` sets.

    Attributes:
        picture: Room for the picture itself.
        size: Of a whole tile.
    """

    def __init__(self, theme: Theme, icons: Icons, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._theme = theme
        self._icons = icons
        self._thumbnails = thumbnails
        self._fonts: dict[tuple[str, float, QFont.Weight], tuple[QFont, QFontMetrics]] = {}
        self.picture = QSize()
        self.size = QSize()
        self.set_tile(168)

    def set_tile(self, tile: int) -> None:
        """Set the width of the pictures."""
        self.picture = QSize(tile, round(tile * 0.75))
        height = self.picture.height() + BADGE + NAME + 8 + 2 * PADDING
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
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        current = bool(option.state & QStyle.StateFlag.State_HasFocus)
        self._paint_back(painter, area, selected, hovered, current)
        inner = area.adjusted(PADDING, PADDING, -PADDING, -PADDING)
        frame = QRect(inner.topLeft(), QSize(inner.width(), self.picture.height()))
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
            pixmap = self._thumbnails.pixmap(tile.path, frame.size(), ratio, GRID, ask=False)
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
            colour = self._class_colour(tile.bin).hue
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
        base = painter.font()
        painter.setFont(self._font(base, 0.85, base.weight())[0])
        text = QRect(frame.left() + 8, middle.y() - 6, frame.width() - 16, frame.height() // 2)
        words = tile.reason.partition(" (")[0]
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(text, flags | Qt.TextFlag.TextWordWrap, words)
        painter.setFont(base)

    def _paint_badge(self, painter: QPainter, tile: Tile, bin: Bin, line: QRect) -> None:
        tones = self._theme.tones
        colour = self._class_colour(bin)
        solid = tile.source in (SUPPORT, CORRECTED)
        base = painter.font()
        weight = QFont.Weight.Normal if tile.unsure else QFont.Weight.DemiBold
        font, metrics = self._font(base, 0.92, weight)
        painter.setFont(font)
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
            glyph = self._icons.pixmap(GLYPHS[tile.source], ink, 13, ratio=ratio)
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
            painter.setFont(self._font(base, 0.92, QFont.Weight.Normal)[0])
            right = QRect(round(pill.right()) - sure_width - 8, line.top(), sure_width, BADGE)
            painter.drawText(right, flags | Qt.AlignmentFlag.AlignRight, sure)
        painter.setFont(base)

    def _paint_name(self, painter: QPainter, tile: Tile, line: QRect) -> None:
        """The file, or why the image is shown where there is a reason."""
        font, metrics = self._font(painter.font(), 1.0, QFont.Weight.Normal)
        painter.setFont(font)
        tones = self._theme.tones
        painter.setPen(QColor(tones.accent if tile.note else tones.muted))
        elide = Qt.TextElideMode.ElideRight if tile.note else Qt.TextElideMode.ElideMiddle
        name = metrics.elidedText(tile.note or tile.name, elide, line.width() - 4)
        painter.drawText(
            line.adjusted(2, 0, -2, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine,
            name,
        )

    def paint_strip(
        self, painter: QPainter, head: tuple[str, int | None, int], area: QRect
    ) -> None:
        """The class of a group, how many images it has, and a line in its colour.

        Args:
            painter: Of the view.
            head: Name, colour index or None, number of images.
            area: All of the strip.
        """
        name, colour, count = head
        tones = self._theme.tones
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, width = area.left() + PADDING, area.width() - 2 * PADDING
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(
            QColor(tones.strong_border) if colour is None else class_colour(colour, tones.dark).hue
        )
        painter.drawRoundedRect(QRectF(left, area.bottom() - 4, width, 3), 1.5, 1.5)
        bold, metrics = self._font(painter.font(), 1.0, QFont.Weight.Bold)
        number = f"{count:,}"
        room = width - metrics.horizontalAdvance(number) - 12
        text = QRect(left + 1, area.top(), width - 2, area.height() - 6)
        flags = Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextSingleLine
        name = metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(12, room))
        painter.setFont(bold)
        painter.setPen(QColor(tones.text))
        painter.drawText(text, flags, name)
        text.setLeft(text.left() + metrics.horizontalAdvance(name) + 10)
        plain, _metrics = self._font(bold, 1.0, QFont.Weight.Normal)
        painter.setFont(plain)
        painter.setPen(QColor(tones.muted))
        painter.drawText(text, flags, number)
        painter.restore()

    def _font(self, base: QFont, factor: float, weight: QFont.Weight) -> tuple[QFont, QFontMetrics]:
        """A variant of a font; made once, as every tile needs the same few."""
        key = (base.family(), base.pointSizeF() * factor, weight)
        known = self._fonts.get(key)
        if known is None:
            font = _scaled(base, factor)
            font.setWeight(weight)
            self._fonts[key] = known = font, QFontMetrics(font)
        return known

    def _class_colour(self, bin: Bin) -> ClassColour:
        tones = self._theme.tones
        if bin.id != UNKNOWN:
            return class_colour(bin.colour, tones.dark)
        muted, surface = QColor(tones.muted), QColor(tones.surface)
        return ClassColour(muted, muted, surface, QColor(tones.sunken), QColor(tones.text))


def _scaled(font: QFont, factor: float) -> QFont:
    scaled = QFont(font)
    scaled.setPointSizeF(max(6.0, font.pointSizeF() * factor))
    return scaled
