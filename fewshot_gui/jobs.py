"""Long work that can report, be cancelled, and say something on the way.

Nothing here knows of threads or of Qt: the window runs the same work with the same
``Job`` as the command line does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

REPORTS_PER_SECOND = 20


class Cancelled(Exception):
    """Raised inside the work after ``Job.cancel``. Not an error."""


@dataclass(frozen=True)
class Progress:
    """How far a job has come.

    Attributes:
        done: Finished items.
        total: All items, or None while unknown.
        text: What is being done, in the user's language.
        rate: Items per second since this stage's first report, 0 while unknown.
    """

    done: int
    total: int | None = None
    text: str = ""
    rate: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated time to the end in seconds, or None while unknown."""
        if self.total is None or self.rate <= 0:
            return None
        return max(0.0, (self.total - self.done) / self.rate)


class Job:
    """Progress and cancellation of one piece of work.

    Args:
        on_progress: Called from the working thread, at most 20 times a second; the last
            report (``done == total``) always gets through.
        on_notice: Called from the working thread with a sentence that the user should
            read although the work goes on (a device that could not be used, say).
    """

    def __init__(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self._on_progress = on_progress
        self._on_notice = on_notice
        self._cancel = threading.Event()
        self._started: tuple[float, int] | None = None
        self._stage: tuple[int | None, str] | None = None
        self._last_report = 0.0

    def cancel(self) -> None:
        """Ask the work to stop at its next checkpoint. Safe from any thread."""
        self._cancel.set()

    @property
    def cancelled(self) -> bool:
        return self._cancel.is_set()

    def checkpoint(self) -> None:
        """Raise ``Cancelled`` once ``cancel`` was called."""
        if self._cancel.is_set():
            raise Cancelled

    def report(self, done: int, total: int | None = None, text: str = "") -> None:
        """A checkpoint that also tells how far the work has come."""
        self.checkpoint()
        if self._on_progress is None:
            return
        now = time.monotonic()
        if self._started is None or self._stage != (total, text):
            # Another stage has another pace: loading says nothing of how fast reading will be.
            self._started, self._stage = (now, done), (total, text)
        if done != total and now - self._last_report < 1 / REPORTS_PER_SECOND:
            return
        self._last_report = now
        since, first = self._started
        rate = (done - first) / (now - since) if now - since > 0.2 else 0.0
        self._on_progress(Progress(done, total, text, rate))

    def silent(self) -> Job:
        """A job that is cancelled with this one and tells nothing of its own."""
        quiet = Job()
        quiet._cancel = self._cancel
        return quiet

    def notice(self, message: str) -> None:
        """Tell the user something that does not stop the work."""
        if self._on_notice is not None:
            self._on_notice(message)
