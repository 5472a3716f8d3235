"""Runs jobs in threads and brings their end back to the window's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job, Progress

log = logging.getLogger(__name__)


def nothing(*_args: object) -> None:
    """The callback of those who do not care."""


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
        self._lanes: dict[str, ThreadPoolExecutor] = {}
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
            (lambda p: self._call.emit(lambda: progress(p))) if progress else None,
            (lambda text: self._call.emit(lambda: notice(text))) if notice else None,
        )
        if self._closed:
            job.cancel()
            return job
        self._jobs.add(job)
        self._lane(lane).submit(self._body, job, work, done, failed, cancelled)
        return job

    def call(self, closure: Callable[[], None]) -> None:
        """Run a closure in the window's thread. Safe from any thread."""
        self._call.emit(closure)

    @property
    def busy(self) -> bool:
        """Whether any job has not ended yet."""
        return bool(self._jobs)

    def shutdown(self) -> None:
        """Cancel everything and wait for it. No callback runs afterwards."""
        self._closed = True
        for job in tuple(self._jobs):
            job.cancel()
        for executor in self._lanes.values():
            executor.shutdown(wait=True, cancel_futures=True)
        self._lanes.clear()
        self._jobs.clear()

    def _lane(self, name: str) -> ThreadPoolExecutor:
        if name not in self._lanes:
            self._lanes[name] = ThreadPoolExecutor(1, thread_name_prefix=f"lane-{name}")
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

        self._call.emit(end)

    @Slot(object)
    def _run_call(self, closure: Callable[[], None]) -> None:
        if not self._closed:
            closure()
