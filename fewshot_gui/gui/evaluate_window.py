"""The page “How well does it sort?”: the window's side of ``fewshot-gui evaluate``."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from fewshot_gui.errors import UserError
from fewshot_gui.evaluate import evaluate_folder
from fewshot_gui.gui.banner import Banners
from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.evaluate_fields import muted
from fewshot_gui.gui.evaluate_files import ResultFiles
from fewshot_gui.gui.evaluate_form import EvaluateForm
from fewshot_gui.gui.evaluate_job import Answer, Evaluate, Evaluator
from fewshot_gui.gui.evaluate_results import EvaluateResults
from fewshot_gui.gui.evaluate_style import evaluate_style
from fewshot_gui.gui.folder_page import FolderPage
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Message
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.status import time_left
from fewshot_gui.gui.theme import Theme
from fewshot_gui.jobs import Progress
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.texts import _

_SIZE = (1120, 740)


class EvaluateWindow(FolderPage):
    """Asks, runs and shows evaluations. Closing it stops what runs; what was found stays.

    Attributes:
        form: What to find out.
        results: What was found.
        evaluator: What runs.
        files: What saves.
        banners: Messages.
        start_button, cancel_button: Only one of them can be seen.
        bar, activity: How far it is.
        problem: Why it cannot be started.

    Signals:
        crashed: An exception that should not have happened.
    """

    crashed = Signal(object)

    def __init__(
        self,
        parent: QWidget | None,
        runner: JobRunner,
        theme: Theme,
        icons: Icons,
        dialogs: Dialogs,
        device: Callable[[], str],
        start_folder: Callable[[], str],
        evaluate: Evaluate = evaluate_folder,
    ) -> None:
        super().__init__(parent, _("How well does it sort?"), _SIZE, dialogs, start_folder)
        self._theme = theme
        self.evaluator = Evaluator(runner, device, evaluate, self)
        self.files = ResultFiles(self, runner, dialogs)
        self.form = EvaluateForm()
        self.results = EvaluateResults(theme, self.files)
        self.banners = Banners(theme, icons)
        self.put(self._footer(), self.banners, self.results)
        self._connect()
        self._dress()
        self._refresh()

    # -- layout ------------------------------------------------------------------------------

    def _footer(self) -> QWidget:
        self.problem = muted("")
        self.problem.setProperty("tone", "error")
        self.activity = muted("")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(_("Progress"))
        self.start_button = QPushButton(_("&Start"))
        self.start_button.setProperty("role", "primary")
        self.start_button.setDefault(True)
        self.cancel_button = QPushButton(_("&Cancel"))
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.setToolTip(_("Esc"))
        footer = QWidget(objectName="footer")
        layout = QVBoxLayout(footer)
        layout.setContentsMargins(18, 12, 16, 14)
        layout.setSpacing(8)
        for widget in (self.problem, self.activity, self.bar):
            layout.addWidget(widget)
        for button in (self.start_button, self.cancel_button):
            button.setAccessibleName(button.text().replace("&", ""))
            layout.addWidget(button)
        return footer

    def _connect(self) -> None:
        form, evaluator = self.form, self.evaluator
        form.choose_clicked.connect(self.choose_folder)
        form.folder_entered.connect(self._look)
        form.changed.connect(self._refresh)
        self.start_button.clicked.connect(self.start)
        self.cancel_button.clicked.connect(self.cancel)
        evaluator.looked.connect(self._on_looked)
        evaluator.not_looked.connect(self._on_not_looked)
        evaluator.backbones_found.connect(form.offer_backbones)
        evaluator.learners_found.connect(form.offer_learners)
        evaluator.progressed.connect(self._on_progress)
        evaluator.answered.connect(self._on_answer)
        evaluator.refused.connect(self._on_refused)
        evaluator.ended.connect(self._refresh)
        self.files.message.connect(self.banners.show_message)
        for part in (evaluator, self.files):
            part.crashed.connect(self.crashed)
        self._theme.changed.connect(self._dress)

    def _dress(self) -> None:
        self.setStyleSheet(evaluate_style(self._theme.tones))

    # -- what the user does --------------------------------------------------------------------

    def start(self) -> None:
        """Find out."""
        if not self._can_start():
            return
        self.banners.clear()
        self.activity.setText(_("Starting"))
        self.bar.setRange(0, 0)
        self.evaluator.start(self._folder, self.form.question)
        self._refresh()
        self.cancel_button.setFocus()

    def takes_folder(self) -> bool:
        """Whether another folder may be named now."""
        return not self.evaluator.busy

    def cancel(self) -> None:
        """Stop what runs; nothing of it is shown."""
        self.evaluator.cancel()
        self.banners.clear()
        self.start_button.setFocus()

    def _can_start(self) -> bool:
        ready = bool(self._folder) and not self.evaluator.looking and not self.evaluator.busy
        return ready and self.form.knows_folder and not self.form.problem()

    def _refresh(self) -> None:
        """Show what can be done now."""
        busy = self.evaluator.busy
        problem = "" if busy else self.form.problem()
        self.form.widget().setEnabled(not busy)
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.start_button.setVisible(not busy)
        self.start_button.setEnabled(self._can_start())
        unknown = "" if self._folder else _("Choose a folder first.")
        self.start_button.setAccessibleDescription(problem or unknown)
        self.start_button.setToolTip(plain_tip(problem or unknown or _("Ctrl+Return")))
        for widget in (self.cancel_button, self.bar, self.activity):
            widget.setVisible(busy)

    # -- the folder ------------------------------------------------------------------------------

    def _look(self, folder: str) -> None:
        if folder == self._folder:
            return
        self._folder = folder
        self.form.forget_classes(_("Looking at the folder…") if folder else "")
        if folder:
            self.evaluator.look(folder)
        else:
            self.evaluator.stop_looking()
        self._refresh()

    def _on_looked(self, classes: ClassRows) -> None:
        self.form.show_classes(classes)
        self._refresh()

    def _on_not_looked(self, error: UserError) -> None:
        self._folder = ""  # so that it is looked at again when it is named again
        self.form.refuse_folder(str(error))
        self._refresh()

    # -- what runs -------------------------------------------------------------------------------

    def _on_progress(self, progress: Progress) -> None:
        self.activity.setText(progress_words(progress))
        self.bar.setRange(0, progress.total or 0)
        self.bar.setValue(progress.done)

    def _on_answer(self, answer: Answer) -> None:
        self.results.show_answer(answer)
        # once the keys of the form are usable again
        QTimer.singleShot(0, self.results.table, self.results.table.setFocus)

    def _on_refused(self, error: UserError) -> None:
        self.banners.show_message(Message.from_error(error))

    # -- events ----------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.evaluator.find_more()
        if not self._folder:
            self.form.folder.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.evaluator.busy:
            self.cancel()
        else:
            super().keyPressEvent(event)

    def reject(self) -> None:
        """The page closes: by Esc, by its button, or with the window."""
        self.evaluator.cancel()
        super().reject()


def progress_words(progress: Progress) -> str:
    """What is being done, how far it is, and for how long still."""
    parts = [progress.text] if progress.text else []
    if progress.total:
        text = _("{done} of {total}")
        parts.append(text.format(done=f"{progress.done:,}", total=f"{progress.total:,}"))
    left = progress.seconds_left
    if left is not None and left >= 1:
        parts.append(time_left(left))
    return " · ".join(parts)
