"""Finds images that are worth looking at, in a lane of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from fewshot_gui import workflow
from fewshot_gui.errors import UserError
from fewshot_gui.gui.collection import NOBODY, Collection, Rows
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.session import Session
from fewshot_gui.jobs import Job
from fewshot_gui.learners.predictions import NO_CLASS, Predictions
from fewshot_gui.project.model import Project
from fewshot_gui.review.enough import Enough, enough
from fewshot_gui.review.hygiene import Finding, hygiene
from fewshot_gui.review.novel import Cluster, possible_classes
from fewshot_gui.review.similar import by_similarity
from fewshot_gui.review.suggest import suggest
from fewshot_gui.texts import _

LANE = "review"
SUGGESTED = 24
QUIET_MS = 1000  # without a change, before the examples are looked over


@dataclass(frozen=True)
class Verdict:
    """The answer to “Have I labelled enough?”.

    Attributes:
        enough: What hiding the examples showed.
        project: The project it was asked of.
    """

    enough: Enough
    project: Project


class Reviewer(QObject):
    """Answers questions about the open project; an answer that is stale is dropped.

    Attributes:
        findings: What may be wrong with the examples.

    Signals:
        chosen: (title, int64 rows) of images to look at, in an order that means something.
        findings_changed: ``findings`` is another.
        verdict: A ``Verdict``.
        message: A ``Message``.
        failed: An unexpected exception.
    """

    chosen = Signal(str, object)
    findings_changed = Signal()
    verdict = Signal(object)
    message = Signal(object)
    failed = Signal(object)

    def __init__(self, session: Session, runner: JobRunner) -> None:
        super().__init__()
        self._session = session
        self._runner = runner
        self._jobs: dict[str, Job] = {}
        self._clusters: tuple[Cluster, ...] = ()
        self._cluster = 0
        self._clustered = -1  # revision that the clusters were found at
        self._offered: set[int] = set()
        self._checked = -1  # revision that the findings are of
        self.findings: tuple[Finding, ...] = ()
        self._quiet = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._quiet.timeout.connect(self._look_examples_over)
        session.folder_changed.connect(self._on_folder)
        session.predictions_changed.connect(self._on_predictions)
        session.labels_changed.connect(lambda _rows: self._on_predictions())

    # -- questions -----------------------------------------------------------------------

    def suggest(self, count: int = SUGGESTED) -> None:
        """Look for the images whose labels would teach most."""
        collection = self._session.collection
        if collection is None:
            return
        candidates = self._candidates(collection)
        fresh = candidates[~np.isin(candidates, list(self._offered))]
        if len(fresh) < count:  # all were offered once: begin anew
            self._offered.clear()
            fresh = candidates
        if not len(fresh):
            self._say_nothing_left(collection)
            return
        snapshot, table = self._session.project.snapshot(), collection.table
        predictions = _predictions_of(collection, fresh)
        seed = snapshot.revision

        def work(job: Job) -> Rows:
            support = workflow.support_set(snapshot, table)
            return suggest(table, fresh, support, predictions, count, seed, job).rows

        def done(rows: Rows) -> None:
            self._offered.update(rows.tolist())
            self.chosen.emit(_("What to label next"), rows)

        self._ask("suggest", work, done)

    def find_similar(self, row: int) -> None:
        """Order all images by how much they look like this one."""
        collection = self._session.collection
        if collection is None:
            return
        table, targets = collection.table, collection.targets
        if not len(table.ready([row])):
            self._inform(_("This picture has not been read yet."))
            return
        name = table.file(row).relative.rpartition("/")[2]

        def work(job: Job) -> Rows:
            job.checkpoint()
            return by_similarity(table, targets, row)

        self._ask(
            "similar",
            work,
            lambda rows: self.chosen.emit(_("Like {name}").format(name=name), rows),
        )

    def next_possible_class(self) -> None:
        """Show images that may be a class of their own; again, the next such group."""
        collection = self._session.collection
        if collection is None:
            return
        if self._clustered == self._session.project.revision and self._clusters:
            self._show_cluster(self._cluster + 1)
            return
        candidates = self._candidates(collection)
        if _predictions_of(collection, candidates) is None:
            self._inform(_("First give two bins an example each."))
            return
        snapshot, table = self._session.project.snapshot(), collection.table
        unknown = collection.unknown[candidates]

        def work(job: Job) -> tuple[Cluster, ...]:
            support = workflow.support_set(snapshot, table)
            return possible_classes(table, candidates, support, unknown, job)

        def done(clusters: tuple[Cluster, ...]) -> None:
            self._clusters, self._clustered = clusters, snapshot.revision
            if clusters:
                self._show_cluster(0)
            else:
                self._inform(_("No group of pictures looks like a class of its own."))

        self._ask("novel", work, done)

    def enough(self) -> None:
        """Try out each example as if it were new."""
        collection = self._session.collection
        if collection is None:
            return
        snapshot, table = self._session.project.snapshot(), collection.table
        learner = self._session.learner

        def work(job: Job) -> Verdict:
            support = workflow.support_set(snapshot, table)
            if len(support.class_ids) < 2:
                raise workflow.too_few_classes()
            return Verdict(enough(table, support, learner, job), snapshot)

        self._ask("enough", work, self.verdict.emit)

    # -- by itself -----------------------------------------------------------------------

    def _on_predictions(self) -> None:
        if self._session.collection is not None and not self._session.sorter.busy:
            self._quiet.start()

    def _look_examples_over(self) -> None:
        collection, project = self._session.collection, self._session.project
        if collection is None or self._session.sorter.busy or self._checked == project.revision:
            return
        snapshot, table = project.snapshot(), collection.table
        examples = [p for b in snapshot.bins for p in snapshot.support(b.id)]
        rows = [row for path in examples if (row := table.row(path)) is not None]
        if len(table.ready(rows)) < len(rows):
            return  # they come in a moment, and so does the next change

        def work(job: Job) -> tuple[Finding, ...]:
            support = workflow.support_set(snapshot, table)
            return hygiene(snapshot, table, support, job)

        def done(findings: tuple[Finding, ...]) -> None:
            self._checked = snapshot.revision
            if findings != self.findings:
                self.findings = findings
                self.findings_changed.emit()

        self._ask("hygiene", work, done)

    def _on_folder(self) -> None:
        for job in self._jobs.values():
            job.cancel()
        self._jobs.clear()
        self._clusters, self._cluster, self._clustered = (), 0, -1
        self._offered.clear()
        self._checked = -1
        self.findings = ()
        self.findings_changed.emit()

    # -- inside --------------------------------------------------------------------------

    def _candidates(self, collection: Collection) -> Rows:
        """Targets that can be looked at and have no label."""
        ready = collection.table.ready(collection.targets)
        return ready[collection.source[ready] == NOBODY]

    def _ask(self, name: str, work: Callable[[Job], object], done: Callable[..., None]) -> None:
        """Begin to look for an answer; an earlier question of the same name is dropped."""
        if name in self._jobs:
            self._jobs[name].cancel()
        collection = self._session.collection

        def answered(answer: object) -> None:
            if self._jobs.get(name) is job and collection is self._session.collection:
                del self._jobs[name]
                done(answer)

        def failed(error: BaseException) -> None:
            if isinstance(error, UserError):
                self.message.emit(Message.from_error(error))
            else:
                self.failed.emit(error)

        self._jobs[name] = job = self._runner.start(LANE, work, done=answered, failed=failed)

    def _show_cluster(self, place: int) -> None:
        collection = self._session.collection
        if collection is None:
            return
        self._cluster = place % len(self._clusters)
        cluster = self._clusters[self._cluster]
        open_rows = cluster.rows[collection.source[cluster.rows] == NOBODY]
        title = _("Possible new class {number} of {count}")
        words = title.format(number=self._cluster + 1, count=len(self._clusters))
        self.chosen.emit(words, open_rows if len(open_rows) else cluster.rows)

    def _say_nothing_left(self, collection: Collection) -> None:
        if len(collection.pending_targets()):
            self._inform(_("The pictures are still being read."))
        else:
            self._inform(_("You have decided on every picture."))

    def _inform(self, text: str) -> None:
        self.message.emit(Message(Kind.INFO, text, key="review"))


def _predictions_of(collection: Collection, rows: Rows) -> Predictions | None:
    """What the learner says of these; None unless it says something of all of them."""
    if not len(rows) or (collection.best[rows] == NO_CLASS).any():
        return None
    return Predictions(
        collection.best[rows],
        collection.confidence[rows],
        collection.runner_up[rows],
        collection.runner_up_confidence[rows],
        collection.unknown[rows],
    )
