"""Small pictures for the grid and the bins: kept in memory and on disk, decoded elsewhere."""

from __future__ import annotations

import logging
import os
import stat
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from fewshot_gui.gui.byte_lru import ByteLru
from fewshot_gui.gui.thumbnail_form import Form, decoded, encoded, prepared
from fewshot_gui.images.files import ImageFailure, ImageFile
from fewshot_gui.images.pool import DecodePool, DecodeRequest, DecodeResult
from fewshot_gui.images.thumbnail_cache import CachedThumbnail, ThumbnailCache, thumbnail_key
from fewshot_gui.paths import cache_dir

log = logging.getLogger(__name__)

SOURCE_BYTES = 128 << 20
READY_BYTES = 96 << 20
SEEN, AHEAD = 0, 1  # ranks: what is in sight, what may be soon
PRIORITIES = (0, 5)  # in the pool, by rank: both before the images that wait to be embedded
KEPT_AT_ONCE = 32  # thumbnails written to disk together, at most


@dataclass(frozen=True, slots=True)
class _Want:
    """A request.

    Attributes:
        owner: Who asks.
        form: What for.
        rank: ``SEEN`` or ``AHEAD``.
    """

    owner: str
    form: Form
    rank: int


@dataclass(frozen=True, slots=True)
class _Arrival:
    """What came of a request.

    Attributes:
        generation: When it was asked for.
        path: The picture.
        size: Side that was asked for.
        image: The thumbnail, None where there is none.
        form: What ``ready`` was made for.
        ready: The same, scaled and with round corners.
        extent: Width and height of the whole picture.
        failure: Why there is none.
    """

    generation: int
    path: str
    size: int
    image: QImage | None = None
    form: Form | None = None
    ready: QImage | None = None
    extent: tuple[int, int] | None = None
    failure: ImageFailure | None = None


class Thumbnails(QObject):
    """Finds small pictures, or has them decoded, and hands out pixmaps ready to be drawn.

    A thread of its own looks into the cache on disk, asks the decode pool for what is not
    there and writes down what came; it takes what is in sight first.

    Signals:
        ready: Path of a picture that can be drawn now, or cannot be read.
        _arrived: An ``_Arrival``.
    """

    ready = Signal(str)
    _arrived = Signal(object)

    def __init__(
        self,
        pool: Callable[[], DecodePool],
        parent: QObject | None = None,
        folder: Path | None = None,
    ) -> None:
        """Ask nothing yet.

        Args:
            pool: Called in a thread of the loader, so it may take its time.
            parent: As Qt wants it.
            folder: Where thumbnails are kept; the user's cache by default.
        """
        super().__init__(parent)
        self._pool = pool
        self._cache = ThumbnailCache(folder or cache_dir() / "thumbnails")
        # reading the cache and handing requests over take time: not in the window's thread
        self._lane = ThreadPoolExecutor(1, thread_name_prefix="thumbnails")
        self._lock = threading.Lock()
        # Each thread that computes takes as much of the interpreter as the window's: so one does.
        self._turn = threading.Lock()
        self._wanted: dict[str, _Want] = {}
        self._queues: tuple[deque[str], deque[str]] = (deque(), deque())  # by rank
        self._futures: dict[str, tuple[Future[DecodeResult], int]] = {}  # with their rank
        self._unwritten: list[CachedThumbnail] = []
        self._to_write = 0
        self._sources = ByteLru(SOURCE_BYTES)
        self._pixmaps = ByteLru(READY_BYTES)
        self._failures: dict[str, ImageFailure] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._generation = 0
        self._closed = False
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)

    # -- for painting ------------------------------------------------------------------

    def pixmap(
        self,
        path: str,
        box: QSize,
        ratio: float,
        owner: str,
        radius: int = 8,
        fill: bool = False,
        ask: bool = True,
    ) -> QPixmap | None:
        """The picture with round corners, or None while it is on its way.

        Args:
            path: The picture.
            box: Space there is, in device-independent pixels.
            ratio: Device pixels per pixel.
            owner: Who asks; see ``keep_only``.
            radius: Of the corners.
            fill: Cut to fill the box instead of fitting into it.
            ask: Request what is not there; else ``expect`` has to.
        """
        form = Form((box.width(), box.height()), ratio, radius, fill)
        known = self._pixmaps.get((path, form))
        if isinstance(known, QPixmap):
            return known
        source = self._sources.get(path)
        if source is None:
            if ask:
                self._request(path, _Want(owner, form, SEEN))
            return None
        image, asked = source
        pixmap = QPixmap.fromImage(prepared(image, form))
        if asked >= form.size:
            self._pixmaps.put((path, form), pixmap, pixmap.width() * pixmap.height() * 4)
        elif ask:
            self._request(path, _Want(owner, form, SEEN))  # a sharper one comes soon
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
            gone = [p for p, want in self._wanted.items() if want.owner == owner and p not in keep]
            for path in gone:
                del self._wanted[path]
            futures = [self._futures.pop(path)[0] for path in gone if path in self._futures]
        for future in futures:
            future.cancel()

    def expect(
        self,
        owner: str,
        seen: Sequence[str],
        ahead: Sequence[str],
        behind: Sequence[str],
        box: QSize,
        ratio: float,
    ) -> None:
        """Tell what is in sight, what may be soon, and what was; all else is dropped.

        Args:
            owner: Who asks.
            seen: Pictures in sight, in the order they are wanted.
            ahead: Pictures to have at hand.
            behind: Pictures that need not be dropped.
            box: Space for each, in device-independent pixels.
            ratio: Device pixels per pixel.
        """
        self.keep_only(owner, [*seen, *ahead, *behind])
        form = Form((box.width(), box.height()), ratio)
        for rank, paths in ((SEEN, seen), (AHEAD, ahead)):
            for path in paths:
                source = self._sources.peek(path)
                if source is None or source[1] < form.size:
                    self._request(path, _Want(owner, form, rank))

    @property
    def waiting(self) -> int:
        """Requests that have not come back."""
        return len(self._wanted)

    def forget(self) -> None:
        """Drop everything: another folder is open."""
        with self._lock:
            futures = [future for future, _rank in self._futures.values()]
            self._wanted.clear()
            self._futures.clear()
            for queue in self._queues:
                queue.clear()
        for future in futures:
            future.cancel()
        self._generation += 1
        self._sources.clear()
        self._pixmaps.clear()
        self._failures.clear()
        self._sizes.clear()

    def close(self) -> None:
        """Stop asking, and wait until what came is written down."""
        self._closed = True
        self.forget()
        self._lane.shutdown(wait=True)
        self._write()
        self._cache.close()

    def _request(self, path: str, want: _Want) -> None:
        if self._closed or path in self._failures:
            return
        overtaken = None
        with self._lock:
            known = self._wanted.get(path)
            if known is not None and known.form.size >= want.form.size:
                if known.rank <= want.rank:
                    return
                if path in self._futures:
                    overtaken, _rank = self._futures[path]
            self._wanted[path] = want
            self._queues[want.rank].append(path)
        if overtaken is not None:
            overtaken.cancel()
        self._lane.submit(self._pump)

    # -- in the loader's thread -------------------------------------------------------------

    def _pump(self) -> None:
        """Take one request, of those in sight first. As many calls as requests come here."""
        with self._lock:
            taken = self._next()
            generation = self._generation
        if taken is None:
            return
        path, want = taken
        try:
            self._look_up(generation, path, want)
        except Exception:  # the pool is closing; the window will not miss the picture
            log.debug("thumbnail not requested", exc_info=True)

    def _next(self) -> tuple[str, _Want] | None:
        for rank, queue in enumerate(self._queues):
            while queue:
                path = queue.popleft()
                want = self._wanted.get(path)
                if want is not None and want.rank == rank:
                    return path, want
        return None

    def _look_up(self, generation: int, path: str, want: _Want) -> None:
        size = want.form.size
        file = _as_it_is(path)
        key = thumbnail_key(file, size) if file is not None else None
        kept = self._cache.get(key) if key is not None else None
        if kept is not None and self._found(generation, path, want, kept):
            return
        request = DecodeRequest(path, crop=None, thumbnail=size)
        future = self._pool().submit(request, priority=PRIORITIES[want.rank])
        with self._lock:
            if path in self._wanted:
                self._futures[path] = future, want.rank
        future.add_done_callback(lambda done: self._on_decoded(generation, path, want, file, done))

    def _found(self, generation: int, path: str, want: _Want, kept: CachedThumbnail) -> bool:
        with self._turn:
            image = decoded(kept.jpeg)
            if image is not None:
                self._deliver(generation, path, want, image, (kept.width, kept.height))
        return image is not None

    def _deliver(
        self, generation: int, path: str, want: _Want, image: QImage, extent: tuple[int, int]
    ) -> None:
        ready = prepared(image, want.form)
        size = want.form.size
        self._arrived.emit(_Arrival(generation, path, size, image, want.form, ready, extent))

    def _keep(self, key: bytes, image: QImage, extent: tuple[int, int]) -> None:
        """Write a thumbnail down, together with those that came meanwhile."""
        with self._turn:
            jpeg = encoded(image)
        if jpeg:
            self._unwritten.append(CachedThumbnail(key, *extent, jpeg))
        with self._lock:
            self._to_write -= 1
            more = self._to_write > 0
        if not more or len(self._unwritten) >= KEPT_AT_ONCE:
            self._write()

    def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, []
        self._cache.put(unwritten)

    # -- in a thread of the pool ---------------------------------------------------------------

    def _on_decoded(
        self,
        generation: int,
        path: str,
        want: _Want,
        file: ImageFile | None,
        future: Future[DecodeResult],
    ) -> None:
        with self._lock:
            if path in self._futures and self._futures[path][0] is future:
                del self._futures[path]
        if self._closed or future.cancelled():
            return
        try:
            result = future.result()
        except Exception:
            log.exception("thumbnail failed")
            return
        with self._turn:
            self._take(generation, path, want, file, result)

    def _take(
        self,
        generation: int,
        path: str,
        want: _Want,
        file: ImageFile | None,
        result: DecodeResult,
    ) -> None:
        size, pixels = want.form.size, result.thumbnail
        if result.failure is not None or pixels is None:
            self._arrived.emit(_Arrival(generation, path, size, failure=result.failure))
            return
        height, width = pixels.shape[:2]
        buffer = pixels.tobytes()  # named, so that it outlives the view
        view = QImage(buffer, width, height, width * 3, QImage.Format.Format_RGB888)
        # converting copies, so the pixels belong to the image; done here, off the window
        image = view.convertToFormat(QImage.Format.Format_RGB32)
        extent = (result.width, result.height)
        self._deliver(generation, path, want, image, extent)
        # only where the bytes that were decoded are those of the file as it was asked about
        if file is not None and (file.size, file.mtime_ns) == (result.size, result.mtime_ns):
            self._hand_over(thumbnail_key(file, size), image, extent)

    def _hand_over(self, key: bytes, image: QImage, extent: tuple[int, int]) -> None:
        with self._lock:
            self._to_write += 1
        try:
            self._lane.submit(self._keep, key, image, extent)
        except RuntimeError:  # closed meanwhile
            log.debug("thumbnail not kept", exc_info=True)

    # -- in the window's thread ----------------------------------------------------------------

    @Slot(object)
    def _on_arrived(self, arrival: _Arrival) -> None:
        if arrival.generation != self._generation or self._closed:
            return
        path = arrival.path
        with self._lock:
            want = self._wanted.get(path)
            if want is not None and want.form.size <= arrival.size:
                del self._wanted[path]
        if arrival.image is not None and arrival.ready is not None:
            self._sources.put(path, (arrival.image, arrival.size), arrival.image.sizeInBytes())
            pixmap = QPixmap.fromImage(arrival.ready)
            self._pixmaps.put((path, arrival.form), pixmap, arrival.ready.sizeInBytes())
            if arrival.extent is not None:
                self._sizes[path] = arrival.extent
        elif arrival.failure is not None:
            self._failures[path] = arrival.failure
        self.ready.emit(path)


def _as_it_is(path: str) -> ImageFile | None:
    """The file as it lies on the disk now, None where it cannot be looked at."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return ImageFile(path, "", status.st_size, status.st_mtime_ns, status.st_ino)
