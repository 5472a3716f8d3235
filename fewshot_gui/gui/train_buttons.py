"""Starts, holds and ends a training: the foot of the page “Train a learner”."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from fewshot_gui.gui.evaluate_fields import muted
from fewshot_gui.gui.plain import plain_tip
from fewshot_gui.gui.train_run import Trainings
from fewshot_gui.metatrain.training_events import (
    FinalTest,
    Prepared,
    Preparing,
    Stepped,
    TrainingEvent,
)
from fewshot_gui.texts import _


class TrainButtons(QWidget):
    """What can be done now, and how far it is.

    Attributes:
        train_button: Begins a training.
        resume_button: Goes on with an earlier one.
        hold_button: Pauses, and goes on.
        finish_button: Stops and keeps what was learned.
        later_button: Puts it down for another time.
        bar, activity: How far it is.
        problem: Why it cannot be started.
    """

    def __init__(self) -> None:
        super().__init__(objectName="footer")
        self.problem, self.activity = muted(""), muted("")
        self.problem.setProperty("tone", "error")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(_("Progress"))
        self.resume_button = QPushButton(_("&Go on with the earlier training"))
        self.train_button = QPushButton(_("&Train"))
        self.hold_button = QPushButton(_("&Pause"))
        self.finish_button = QPushButton(_("Stop and &keep"))
        self.later_button = QPushButton(_("Stop, go on another &time"))
        self.later_button.setProperty("role", "quiet")
        self.finish_button.setToolTip(
            plain_tip(_("It learns no more. What it has learned is tested and kept."))
        )
        self.later_button.setToolTip(
            plain_tip(_("It is put down as it is, and can be gone on with."))
        )
        self._lay_out()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 12, 16, 14)
        layout.setSpacing(8)
        for widget in (self.problem, self.activity, self.bar):
            layout.addWidget(widget)
        layout.addWidget(self.resume_button)
        layout.addWidget(self.train_button)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.hold_button, 1)
        row.addWidget(self.finish_button, 1)
        layout.addLayout(row)
        layout.addWidget(self.later_button)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
            button.setAccessibleName(button.text().replace("&", ""))

    def refresh(self, trainings: Trainings, ready: bool, problem: str, earlier: bool) -> None:
        """Show what can be done now.

        Args:
            trainings: What goes on.
            ready: A training can be started.
            problem: Why not, where that is known.
            earlier: There is one to go on with.
        """
        busy = trainings.busy
        ending = trainings.finishing or trainings.stopping
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem) and not busy)
        self.resume_button.setVisible(earlier and not busy)
        self.resume_button.setEnabled(not trainings.looking)
        self.train_button.setVisible(not busy)
        self.train_button.setEnabled(ready)
        self.train_button.setText(_("&Train anew") if earlier else _("&Train"))
        self.train_button.setAccessibleName(self.train_button.text().replace("&", ""))
        self.train_button.setAccessibleDescription(problem)
        self.train_button.setToolTip(plain_tip(problem or _("Ctrl+Return")))
        self._set_role(self.train_button, "" if earlier else "primary")
        self._set_role(self.resume_button, "primary")
        for widget in (self.activity, self.bar):
            widget.setVisible(busy or trainings.looking)
        self.hold_button.setText(_("&Continue") if trainings.held else _("&Pause"))
        self.hold_button.setAccessibleName(self.hold_button.text().replace("&", ""))
        for button in (self.hold_button, self.finish_button, self.later_button):
            button.setVisible(busy)
            button.setEnabled(not ending)
        self.later_button.setEnabled(not trainings.stopping)

    def show_line(self, words: str) -> None:
        """Say what goes on."""
        self.activity.setText(words)

    def show_event(self, event: TrainingEvent, words: str) -> None:
        """Show how far it is."""
        if words:
            self.show_line(words)
        if isinstance(event, Stepped):
            self._fill(event.step, event.steps)
        elif isinstance(event, Prepared | FinalTest):
            self.bar.setRange(0, 0)
        elif isinstance(event, Preparing):
            self._fill(event.done, event.total or 0)

    def wait(self, words: str) -> None:
        """Something goes on that has no measure."""
        self.show_line(words)
        self.bar.setRange(0, 0)

    def rest(self, words: str) -> None:
        """Nothing goes on until the user wants it; a bar without a measure stands still."""
        self.show_line(words)
        if self.bar.maximum() == 0:
            self._fill(0, 1)

    def _fill(self, done: int, total: int) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    @staticmethod
    def _set_role(button: QPushButton, role: str) -> None:
        if button.property("role") != role:
            button.setProperty("role", role)
            button.style().unpolish(button)
            button.style().polish(button)
