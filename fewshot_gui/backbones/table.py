"""Embeddings of a growing list of images, addressed by row and by path."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.units import widen
from fewshot_gui.images.file_columns import FileColumns, PathIndex
from fewshot_gui.images.files import ImageFailure, ImageFile

PENDING, READY, FAILED = 0, 1, 2
DIGEST_BYTES = 16
BLOCK = 4096  # rows that ``unit_blocks`` hands out at once, at most
CHUNK = 16_384  # rows that are kept together; memory is taken as they are filled
WIDE_CHUNKS = 8  # as many chunks are float32, quicker to compute with; the rest is float16
AHEAD = 2  # blocks that are prepared while another one is used
_FIRST_CAPACITY = 256
_ADDED_AT_ONCE = 2000  # readers wait no longer for the lock than this takes
_RUNS = 8  # a block in more pieces than this is copied together

Rows = NDArray[np.int64]
Editions = NDArray[np.uint32]
Place = slice | Rows


@dataclass(frozen=True)
class TableCounts:
    """How many images are waiting, embedded and unreadable."""

    pending: int
    ready: int
    failed: int


class EmbeddingTable:
    """One row for each image: its embedding, or why there is none.

    Embeddings have length 1 and are rounded to float16, wherever they are kept. A worker
    thread fills the table while others read. A row's embedding is complete before its
    state says ``READY``, and changes only through ``renew``.

    Args:
        width: Components of an embedding.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._lock = threading.Lock()
        self._files = FileColumns()
        self._rows = PathIndex()
        self._chunks: list[NDArray[np.float32] | NDArray[np.float16]] = []
        self._digests = np.zeros((_FIRST_CAPACITY, DIGEST_BYTES), np.uint8)
        self._state = np.zeros(_FIRST_CAPACITY, np.uint8)
        self._editions = np.zeros(_FIRST_CAPACITY, np.uint32)  # how often a row was renewed
        self._failures: dict[int, ImageFailure] = {}
        self._reasons: dict[ImageFailure, ImageFailure] = {}  # one object for equal ones

    def __len__(self) -> int:
        return len(self._files)

    # -- files -------------------------------------------------------------------------

    def add(self, files: Iterable[ImageFile], as_targets: bool = False) -> list[int]:
        """Rows of these images, made where a path is new.

        Args:
            files: Images.
            as_targets: They are those of the target folder, so that their relative paths
                are the ones to tell, whoever brought the same image before.
        """
        rows: list[int] = []
        files = iter(files)
        while part := list(islice(files, _ADDED_AT_ONCE)):
            with self._lock:
                # before the files: a row that can be found has a state
                self._grow(len(self._files) + len(part))
                rows.extend(self._row_of(file, as_targets) for file in part)
        return rows

    def renew(self, files: Iterable[ImageFile]) -> list[int]:
        """Take notice of files that were written again.

        A file that is in the table with another size, time or inode is taken over, and
        its row is pending again.

        Returns:
            The rows concerned.
        """
        changed: list[int] = []
        files = iter(files)
        while part := list(islice(files, _ADDED_AT_ONCE)):
            with self._lock:
                for file in part:
                    row = self._rows.get(file.path)
                    if row is not None and not self._files.is_same(row, file):
                        self._files.replace(row, file)
                        self._failures.pop(row, None)
                        self._state[row] = PENDING
                        self._editions[row] += 1
                        changed.append(row)
        return changed

    def editions(self, rows: Sequence[int] | Rows) -> Editions:
        """Which edition of its file each row stands for, uint32; another after ``renew``.

        Whoever reads a file asks before, and says so with what was found: what belongs to
        an edition before is not kept.
        """
        return self._editions[np.asarray(rows, np.int64)]

    def note_read(self, row: int, edition: int, size: int, mtime_ns: int, inode: int) -> None:
        """What was read of a row is another file than the one listed."""
        with self._lock:
            if self._editions[row] != edition:
                return
            file = self._files[row]
            self._files.replace(
                row, replace(file, size=size, mtime_ns=mtime_ns, inode=inode or file.inode)
            )

    def row(self, path: str) -> int | None:
        """Row of an image, None where it is not known."""
        return self._rows.get(path)

    def rows(self, paths: Iterable[str]) -> Rows:
        """Rows of many images, int64 ``(n,)``; -1 where an image is not known."""
        return np.asarray(self._rows.numbers(paths), np.int64)

    def file(self, row: int) -> ImageFile:
        """The image as it was listed."""
        return self._files[row]

    def path(self, row: int) -> str:
        """Absolute path of an image; quicker than all of ``file``."""
        return self._files.path(row)

    def paths(self, rows: Sequence[int] | Rows) -> list[str]:
        """Absolute paths of many images."""
        return self._files.paths(np.asarray(rows, np.int64).tolist())

    # -- states ------------------------------------------------------------------------

    def failure(self, row: int) -> ImageFailure | None:
        """Why this image has no embedding, or None where it has one or is waiting."""
        return self._failures.get(row)

    @property
    def any_failed(self) -> bool:
        """Whether any image cannot be read."""
        return bool(self._failures)

    @property
    def state(self) -> NDArray[np.uint8]:
        """``PENDING``, ``READY`` or ``FAILED`` of every row, as it is now; a copy."""
        return self._state[: len(self._files)].copy()

    def state_of(self, rows: Sequence[int] | Rows) -> NDArray[np.uint8]:
        """``PENDING``, ``READY`` or ``FAILED`` of these rows, as it is now."""
        return self._state[np.asarray(rows, np.int64)]

    def counts(self, rows: Sequence[int] | Rows | None = None) -> TableCounts:
        """How far the table (or some of its rows) is filled."""
        state = self._state[: len(self._files)] if rows is None else self.state_of(rows)
        failed = int(np.count_nonzero(state == FAILED))
        ready = int(np.count_nonzero(state == READY))
        return TableCounts(len(state) - ready - failed, ready, failed)

    def ready(self, rows: Sequence[int] | Rows) -> Rows:
        """Those of ``rows`` that have an embedding, in the given order."""
        rows = np.asarray(rows, np.int64)
        return rows[self.state_of(rows) == READY]

    # -- embeddings ----------------------------------------------------------------------

    def units(self, rows: Sequence[int] | Rows) -> NDArray[np.float32]:
        """Embeddings of ready rows, float32 ``(n, width)`` of length 1.

        Not to be changed: rows that lie side by side come as a view.
        """
        rows = np.asarray(rows, np.int64)
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and _ascends_by_one(rows):
            first, last = int(rows[0]), int(rows[-1])
            if first // CHUNK == last // CHUNK < WIDE_CHUNKS:
                return self._view(first, last + 1)
        return self._copied(rows)

    def unit_blocks(
        self, rows: Sequence[int] | Rows
    ) -> Iterator[tuple[Place, NDArray[np.float32]]]:
        """Embeddings of many ready rows, block by block in the order they lie in memory.

        Yields:
            ``(place, block)``: ``block`` is float32 ``(m, width)``, not to be changed, and
            belongs to ``rows[place]``; so ``out[place] = block @ matrix`` fills an output
            in the order of ``rows``. Nothing is copied where rows lie side by side as
            float32; other blocks are made ahead in threads of their own.
        """
        rows = np.asarray(rows, np.int64)
        order = None if (np.diff(rows) > 0).all() else np.argsort(rows, kind="stable")
        ordered = rows if order is None else rows[order]
        parts = self._parts(ordered)
        with ThreadPoolExecutor(AHEAD, thread_name_prefix="units") as pool:
            waiting: deque[tuple[int, int, Future[NDArray[np.float32]]]] = deque()
            try:
                while True:
                    while len(waiting) <= AHEAD and (part := next(parts, None)) is not None:
                        waiting.append((*part, self._prepared(pool, ordered[slice(*part)])))
                    if not waiting:
                        return
                    start, end, block = waiting.popleft()
                    place = slice(start, end) if order is None else order[start:end]
                    yield place, block.result()
            finally:
                for _start, _end, block in waiting:
                    block.cancel()

    def digests(self, rows: Rows) -> NDArray[np.uint8]:
        """Content digests of ready rows, uint8 ``(n, 16)``."""
        return self._digests[rows]

    # -- filling ---------------------------------------------------------------------------

    def store_units(
        self,
        rows: Rows,
        units: NDArray[np.float16],
        digests: NDArray[np.uint8],
        editions: Editions | None = None,
    ) -> None:
        """Keep embeddings as ``to_units`` made them, float16 ``(n, width)``.

        Args:
            rows: int64 ``(n,)``.
            units: float16 ``(n, width)``.
            digests: Of the files' contents, uint8 ``(n, 16)``.
            editions: What ``editions`` said before the files were read; None for now.
                A row that was renewed since then stays pending.
        """
        rows = np.asarray(rows, np.int64)
        # Not under the lock: these rows are nobody else's until their state says so.
        for number, places in _by_chunk(rows):
            chunk = self._chunks[number]
            inside = rows[places] - number * CHUNK
            target = _span(inside)
            if chunk.dtype == np.float16:
                chunk[target] = units[places]
            elif isinstance(target, slice):
                widen(units[places], chunk[target])
            else:
                chunk[target] = _widened(units[places])
        with self._lock:
            if editions is not None:
                current = self._editions[rows] == editions
                rows, digests = rows[current], digests[current]
            self._digests[rows] = digests
            self._state[rows] = READY

    def fail(self, row: int, failure: ImageFailure, edition: int | None = None) -> None:
        """Note why an image cannot be embedded, unless its file is another edition now."""
        with self._lock:
            if edition is not None and self._editions[row] != edition:
                return
            self._failures[row] = self._reasons.setdefault(failure, failure)
            self._state[row] = FAILED

    def retry(self, rows: Iterable[int]) -> None:
        """Forget the failures of these rows, so that they are tried again."""
        with self._lock:
            for row in rows:
                if self._failures.pop(row, None) is not None:
                    self._state[row] = PENDING

    # -- inside ------------------------------------------------------------------------------

    def _row_of(self, file: ImageFile, as_targets: bool) -> int:
        row = self._rows.get(file.path)
        if row is None:
            row = len(self._files)
            self._files.append(file)
            self._rows.add(file.path, row, self._files.name(row))
        elif as_targets:
            self._files.replace(row, file)
        return row

    def _grow(self, needed: int) -> None:
        while len(self._chunks) * CHUNK < needed:
            kind = np.float32 if len(self._chunks) < WIDE_CHUNKS else np.float16
            self._chunks.append(np.zeros((CHUNK, self.width), kind))
        if needed > len(self._state):
            capacity = max(needed, 2 * len(self._state))
            self._digests = _enlarged(self._digests, capacity)
            self._editions = _enlarged(self._editions, capacity)
            self._state = _enlarged(self._state, capacity)

    def _view(self, start: int, end: int) -> NDArray[np.float32]:
        number = start // CHUNK
        view = self._chunks[number][start - number * CHUNK : end - number * CHUNK]
        view.flags.writeable = False
        return view

    def _copied(self, rows: Rows) -> NDArray[np.float32]:
        out = np.empty((len(rows), self.width), np.float32)
        for number, places in _by_chunk(rows):
            chunk = self._chunks[number]
            found = chunk[_span(rows[places] - number * CHUNK)]
            if chunk.dtype == np.float32:
                out[places] = found
            elif isinstance(places, slice):
                widen(found, out[places])
            else:
                out[places] = _widened(found)
        return out

    def _parts(self, rows: Rows) -> Iterator[tuple[int, int]]:
        """Where to cut ascending rows, as (start, end): never across the bounds of blocks.

        Cutting by row number keeps a row's neighbours in its product the same, whatever
        else was asked for.
        """
        cuts = np.flatnonzero(np.diff(rows // BLOCK)) + 1
        bounds = [0, *cuts.tolist(), len(rows)]
        for start, end in pairwise(bounds):
            if end > start:
                yield from self._runs(rows, start, end)

    def _runs(self, rows: Rows, start: int, end: int) -> Iterator[tuple[int, int]]:
        """A few long runs, each of which can be a view, or else all in one."""
        gaps = np.flatnonzero(np.diff(rows[start:end]) != 1) + start + 1
        if len(gaps) >= _RUNS or rows[start] >= WIDE_CHUNKS * CHUNK:
            gaps = gaps[:0]
        bounds = [start, *gaps.tolist(), end]
        yield from pairwise(bounds)

    def _prepared(self, pool: ThreadPoolExecutor, rows: Rows) -> Future[NDArray[np.float32]]:
        if rows[-1] - rows[0] == len(rows) - 1 and rows[0] < WIDE_CHUNKS * CHUNK:
            at_once: Future[NDArray[np.float32]] = Future()
            at_once.set_result(self.units(rows))
            return at_once
        return pool.submit(self._copied, rows)


def _ascends_by_one(rows: Rows) -> bool:
    return bool((np.diff(rows) == 1).all())


def _span(rows: Rows) -> Place:
    """The same places as a slice where they lie side by side."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and _ascends_by_one(rows):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _by_chunk(rows: Rows) -> Iterator[tuple[int, Place]]:
    """(chunk, places in ``rows``) for all chunks that these rows lie in."""
    if not len(rows):
        return
    chunks = rows // CHUNK
    first = int(chunks[0])
    if (chunks == first).all():
        yield first, slice(0, len(rows))
        return
    for number in np.unique(chunks).tolist():
        yield number, _span(np.flatnonzero(chunks == number))


def _widened(halves: NDArray[np.float16]) -> NDArray[np.float32]:
    out = np.empty(halves.shape, np.float32)
    widen(np.ascontiguousarray(halves), out)
    return out


def _enlarged(array: NDArray, capacity: int) -> NDArray:
    grown = np.zeros((capacity, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown
