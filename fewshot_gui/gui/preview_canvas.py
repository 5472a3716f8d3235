"""The picture of the preview: fitted or zoomed, its thumbnail until it is decoded."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.large_pictures import AHEAD, NOW, LargePictures, Wish
from fewshot_gui.gui.preview_zoom import STEP, Look, Room
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.texts import _

PREVIEW = "preview"  # owner of the requests for thumbnails
MARGIN = 16
STAND_IN = QSize(256, 256)
GRACE_MS = 150  # so long the last picture stays where there is nothing yet of the next one
SETTLE_MS = 120  # after the last step of zooming or resizing, what is shown is made sharp
NOTCH = 120  # of a wheel, in Qt's eighths of a degree
COARSE_FROM = 4.0  # from this scale on, pixels are shown as squares


@dataclass(frozen=True)
class _Drawn:
    """What was on screen last, for the moment until there is something of the next picture."""

    image: QImage
    frame: QRectF


class Canvas(QWidget):
    """Shows one picture and lets the user zoom and move it.

    Signals:
        look_changed: The scale is another, or the size of the picture became known.
        arrived: The picture is decoded, or cannot be.
    """

    look_changed = Signal()
    arrived = Signal()

    def __init__(
        self, theme: Theme, icons: Icons, thumbnails: Thumbnails, large: LargePictures
    ) -> None:
        super().__init__()
        self._theme = theme
        self._icons = icons
        self._thumbnails = thumbnails
        self._large = large
        self._path = ""
        self._reason = ""
        self._ahead: tuple[str, ...] = ()
        self._look = Look()
        self._held: _Drawn | None = None
        self._drawn: _Drawn | None = None
        self._sharp: tuple[tuple[int, int, int], QImage] | None = None
        self._dragged: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(120, 90)
        self.setAccessibleName(_("Large picture"))
        self._grace = QTimer(self, singleShot=True, interval=GRACE_MS)
        self._grace.timeout.connect(self._let_go)
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._on_settled)
        large.ready.connect(self._on_large)
        thumbnails.ready.connect(self._on_thumbnail)
        theme.changed.connect(self.update)

    # -- what it shows -------------------------------------------------------------------

    def show_picture(self, path: str, reason: str, ahead: tuple[str, ...]) -> None:
        """Show a picture, fitted.

        Args:
            path: The file; empty for none.
            reason: Why it cannot be read, where that is known.
            ahead: Files that are likely to be shown next, the likeliest first.
        """
        self._ahead = ahead
        self._reason = reason
        if path != self._path:
            self._path = path
            self._look = Look()
            self._dragged = None
            self._held = self._drawn if path else None
            self._drawn = None
            self._grace.start()
        self._ask()
        self._show_cursor()
        self.look_changed.emit()
        self.update()

    @property
    def path(self) -> str:
        return self._path

    @property
    def reason(self) -> str:
        """Why there is no picture, empty where there is one or may be one."""
        if self._image() is not None:
            return ""
        failure = self._large.failure(self._path) or self._thumbnails.failure(self._path)
        return failure.describe() if failure else self._reason

    @property
    def fitted(self) -> bool:
        return self._look.fitted

    @property
    def scale(self) -> float:
        """Device pixels per pixel of the picture, 0 while its size is not known."""
        return self._room().scale(self._look) if self.dimensions else 0.0

    @property
    def dimensions(self) -> tuple[int, int] | None:
        """Width and height of the whole picture, once known."""
        picture = self._large.picture(self._path)
        if picture is not None:
            return picture.width, picture.height
        return self._thumbnails.dimensions(self._path)

    @property
    def frame(self) -> QRectF:
        """Where the picture lies, in device-independent pixels."""
        frame = self._room().frame(self._look)
        ratio = self.devicePixelRatioF()
        return QRectF(
            frame.x() / ratio, frame.y() / ratio, frame.width() / ratio, frame.height() / ratio
        )

    # -- zooming -------------------------------------------------------------------------

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom towards a point of the widget, without one towards the middle."""
        if self.dimensions:
            self._set_look(self._room().zoomed(self._look, factor, self._device_point(at)))

    def toggle(self, at: QPointF | None = None) -> None:
        """From the fit to 100 % and back."""
        if self.dimensions:
            self._set_look(self._room().toggled(self._look, self._device_point(at)))

    def move_by(self, right: float, down: float) -> None:
        """Move the picture by so many device-independent pixels."""
        ratio = self.devicePixelRatioF()
        self._set_look(self._room().moved(self._look, right * ratio, down * ratio))

    def _set_look(self, look: Look) -> None:
        if look != self._look:
            self._look = look
            self._settle.start()
            self._show_cursor()
            self.look_changed.emit()
            self.update()

    def _device_point(self, at: QPointF | None) -> QPointF:
        at = QPointF(self.width() / 2, self.height() / 2) if at is None else at
        return at * self.devicePixelRatioF()

    def _room(self) -> Room:
        ratio = self.devicePixelRatioF()
        width, height = self.dimensions or (4, 3)
        return Room(QSizeF(width, height), QSizeF(self.size()) * ratio, MARGIN * ratio)

    # -- having it decoded ---------------------------------------------------------------

    def _ask(self) -> None:
        """Have this picture decoded as sharp as it is shown, and the next ones after it."""
        if not self._path or not self.isVisible():
            self._large.want(())  # nobody looks, or the size is not settled
            return
        wishes = [Wish(path, self._fitting(path), AHEAD) for path in reversed(self._ahead)]
        wishes.append(Wish(self._path, self._needed(), NOW))
        self._large.want(reversed(wishes))
        self._image()  # asks for the thumbnail
        for path in self._ahead:
            self._stand_in(path)

    def _needed(self) -> int:
        """Longest side at which this picture is shown now."""
        if self._look.fitted:
            return self._fitting(self._path)
        frame = self._room().frame(self._look)
        return math.ceil(max(frame.width(), frame.height()))

    def _fitting(self, path: str) -> int:
        """Longest side of a picture that is fitted, in device pixels."""
        room = self._room()
        known = self._large.picture(path)
        size = (known.width, known.height) if known else self._thumbnails.dimensions(path)
        if size is None:
            return math.ceil(max(room.space.width(), room.space.height()))
        frame = Room(QSizeF(*size), room.space, room.margin).frame(Look())
        return math.ceil(max(frame.width(), frame.height()))

    def _stand_in(self, path: str) -> QPixmap | None:
        return self._thumbnails.pixmap(path, STAND_IN, 1.0, PREVIEW, radius=0) if path else None

    def _image(self) -> QImage | None:
        """The best there is: the picture, or its thumbnail."""
        picture = self._large.picture(self._path)
        if picture is not None:
            return picture.image
        small = self._stand_in(self._path)
        return small.toImage() if small is not None else None

    def _on_large(self, path: str) -> None:
        if path == self._path:
            self._set_look(self._room().held(self._look))
            self.arrived.emit()
            self.look_changed.emit()
            self.update()

    def _on_thumbnail(self, path: str) -> None:
        if path == self._path:
            self.look_changed.emit()
            self.update()

    def _let_go(self) -> None:
        self._held = None
        self.update()

    def _on_settled(self) -> None:
        self._ask()
        self.update()

    # -- painting ------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.tones.sunken))
        if not self._path:
            return
        image, reason = self._image(), self.reason
        if image is not None:
            self._held = None
            self._drawn = _Drawn(image, self._room().frame(self._look))
            self._paint_picture(painter, self._drawn)
        elif reason:
            self._paint_words(painter, "warning", self._theme.tones.warning, reason)
        elif self._held is not None:
            self._paint_picture(painter, self._held)
        else:
            self._paint_words(painter, "image", self._theme.tones.faint, _("Loading…"))

    def _paint_picture(self, painter: QPainter, drawn: _Drawn) -> None:
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)  # the frame is on whole pixels of the screen
        frame, image = drawn.frame, self._prepared(drawn)
        coarse = not self._look.fitted and frame.width() >= COARSE_FROM * image.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not coarse)
        painter.drawImage(frame, image, QRectF(image.rect()))

    def _prepared(self, drawn: _Drawn) -> QImage:
        """Made smaller by averaging where it is to be seen smaller, once it stands still.

        The painter would leave out pixels, and fine lines with them.
        """
        size, image = drawn.frame.size().toSize(), drawn.image
        wider, higher = image.width() - size.width(), image.height() - size.height()
        if max(abs(wider), abs(higher)) <= 1 or min(wider, higher) <= 0:
            return image
        key = (image.cacheKey(), size.width(), size.height())
        if self._sharp is not None and self._sharp[0] == key:
            return self._sharp[1]
        if self._settle.isActive():
            return image
        scaled = image.scaled(
            size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        self._sharp = (key, scaled)
        return scaled

    def _paint_words(self, painter: QPainter, icon: str, colour: str, words: str) -> None:
        ratio = self.devicePixelRatioF()
        size = 40
        glyph = self._icons.pixmap(icon, colour, size, ratio=ratio)
        middle = self.rect().center()
        painter.drawPixmap(middle.x() - size // 2, middle.y() - size, glyph)
        painter.setPen(QColor(self._theme.tones.muted))
        room = QRect(24, middle.y() + 12, self.width() - 48, max(20, self.height() // 2 - 16))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(room, flags | Qt.TextFlag.TextWordWrap, words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._look = self._room().held(self._look)
        self._settle.start()
        self.look_changed.emit()
        super().resizeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()

    # -- mouse ---------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / NOTCH
        if notches:
            self.zoom(STEP**notches, event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._settle.start()  # on another screen it takes other pixels to be sharp
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.zoom(1 + event.value(), event.position())
                return True
            if event.gestureType() == Qt.NativeGestureType.SmartZoomNativeGesture:
                self.toggle(event.position())
                return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._dragged = event.position()
        self._show_cursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is not None:
            step = event.position() - self._dragged
            self._dragged = event.position()
            self.move_by(step.x(), step.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = None
        self._show_cursor()
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.toggle(event.position())

    def _show_cursor(self) -> None:
        if self._look.fitted:
            self.unsetCursor()
        elif self._dragged is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
