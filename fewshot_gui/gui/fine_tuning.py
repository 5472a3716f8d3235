"""Fine-tuning the network on the project's examples, while sorting goes on as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QProgressDialog, QWidget

from fewshot_gui import workflow
from fewshot_gui.backbones.catalogue import all_backbones, key_with_views, known_card
from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.session import Session
from fewshot_gui.jobs import Job, Progress
from fewshot_gui.metatrain.fine_tuning import TuningOrder, TuningResult, fine_tune_in_process
from fewshot_gui.metatrain.learner_format import ENDING
from fewshot_gui.metatrain.shelf import learners_folder, plain_name
from fewshot_gui.project.model import Project
from fewshot_gui.texts import _

Tune = Callable[[TuningOrder, Job], TuningResult]
LANE = "fine-tune"
KEY = "fine-tune"  # of its messages: a newer one takes the place of an older one


class FineTuning(QObject):
    """Runs one fine-tuning at a time, and uses in the project what came of it.

    Attributes:
        dialog: Shows how far it is and stops it; None while nothing goes on.

    Signals:
        message: A ``Message``.
        crashed: An exception that should not have happened.
    """

    message = Signal(object)
    crashed = Signal(object)

    def __init__(
        self,
        window: QWidget,
        session: Session,
        runner: JobRunner,
        preferences: Preferences,
        tune: Tune = fine_tune_in_process,
    ) -> None:
        super().__init__(window)
        self._window, self._session, self._runner = window, session, runner
        self._preferences, self._tune = preferences, tune
        self._job: Job | None = None
        self.dialog: QProgressDialog | None = None
        session.folder_changed.connect(self.stop)

    def start(self) -> None:
        """Begin, or say why that cannot be."""
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
        elif self._may_begin():
            self._begin()

    def stop(self) -> None:
        """Do no more; nothing has changed."""
        if self._job is not None:
            self._job.cancel()

    def _may_begin(self) -> bool:
        session = self._session
        if session.collection is None:
            self._say(Kind.INFO, _("Open a folder first."))
            return False
        if not session.may_change():
            return False
        if len(session.project.filled_bins) < 2:
            text = _("Fine-tuning learns from the examples: fill two bins first.")
            self._say(Kind.INFO, text, _("Ten examples in each are a good start."))
            return False
        return True

    def _begin(self) -> None:
        session = self._session
        collection, project = session.collection, session.project
        table, snapshot = collection.table, project.snapshot()
        names = {b.id: b.name for b in project.bins}
        backbone, title = key_with_views(session.backbone.key)[0], session.desk.title
        device = self._preferences.now.device

        def work(job: Job) -> tuple[TuningOrder, TuningResult]:
            order = _order(snapshot, table, names, backbone, title, device)
            return order, self._tune(order, job)

        def done(found: tuple[TuningOrder, TuningResult]) -> None:
            self._end()
            if session.project is project:
                self._use(*found)

        def failed(error: BaseException) -> None:
            self._end()
            if isinstance(error, UserError):
                self._say(Kind.ERROR, error.message, error.hint)
            else:
                self.crashed.emit(error)

        self.dialog = self._shown()
        self._job = self._runner.start(
            LANE,
            work,
            done=done,
            failed=failed,
            cancelled=self._end,
            progress=self._show,
        )

    def _shown(self) -> QProgressDialog:
        dialog = QProgressDialog(_("Reading the examples"), _("Cancel"), 0, 0, self._window)
        dialog.setWindowTitle(_("Fine-tuning the network"))
        dialog.setMinimumWidth(420)
        dialog.setMinimumDuration(0)
        dialog.setAutoClose(False)
        dialog.setAutoReset(False)
        dialog.canceled.connect(self.stop)
        dialog.show()
        return dialog

    def _show(self, progress: Progress) -> None:
        if self.dialog is not None:
            self.dialog.setLabelText(progress.text)
            self.dialog.setMaximum(progress.total)
            self.dialog.setValue(progress.done)

    def _end(self) -> None:
        self._job = None
        if self.dialog is not None:
            self.dialog.canceled.disconnect(self.stop)
            self.dialog.close()
            self.dialog.deleteLater()
            self.dialog = None

    def _use(self, order: TuningOrder, result: TuningResult) -> None:
        numbers = {"held": result.held, "before": result.before, "after": result.after}
        if result.steps:
            helped = _(
                "Fine-tuning helped: of {held} examples held back, {after} were sorted right "
                "with it, {before} without."
            )
            surer = _(
                "Fine-tuning made the network surer: of {held} examples held back, {after} were "
                "sorted right, as before."
            )
            text = (helped if result.after != result.before else surer).format(**numbers)
            hint = _("All pictures are looked at anew; until then they stay sorted as before.")
            self._say(Kind.SUCCESS, text, hint)
            self._session.use_learner_file(order.output)
        elif result.held:
            text = _(
                "Fine-tuning did not help: of {held} examples held back, {before} are sorted "
                "right without it. Nothing has changed."
            ).format(**numbers)
            self._say(Kind.INFO, text)
        else:
            text = _("Fine-tuning needs two examples in a bin at least. Nothing has changed.")
            self._say(Kind.INFO, text)

    def _say(self, kind: Kind, text: str, hint: str = "") -> None:
        self.message.emit(Message(kind, text, hint, key=KEY))


def _order(
    snapshot: Project,
    table: EmbeddingTable,
    names: dict[int, str],
    backbone: str,
    title: str,
    device: str,
) -> TuningOrder:
    """What to fine-tune; gathering the examples takes a while.

    Raises:
        UserError: The network in use cannot be fine-tuned, or too few examples were read.
    """
    card = known_card(backbone, all_backbones())
    if card is None:
        raise UserError(
            _("The network of a trained learner cannot be fine-tuned."),
            _("Choose another one first: menu Sort, Backbone."),
        )
    support = workflow.support_set(snapshot, table)
    if len(support.class_ids) < 2:
        raise UserError(_("Fine-tuning needs two bins with examples that can be read."))
    return TuningOrder(
        paths=tuple(table.path(row) for row in support.rows.tolist()),
        labels=tuple(support.labels.tolist()),
        names=tuple(names[class_id] for class_id in support.class_ids),
        backbone=card.key,
        title=_("{backbone}, fine-tuned for {project}").format(backbone=card.title, project=title),
        output=str(next(path for path in _places(title) if not path.exists())),
        device=device,
    )


def _places(title: str) -> Iterator[Path]:
    """Where it may be written, one after the other."""
    name = plain_name(plain_name(title)[:40] + "-fine-tuned")
    yield learners_folder() / f"{name}{ENDING}"
    for number in count(2):
        yield learners_folder() / f"{name}-{number}{ENDING}"
