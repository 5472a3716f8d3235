"""Why an image wears its class: the examples behind it, and the images most like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from fewshot_gui import workflow
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.gui.collection import Collection, Rows
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.jobs import Job
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.learners.support import SupportSet
from fewshot_gui.project.model import Project
from fewshot_gui.review.causes import Cause, causes
from fewshot_gui.review.similar import neighbours

LANE = "evidence"
PAUSE_MS = 120  # a held arrow key is not followed by work for each picture
CAUSES = 6
SIMILAR = 12


@dataclass(frozen=True)
class Near:
    """An image that is like another one.

    Attributes:
        row: Of the table.
        cosine: Of the two embeddings.
    """

    row: int
    cosine: float


@dataclass(frozen=True)
class Evidence:
    """What speaks for the class of an image.

    Attributes:
        row: The image.
        class_id: The class that was asked for, ``NO_CLASS`` for none.
        causes: Examples of that class that are most like it, the nearest first.
        similar: Targets most like it, the nearest first.
    """

    row: int
    class_id: int = NO_CLASS
    causes: tuple[Near, ...] = ()
    similar: tuple[Near, ...] = ()


@dataclass(frozen=True, eq=False)
class Question:
    """What evidence is wanted for.

    Attributes:
        project: A snapshot, for another thread to read.
        table, targets: Of the open folder.
        row: The image.
        class_id: The class whose examples are wanted, ``NO_CLASS`` for none.
    """

    project: Project
    table: EmbeddingTable
    targets: Rows
    row: int
    class_id: int


Finder = Callable[[Question, Job], Evidence]


class EvidenceFinder:
    """Answers questions, in one thread only: it keeps the support set between them."""

    def __init__(self) -> None:
        self._known: tuple[Project, EmbeddingTable, int, SupportSet] | None = None

    def __call__(self, question: Question, job: Job) -> Evidence:
        table, row, class_id = question.table, question.row, question.class_id
        near: tuple[Cause, ...] = ()
        if class_id != NO_CLASS:
            near = causes(table, self._support(question), row, class_id, CAUSES)
        job.checkpoint()
        rows, cosines = neighbours(table, question.targets, row, SIMILAR)
        pairs = zip(rows.tolist(), cosines.tolist(), strict=True)
        return Evidence(
            row,
            class_id,
            tuple(Near(cause.row, float(cause.cosine)) for cause in near),
            tuple(Near(other, cosine) for other, cosine in pairs),
        )

    def _support(self, question: Question) -> SupportSet:
        """The examples in use; gathering thousands for every picture would be felt."""
        project, table, ready = question.project, question.table, question.table.counts().ready
        if self._known is None or self._known[:3] != (project, table, ready):
            self._known = (project, table, ready, workflow.support_set(project, table))
        return self._known[3]


class EvidenceLane(QObject):
    """Asks for evidence in a lane of its own, after a pause, for the newest image only.

    Signals:
        found: The ``Evidence`` for the image that was asked for last.
        failed: An unexpected exception.
    """

    found = Signal(object)
    failed = Signal(object)

    def __init__(self, runner: JobRunner, finder: Finder, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._finder = finder
        self._wanted: tuple[Collection, Project, int, int] | None = None
        self._job: Job | None = None
        self._again = False
        self._snapshot: tuple[Project, int, Project] | None = None
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._start)

    def ask(self, collection: Collection, project: Project, row: int, class_id: int) -> None:
        """Have the evidence for an image looked for.

        Asked for the same image again, it lets work that is under way come to its end and
        then looks once more: news may come quicker than answers.
        """
        before, self._wanted = self._wanted, (collection, project, row, class_id)
        if before is not None and before[0] is collection and before[2] == row:
            self._again = self._job is not None
            if self._again:
                return
        else:
            self._drop()
        self._timer.start()

    def forget(self) -> None:
        """Nothing is wanted any more."""
        self._timer.stop()
        self._drop()
        self._wanted = None

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._job is not None or self._timer.isActive()

    def _drop(self) -> None:
        self._again = False
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _start(self) -> None:
        if self._wanted is None:
            return
        collection, project, row, class_id = self._wanted
        question = Question(
            self._frozen(project), collection.table, collection.targets, row, class_id
        )
        self._job = job = self._runner.start(
            LANE,
            lambda job: self._finder(question, job),
            done=lambda evidence: self._on_done(job, evidence),
            failed=lambda error: self._on_failed(job, error),
        )

    def _frozen(self, project: Project) -> Project:
        """A snapshot, the same one until something was decided."""
        known = self._snapshot
        if known is None or known[0] is not project or known[1] != project.edits:
            self._snapshot = known = (project, project.edits, project.snapshot())
        return known[2]

    def _on_done(self, job: Job, evidence: Evidence) -> None:
        if job is not self._job:
            return
        self._job = None
        if self._again:
            self._again = False
            self._timer.start()
        self.found.emit(evidence)

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job is self._job:
            self._drop()
            self.failed.emit(error)
