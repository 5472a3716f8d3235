"""Fetches, adds and deletes backbones, one at a time; off the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from fewshot_gui.backbones import fetching, installed
from fewshot_gui.backbones.fetching import Found
from fewshot_gui.errors import UserError
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.jobs import Job

_LANE = "fetch"


@dataclass(frozen=True)
class Sources:
    """What does the work; each takes the job last and may raise ``UserError``.

    Attributes:
        find: Key of an offer or ``timm:NAME`` -> ``Found``.
        fetch: ``Found`` -> key.
        add: A file of weights and the key it shall get -> key.
        remove: Deletes the backbone with a key.
    """

    find: Callable[[str, Job], Found] = fetching.find
    fetch: Callable[[Found, Job], str] = fetching.fetch
    add: Callable[[str, str, Job], str] = fetching.add
    remove: Callable[[str], None] = installed.remove


class Fetcher(QObject):
    """What the dialog lets run.

    Attributes:
        busy: Whether something goes on.

    Signals:
        found: What a hub says of a backbone that was asked for, a ``Found``.
        progressed: A ``Progress``.
        ready: Key of a backbone that can be used now.
        removed: Key of one that is deleted.
        refused: A ``UserError``.
        busy_changed: Something began or ended, however it did; comes after the others.
        crashed: An unexpected exception.
    """

    found = Signal(object)
    progressed = Signal(object)
    ready = Signal(str)
    removed = Signal(str)
    refused = Signal(object)
    busy_changed = Signal()
    crashed = Signal(object)

    def __init__(self, runner: JobRunner, sources: Sources | None = None) -> None:
        super().__init__()
        self._runner = runner
        self._sources = sources or Sources()
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        return self._job is not None

    def find(self, key: str) -> None:
        """Ask the hub what a backbone weighs and what its licence is."""
        self._start(lambda job: self._sources.find(key, job), self.found.emit)

    def fetch(self, found: Found) -> None:
        """Fetch it; what came before an interruption is not fetched again."""
        self._start(lambda job: self._sources.fetch(found, job), self.ready.emit)

    def add(self, file: str, key: str) -> None:
        """Keep a file of weights as a backbone."""
        self._start(lambda job: self._sources.add(file, key, job), self.ready.emit)

    def remove(self, key: str) -> None:
        """Delete a backbone that was fetched or added."""

        def work(_job: Job) -> str:
            self._sources.remove(key)
            return key

        self._start(work, self.removed.emit)

    def stop(self) -> None:
        """Do no more."""
        if self._job is not None:
            self._job.cancel()

    def _start(self, work: Callable[[Job], Any], tell: Callable[[Any], None]) -> None:
        if self.busy:
            return

        def done(result: Any) -> None:
            self._end()
            tell(result)

        def failed(error: BaseException) -> None:
            self._end()
            (self.refused if isinstance(error, UserError) else self.crashed).emit(error)

        self._job = self._runner.start(
            _LANE,
            work,
            done=done,
            failed=failed,
            cancelled=self._end,
            progress=self.progressed.emit,
        )
        self.busy_changed.emit()

    def _end(self) -> None:
        self._job = None
        self.busy_changed.emit()
