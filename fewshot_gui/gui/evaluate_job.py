"""Runs evaluations, one at a time, and looks at folders before; off the window's thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from fewshot_gui.backbones.catalogue import BackboneCard, all_backbones
from fewshot_gui.errors import UserError
from fewshot_gui.evaluate import Evaluation, Question, evaluate_folder
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import LearnerInfo
from fewshot_gui.learners.registry import trained_learners
from fewshot_gui.metatrain.classes import ClassRows, listed_classes

Evaluate = Callable[[str, Question, str, Job, bool], Evaluation]

_LOOK = "evaluate-look"
_RUN = "evaluate"


@dataclass(frozen=True)
class Answer:
    """An evaluation, and what was asked.

    Attributes:
        question: What was asked.
        found: What was found.
        notices: Sentences about it: what was left out, say.
    """

    question: Question
    found: Evaluation
    notices: tuple[str, ...] = ()


class Evaluator(QObject):
    """What the page lets run.

    A job that was cancelled or followed by another one says nothing any more.

    Signals:
        looked: The ``ClassRows`` of a folder, as if every picture could be used.
        not_looked: A ``UserError`` that says why a folder cannot be used.
        backbones_found: A tuple of ``BackboneCard``.
        learners_found: A tuple of ``LearnerInfo``: the trained learners that can be evaluated.
        progressed: A ``Progress``.
        answered: An ``Answer``.
        refused: A ``UserError`` that ended an evaluation.
        ended: An evaluation ended, however it did; comes after the others.
        crashed: An exception that should not have happened.
    """

    looked = Signal(object)
    not_looked = Signal(object)
    backbones_found = Signal(object)
    learners_found = Signal(object)
    progressed = Signal(object)
    answered = Signal(object)
    refused = Signal(object)
    ended = Signal()
    crashed = Signal(object)

    def __init__(
        self,
        runner: JobRunner,
        device: Callable[[], str],
        evaluate: Evaluate = evaluate_folder,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._device = device
        self._evaluate = evaluate
        self._look: object | None = None  # of the newest look, None while there is none
        self._look_job: Job | None = None
        self._run: object | None = None
        self._job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether an evaluation goes on."""
        return self._run is not None

    @property
    def looking(self) -> bool:
        """Whether a folder is being looked at."""
        return self._look is not None

    def find_more(self) -> None:
        """Find out which backbones and which trained learners can be used."""

        def work(_job: Job) -> tuple[tuple[BackboneCard, ...], tuple[LearnerInfo, ...]]:
            learners = (info for info in trained_learners() if info.reads != "images")
            return all_backbones(), tuple(learners)

        def done(found: tuple[tuple[BackboneCard, ...], tuple[LearnerInfo, ...]]) -> None:
            backbones, learners = found
            self.backbones_found.emit(backbones)
            self.learners_found.emit(learners)

        self._runner.start(_LOOK, work, done=done, failed=self.crashed.emit)

    def look(self, folder: str) -> None:
        """Count classes and pictures of a folder; earlier looks are dropped."""
        self.stop_looking()
        token = self._look = object()

        def work(job: Job) -> ClassRows:
            return listed_classes(find_class_folders(folder, job))

        def done(classes: ClassRows) -> None:
            if self._look is token:
                self._look = None
                self.looked.emit(classes)

        def failed(error: BaseException) -> None:
            if self._look is token:
                self._look = None
                self._tell(error, self.not_looked)

        self._look_job = self._runner.start(_LOOK, work, done=done, failed=failed)

    def stop_looking(self) -> None:
        """Forget the folder that is being looked at."""
        if self._look_job is not None:
            self._look_job.cancel()
        self._look = self._look_job = None

    def start(self, folder: str, question: Question) -> None:
        """Begin an evaluation, unless one goes on."""
        if self.busy:
            return
        token = self._run = object()
        device = self._device()
        notices: list[str] = []

        def work(job: Job) -> Evaluation:
            found = self._evaluate(folder, question, device, job, True)
            prepare_charts()
            return found

        def if_current(then: Callable[[Any], None]) -> Callable[[Any], None]:
            return lambda value: then(value) if self._run is token else None

        def done(found: Evaluation) -> None:
            self.answered.emit(Answer(question, found, tuple(notices)))
            self._end()

        def failed(error: BaseException) -> None:
            self._tell(error, self.refused)
            self._end()

        self._job = self._runner.start(
            _RUN,
            work,
            done=if_current(done),
            failed=if_current(failed),
            progress=if_current(self.progressed.emit),
            notice=notices.append,
        )

    def cancel(self) -> None:
        """Stop the evaluation; it ends at once for the page, whatever its thread still does."""
        if self._job is not None:
            self._job.cancel()
        if self.busy:
            self._end()

    def _end(self) -> None:
        self._run = self._job = None
        self.ended.emit()

    def _tell(self, error: BaseException, refused: Signal) -> None:
        (refused if isinstance(error, UserError) else self.crashed).emit(error)


def prepare_charts() -> None:
    """Import what draws the results; that takes half a second, so a thread does it."""
    os.environ.pop("PYQTGRAPH_QT_LIB", None)  # another Qt than the window's would not do
    import fewshot_gui.gui.evaluate_plots  # noqa: F401
