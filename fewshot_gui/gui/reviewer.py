"""Finds images that are worth looking at, in a lane of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from fewshot_gui import workflow
from fewshot_gui.backbones.table import PENDING
from fewshot_gui.errors import UserError
from fewshot_gui.gui.collection import NOBODY, Collection, Rows
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.review_reasons import reason_notes
from fewshot_gui.gui.session import Session
from fewshot_gui.jobs import Job
from fewshot_gui.learners.predictions import NO_CLASS, Predictions
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import Options
from fewshot_gui.review.enough import Enough, enough, outlook
from fewshot_gui.review.hygiene import Finding, hygiene
from fewshot_gui.review.novel import Cluster, possible_classes
from fewshot_gui.review.similar import by_similarity
from fewshot_gui.review.suggest import Suggestions, suggest
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


@dataclass(frozen=True)
class _Search:
    """One search, ready to be started.

    Attributes:
        work: Runs in the lane.
        done: Takes what it found, in the window's thread.
    """

    work: Callable[[Job], object]
    done: Callable[..., None]


@dataclass
class _Question:
    """What somebody wants to know.

    Attributes:
        begin: Makes the search, or says why there is nothing to search and returns None.
        what: What goes on meanwhile, in words; empty for what nobody asked for.
        learns: Whether the answer depends on the examples; then it is asked anew when
            those change before the answer came.
        failed: Called when there can be no answer, after the message that says why.
        job: The search that goes on; None while predictions are awaited.
        asked: Revision and options of the project that the search is of.
    """

    begin: Callable[[Collection], _Search | None]
    what: str
    learns: bool
    failed: Callable[[], None] = lambda: None
    job: Job | None = None
    asked: tuple[int, Options] | None = None


@dataclass
class _Queue:
    """Groups of images that may be classes of their own, shown one after the other.

    Attributes:
        clusters: The groups, the most promising first.
        place: Of the one that is shown.
        revision: Of the project that they were found in.
        ready: How many images could be looked at then.
    """

    clusters: tuple[Cluster, ...] = ()
    place: int = -1
    revision: int = -1
    ready: int = 0


@dataclass
class _Memory:
    """What is remembered while a project is open.

    Attributes:
        offered: Rows that were suggested already.
        queue: Possible classes.
        checked: Revision that the findings are of.
        questions: What is being answered, one question of a kind.
    """

    offered: set[int] = field(default_factory=set)
    queue: _Queue = field(default_factory=_Queue)
    checked: int = -1
    questions: dict[str, _Question] = field(default_factory=dict)


class Reviewer(QObject):
    """Answers questions about the open project, and looks the examples over by itself.

    A question whose examples change before the answer came is asked anew, with the
    predictions of then; an earlier question of the same kind is dropped.

    Attributes:
        findings: What may be wrong with the examples.

    Signals:
        chosen: (title, int64 rows, row -> a few words on it) of images to look at, in an
            order that means something.
        findings_changed: ``findings`` is another.
        verdict: A ``Verdict``.
        no_verdict: There can be none; a message says why.
        busy_changed: What is being looked for, in words; empty for nothing.
        message: A ``Message``.
        failed: An unexpected exception.
    """

    chosen = Signal(str, object, object)
    findings_changed = Signal()
    verdict = Signal(object)
    no_verdict = Signal()
    busy_changed = Signal(str)
    message = Signal(object)
    failed = Signal(object)

    def __init__(self, session: Session, runner: JobRunner) -> None:
        super().__init__()
        self._session = session
        self._runner = runner
        self._now = _Memory()
        self._told_busy = ""
        self.findings: tuple[Finding, ...] = ()
        self._quiet = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._quiet.timeout.connect(self._look_examples_over)
        session.folder_changed.connect(self._on_folder)
        session.predictions_changed.connect(self._on_changed)
        session.labels_changed.connect(self._on_changed)

    # -- questions -----------------------------------------------------------------------

    def suggest(self, count: int = SUGGESTED) -> None:
        """Look for the images whose labels would teach most; again, for others."""
        what = _("Looking for what to label next…")
        self._ask("suggest", _Question(lambda c: self._suggestions(c, count), what, True))

    def find_similar(self, row: int) -> None:
        """Order all images by how much they look like this one."""
        what = _("Looking for similar pictures…")
        self._ask("similar", _Question(lambda c: self._similar(c, row), what, False))

    def next_possible_class(self) -> None:
        """Show images that may be a class of their own; again, the next such group."""
        if not self._step_queue():
            what = _("Looking for possible new classes…")
            self._ask("novel", _Question(self._novel, what, True))

    def enough(self) -> None:
        """Try out each example as if it were new."""
        question = _Question(self._enough, _("Trying out your examples…"), True)
        question.failed = self.no_verdict.emit
        self._ask("enough", question)

    def drop_enough(self) -> None:
        """Nobody waits for the verdict any longer."""
        question = self._now.questions.get("enough")
        if question is not None:
            if question.job is not None:
                question.job.cancel()
            self._close(self._now.questions, "enough", question)

    # -- searches ------------------------------------------------------------------------

    def _suggestions(self, collection: Collection, count: int) -> _Search | None:
        candidates = _with_same_knowledge(collection, self._candidates(collection))
        if not len(candidates):
            self._say_nothing_left(collection)
            return None
        offered = self._now.offered
        fresh = candidates[~np.isin(candidates, list(offered))]
        if not len(fresh):  # all were offered once: begin anew
            offered.clear()
            fresh = candidates
        snapshot, table = self._session.project.snapshot(), collection.table
        predictions = _predictions_of(collection, fresh)

        def work(job: Job) -> Suggestions:
            support = workflow.support_set(snapshot, table)
            seed = snapshot.revision
            return suggest(table, fresh, support, predictions, count, seed, job)

        def done(suggestions: Suggestions) -> None:
            rows = suggestions.rows
            offered.update(rows.tolist())
            undecided = rows[collection.source[rows] == NOBODY]
            if len(undecided):
                notes = reason_notes(suggestions, collection, self._session.project)
                self.chosen.emit(_("What to label next"), undecided, notes)
            elif len(rows):  # all of them were decided while they were looked for
                self.suggest(count)
            else:
                self._say_nothing_left(collection)

        return _Search(work, done)

    def _similar(self, collection: Collection, row: int) -> _Search | None:
        table, targets = collection.table, collection.targets
        if not len(table.ready([row])):
            if table.state_of([row])[0] == PENDING:
                self._inform(_("This picture has not been read yet."))
            else:
                self._inform(_("This picture cannot be read, so nothing is known to be like it."))
            return None
        name = table.file(row).relative.rpartition("/")[2]

        def work(job: Job) -> Rows:
            job.checkpoint()
            return by_similarity(table, targets, row)

        title = _("Like {name}").format(name=name)
        return _Search(work, lambda rows: self.chosen.emit(title, rows, {}))

    def _novel(self, collection: Collection) -> _Search | None:
        candidates = self._candidates(collection)
        if len(self._session.project.filled_bins) < 2:
            self._inform(_("First give two bins an example each."))
            return None
        candidates = candidates[collection.best[candidates] != NO_CLASS]
        if not len(candidates):
            self._say_nothing_left(collection)
            return None
        snapshot, table = self._session.project.snapshot(), collection.table
        unknown = collection.unknown[candidates]
        ready = len(table.ready(collection.targets))

        def work(job: Job) -> tuple[Cluster, ...]:
            support = workflow.support_set(snapshot, table)
            return possible_classes(table, candidates, support, unknown, job)

        def done(clusters: tuple[Cluster, ...]) -> None:
            self._now.queue = _Queue(clusters, -1, snapshot.revision, ready)
            if not self._step_queue():
                self._inform(_("No group of pictures looks like a class of its own."))

        return _Search(work, done)

    def _enough(self, collection: Collection) -> _Search | None:
        snapshot, table = self._session.project.snapshot(), collection.table
        learner, level = self._session.learner, snapshot.options.unknown
        undecided = self._candidates(collection)
        undecided = undecided[collection.best[undecided] != NO_CLASS]
        confidence, unknown = collection.confidence[undecided], collection.unknown[undecided]

        def work(job: Job) -> Verdict:
            support = workflow.support_set(snapshot, table)
            if len(support.class_ids) < 2:
                raise workflow.too_few_classes()
            found = enough(table, support, learner, job)
            if len(unknown):
                found = replace(found, outlook=outlook(confidence, unknown, level))
            return Verdict(found, snapshot)

        return _Search(work, self.verdict.emit)

    def _findings(self, collection: Collection) -> _Search:
        snapshot, table = self._session.project.snapshot(), collection.table

        def work(job: Job) -> tuple[Finding, ...] | None:
            examples = [p for b in snapshot.bins for p in snapshot.support(b.id)]
            rows = [row for path in examples if (row := table.row(path)) is not None]
            if (table.state_of(rows) == PENDING).any():
                return None  # they come in a moment, and so do other predictions
            support = workflow.support_set(snapshot, table)
            return hygiene(snapshot, table, support, job)

        def done(findings: tuple[Finding, ...] | None) -> None:
            if findings is None:
                return
            self._now.checked = snapshot.revision
            if findings != self.findings:
                self.findings = findings
                self.findings_changed.emit()

        return _Search(work, done)

    # -- by itself -----------------------------------------------------------------------

    def _on_changed(self, _rows: object = None) -> None:
        """Labels or predictions are others now: ask again what is stale."""
        project = self._session.project
        for name, question in tuple(self._now.questions.items()):
            stale = question.learns and question.asked != (project.revision, project.options)
            if stale and question.job is not None:
                question.job.cancel()
                question.job = None
            if not question.what:
                if stale:  # nobody waits for it, and it is looked at again when all is quiet
                    del self._now.questions[name]
            elif question.job is None:
                self._begin(name, question)
        if self._session.collection is not None and not self._session.sorter.busy:
            self._quiet.start()

    def _look_examples_over(self) -> None:
        checked = self._now.checked == self._session.project.revision
        if not checked and not self._session.sorter.busy:
            self._ask("hygiene", _Question(self._findings, "", True))

    def _on_folder(self) -> None:
        for question in self._now.questions.values():
            if question.job is not None:
                question.job.cancel()
        self._now = _Memory()
        self._quiet.stop()
        self._tell_busy()
        self.findings = ()
        self.findings_changed.emit()

    # -- inside --------------------------------------------------------------------------

    def _ask(self, name: str, question: _Question) -> None:
        """Begin to look for an answer; an earlier question of the same name is dropped."""
        earlier = self._now.questions.pop(name, None)
        if earlier is not None and earlier.job is not None:
            earlier.job.cancel()
        if self._session.collection is not None:
            self._now.questions[name] = question
            self._begin(name, question)
        self._tell_busy()

    def _begin(self, name: str, question: _Question) -> None:
        """Start the search, unless predictions are under way: it is begun when they are there."""
        collection, questions = self._session.collection, self._now.questions
        if collection is None or (question.learns and self._session.sorter.busy):
            return
        search = question.begin(collection)
        if search is None:
            self._close(questions, name, question)
            return

        def current() -> bool:
            return questions.get(name) is question and question.job is job

        def answered(answer: object) -> None:
            if current():
                self._close(questions, name, question)
                search.done(answer)

        def failed(error: BaseException) -> None:
            if not current():
                return
            self._close(questions, name, question)
            if isinstance(error, UserError):
                self.message.emit(Message.from_error(error))
            else:
                self.failed.emit(error)
            question.failed()

        project = self._session.project
        question.asked = project.revision, project.options
        job = self._runner.start(LANE, search.work, done=answered, failed=failed)
        question.job = job

    def _close(self, questions: dict[str, _Question], name: str, question: _Question) -> None:
        if questions.get(name) is question:
            del questions[name]
        self._tell_busy()

    def _tell_busy(self) -> None:
        words = [q.what for q in self._now.questions.values() if q.what]
        what = words[-1] if words else ""
        if what != self._told_busy:
            self._told_busy = what
            self.busy_changed.emit(what)

    def _candidates(self, collection: Collection) -> Rows:
        """Targets that can be looked at and have no label."""
        ready = collection.table.ready(collection.targets)
        return ready[collection.source[ready] == NOBODY]

    def _step_queue(self) -> bool:
        """Show the next group with something to decide. False where one has to look anew."""
        collection, queue = self._session.collection, self._now.queue
        if collection is None or queue.revision != self._session.project.revision:
            return False
        count = len(queue.clusters)
        for step in range(1, count + 1):
            place = queue.place + step
            if place >= count and len(collection.table.ready(collection.targets)) > queue.ready:
                return False  # all were shown, and there are more images now than then
            rows = queue.clusters[place % count].rows
            undecided = rows[collection.source[rows] == NOBODY]
            if len(undecided):
                queue.place = place % count
                title = _("Possible new class {number} of {count}")
                words = title.format(number=queue.place + 1, count=count)
                self.chosen.emit(words, undecided, {})
                return True
        return False

    def _say_nothing_left(self, collection: Collection) -> None:
        """Say why there is nothing to look at."""
        targets = collection.targets
        if self._session.scanning or len(collection.pending_targets()):
            self._inform(_("The pictures are still being read."))
        elif not len(targets):
            self._inform(_("There are no pictures yet."))
        elif len(self._candidates(collection)):
            self._inform(_("The pictures are still being sorted."))
        elif (collection.source[targets] == NOBODY).any():
            self._inform(_("You have decided on every picture that can be read."))
        else:
            self._inform(_("You have decided on every picture."))

    def _inform(self, text: str) -> None:
        self.message.emit(Message(Kind.INFO, text, key="review"))


def _with_same_knowledge(collection: Collection, rows: Rows) -> Rows:
    """Those with a prediction; all where there is none at all."""
    predicted = rows[collection.best[rows] != NO_CLASS]
    return predicted if len(predicted) else rows


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
