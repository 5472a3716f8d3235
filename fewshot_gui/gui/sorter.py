"""Turns examples into predictions, over and over, in the learner's lane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from fewshot_gui import workflow
from fewshot_gui.gui.collection import Collection, Rows
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.jobs import Job
from fewshot_gui.learners.predictions import Predictions
from fewshot_gui.learners.registry import learner_info
from fewshot_gui.project.model import Project
from fewshot_gui.workflow import Classifier


@dataclass(frozen=True)
class _Sorted:
    """What one run brings back: a classifier and what it says of some rows.

    Both are None where fewer than two classes have an example that is read. Where it is not
    ``scored``, the unknown scores are still to come.
    """

    classifier: Classifier | None
    rows: Rows
    predictions: Predictions | None
    conflicts: tuple[tuple[str, ...], ...] = ()
    scored: bool = True


@dataclass(frozen=True)
class _Lesson:
    """What the classifier there is was learnt from.

    Attributes:
        project, learner: What was asked for.
        readings: The images that were ready; None where the learner looks at examples only.
    """

    project: Project
    learner: str
    readings: NDArray[np.uint32] | None

    def is_outdated(self, collection: Collection) -> bool:
        """Whether the learner looked at other images than are ready now."""
        if self.readings is None:
            return False
        return not np.array_equal(self.readings, collection.readings(collection.targets))


class Sorter(QObject):
    """Fits the learner whenever the examples change, and predicts all that is embedded.

    Only the newest question is worth an answer: older runs are cancelled, and a result
    whose revision is not the project's any more is dropped. While the folder is being
    read, a learner that looks at it as well sees a part; once all is read it learns again,
    so that the window says what the export will.

    Args:
        runner: Has the learner's lane.
        notice: Takes what is to be told.
        at_rest: Whether listing and reading are over for now.

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

    def __init__(
        self, runner: JobRunner, notice: Callable[[str], None], at_rest: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._runner = runner
        self._notice = notice
        self._at_rest = at_rest
        self._job: Job | None = None
        self._classifier: Classifier | None = None
        self._lesson: _Lesson | None = None
        self._collection: Collection | None = None
        self._scored = False  # whether the unknown scores are those of the classifier there is
        self.busy = False

    def open(self, collection: Collection | None) -> None:
        """Take another collection, or none."""
        self._stop()
        self._classifier = None
        self._lesson = None
        self._collection = collection

    @property
    def left_out_unknown(self) -> NDArray[np.float32] | None:
        """Unknown scores of the examples, each as if it were none; None while not known."""
        if self._classifier is None or not self._scored:
            return None
        return self._classifier.unknown.left_out

    @property
    def explanation(self) -> str:
        """What the learner chose and why; "" where it had no choice or has no examples."""
        return self._classifier.explanation if self._classifier is not None else ""

    def refit(self, project: Project, learner: str) -> None:
        """Learn from the examples as they are now and predict everything anew."""
        collection = self._collection
        if collection is None:
            return
        self._stop()
        filled = project.filled_bins
        if len(filled) < 2:
            self._classifier = None
            self._lesson = None
            collection.clear_predictions()
            self.conflicts.emit(())
            self.changed.emit()
            return
        collection.keep_predictions([b.id for b in filled])
        table, targets, snapshot = collection.table, collection.targets, project.snapshot()
        looks = learner_info(learner).transductive
        # fixed before the learner looks: what becomes ready meanwhile counts as not seen
        seen = table.ready(targets) if looks else None
        readings = collection.readings(seen) if seen is not None else None
        # where they decide nothing, the unknown scores come after the classes, which come sooner
        scored = project.options.unknown < 1.0

        def work(job: Job) -> _Sorted:
            # here and not before: gathering ten thousand examples would be felt
            support = workflow.support_set(snapshot, table)
            if len(support.class_ids) < 2:
                return _Sorted(None, np.empty(0, np.int64), None, support.conflicts)
            classifier = workflow.fit(learner, support, table, job, seen)
            rows = table.ready(targets)
            predict = classifier.predict if scored else classifier.predict_classes
            return _Sorted(classifier, rows, predict(table, rows, job), support.conflicts, scored)

        def done(result: _Sorted) -> None:
            if job is not self._job or snapshot.revision != project.revision:
                return
            self.conflicts.emit(result.conflicts)
            if result.predictions is not None and not result.scored:
                # until they are found, those of before are nearer to the truth than none
                before = replace(result.predictions, unknown=collection.unknown[result.rows])
                result = replace(result, predictions=before)
            collection.clear_predictions()  # a target that is not among the rows has none
            self._classifier = result.classifier
            self._lesson = _Lesson(project, learner, readings)
            self._finish(collection, result)

        job = self._start(work, done)

    def go_on(self) -> None:
        """Take notice of what was read or listed since the last run.

        New images are predicted with the classifier there is. Where listing and reading
        are over and the learner looked at other images than there are now, it learns again.
        """
        lesson, collection = self._lesson, self._collection
        if collection is None or self._classifier is None or self.busy:
            return  # a run that is under way goes on when it ends
        if lesson is not None and self._at_rest() and lesson.is_outdated(collection):
            self.refit(lesson.project, lesson.learner)
            self.changed.emit()
            return
        self._predict_new()

    def _predict_new(self) -> None:
        collection, classifier = self._collection, self._classifier
        if collection is None or classifier is None or self.busy:
            return
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

    def _score(self, collection: Collection, classifier: Classifier, rows: Rows) -> None:
        """Find the unknown scores of what was just predicted."""
        table = collection.table

        def work(job: Job) -> NDArray[np.float32]:
            return classifier.unknown_scores(table, rows, job)

        def done(scores: NDArray[np.float32]) -> None:
            if job is not self._job:
                return
            collection.set_unknown(rows, scores)
            self._scored = True
            self._rest()

        job = self._start(work, done)

    def _start(self, work: Callable[[Job], Any], done: Callable[[Any], None]) -> Job:
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
        if result.predictions is not None:
            collection.set_predictions(result.rows, result.predictions)
        self._scored = result.scored
        if result.scored or result.classifier is None:
            self._rest()
        else:
            self._score(collection, result.classifier, result.rows)
            self.changed.emit()

    def _rest(self) -> None:
        """A run has come to its end; there may be more to do."""
        self._job = None
        self.busy = False
        self.changed.emit()
        self.go_on()

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job is not self._job:
            return
        self._job = None
        self.busy = False
        self.changed.emit()
        self.failed.emit(error)
