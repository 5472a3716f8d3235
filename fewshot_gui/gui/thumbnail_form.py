"""Small pictures in the form they are drawn in. All of it may run in any thread."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage

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
    """Scaled to the box, with round corners; ``image`` is of the format RGB32."""
    # The window does not wait for Pillow: it is on the screen before its first picture.
    from fewshot_gui.gui.thumbnail_pixels import Pixels, rounded

    pixels = Pixels(image.constBits(), image.width(), image.height(), image.bytesPerLine())
    wanted = QSize(*form.box) * form.ratio
    size = _scaled_size(image.size(), wanted, form.fill)
    kept = wanted.toTuple() if form.fill else size
    ready = rounded(pixels, size, kept, round(form.radius * form.ratio))
    width, height = kept
    view = QImage(ready, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
    result = view.copy()  # so that the pixels belong to it
    result.setDevicePixelRatio(form.ratio)
    return result


def _scaled_size(size: QSize, wanted: QSize, fill: bool) -> tuple[int, int]:
    aspect = Qt.AspectRatioMode
    mode = aspect.KeepAspectRatioByExpanding if fill else aspect.KeepAspectRatio
    if fill or size.width() > wanted.width() or size.height() > wanted.height():
        size = size.scaled(wanted, mode)
    else:  # tiny pictures grow, but stay recognisably small
        size = size.scaled((size * 2).boundedTo(wanted), mode)
    return size.expandedTo(QSize(1, 1)).toTuple()
