"""Files in, embeddings out: cache first, then decoding and the network side by side.

Decoding happens in the pool's processes while this thread waits for the network, so both
are busy; a bounded window of files in flight keeps memory flat.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.cache import EmbeddingCache
from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.runtime import Runtime
from fewshot_gui.backbones.table import DIGEST_BYTES, PENDING, EmbeddingTable
from fewshot_gui.backbones.units import to_units
from fewshot_gui.images.files import FailureKind, ImageFailure, ImageFile
from fewshot_gui.images.pool import DecodePool, DecodeResult
from fewshot_gui.images.protocol import INODE_MASK
from fewshot_gui.images.request import DecodeRequest
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _

BATCH = 32
CARD_BATCH = 256  # on a graphics card, which is idle while small batches go to and fro
FIRST_BATCH = 8  # small, so that something shows soon
DECODE_PRIORITY = 10
_LOOKED_UP_FIRST = 256
_CHECKED_EVERY = 1024
_POLL_SECONDS = 0.1

RowsDone = Callable[[NDArray[np.int64]], None]


@dataclass(frozen=True)
class _Read:
    """What a worker made of a row's file.

    Attributes:
        row: Of the table.
        edition: Which edition of the file was asked for; see ``EmbeddingTable.editions``.
        result: The pixels, or why there are none.
    """

    row: int
    edition: int
    result: DecodeResult


@dataclass
class EmbeddingPipeline:
    """Embeds the rows of a table.

    Attributes:
        card: The backbone.
        pool: Decodes the files.
        runtime: Runs the network.
        cache: Remembers embeddings between sittings; switched off (with a notice) when
            it cannot be written.
    """

    card: BackboneCard
    pool: DecodePool
    runtime: Runtime
    cache: EmbeddingCache
    _cache_works: bool = field(default=True, init=False)

    def run(
        self,
        table: EmbeddingTable,
        rows: NDArray[np.int64],
        job: Job,
        on_rows: RowsDone | None = None,
    ) -> None:
        """Embed those of ``rows`` that are pending, in the given order.

        Args:
            table: Filled in place.
            rows: int64 ``(n,)``.
            job: Gets progress and notices.
            on_rows: Told which rows became ready or failed, in this thread.

        Raises:
            Cancelled: What was finished by then stays in the table and in the cache.
        """
        rows = np.asarray(rows, np.int64)
        tell = on_rows or (lambda _rows: None)
        pending = rows[table.state_of(rows) == PENDING]
        missing = self._from_cache(table, pending, job, tell)
        if len(missing):
            self._compute(table, missing, len(rows), job, tell)
        job.report(len(rows), len(rows), _("Reading pictures"))

    def _from_cache(
        self, table: EmbeddingTable, rows: NDArray[np.int64], job: Job, tell: RowsDone
    ) -> NDArray[np.int64]:
        """Fill what the cache knows; returns the rows it does not know."""
        # a few at first: they may be the examples that everything waits for
        for part in (rows[:_LOOKED_UP_FIRST], rows[_LOOKED_UP_FIRST:]):
            editions = table.editions(part)  # before the files: what is found is theirs
            files = _checked((table.file(row) for row in part.tolist()), job)
            for hits in self.cache.found(files):
                job.checkpoint()
                found = part[hits.embedded]
                table.store_units(found, hits.vectors, hits.digests, editions[hits.embedded])
                failed = part[list(hits.failures)]
                for place, failure in hits.failures.items():
                    table.fail(int(part[place]), failure, int(editions[place]))
                if len(found) or len(failed):
                    tell(np.concatenate([found, failed]))
        return rows[table.state_of(rows) == PENDING]

    def _compute(
        self,
        table: EmbeddingTable,
        rows: NDArray[np.int64],
        total: int,
        job: Job,
        tell: RowsDone,
    ) -> None:
        # Loaded here, not before: with a full cache no network is needed at all.
        job.report(total - len(rows), total, _("Loading the recognition engine"))
        self.runtime.start(job)
        done = total - len(rows)
        for batch in self._decoded_batches(table, rows, job):
            self._finish(table, batch, job)
            done += len(batch)
            tell(np.asarray([read.row for read in batch], np.int64))
            job.report(done, total, _("Reading pictures"))

    def _decoded_batches(
        self, table: EmbeddingTable, rows: NDArray[np.int64], job: Job
    ) -> Iterator[list[_Read]]:
        """Decoded files in batches. Twice as many are in flight: while the network works on
        one batch, the next one is decoded.
        """
        waiting: deque[tuple[int, int, Future[DecodeResult]]] = deque()
        upcoming = iter(rows.tolist())
        usual = BATCH if self.runtime.device == "cpu" else CARD_BATCH
        size = FIRST_BATCH
        batch: list[_Read] = []
        try:
            while True:
                while len(waiting) < 2 * usual and (row := next(upcoming, None)) is not None:
                    edition = int(table.editions([row])[0])
                    crop = self.card.preprocessing.crop
                    request = DecodeRequest(table.path(row), crop=crop)
                    future = self.pool.submit(request, DECODE_PRIORITY)
                    waiting.append((row, edition, future))
                if not waiting:
                    break
                row, edition, future = waiting.popleft()
                result = _wait(future, job)
                # no work for a picture that was found to be another one meanwhile
                if table.editions([row])[0] == edition:
                    batch.append(_Read(row, edition, result))
                if len(batch) >= size:
                    yield batch
                    batch, size = [], usual
            if batch:
                yield batch
        finally:
            for _row, _edition, future in waiting:
                future.cancel()

    def _finish(self, table: EmbeddingTable, batch: Sequence[_Read], job: Job) -> None:
        """Embed what could be decoded, note the rest, and remember both."""
        decoded = [read for read in batch if read.result.failure is None]
        rows = np.asarray([read.row for read in decoded], np.int64)
        editions = np.asarray([read.edition for read in decoded], np.uint32)
        vectors, usable = self._embedded([read.result.crop for read in decoded], job)
        failures = {read.row: why for read in batch if (why := read.result.failure) is not None}
        unusable = dict.fromkeys(rows[~usable].tolist(), _NO_EMBEDDING)
        known = {read.row: read.edition for read in batch}
        for row, failure in (failures | unusable).items():
            table.fail(row, failure, known[row])
        digests = _digests([read.result for read in decoded])
        table.store_units(rows[usable], vectors[usable], digests[usable], editions[usable])
        unchanged = {r.row for r in batch if _unchanged(table.file(r.row), r.result)}
        for read in batch:
            if read.row not in unchanged and (found := read.result).size:
                # so that the next listing sees whether the file is another one again
                table.note_read(read.row, read.edition, found.size, found.mtime_ns, found.inode)
        kept = usable & np.asarray([row in unchanged for row in rows.tolist()], bool)
        lasting = {row: why for row, why in failures.items() if row in unchanged}
        self._remember(table, rows[kept], vectors[kept], digests[kept], lasting, job)

    def _embedded(
        self, crops: list[NDArray[np.uint8]], job: Job
    ) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        """Embeddings as ``to_units`` makes them, and which are finite, bool ``(n,)``."""
        if not crops:
            return np.zeros((0, self.card.width), np.float16), np.zeros(0, bool)
        units = to_units(self.runtime.embed(np.stack(crops), job))
        return units, np.isfinite(units).all(axis=1)

    def _remember(
        self,
        table: EmbeddingTable,
        rows: NDArray[np.int64],
        vectors: NDArray[np.float16],
        digests: NDArray[np.uint8],
        failures: Mapping[int, ImageFailure],
        job: Job,
    ) -> None:
        if not self._cache_works:
            return
        files = [table.file(row) for row in rows.tolist()]
        broken = [(table.file(row), failure) for row, failure in failures.items()]
        try:
            self.cache.append(files, vectors, digests, broken)
        except OSError as error:
            self._cache_works = False
            text = _("Results cannot be kept for the next time ({reason}). Sorting goes on.")
            job.notice(text.format(reason=error.strerror or error))


_NO_EMBEDDING = ImageFailure(FailureKind.DAMAGED, "no usable embedding")


def _checked(files: Iterable[ImageFile], job: Job) -> Iterator[ImageFile]:
    """The same files; asks now and then whether to stop."""
    for count, file in enumerate(files):
        if count % _CHECKED_EVERY == 0:
            job.checkpoint()
        yield file


def _wait(future: Future[DecodeResult], job: Job) -> DecodeResult:
    while True:
        job.checkpoint()
        try:
            return future.result(timeout=_POLL_SECONDS)
        except FutureTimeout:
            continue


def _digests(results: Sequence[DecodeResult]) -> NDArray[np.uint8]:
    """Content digests, uint8 ``(n, 16)``."""
    joined = b"".join(result.digest for result in results)
    return np.frombuffer(joined, np.uint8).reshape(len(results), DIGEST_BYTES)


def _unchanged(file: ImageFile, result: DecodeResult) -> bool:
    """Whether the bytes that were read are those of the file that the scan saw."""
    if file.inode and result.inode and file.inode & INODE_MASK != result.inode:
        return False  # another file in its place; a listing does not know all numbers
    return (file.size, file.mtime_ns) == (result.size, result.mtime_ns)
