"""Turns examples into predictions, over and over, in the learner's lane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from fewshot_gui import workflow
from fewshot_gui.gui.collection import Collection, Rows
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.jobs import Job
from fewshot_gui.learners.predictions import Predictions
from fewshot_gui.project.model import Project
from fewshot_gui.workflow import Classifier


@dataclass(frozen=True)
class _Sorted:
    """What one run brings back: a classifier and what it says of some rows.

    Both are None where fewer than two classes have an example that is read.
    """

    classifier: Classifier | None
    rows: Rows
    predictions: Predictions | None
    conflicts: tuple[tuple[str, ...], ...] = ()


class Sorter(QObject):
    """Fits the learner whenever the examples change, and predicts all that is embedded.

    Only the newest question is worth an answer: older runs are cancelled, and a result
    whose revision is not the project's any more is dropped.

    Attributes:
        busy: Whether a run is under way.

    Signals:
        changed: Predictions are others now, or ``busy`` is.
        conflicts: Groups of paths with the same content in different bins.
        failed: An unexpected exception.
    """

    changed = Signal()
    conflicts = Signal(object)
    failed = Signal(object)

    def __init__(self, runner: JobRunner, notice: Callable[[str], None]) -> None:
        super().__init__()
        self._runner = runner
        self._notice = notice
        self._job: Job | None = None
        self._classifier: Classifier | None = None
        self._collection: Collection | None = None
        self.busy = False

    def open(self, collection: Collection | None) -> None:
        """Take another collection, or none."""
        self._stop()
        self._classifier = None
        self._collection = collection

    @property
    def left_out_unknown(self) -> NDArray[np.float32] | None:
        """Unknown scores of the examples, each as if it were none; None without a classifier."""
        return self._classifier.left_out_unknown if self._classifier is not None else None

    def refit(self, project: Project, learner: str) -> None:
        """Learn from the examples as they are now and predict everything anew."""
        collection = self._collection
        if collection is None:
            return
        self._stop()
        filled = project.filled_bins
        if len(filled) < 2:
            self._classifier = None
            collection.clear_predictions()
            self.conflicts.emit(())
            self.changed.emit()
            return
        collection.keep_predictions([b.id for b in filled])
        table, targets, snapshot = collection.table, collection.targets, project.snapshot()

        def work(job: Job) -> _Sorted:
            # here and not before: gathering ten thousand examples would be felt
            support = workflow.support_set(snapshot, table)
            if len(support.class_ids) < 2:
                return _Sorted(None, np.empty(0, np.int64), None, support.conflicts)
            classifier = workflow.fit(learner, support, table, job)
            rows = table.ready(targets)
            predictions = classifier.predict(table, rows, job)
            return _Sorted(classifier, rows, predictions, support.conflicts)

        def done(result: _Sorted) -> None:
            if job is not self._job or snapshot.revision != project.revision:
                return
            self.conflicts.emit(result.conflicts)
            collection.clear_predictions()  # a target that is not among the rows has none
            self._classifier = result.classifier
            self._finish(collection, result)

        job = self._start(work, done)

    def predict_new(self) -> None:
        """Predict what was embedded since the last run, with the classifier there is."""
        collection, classifier = self._collection, self._classifier
        if collection is None or classifier is None or self.busy:
            return  # a run that is under way looks for new rows when it ends
        rows = collection.unpredicted()
        if not len(rows):
            return
        table = collection.table

        def work(job: Job) -> _Sorted:
            return _Sorted(classifier, rows, classifier.predict(table, rows, job))

        def done(result: _Sorted) -> None:
            if job is self._job and classifier is self._classifier:
                self._finish(collection, result)

        job = self._start(work, done)

    def _start(self, work: Callable[[Job], _Sorted], done: Callable[[_Sorted], None]) -> Job:
        self.busy = True
        self._job = job = self._runner.start(
            "learner",
            work,
            done=done,
            failed=lambda error: self._on_failed(job, error),
            notice=self._notice,
        )
        return job

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.busy = False

    def _finish(self, collection: Collection, result: _Sorted) -> None:
        self._job = None
        self.busy = False
        if result.predictions is not None:
            collection.set_predictions(result.rows, result.predictions)
        self.changed.emit()
        self.predict_new()

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job is not self._job:
            return
        self._job = None
        self.busy = False
        self.changed.emit()
        self.failed.emit(error)
