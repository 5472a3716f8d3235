"""Swatches of the class colours, and their names."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from fewshot_gui.gui.theme import ClassColour, class_colour
from fewshot_gui.texts import _

_SIDE = 16
_BRUSHES = (
    Qt.BrushStyle.NoBrush,
    Qt.BrushStyle.BDiagPattern,
    Qt.BrushStyle.Dense5Pattern,
    Qt.BrushStyle.DiagCrossPattern,
)


def hue_names() -> tuple[str, ...]:
    """Names of the hues, in the order of the palette."""
    return (
        _("Blue"),
        _("Orange"),
        _("Green"),
        _("Pink"),
        _("Gold"),
        _("Violet"),
        _("Teal"),
        _("Red"),
        _("Brown"),
        _("Petrol"),
        _("Purple"),
        _("Lime"),
        _("Rose"),
        _("Grey"),
        _("Wine"),
        _("Navy"),
    )


def pattern_names() -> tuple[str, ...]:
    """Names of the ways to paint a hue, in the order of the palette."""
    return (_("Plain"), _("Striped"), _("Dotted"), _("Crossed"))


def paint_swatch(painter: QPainter, box: QRectF, colour: ClassColour, radius: float) -> None:
    """Fill a box with a class colour and its pattern."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour.solid)
    painter.drawRoundedRect(box, radius, radius)
    if colour.pattern:
        ink = QColor(colour.on_solid)
        ink.setAlphaF(0.45)
        path = QPainterPath()
        path.addRoundedRect(box, radius, radius)
        painter.fillPath(path, QBrush(ink, _BRUSHES[colour.pattern]))


def swatch_icon(index: int, dark: bool, ratio: float = 1.0, checked: bool = False) -> QIcon:
    """A swatch for a menu, with a tick where it is the one in use."""
    colour = class_colour(index, dark)
    pixmap = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_swatch(painter, QRectF(0.5, 0.5, _SIDE - 1, _SIDE - 1), colour, 5)
    if checked:
        painter.setPen(QPen(colour.on_solid, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline([QPointF(4, 8.5), QPointF(7, 11.5), QPointF(12, 5)])
    painter.end()
    return QIcon(pixmap)
