"""The open folder: its images, what the learner says of them and what the user said.

Everything about an image is found by its row in the embedding table, in numpy arrays, so
that nothing here loops over all images.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import FAILED, PENDING, EmbeddingTable
from fewshot_gui.images.files import FailureKind
from fewshot_gui.learners.predictions import NO_CLASS, Predictions
from fewshot_gui.project.changes import Changes
from fewshot_gui.project.values import UNKNOWN, Label, Source

Rows = NDArray[np.int64]

# values of Collection.source
NOBODY, SUPPORT, CORRECTED, CONFIRMED = 0, 1, 2, 3
_SOURCES = {
    Source.SUPPORT: SUPPORT,
    Source.CORRECTED: CORRECTED,
    Source.CONFIRMED: CONFIRMED,
    Source.PREDICTED: NOBODY,
}

_MANY = 1000  # images of which it takes a while to find the rows
_KEPT = 4  # how many such answers are kept


class Collection:
    """Targets, predictions and labels by row of the embedding table.

    Attributes:
        table: Embeddings of the targets and of examples from elsewhere.
        best, confidence, runner_up, runner_up_confidence, unknown: Predictions by row;
            ``NO_CLASS`` where there is none.
        level: Images whose unknown score is above this wear ``UNKNOWN``.
        changed: Whether an image is another one than when the user labelled it, by row.
        label: Class given by the user by row, ``NO_CLASS`` where there is none.
        source: How the label came about by row.
    """

    def __init__(self, table: EmbeddingTable) -> None:
        self.table = table
        self.level = 1.0
        self._targets: Rows = np.empty(0, np.int64)  # with room for more
        self._target_count = 0
        self._asked: deque[tuple[Sequence[str], Rows]] = deque(maxlen=_KEPT)
        self._version = 0  # of labels and predictions
        self._counted: tuple[tuple[int, float], int, dict[int, int]] = ((-1, 0.0), 0, {})
        self.label: Rows = np.empty(0, np.int64)
        self.source: NDArray[np.uint8] = np.empty(0, np.uint8)
        self.changed: NDArray[np.bool_] = np.empty(0, np.bool_)
        self._is_target: NDArray[np.bool_] = np.empty(0, np.bool_)
        self.clear_predictions()

    # -- growing -----------------------------------------------------------------

    @property
    def targets(self) -> Rows:
        """Rows of the images of the folders, in the folders' order; not to be changed."""
        return self._targets[: self._target_count]

    def ensure(self) -> None:
        """Give every row of the table a place in the arrays."""
        size = len(self.table)
        if size <= len(self.label):
            return
        size = max(size, 2 * len(self.label))  # amortised, batches come many times a second
        self.label = _enlarged(self.label, size, NO_CLASS)
        self.source = _enlarged(self.source, size, NOBODY)
        self.changed = _enlarged(self.changed, size, False)
        self._is_target = _enlarged(self._is_target, size, False)
        self.best = _enlarged(self.best, size, NO_CLASS)
        self.confidence = _enlarged(self.confidence, size, 0.0)
        self.runner_up = _enlarged(self.runner_up, size, NO_CLASS)
        self.runner_up_confidence = _enlarged(self.runner_up_confidence, size, 0.0)
        self.unknown = _enlarged(self.unknown, size, 0.0)

    def append(self, rows: Rows) -> Rows:
        """More targets while the listing goes on. Returns those that are new."""
        self.ensure()
        new = rows[~self._is_target[rows]]
        self._is_target[new] = True
        count = self._target_count + len(new)
        if count > len(self._targets):
            self._targets = _enlarged(self._targets, max(count, 2 * len(self._targets)), 0)
        self._targets[self._target_count : count] = new
        self._target_count = count
        return new

    def set_targets(self, rows: Rows) -> Rows:
        """The final targets in their final order. Returns those that were none before."""
        self.ensure()
        new = rows[~self._is_target[rows]]
        self._targets = np.array(rows, np.int64)
        self._target_count = len(rows)
        self._version += 1
        self._is_target[:] = False
        self._is_target[rows] = True
        return new

    # -- what is known -------------------------------------------------------------

    def clear_predictions(self) -> None:
        """Forget what the learner said."""
        self._version += 1
        size = len(self.label)
        self.best: Rows = np.full(size, NO_CLASS, np.int64)
        self.confidence: NDArray[np.float32] = np.zeros(size, np.float32)
        self.runner_up: Rows = np.full(size, NO_CLASS, np.int64)
        self.runner_up_confidence: NDArray[np.float32] = np.zeros(size, np.float32)
        self.unknown: NDArray[np.float32] = np.zeros(size, np.float32)

    def keep_predictions(self, classes: Sequence[int]) -> None:
        """Forget what the learner said of other classes: they are no more."""
        self._version += 1
        gone = ~np.isin(self.best, classes)
        self.best[gone] = NO_CLASS
        self.confidence[gone] = 0.0
        self.unknown[gone] = 0.0
        lost = gone | ~np.isin(self.runner_up, classes)
        self.runner_up[lost] = NO_CLASS
        self.runner_up_confidence[lost] = 0.0

    def forget_predictions(self, rows: Rows) -> None:
        """Forget what the learner said of these: they are other pictures now."""
        self.ensure()
        self._version += 1
        self.best[rows] = NO_CLASS
        self.runner_up[rows] = NO_CLASS
        self.confidence[rows] = self.runner_up_confidence[rows] = self.unknown[rows] = 0.0

    def set_predictions(self, rows: Rows, predictions: Predictions) -> None:
        """Keep what the learner said of these rows."""
        self.ensure()
        self._version += 1
        self.best[rows] = predictions.best
        self.confidence[rows] = predictions.confidence
        self.runner_up[rows] = predictions.runner_up
        self.runner_up_confidence[rows] = predictions.runner_up_confidence
        self.unknown[rows] = predictions.unknown

    def set_unknown(self, rows: Rows, scores: NDArray[np.float32]) -> None:
        """Keep how likely each of these rows belongs to no bin."""
        self._version += 1
        self.unknown[rows] = scores

    def set_labels(self, labels: Mapping[str, Label | None]) -> tuple[Rows, tuple[str, ...]]:
        """Take over the user's decisions.

        Returns:
            The rows concerned, and the paths that the table does not know.
        """
        return self.take_changes(Changes.to(labels))

    def take_changes(
        self, changes: Changes, rows: Rows | None = None
    ) -> tuple[Rows, tuple[str, ...]]:
        """Take over what the user decided.

        Args:
            changes: Of labels.
            rows: Of their images, where they are known; -1 where an image is not.

        Returns:
            The same as ``set_labels``.
        """
        self.ensure()
        self._version += 1
        found = self._rows_of(changes.paths) if rows is None else rows
        self._remember(changes.paths, found)
        known = found >= 0
        unknown = () if known.all() else tuple(compress(changes.paths, (~known).tolist()))
        rows, which = found[known], changes.which[known]
        labels = [after for _before, after in changes.kinds]
        self.label[rows] = _numbers(map(_class_of, labels))[which]
        self.source[rows] = _numbers(map(_source_of, labels))[which]
        return rows, unknown

    def _rows_of(self, paths: Sequence[str]) -> Rows:
        """Rows of images; undoing and redoing ask for the very same ones again and again."""
        for known, rows in self._asked:
            if known is paths:
                return rows
        return self.table.rows(paths)

    def _remember(self, paths: Sequence[str], rows: Rows) -> None:
        is_new = all(known is not paths for known, _rows in self._asked)
        if is_new and len(rows) >= _MANY and rows.min() >= 0:
            self._asked.append((paths, rows))

    def shown(self, rows: Rows) -> Rows:
        """Class each image wears: the user's where there is one, else the learner's."""
        return np.where(self.source[rows] != NOBODY, self.label[rows], self.predicted(rows))

    def predicted(self, rows: Rows) -> Rows:
        """Class the learner gives each image: ``UNKNOWN`` where it fits no bin."""
        best = self.best[rows]
        return np.where(self.rejected(rows), UNKNOWN, best)

    def rejected(self, rows: Rows) -> NDArray[np.bool_]:
        """Which of these the learner sends to ``UNKNOWN``."""
        return (self.best[rows] != NO_CLASS) & (self.unknown[rows] > self.level)

    def is_support(self, rows: Rows | slice) -> NDArray[np.bool_]:
        """Which of these are examples for the learner."""
        source = self.source[rows]
        return (source == SUPPORT) | (source == CORRECTED)

    def wanted(self, rows: Rows | slice) -> NDArray[np.bool_]:
        """Which of these are targets or examples; all others have left the project."""
        return self._is_target[rows] | self.is_support(rows)

    def unpredicted(self) -> Rows:
        """Targets that could have a prediction and have none."""
        ready = self.table.ready(self.targets)
        return ready[self.best[ready] == NO_CLASS]

    def readings(self, targets: Rows) -> NDArray[np.uint32]:
        """Which reading of these targets there is, by row up to the last one; 0 for none.

        Two of them are equal where the same images were ready.
        """
        ready = self.table.ready(targets)
        found = np.zeros(int(ready.max()) + 1 if len(ready) else 0, np.uint32)
        found[ready] = self.table.editions(ready) + 1
        return found

    # -- counting ------------------------------------------------------------------

    def sorted_counts(self) -> dict[int, int]:
        """How many targets wear each class.

        Asked whenever a few more images are found or read, so what was counted before is
        not counted again.
        """
        state = self._version, self.level
        known, counted, counts = self._counted
        if known != state or counted > self._target_count:
            counted, counts = 0, {}
        if counted < self._target_count:
            shown = self.shown(self.targets[counted:])
            found = np.bincount(shown - NO_CLASS)
            counts = dict(counts)
            for place in np.flatnonzero(found[1:]).tolist():
                class_id = place + 1 + NO_CLASS
                counts[class_id] = counts.get(class_id, 0) + int(found[place + 1])
        self._counted = state, self._target_count, counts
        return dict(sorted(counts.items()))

    def failed_targets(self) -> Rows:
        """Targets that cannot be read."""
        if not self.table.any_failed:
            return np.empty(0, np.int64)
        return self.targets[self.table.state_of(self.targets) == FAILED]

    def pending_targets(self) -> Rows:
        """Targets that have not been read yet."""
        return self.targets[self.table.state_of(self.targets) == PENDING]

    def failure_kinds(self, rows: Iterable[int]) -> dict[FailureKind, int]:
        """How many of these failed for which reason."""
        kinds: dict[FailureKind, int] = {}
        for row in rows:
            failure = self.table.failure(row)
            if failure is not None:
                kinds[failure.kind] = kinds.get(failure.kind, 0) + 1
        return kinds

    def paths(self, rows: Rows) -> list[str]:
        """Absolute paths of these images."""
        return self.table.paths(rows)


def _class_of(label: Label | None) -> int:
    return NO_CLASS if label is None else label.class_id


def _source_of(label: Label | None) -> int:
    return NOBODY if label is None else _SOURCES[label.source]


def _numbers(values: Iterable[int]) -> Rows:
    return np.asarray(list(values), np.int64)


def _enlarged(array: NDArray, size: int, fill: float) -> NDArray:
    grown = np.full(size, fill, array.dtype)
    grown[: len(array)] = array
    return grown
