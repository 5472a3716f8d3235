"""Runs jobs in threads and brings their end back to the window's thread."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job, Progress

log = logging.getLogger(__name__)

PATIENCE_S = 5.0  # a lane that is held up longer than that is left behind


def nothing(*_args: object) -> None:
    """The callback of those who do not care."""


class _Lane:
    """A thread that does one thing after the other.

    It is a daemon: where work hangs in a dead disk, it must not keep the program alive.
    """

    def __init__(self, name: str) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"lane-{name}", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], None]) -> None:
        self._work.put(work)

    def end(self) -> None:
        """Ask the thread to end after what it was given."""
        self._work.put(None)

    def join(self, seconds: float) -> bool:
        """Wait for the end; False where it has not come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # or what it holds would live until the next one comes


class JobRunner(QObject):
    """Named lanes, one thread each: work on a lane is done in the order it was asked for.

    Every job ends in exactly one of ``done``, ``failed`` and ``cancelled``, and all
    callbacks run in the thread that owns the runner.

    Signals:
        _call: A closure on its way to the window's thread.
    """

    _call = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes: dict[str, _Lane] = {}
        self._jobs: set[Job] = set()
        self._closed = False
        self._call.connect(self._run_call, Qt.ConnectionType.QueuedConnection)

    def start(
        self,
        lane: str,
        work: Callable[[Job], Any],
        *,
        done: Callable[[Any], None] = nothing,
        failed: Callable[[BaseException], None],
        cancelled: Callable[[], None] = nothing,
        progress: Callable[[Progress], None] | None = None,
        notice: Callable[[str], None] | None = None,
    ) -> Job:
        """Run ``work(job)`` on a lane and return its job at once."""
        job = Job(
            (lambda p: self.call(lambda: progress(p))) if progress else None,
            (lambda text: self.call(lambda: notice(text))) if notice else None,
        )
        if self._closed:
            job.cancel()
            return job
        self._jobs.add(job)
        self._lane(lane).submit(lambda: self._body(job, work, done, failed, cancelled))
        return job

    def call(self, closure: Callable[[], None]) -> None:
        """Run a closure in the window's thread. Safe from any thread."""
        if not self._closed:  # a lane that was left behind may outlive the runner
            self._call.emit(closure)

    @property
    def busy(self) -> bool:
        """Whether any job has not ended yet."""
        return bool(self._jobs)

    def cancel_all(self) -> None:
        """Cancel everything and start nothing more; does not wait. No callback runs any more."""
        self._closed = True
        for job in tuple(self._jobs):
            job.cancel()

    def shutdown(self, seconds: float = PATIENCE_S) -> None:
        """Cancel everything and wait for it, but not for ever."""
        self.cancel_all()
        for lane in self._lanes.values():
            lane.end()
        until = time.monotonic() + seconds
        for name, lane in self._lanes.items():
            if not lane.join(max(0.0, until - time.monotonic())):
                log.warning("lane %s is held up and left behind", name)
        self._lanes.clear()
        self._jobs.clear()

    def _lane(self, name: str) -> _Lane:
        if name not in self._lanes:
            self._lanes[name] = _Lane(name)
        return self._lanes[name]

    def _body(
        self,
        job: Job,
        work: Callable[[Job], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
        cancelled: Callable[[], None],
    ) -> None:
        try:
            job.checkpoint()
            result = work(job)
            job.checkpoint()
        except Cancelled:
            self._end(job, cancelled)
        except BaseException as error:  # a thread must not swallow anything
            if not isinstance(error, UserError):
                log.exception("job failed")
            caught = error
            self._end(job, lambda: failed(caught))
        else:
            self._end(job, lambda: done(result))

    def _end(self, job: Job, callback: Callable[[], None]) -> None:
        def end() -> None:
            self._jobs.discard(job)
            callback()

        self.call(end)

    @Slot(object)
    def _run_call(self, closure: Callable[[], None]) -> None:
        if not self._closed:
            closure()
