"""Knows labelled images again when their files were renamed or changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from fewshot_gui.gui.collection import NOBODY, Collection, Rows
from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.project.identity import KnownImage, by_content, swapped
from fewshot_gui.project.model import Project

AT_ONCE = 1000  # images to remember in one turn of the event loop


class Tracker(QObject):
    """Compares what was read with what the project remembers of its labelled images.

    Attributes:
        known: What labelled images were like, by path.

    Signals:
        moved: Old path -> new path of images whose content turned up elsewhere.
        learned: What is new about labelled images, path -> ``KnownImage``.
        changed: int64 rows whose labels were given to another picture.
    """

    moved = Signal(object)
    learned = Signal(object)
    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, KnownImage] = {}
        self._project = Project()
        self._collection: Collection | None = None
        self._lost: dict[bytes, str] = {}
        self._changed: dict[str, bytes] = {}  # labelled images that are others, and what now
        self._former: dict[str, KnownImage] = {}  # of them, those the user labelled anew
        self._to_learn: deque[Rows] = deque()
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self._learn_some)

    def open(
        self, collection: Collection | None, project: Project, known: Mapping[str, KnownImage]
    ) -> None:
        """Take another project."""
        self._collection = collection
        self._project = project
        self.known = dict(known)
        self._lost = {}
        self._changed = {}
        self._former = {}
        self._to_learn.clear()

    def labelled(self) -> dict[str, KnownImage | None]:
        """All images with labels, and what they were like."""
        return {path: self.known.get(path) for path in self._project.labels}

    def note_lost(self) -> None:
        """After a listing: remember the content of labelled images that are missing."""
        collection = self._collection
        self._lost = {}
        if collection is None:
            return
        missing = {}
        # only targets of folders that were listed: what is away or elsewhere is not missing
        for row in collection.failed_targets().tolist():
            if not is_missing(collection.table.failure(row)):
                continue
            path = collection.table.path(row)
            self._changed.pop(path, None)
            collection.changed[row] = False
            if path in self.known and self._project.label(path) is not None:
                missing[path] = self.known[path]
        self._lost = by_content(missing)

    def renamed(self, paths: Mapping[str, str]) -> None:
        """These images lie elsewhere now."""
        self.known = {paths.get(path, path): known for path, known in self.known.items()}
        for path in (*paths, *paths.values()):
            self._changed.pop(path, None)
            self._former.pop(path, None)

    def on_read(self, rows: Rows) -> None:
        """Compare images that were just read."""
        collection = self._collection
        if collection is None:
            return
        ready = collection.table.ready(rows)
        if self._lost and len(ready):
            self._find_lost(collection, ready)
        self._check(collection, ready[collection.source[ready] != NOBODY])

    def on_labelled(self, rows: Rows, seen: bool) -> None:
        """Remember what newly labelled images are like.

        Args:
            rows: Images with another label than before.
            seen: Whether the user labelled these very pictures, as they are now. What comes
                with another action, or with undoing one, says nothing of a changed picture.
        """
        collection = self._collection
        if collection is None:
            return
        if seen:
            self._stand_by(collection, rows)
        else:
            self._doubt_again(collection, rows)
        rows = rows[~collection.changed[rows]]
        ready = collection.table.ready(rows)
        labelled = ready[collection.source[ready] != NOBODY]
        for start in range(0, len(labelled), AT_ONCE):
            self._to_learn.append(labelled[start : start + AT_ONCE])
        self._turn.start()

    def _stand_by(self, collection: Collection, rows: Rows) -> None:
        """The user labelled changed pictures: they are no longer in doubt."""
        doubted = rows[collection.changed[rows]]
        for path in collection.paths(doubted):
            self._changed.pop(path, None)
            if path in self.known:
                self._former[path] = self.known[path]
        collection.changed[doubted] = False

    def _doubt_again(self, collection: Collection, rows: Rows) -> None:
        """A label came back that was given before the picture changed."""
        if not self._former:
            return
        ready = collection.table.ready(rows)
        back = {
            path: int(row)
            for path, row in zip(collection.paths(ready), ready.tolist(), strict=True)
            if path in self._former and collection.source[row] != NOBODY
        }
        facts = {path: self._former.pop(path) for path in back}
        self.known.update(facts)
        if facts:
            self.learned.emit(facts)
            self._check(collection, np.asarray(list(back.values()), np.int64))

    def _learn_some(self) -> None:
        """A part of what is to be remembered, so that the window stays fluid."""
        if self._to_learn and self._collection is not None:
            self._learn(self._collection, self._to_learn.popleft())
        else:
            self._turn.stop()

    def _find_lost(self, collection: Collection, ready: Rows) -> None:
        """Images with the content of one that is missing, and no label of their own."""
        free = ready[collection.source[ready] == NOBODY]
        digests = np.ascontiguousarray(collection.table.digests(free))
        wanted = np.frombuffer(b"".join(self._lost), np.uint64).reshape(-1, 2)
        moved = {}
        for place in np.flatnonzero(np.isin(digests.view(np.uint64)[:, 0], wanted[:, 0])).tolist():
            old = self._lost.pop(digests[place].tobytes(), None)
            if old is not None:
                moved[old] = collection.table.file(int(free[place])).path
        if moved:
            self.moved.emit(moved)

    def _check(self, collection: Collection, rows: Rows) -> None:
        """Whether labelled images are still the pictures that were labelled."""
        changed, same = [], []
        for row, digest in zip(rows.tolist(), collection.table.digests(rows), strict=True):
            path = collection.table.path(row)
            known = self.known.get(path)
            if known is not None and known.digest and known.digest != digest.tobytes():
                self._changed[path] = digest.tobytes()
                changed.append(row)
            else:
                self._changed.pop(path, None)
                same.append(row)
        collection.changed[same] = False
        self._learn(collection, np.asarray(same, np.int64))
        if changed:
            self._tell_changed(collection, np.asarray(changed, np.int64))

    def _tell_changed(self, collection: Collection, rows: Rows) -> None:
        """Labels follow pictures that changed places; all others that changed are told of."""
        moved = swapped(self._changed, self.known)
        if moved:
            self.moved.emit(moved)
            places = [collection.table.row(path) for path in moved]
            there = np.asarray([row for row in places if row is not None], np.int64)
            collection.changed[there] = False
            self._learn(collection, there)
            rows = rows[~np.isin(rows, there)]
        if len(rows):
            collection.changed[rows] = True
            self.changed.emit(rows)

    def _learn(self, collection: Collection, rows: Rows) -> None:
        news = {}
        rows = rows[~collection.changed[rows]]  # it may be in doubt by now
        digests = collection.table.digests(rows)
        for row, digest in zip(rows.tolist(), digests, strict=True):
            file = collection.table.file(row)
            fact = KnownImage(file.size, file.mtime_ns, file.inode, digest.tobytes())
            if self.known.get(file.path) != fact:
                self.known[file.path] = news[file.path] = fact
        if news:
            self.learned.emit(news)


def is_missing(failure: ImageFailure | None) -> bool:
    """Whether an image cannot be read because its file is not there."""
    return failure is not None and failure.kind is FailureKind.MISSING
