"""The page “Train a learner”: the window's side of ``fewshot-gui train``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from fewshot_gui.errors import UserError
from fewshot_gui.gui.banner import Banners
from fewshot_gui.gui.dialogs import Dialogs, StillTraining
from fewshot_gui.gui.evaluate_files import ResultFiles
from fewshot_gui.gui.evaluate_style import evaluate_style
from fewshot_gui.gui.folder_page import FolderPage
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.train_buttons import TrainButtons
from fewshot_gui.gui.train_form import TrainForm
from fewshot_gui.gui.train_progress import TrainProgress
from fewshot_gui.gui.train_run import Found, Train, Trainings
from fewshot_gui.gui.train_verdict import LearnerCopies, Verdict
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.jobs import Progress
from fewshot_gui.metatrain.training_events import Done, Preparing, Stopped, TrainingEvent
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.metatrain.training_process import train_in_process
from fewshot_gui.texts import _

_SIZE = (1160, 760)
_ENDED = "train-ended"


class TrainWindow(FolderPage):
    """Asks, trains and shows it. While it trains the page may be closed and opened again.

    Attributes:
        form: What to train.
        buttons: Start, hold, stop.
        progress: How it goes.
        verdict: What came of it.
        trainings: What runs.
        banners: Messages.

    Signals:
        crashed: An exception that should not have happened.
        unseen: A ``Message`` about an end that came while the page was closed.
    """

    crashed = Signal(object)
    unseen = Signal(object)

    def __init__(
        self,
        parent: QWidget | None,
        runner: JobRunner,
        theme: Theme,
        icons: Icons,
        dialogs: Dialogs,
        pool: Callable[[], DecodePool],
        device: Callable[[], str],
        start_folder: Callable[[], str],
        learners: Path,
        use: Callable[[str], None] | None = None,
        train: Train = train_in_process,
    ) -> None:
        """``use`` sorts the open project with a learner file; None where that cannot be."""
        super().__init__(parent, _("Train a learner"), _SIZE, dialogs, start_folder)
        self._theme, self._device, self._use = theme, device, use
        self._settled = True  # whether the end of the last training was told
        self.trainings = Trainings(runner, learners, train, self)
        self.files = ResultFiles(self, runner, dialogs)
        self.copies = LearnerCopies(self, runner, dialogs, start_folder)
        self.form = TrainForm()
        self.buttons = TrainButtons()
        self.verdict = Verdict(use is not None)
        self.progress = TrainProgress(theme, icons, pool, runner, self.files, self.verdict)
        self.banners = Banners(theme, icons)
        self.put(self.buttons, self.banners, self.progress)
        self._connect()
        self._dress()
        self._refresh()

    # -- layout ------------------------------------------------------------------------------

    def _connect(self) -> None:
        form, buttons, trainings = self.form, self.buttons, self.trainings
        form.choose_clicked.connect(self.choose_folder)
        form.folder_entered.connect(self._look)
        form.advanced.classes_asked.connect(self.choose_classes)
        form.changed.connect(self._refresh)
        buttons.train_button.clicked.connect(self.start)
        buttons.resume_button.clicked.connect(self.resume)
        buttons.hold_button.clicked.connect(self.hold_or_release)
        buttons.finish_button.clicked.connect(self.finish)
        buttons.later_button.clicked.connect(trainings.stop)
        trainings.looked.connect(self._on_looked)
        trainings.not_looked.connect(self._on_not_looked)
        trainings.looking_at.connect(self._on_looking)
        trainings.told.connect(self._on_event)
        trainings.refused.connect(self._on_refused)
        trainings.broke.connect(self._on_broke)
        trainings.changed.connect(self._on_change)
        self.verdict.save_asked.connect(lambda: self.copies.save(self.verdict.path))
        self.verdict.use_asked.connect(self._on_use)
        for part in (self.files, self.copies):
            part.message.connect(self.banners.show_message)
        for part in (trainings, self.files, self.copies):
            part.crashed.connect(self.crashed)
        self._theme.changed.connect(self._dress)

    def _dress(self) -> None:
        tones = self._theme.tones
        verdict = (
            f"QFrame#verdict {{ background: {tones.surface}; border: 1px solid {tones.border};"
            f" border-radius: 10px; }}"
        )
        scrolled = "QWidget#scrolled, QScrollArea#scrolled { background: transparent; }"
        beside = (
            "QTabWidget QPushButton { padding: 2px 12px; margin-bottom: 3px; }"  # as low as tabs
        )
        self.setStyleSheet(evaluate_style(tones) + verdict + scrolled + beside)

    def _refresh(self) -> None:
        """Show what can be done now."""
        busy, problem = self.trainings.busy, self.form.problem()
        self.form.widget().setEnabled(not busy)
        ready = self.form.order is not None and not problem and not self.trainings.looking
        self.buttons.refresh(self.trainings, ready, problem, self.form.earlier is not None)

    # -- what the user does --------------------------------------------------------------------

    def choose_classes(self) -> None:
        """Ask for the file that says which class is in which part."""
        title, kind = _("Which classes to learn from"), _("CSV table (*.csv)")
        file = self._dialogs.open_file(self, title, self._folder, kind)
        if file:
            self.form.advanced.classes.setText(file)

    def start(self) -> None:
        """Train."""
        order = self.form.order
        if order is not None and self.buttons.train_button.isEnabled():
            self._begin(order, False)

    def takes_folder(self) -> bool:
        """Whether another folder may be named now."""
        return not self.trainings.busy

    def resume(self) -> None:
        """Go on with the earlier training, as it was ordered."""
        if self.form.earlier is not None:
            self._begin(self.form.earlier, True)

    def hold_or_release(self) -> None:
        """Pause, or go on."""
        if self.trainings.held:
            self.trainings.release()
            self.buttons.wait(_("Going on"))
        else:
            self.trainings.hold()
            self.buttons.rest(_("Paused"))

    def finish(self) -> None:
        """Stop and keep."""
        self.trainings.finish()
        self.buttons.wait(_("Testing what it has learned"))

    def _begin(self, order: TrainingOrder, resume: bool) -> None:
        if self.trainings.busy:
            return
        self._settled = False
        self.banners.clear()
        self.progress.begin()
        self.buttons.wait(_("Starting"))
        self.trainings.start(replace(order, device=self._device()), resume)
        self.buttons.hold_button.setFocus()

    def _on_use(self) -> None:
        if self._use is not None and self.verdict.path:
            self._use(self.verdict.path)

    # -- the folder ------------------------------------------------------------------------------

    def _look(self, folder: str) -> None:
        if folder == self._folder:
            return
        self._folder = folder
        self.form.forget(_("Looking at the folder…") if folder else "")
        if folder:
            self.buttons.wait(_("Looking at the folder…"))
            self.trainings.look(folder)
        else:
            self.trainings.stop_looking()
        self._refresh()

    def _on_looking(self, progress: Progress) -> None:
        event = Preparing(progress.text, progress.done, progress.total, None)
        self.buttons.show_event(event, progress.text)

    def _on_looked(self, found: Found) -> None:
        self.form.show_found(found)
        self._refresh()

    def _on_not_looked(self, error: UserError) -> None:
        self._folder = ""  # so that it is looked at again when it is named again
        self.form.refuse(str(error))
        self._refresh()

    # -- what runs -------------------------------------------------------------------------------

    def _on_event(self, event: TrainingEvent) -> None:
        words = self.progress.show_event(event)
        if not self.trainings.held:
            self.buttons.show_event(event, words)
        if isinstance(event, Done):
            tested = event.tested
            text = _("The learner is ready.")
            text = text if tested is None else f"{text} {tested.verdict}"
            self._settle(Message(Kind.SUCCESS, text, key=_ENDED), here=False)
        elif isinstance(event, Stopped):
            self._on_stopped(event)

    def _on_stopped(self, event: Stopped) -> None:
        if event.checkpoint:
            text = _("It is put down. Choose “Go on with the earlier training” when you like.")
        else:
            text = _("It was stopped before it had learned anything.")
        self.progress.end(_("Stopped"))
        self._settle(Message(Kind.INFO, text, key=_ENDED))

    def _on_refused(self, error: UserError) -> None:
        self._fail(error.message, error.hint)

    def _on_broke(self, error: BaseException) -> None:
        if self.progress.looks:  # it is put down at each look
            hint = _("The last state that was put down is kept; you can go on from there.")
        else:
            hint = _("It had not learned anything yet; nothing is lost.")
        self._fail(_("The training broke down."), hint, lambda: self.crashed.emit(error))

    def _fail(self, text: str, hint: str, details: Callable[[], None] | None = None) -> None:
        self.progress.end(_("It ended early"))
        label = "" if details is None else _("Details")
        self._settle(Message(Kind.ERROR, text, hint, label, details, _ENDED))

    def _settle(self, message: Message, here: bool = True) -> None:
        """Tell of the end, once; where nobody looks at the page, elsewhere."""
        if self._settled:
            return
        self._settled = True
        if not self.isVisible():
            self.unseen.emit(message)
        if here:
            self.banners.show_message(message)

    def _on_change(self) -> None:
        if not self.trainings.busy:
            if not self._settled:  # cancelled before its process could say so
                self._on_stopped(Stopped(""))
            if self._folder:
                self.trainings.look(self._folder)  # what can be gone on with is another now
        elif self.trainings.stopping:
            self.buttons.wait(_("Putting it down"))
        self._refresh()

    # -- events ----------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._folder:
            self.form.folder.setFocus()

    def may_leave(self) -> bool:
        """Whether the program may end: asks while it trains."""
        if not self.trainings.busy or self.trainings.stopping:
            return True
        parent = self.parentWidget() or self
        return self._dialogs.still_training(parent, True) is StillTraining.LATER

    def leave(self) -> None:
        """The program ends: what is being trained is put down."""
        self.trainings.stop()
        super().reject()

    def reject(self) -> None:
        """The page closes: by Esc or by its button."""
        going = self.trainings.busy and not self.trainings.finishing
        if going and not self.trainings.stopping:
            answer = self._dialogs.still_training(self, False)
            if answer is StillTraining.STAY:
                return
            if answer is StillTraining.KEEP:
                self.finish()
        super().reject()
