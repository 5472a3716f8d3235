"""The pictures of class folders, decoded once, small enough to be drawn from very often."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from itertools import islice, pairwise
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.images.class_folders import ClassFolder
from fewshot_gui.images.pool import Crop, DecodePool, DecodeRequest, DecodeResult
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.classes import (
    ClassRows,
    class_rows,
    tell_copies,
    tell_unreadable,
    without_copies,
)
from fewshot_gui.metatrain.scratch import mapped
from fewshot_gui.texts import _

IN_MEMORY = 1 << 30  # bytes of pixels; more than that is mapped from a file
AHEAD = 8  # files that wait for each worker, so that none is idle
_POLL_SECONDS = 0.1
_LUMA = np.asarray([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's "L"


@dataclass(frozen=True)
class PictureShape:
    """How pictures are kept: the centre square of each.

    Attributes:
        side: Its height and width in pixels.
        gray: One channel instead of three.
        interpolation: How it is scaled, as in ``Crop``.
        resize: The shorter side is scaled to so many pixels before the square is cut out; 0
            for ``side``.
    """

    side: int
    gray: bool = False
    interpolation: str = "bilinear"
    resize: int = 0

    @property
    def channels(self) -> int:
        return 1 if self.gray else 3

    def shape(self, pictures: int) -> tuple[int, int, int, int]:
        """Of an array of so many."""
        return pictures, self.channels, self.side, self.side

    def on_disk(self, pictures: int) -> int:
        """Bytes that so many take on the disk: none where they fit into the memory."""
        size = prod(self.shape(pictures))
        return size if size > IN_MEMORY else 0


@dataclass(frozen=True)
class ImageStore:
    """Pictures in classes.

    Attributes:
        pixels: uint8 ``(n, channels, side, side)``, in memory or mapped from a file. Rows
            that are in no class hold nothing of use. For networks that start from
            embeddings: float16 ``(n, width)``.
        classes: The classes and their rows.
        unreadable: How many pictures could not be read.
        copies: How many were left out as they are there more than once.
    """

    pixels: NDArray[np.uint8] | NDArray[np.float16]
    classes: ClassRows
    unreadable: int = 0
    copies: int = 0


def load_store(
    folders: Sequence[ClassFolder],
    shape: PictureShape,
    pool: DecodePool,
    job: Job,
    file: Path | None = None,
    in_memory: int = IN_MEMORY,
) -> ImageStore:
    """Decode all pictures of class folders.

    Left out, with a notice: pictures that cannot be read, and copies, as for evaluation.

    Args:
        folders: The classes.
        shape: How pictures are kept.
        pool: Decodes.
        job: Progress, notices and cancellation.
        file: A new ``.npy`` file for what is too large for the memory; None keeps all there.
        in_memory: Bytes of pixels that are not too large.

    Raises:
        UserError: The disk is full.
        Cancelled: The job was cancelled; the file may be left behind unfinished.
        RuntimeError: No process that decodes could be started.
    """
    paths = [picture.path for folder in folders for picture in folder.files]
    bounds = np.cumsum([0, *(len(folder.files) for folder in folders)]).tolist()
    pixels = _room(shape.shape(len(paths)), file, in_memory, job)
    digests: list[bytes] = [b""] * len(paths)  # empty where the picture cannot be used
    crop = Crop(shape.resize or shape.side, shape.side, shape.interpolation)
    requests = (DecodeRequest(path, crop=crop) for path in paths)
    for row, result in enumerate(decoded(requests, pool, job)):
        if result.crop is not None:
            pixels[row] = _planes(result.crop, shape.gray)
            digests[row] = result.digest
        job.report(row + 1, len(paths), _("Reading pictures"))
    rows = [_readable(a, b, digests) for a, b in pairwise(bounds)]
    unreadable = len(paths) - sum(map(len, rows))
    tell_unreadable(unreadable, job)
    single = without_copies(rows, [[digests[row] for row in part.tolist()] for part in rows])
    copies = sum(map(len, rows)) - sum(map(len, single))
    tell_copies(copies, job)
    return ImageStore(pixels, class_rows(folders, single), unreadable, copies)


def _room(
    shape: tuple[int, int, int, int], file: Path | None, in_memory: int, job: Job
) -> NDArray[np.uint8]:
    if file is None or prod(shape) <= in_memory:
        return np.zeros(shape, np.uint8)
    return mapped(file, shape, job)


def _planes(crop: NDArray[np.uint8], gray: bool) -> NDArray[np.uint8]:
    """uint8 ``(h, w, 3)`` to ``(channels, h, w)``."""
    if gray:
        return np.rint(crop @ _LUMA).astype(np.uint8)[None]
    return np.moveaxis(crop, 2, 0)


def _readable(first: int, end: int, digests: Sequence[bytes]) -> NDArray[np.int64]:
    return np.asarray([row for row in range(first, end) if digests[row]], np.int64)


def decoded(
    requests: Iterable[DecodeRequest], pool: DecodePool, job: Job
) -> Iterator[DecodeResult]:
    """The results in the order of the requests, with a bounded number of them in memory.

    Raises:
        Cancelled: The job was cancelled.
        RuntimeError: No process that decodes could be started.
    """
    requests = iter(requests)
    waiting: deque[Future[DecodeResult]] = deque()
    try:
        waiting.extend(map(pool.submit, islice(requests, AHEAD * pool.workers)))
        while waiting:
            yield _wait(waiting[0], job)
            waiting.popleft()
            waiting.extend(map(pool.submit, islice(requests, 1)))
    finally:
        for future in waiting:
            future.cancel()


def _wait(future: Future[DecodeResult], job: Job) -> DecodeResult:
    while True:
        job.checkpoint()
        try:
            return future.result(timeout=_POLL_SECONDS)
        except FutureTimeout:
            continue
