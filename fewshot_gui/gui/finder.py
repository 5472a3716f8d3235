"""Finds out what takes long for ordering and searching, off the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.gui.arrangement import Keys, Order
from fewshot_gui.gui.collection import Collection
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.images.natural import natural_key
from fewshot_gui.jobs import Job

CHECK_EVERY = 5000


class Finder(QObject):
    """Keeps the keys of the open project.

    Attributes:
        keys: What is known now.

    Signals:
        found: ``keys`` knows more, or something else.
        failed: An unexpected exception.
    """

    found = Signal()
    failed = Signal(object)

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self._runner = runner
        self._collection: Collection | None = None
        self._text = ""
        self._jobs: dict[str, Job] = {}
        self.keys = Keys()

    def open(self, collection: Collection | None) -> None:
        """Take another collection."""
        self._collection = collection
        self._text = ""
        self.forget()

    def forget(self) -> None:
        """The images are others now; what is wanted is found out again."""
        for job in self._jobs.values():
            job.cancel()
        self._jobs.clear()
        self.keys = Keys()
        if self._text:
            text, self._text = self._text, ""
            self.search(text)

    def want(self, order: Order) -> None:
        """This order is going to be shown."""
        if order is Order.NAME and self.keys.name is None:
            self._find("name", _name_ranks)
        elif order is Order.DATE and self.keys.time is None:
            self._find("time", _times)

    def search(self, text: str) -> None:
        """Look for images whose path has all of these words; upper and lower case are equal."""
        words = tuple(text.casefold().split())
        if text == self._text:
            return
        self._text = text
        if words:
            self._find("hits", lambda table, job: _hits(table, words, job))
            return
        if "hits" in self._jobs:
            self._jobs.pop("hits").cancel()
        self.keys = replace(self.keys, hits=None)
        self.found.emit()

    @property
    def text(self) -> str:
        """What is searched for."""
        return self._text

    def _find(self, name: str, work: Callable[[EmbeddingTable, Job], NDArray]) -> None:
        collection = self._collection
        if collection is None:
            return
        if name in self._jobs:
            self._jobs[name].cancel()
        table = collection.table

        def done(values: NDArray) -> None:
            if self._jobs.get(name) is job:
                del self._jobs[name]
                self.keys = replace(self.keys, **{name: values})
                self.found.emit()

        self._jobs[name] = job = self._runner.start(
            "find", lambda job: work(table, job), done=done, failed=self.failed.emit
        )


def _relatives(table: EmbeddingTable, job: Job) -> list[str]:
    paths = []
    for row in range(len(table)):
        if row % CHECK_EVERY == 0:
            job.checkpoint()
        paths.append(table.file(row).relative)
    return paths


def _name_ranks(table: EmbeddingTable, job: Job) -> NDArray[np.int64]:
    names = [natural_key(path.rpartition("/")[2]) for path in _relatives(table, job)]
    job.checkpoint()
    order = sorted(range(len(names)), key=names.__getitem__)
    ranks = np.empty(len(names), np.int64)
    ranks[order] = np.arange(len(names))
    return ranks


def _times(table: EmbeddingTable, job: Job) -> NDArray[np.int64]:
    job.checkpoint()
    return np.fromiter((table.file(r).mtime_ns for r in range(len(table))), np.int64, len(table))


def _hits(table: EmbeddingTable, words: tuple[str, ...], job: Job) -> NDArray[np.bool_]:
    paths = _relatives(table, job)
    found = (all(word in path for word in words) for path in map(str.casefold, paths))
    return np.fromiter(found, np.bool_, len(paths))
