"""Small pictures for the grid and the bins: decoded elsewhere, kept here while they are useful."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from PySide6.QtCore import QObject, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QBrush, QImage, QPainter, QPixmap

from fewshot_gui.images.files import ImageFailure
from fewshot_gui.images.pool import DecodePool, DecodeRequest, DecodeResult

log = logging.getLogger(__name__)

SOURCE_BYTES = 128 << 20
READY_BYTES = 96 << 20
SIZES = (256, 512)  # what is decoded, the next larger one of what is shown
PRIORITY = 0  # before the images that wait to be embedded


class ByteLru:
    """A dictionary that forgets what was used longest ago once it holds too many bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._items: OrderedDict[object, tuple[object, int]] = OrderedDict()

    def get(self, key: object) -> object | None:
        item = self._items.get(key)
        if item is None:
            return None
        self._items.move_to_end(key)
        return item[0]

    def put(self, key: object, value: object, size: int) -> None:
        old = self._items.pop(key, None)
        self._bytes += size - (old[1] if old else 0)
        self._items[key] = (value, size)
        while self._bytes > self._limit and len(self._items) > 1:
            _key, (_value, freed) = self._items.popitem(last=False)
            self._bytes -= freed

    def clear(self) -> None:
        self._items.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._items)


class Thumbnails(QObject):
    """Asks the decode pool for small pictures and hands out pixmaps ready to be drawn.

    Signals:
        ready: Path of a picture that can be drawn now, or cannot be read.
        _arrived: (generation, path, size asked for, image or None, failure or None).
    """

    ready = Signal(str)
    _arrived = Signal(int, str, int, object, object)

    def __init__(self, pool: Callable[[], DecodePool], parent: QObject | None = None) -> None:
        """``pool`` is called in a thread of the loader, so it may take its time."""
        super().__init__(parent)
        self._pool = pool
        # handing requests over may start worker processes: not in the window's thread
        self._lane = ThreadPoolExecutor(1, thread_name_prefix="thumbnails")
        self._lock = threading.Lock()
        self._wanted: dict[str, tuple[str, int]] = {}  # path -> (owner, size)
        self._futures: dict[str, Future[DecodeResult]] = {}
        self._sources = ByteLru(SOURCE_BYTES)
        self._pixmaps = ByteLru(READY_BYTES)
        self._failures: dict[str, ImageFailure] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._generation = 0
        self._closed = False
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)

    # -- for painting ------------------------------------------------------------------

    def pixmap(
        self, path: str, box: QSize, ratio: float, owner: str, radius: int = 8, fill: bool = False
    ) -> QPixmap | None:
        """The picture with round corners, or None while it is on its way.

        Args:
            path: The picture.
            box: Space there is, in device-independent pixels.
            ratio: Device pixels per pixel.
            owner: Who asks; see ``keep_only``.
            radius: Of the corners.
            fill: Cut to fill the box instead of fitting into it.
        """
        key = (path, box.width(), box.height(), ratio, fill)
        known = self._pixmaps.get(key)
        if isinstance(known, QPixmap):
            return known
        needed = round(max(box.width(), box.height()) * ratio)
        size = next((s for s in SIZES if s >= needed), SIZES[-1])
        source = self._sources.get(path)
        if source is None:
            self._request(path, size, owner)
            return None
        image, asked = source
        pixmap = _prepared(image, box, ratio, radius, fill)
        if asked >= size:
            self._pixmaps.put(key, pixmap, pixmap.width() * pixmap.height() * 4)
        else:
            self._request(path, size, owner)  # a sharper one replaces this one soon
        return pixmap

    def failure(self, path: str) -> ImageFailure | None:
        """Why there is no picture."""
        return self._failures.get(path)

    def dimensions(self, path: str) -> tuple[int, int] | None:
        """Width and height of the whole picture, once known."""
        return self._sizes.get(path)

    # -- requests ------------------------------------------------------------------------

    def keep_only(self, owner: str, paths: Iterable[str]) -> None:
        """Drop what this owner asked for and does not need any more."""
        keep = set(paths)
        with self._lock:
            gone = [p for p, (who, _size) in self._wanted.items() if who == owner and p not in keep]
            for path in gone:
                del self._wanted[path]
            futures = [self._futures.pop(path) for path in gone if path in self._futures]
        for future in futures:
            future.cancel()

    @property
    def waiting(self) -> int:
        """Requests that have not come back."""
        return len(self._wanted)

    def forget(self) -> None:
        """Drop everything: another folder is open."""
        with self._lock:
            futures = list(self._futures.values())
            self._wanted.clear()
            self._futures.clear()
        for future in futures:
            future.cancel()
        self._generation += 1
        self._sources.clear()
        self._pixmaps.clear()
        self._failures.clear()
        self._sizes.clear()

    def close(self) -> None:
        """Stop asking, and wait for the hand-over that may be under way."""
        self._closed = True
        self.forget()
        self._lane.shutdown(wait=True, cancel_futures=True)

    def _request(self, path: str, size: int, owner: str) -> None:
        if self._closed or path in self._failures:
            return
        with self._lock:
            known = self._wanted.get(path)
            if known is not None and known[1] >= size:
                return
            self._wanted[path] = (owner, size)
        self._lane.submit(self._submit, self._generation, path, size)

    def _submit(self, generation: int, path: str, size: int) -> None:
        """In the loader's thread: hand a request to the pool if it is still wanted."""
        with self._lock:
            if generation != self._generation or path not in self._wanted:
                return
        try:
            future = self._pool().submit(
                DecodeRequest(path, crop=None, thumbnail=size), priority=PRIORITY
            )
        except Exception:  # the pool is closing; the window will not miss the picture
            log.debug("thumbnail not requested", exc_info=True)
            return
        with self._lock:
            self._futures[path] = future
        future.add_done_callback(lambda done: self._on_decoded(generation, path, size, done))

    def _on_decoded(
        self, generation: int, path: str, size: int, future: Future[DecodeResult]
    ) -> None:
        """In a thread of the pool."""
        with self._lock:
            if self._futures.get(path) is future:
                del self._futures[path]
        if self._closed or future.cancelled():
            return
        try:
            result = future.result()
        except Exception:
            log.exception("thumbnail failed")
            return
        failure, image = result.failure, None
        if failure is None and result.thumbnail is not None:
            pixels = result.thumbnail
            height, width = pixels.shape[:2]
            buffer = pixels.tobytes()  # named, so that it outlives the view
            view = QImage(buffer, width, height, width * 3, QImage.Format.Format_RGB888)
            # converting copies, so the pixels belong to the image; done here, off the window
            image = view.convertToFormat(QImage.Format.Format_RGB32)
            self._sizes[path] = (result.width, result.height)
        self._arrived.emit(generation, path, size, image, failure)

    @Slot(int, str, int, object, object)
    def _on_arrived(
        self,
        generation: int,
        path: str,
        size: int,
        image: QImage | None,
        failure: ImageFailure | None,
    ) -> None:
        if generation != self._generation or self._closed:
            return
        with self._lock:
            wanted = self._wanted.get(path)
            if wanted is not None and wanted[1] <= size:
                del self._wanted[path]
        if image is not None:
            self._sources.put(path, (image, size), image.sizeInBytes())
        elif failure is not None:
            self._failures[path] = failure
        self.ready.emit(path)


def _prepared(image: QImage, box: QSize, ratio: float, radius: int, fill: bool) -> QPixmap:
    """Scaled to the box, with round corners."""
    mode = (
        Qt.AspectRatioMode.KeepAspectRatioByExpanding
        if fill
        else Qt.AspectRatioMode.KeepAspectRatio
    )
    wanted = box * ratio
    size = image.size()
    if fill or size.width() > wanted.width() or size.height() > wanted.height():
        size = size.scaled(wanted, mode)
    else:  # tiny pictures grow, but stay recognisably small
        size = size.scaled((size * 2).boundedTo(wanted), mode)
    size = size.expandedTo(QSize(1, 1))
    scaled = image.scaled(
        size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    if fill:
        left = (scaled.width() - wanted.width()) // 2
        top = (scaled.height() - wanted.height()) // 2
        scaled = scaled.copy(left, top, wanted.width(), wanted.height())
    rounded = QPixmap(scaled.size())
    rounded.fill(Qt.GlobalColor.transparent)
    painter = QPainter(rounded)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(scaled))
    painter.drawRoundedRect(
        QRectF(0, 0, scaled.width(), scaled.height()), radius * ratio, radius * ratio
    )
    painter.end()
    rounded.setDevicePixelRatio(ratio)
    return rounded
