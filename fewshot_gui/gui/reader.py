"""Keeps the backbone busy: embeds the open folder, the examples first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from fewshot_gui.backbones.catalogue import BackboneCard
from fewshot_gui.backbones.table import PENDING
from fewshot_gui.gui.collection import Collection, Rows
from fewshot_gui.gui.job_runner import JobRunner, nothing
from fewshot_gui.jobs import Job, Progress
from fewshot_gui.workflow import Workbench

TICK_MS = 300  # rows that became ready are passed on this often


class ReaderState(Enum):
    """What the reader is at."""

    IDLE = "idle"
    READING = "reading"
    PAUSED = "paused"


class Reader(QObject):
    """Embeds the pending rows of a collection in its own lane.

    Attributes:
        state: What it is at.
        rate: Images per second, 0 while unknown.

    Signals:
        changed: State or progress is another.
        rows_done: int64 rows that became ready or failed since the last time.
        finished: Everything that was asked for is read.
        stopped: An error ended the reading.
    """

    changed = Signal()
    rows_done = Signal(object)
    finished = Signal()
    stopped = Signal(object)

    def __init__(
        self, workbench: Workbench, runner: JobRunner, notice: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._workbench = workbench
        self._runner = runner
        self._notice = notice
        self._collection: Collection | None = None
        self._job: Job | None = None
        self._warming = Job()
        self._first: Rows = np.empty(0, np.int64)
        self._rows: Rows = np.empty(0, np.int64)  # of the job
        self._lock = threading.Lock()
        self._arrived: list[Rows] = []
        self._timer = QTimer(self, singleShot=True, interval=TICK_MS)
        self._timer.timeout.connect(self._flush)
        self.state = ReaderState.IDLE
        self.rate = 0.0

    # -- what the session asks for ---------------------------------------------------

    def open(self, collection: Collection) -> None:
        """Take another collection; nothing is read before ``read``."""
        self.close()
        self._collection = collection
        # In a lane of its own: what the cache knows does not wait for the engine.
        self._warming = self._runner.start(
            "warm-up", self._workbench.warm_up, failed=nothing, notice=self._notice
        )

    def close(self) -> None:
        """Stop and forget the collection."""
        self._warming.cancel()
        self._stop()
        self._timer.stop()
        with self._lock:
            self._arrived.clear()
        self._collection = None
        self._first = np.empty(0, np.int64)  # rows of one table mean nothing in the next
        self._set_state(ReaderState.IDLE)

    def read(self, first: Rows | None = None) -> None:
        """Read what is pending, these rows before all others."""
        if self._collection is None:
            return
        if first is not None:
            self._first = np.concatenate([first, self._first])
        self._start(everything=self.state is not ReaderState.PAUSED)

    def leave_out(self) -> None:
        """Read no more of what is no longer in the project."""
        if self._collection is None or self._job is None:
            return
        waiting = self._rows[self._collection.table.state_of(self._rows) == PENDING]
        if not self._collection.wanted(waiting).all():
            self._start(everything=self.state is not ReaderState.PAUSED)

    def pause(self) -> None:
        """Stop reading until ``resume``. Examples are still read when they are needed."""
        if self.state is ReaderState.READING:
            self._stop()
            self._set_state(ReaderState.PAUSED)

    def resume(self) -> None:
        """Go on reading."""
        if self.state is ReaderState.PAUSED:
            self._start(everything=True)

    @property
    def counts(self) -> tuple[int, int]:
        """(read, all) images, examples from elsewhere included."""
        if self._collection is None:
            return 0, 0
        table = self._collection.table
        counts = table.counts(np.flatnonzero(self._collection.wanted(slice(len(table)))))
        total = counts.pending + counts.ready + counts.failed
        return total - counts.pending, total

    def change_backbone(self, card: BackboneCard) -> None:
        """Read with another backbone from the next collection on; forgets this one."""
        self.close()
        end = self._workbench.use(card)
        for lane in ("warm-up", "embed"):  # after the last of each that goes on with it
            self._runner.start(lane, lambda _job: end(), failed=nothing)

    # -- the job -----------------------------------------------------------------------

    def _start(self, everything: bool) -> None:
        collection = self._collection
        assert collection is not None
        state = collection.table.state
        waiting = self._first[state[self._first] == PENDING]
        first = _unique(waiting[collection.wanted(waiting)])
        rows = first
        if everything:
            later = state == PENDING
            later[first] = False
            targets = collection.targets
            rows = np.concatenate([first, targets[later[targets]]])
        self._first = first
        self._stop()
        if not len(rows):
            if everything:
                self._set_state(ReaderState.IDLE)
            return
        if everything:
            self._set_state(ReaderState.READING)
        table = collection.table
        self._rows = rows
        self._job = job = self._runner.start(
            "embed",
            lambda job: self._workbench.embed(table, rows, job, lambda r: self._on_rows(table, r)),
            done=lambda _nothing: self._on_done(job),
            failed=lambda error: self._on_failed(job, error),
            progress=lambda progress: self._on_progress(job, progress),
            notice=self._notice,
        )

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.rate = 0.0

    def _on_rows(self, table: object, rows: Rows) -> None:
        """Called in the lane's thread."""
        with self._lock:
            first = not self._arrived
            self._arrived.append(np.asarray(rows, np.int64))
        if first:
            self._runner.call(lambda: self._arm(table))

    def _arm(self, table: object) -> None:
        if self._collection is None or self._collection.table is not table:
            with self._lock:
                self._arrived.clear()
        elif not self._timer.isActive():
            self._timer.start()

    def _flush(self) -> None:
        self._timer.stop()
        with self._lock:
            arrived, self._arrived = self._arrived, []
        if arrived and self._collection is not None:
            self.rows_done.emit(np.concatenate(arrived))
            self.changed.emit()

    def _on_progress(self, job: Job, progress: Progress) -> None:
        if job is self._job:
            self.rate = progress.rate
            self.changed.emit()

    def _on_done(self, job: Job) -> None:
        if job is not self._job:
            return
        self._job = None
        self._flush()
        if self.state is not ReaderState.PAUSED:
            self._set_state(ReaderState.IDLE)
            self.finished.emit()

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job is not self._job:
            return
        self._job = None
        self._flush()
        self._set_state(ReaderState.PAUSED)
        self.stopped.emit(error)

    def _set_state(self, state: ReaderState) -> None:
        self.state = state
        self.changed.emit()


def _unique(rows: Rows) -> Rows:
    """Each row once, at its first place."""
    _values, places = np.unique(rows, return_index=True)
    return rows[np.sort(places)]
