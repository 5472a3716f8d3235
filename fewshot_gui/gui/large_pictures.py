"""Large pictures for the preview: decoded elsewhere, before everything else, read ahead."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from fewshot_gui.gui.byte_lru import ByteLru
from fewshot_gui.gui.job_runner import JobRunner, nothing
from fewshot_gui.images.files import ImageFailure
from fewshot_gui.images.pool import DecodePool, DecodeRequest, DecodeResult

log = logging.getLogger(__name__)

HELD_BYTES = 256 << 20
FULL_SIDE = 4096  # nothing larger is asked for, however large the picture is
NOW = -20  # before the thumbnails
AHEAD = -10  # before them as well: the next key shows it
LANE = "large pictures"


@dataclass(frozen=True)
class LargePicture:
    """A picture as it was decoded.

    Attributes:
        image: Its pixels.
        width, height: Size of the whole picture, which ``image`` may be a smaller copy of.
        asked: Longest side that was asked for.
    """

    image: QImage
    width: int
    height: int
    asked: int

    def serves(self, side: int) -> bool:
        """Whether decoding it again for this side would show no more."""
        whole = max(self.image.width(), self.image.height()) >= max(self.width, self.height)
        return whole or self.asked >= min(side, FULL_SIDE)


@dataclass(frozen=True)
class Wish:
    """A picture that is wanted.

    Attributes:
        path: The file.
        side: Longest side in pixels.
        priority: Of the pool; lower numbers go first.
    """

    path: str
    side: int
    priority: int = NOW


class _Ask:
    """A wish on its way. ``dropped`` is set in the window's thread, ``future`` in the lane."""

    def __init__(self, wish: Wish, generation: int) -> None:
        self.wish = wish
        self.generation = generation
        self.dropped = False
        self.future: Future[DecodeResult] | None = None

    def drop(self) -> None:
        self.dropped = True
        if self.future is not None:
            self.future.cancel()

    @property
    def started(self) -> bool:
        return self.future is not None and (self.future.running() or self.future.done())


class LargePictures(QObject):
    """Asks the decode pool for large pictures and keeps those that were looked at last.

    Signals:
        ready: Path of a picture that is here now, or cannot be read.
    """

    ready = Signal(str)

    def __init__(
        self, pool: Callable[[], DecodePool], runner: JobRunner, parent: QObject | None = None
    ) -> None:
        """``pool`` is called in a lane of the runner, so it may take its time."""
        super().__init__(parent)
        self._pool = pool
        self._runner = runner
        self._pictures = ByteLru(HELD_BYTES)
        self._failures: dict[str, ImageFailure] = {}
        self._asks: dict[str, _Ask] = {}
        self._generation = 0

    def picture(self, path: str) -> LargePicture | None:
        """The best there is of this picture so far."""
        held = self._pictures.get(path)
        return held if isinstance(held, LargePicture) else None

    def failure(self, path: str) -> ImageFailure | None:
        """Why there is no picture."""
        return self._failures.get(path)

    @property
    def waiting(self) -> int:
        """Requests that have not come back and are still wanted."""
        return len(self._asks)

    def want(self, wishes: Iterable[Wish]) -> None:
        """Have these pictures and no others; what was wanted before is dropped."""
        wanted = {wish.path: wish for wish in wishes}
        for path, ask in tuple(self._asks.items()):
            wish = wanted.get(path)
            if wish is None or self._is_better(wish, ask):
                ask.drop()
                del self._asks[path]
        for path, wish in wanted.items():
            held = self.picture(path)
            served = held is not None and held.serves(wish.side)
            if not served and path not in self._failures and path not in self._asks:
                self._ask(wish)

    def forget(self) -> None:
        """Drop everything: another folder is open."""
        self._generation += 1
        for ask in self._asks.values():
            ask.drop()
        self._asks.clear()
        self._pictures.clear()
        self._failures.clear()

    @staticmethod
    def _is_better(wish: Wish, ask: _Ask) -> bool:
        """Whether a wish must be asked for although its picture is on its way."""
        sharper = min(wish.side, FULL_SIDE) > ask.wish.side
        return sharper or (wish.priority < ask.wish.priority and not ask.started)

    def _ask(self, wish: Wish) -> None:
        wish = Wish(wish.path, max(1, min(wish.side, FULL_SIDE)), wish.priority)
        ask = self._asks[wish.path] = _Ask(wish, self._generation)
        self._runner.start(LANE, lambda _job: self._submit(ask), failed=nothing)

    def _submit(self, ask: _Ask) -> None:
        """In the lane: hand a wish to the pool if it is still one."""
        if ask.dropped:
            return
        wish = ask.wish
        request = DecodeRequest(wish.path, crop=None, thumbnail=wish.side)
        try:
            future = self._pool().submit(request, priority=wish.priority)
        except Exception:  # the pool is closing; the window will not miss the picture
            log.debug("large picture not requested", exc_info=True)
            return
        ask.future = future
        if ask.dropped:
            future.cancel()
        future.add_done_callback(lambda done: self._on_decoded(ask, done))

    def _on_decoded(self, ask: _Ask, future: Future[DecodeResult]) -> None:
        """In a thread of the pool."""
        picture, failure = None, None
        if not future.cancelled():
            try:
                result = future.result()
            except Exception:
                log.exception("large picture failed")
            else:
                picture, failure = _picture(result, ask.wish.side), result.failure
        self._runner.call(lambda: self._on_arrived(ask, picture, failure))

    def _on_arrived(
        self, ask: _Ask, picture: LargePicture | None, failure: ImageFailure | None
    ) -> None:
        if ask.generation != self._generation:
            return
        path = ask.wish.path
        if self._asks.get(path) is ask:
            del self._asks[path]
        if picture is not None:
            held = self.picture(path)
            if held is None or held.asked < picture.asked:
                self._pictures.put(path, picture, picture.image.sizeInBytes())
        elif failure is not None:
            self._failures[path] = failure
        else:
            return  # nobody waits for it any more
        self.ready.emit(path)


def _picture(result: DecodeResult, side: int) -> LargePicture | None:
    pixels = result.thumbnail
    if result.failure is not None or pixels is None:
        return None
    height, width = pixels.shape[:2]
    buffer = pixels.tobytes()  # named, so that it outlives the view
    view = QImage(buffer, width, height, width * 3, QImage.Format.Format_RGB888)
    # converting copies, so the pixels belong to the image; done here, off the window
    image = view.convertToFormat(QImage.Format.Format_RGB32)
    return LargePicture(image, max(result.width, width), max(result.height, height), side)
