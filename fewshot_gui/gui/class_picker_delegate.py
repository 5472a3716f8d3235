"""Paints one class in the list of the class picker."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from fewshot_gui.gui.bin_colours import paint_swatch
from fewshot_gui.gui.theme import Theme, class_colour

ROW = 32
EntryRole = Qt.ItemDataRole.UserRole + 1
_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine


class ClassDelegate(QStyledItemDelegate):
    """A swatch, the name as plain text, and the number key."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(
        self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, ROW)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        entry = index.data(EntryRole)
        tones = self._theme.tones
        area = QRect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tones.accent_soft if chosen else tones.hover))
            painter.drawRoundedRect(QRectF(area).adjusted(0, 1, 0, -1), 7, 7)
        self._paint_mark(painter, entry, QRectF(area.left() + 9, area.center().y() - 7, 16, 16))
        key_width = 28 if entry.key else 0
        room = area.adjusted(36, 0, -8 - key_width, 0)
        painter.setPen(QColor(tones.text))
        text = painter.fontMetrics().elidedText(
            entry.text, Qt.TextElideMode.ElideMiddle, room.width()
        )
        painter.drawText(room, _MIDDLE, text)
        if entry.key:
            key = QRectF(area.right() - 30, area.center().y() - 9, 22, 20)
            painter.setPen(QPen(QColor(tones.strong_border), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(key.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
            painter.setPen(QColor(tones.muted))
            painter.drawText(key, Qt.AlignmentFlag.AlignCenter, entry.key)
        painter.restore()

    def _paint_mark(self, painter: QPainter, entry: object, box: QRectF) -> None:
        """A swatch; a plus for a new bin, a ring for what belongs to none."""
        tones = self._theme.tones
        if entry.colour is not None:
            paint_swatch(painter, box, class_colour(entry.colour, tones.dark), 5)
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if entry.class_id is None:
            painter.setPen(QPen(QColor(tones.accent), 2))
            middle = box.center()
            for arm in (QPointF(5, 0), QPointF(0, 5)):
                painter.drawLine(middle - arm, middle + arm)
        else:
            painter.setPen(QPen(QColor(tones.muted), 1.5, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), 5, 5)
