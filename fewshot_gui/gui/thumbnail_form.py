"""Small pictures in the form they are drawn in. All of it may run in any thread."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QImage, QPainter

SIZES = (256, 512)  # what is decoded, the next larger one of what is shown
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Form:
    """What a picture is made ready for.

    Attributes:
        box: Space there is, in device-independent pixels.
        ratio: Device pixels per pixel.
        radius: Of the corners.
        fill: Cut to fill the box instead of fitting into it.
    """

    box: tuple[int, int]
    ratio: float
    radius: int = 8
    fill: bool = False

    @property
    def size(self) -> int:
        """Side of the thumbnail that is needed."""
        needed = round(max(self.box) * self.ratio)
        return next((s for s in SIZES if s >= needed), SIZES[-1])


def encoded(image: QImage) -> bytes:
    """As JPEG; empty where Qt cannot write one."""
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return bytes(content.data()) if image.save(buffer, "JPG", _QUALITY) else b""


def decoded(jpeg: bytes) -> QImage | None:
    """A JPEG of our own, None where it is none.

    Read from a device, as the other ways would hold up the window's thread meanwhile: they
    keep the interpreter lock.
    """
    content = QByteArray(jpeg)
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    image = QImage()
    if not image.load(buffer, "JPG"):
        return None
    return image.convertToFormat(QImage.Format.Format_RGB32)


def prepared(image: QImage, form: Form) -> QImage:
    """Scaled to the box, with round corners. May run in any thread."""
    mode = (
        Qt.AspectRatioMode.KeepAspectRatioByExpanding
        if form.fill
        else Qt.AspectRatioMode.KeepAspectRatio
    )
    wanted = QSize(*form.box) * form.ratio
    size = image.size()
    if form.fill or size.width() > wanted.width() or size.height() > wanted.height():
        size = size.scaled(wanted, mode)
    else:  # tiny pictures grow, but stay recognisably small
        size = size.scaled((size * 2).boundedTo(wanted), mode)
    size = size.expandedTo(QSize(1, 1))
    scaled = image.scaled(
        size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    if form.fill:
        left = (scaled.width() - wanted.width()) // 2
        top = (scaled.height() - wanted.height()) // 2
        scaled = scaled.copy(left, top, wanted.width(), wanted.height())
    rounded = QImage(scaled.size(), QImage.Format.Format_ARGB32_Premultiplied)
    rounded.fill(Qt.GlobalColor.transparent)
    painter = QPainter(rounded)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(scaled))
    radius = form.radius * form.ratio
    painter.drawRoundedRect(QRectF(0, 0, scaled.width(), scaled.height()), radius, radius)
    painter.end()
    rounded.setDevicePixelRatio(form.ratio)
    return rounded
