"""The end of a training: is the new learner better, and what is to be done with it?"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from fewshot_gui.atomic import replacing
from fewshot_gui.errors import UserError
from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.evaluate_fields import heading, muted
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.train_words import comparison_words, done_words
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.training_events import Done, FinalTest
from fewshot_gui.metatrain.training_order import ENDING
from fewshot_gui.texts import _

_LANE = "train-save"


class Verdict(QFrame):
    """The final test in words, and two buttons.

    Attributes:
        sentence: Better, no better, or worse.
        numbers: A line for each kind of task.
        path: The learner file; empty while there is none.

    Signals:
        save_asked: The user wants a copy of the learner file.
        use_asked: The user wants to sort with it.
    """

    save_asked = Signal()
    use_asked = Signal()

    def __init__(self, usable: bool) -> None:
        """``usable``: there is a project that could sort with the learner."""
        super().__init__(objectName="verdict")
        self._usable = usable
        self.path = ""
        self._tested: FinalTest | None = None
        self.sentence, self.numbers = heading(""), muted("")
        self.kept = muted("")
        self.save_button = QPushButton(_("Save &as…"))
        self.use_button = QPushButton(_("&Use in project"))
        self.use_button.setProperty("role", "primary")
        buttons = QHBoxLayout()
        for button, signal in (
            (self.use_button, self.use_asked),
            (self.save_button, self.save_asked),
        ):
            button.setAccessibleName(button.text().replace("&", ""))
            button.setAutoDefault(False)
            button.clicked.connect(signal)
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(6)
        for label in (self.sentence, self.numbers, self.kept):
            layout.addWidget(label)
        layout.addLayout(buttons)
        self._refresh()

    def hide(self) -> None:
        """Forget what was shown, too."""
        self.path, self._tested = "", None
        super().hide()

    def show_test(self, tested: FinalTest) -> None:
        """The final test is made; the file is about to be written."""
        self._tested = tested
        self._refresh()
        self.show()

    def show_done(self, done: Done) -> None:
        """The file is written."""
        self.path, self._tested = done.path, done.tested
        self.kept.setText(done_words(done))
        self._refresh()
        self.show()

    def _refresh(self) -> None:
        tested = self._tested
        self.sentence.setText(
            _("The learner was not tested.") if tested is None else tested.verdict
        )
        numbers = () if tested is None else tested.comparisons
        self.numbers.setText("\n".join(map(comparison_words, numbers)))
        self.numbers.setVisible(bool(numbers))
        self.kept.setVisible(bool(self.path))
        self.save_button.setVisible(bool(self.path))
        self.use_button.setVisible(bool(self.path) and self._usable)


class LearnerCopies(QObject):
    """Copies learner files to where the user wants them, off the window's thread.

    Signals:
        message: A ``Message``: what was saved, or why it was not.
        crashed: An exception that should not have happened.
    """

    message = Signal(object)
    crashed = Signal(object)

    def __init__(
        self, window: QWidget, runner: JobRunner, dialogs: Dialogs, folder: Callable[[], str]
    ) -> None:
        super().__init__(window)
        self._window, self._runner, self._dialogs, self._folder = window, runner, dialogs, folder

    def save(self, source: str) -> None:
        """Ask for a name and write a copy."""
        start = str(Path(self._folder() or Path.home()) / Path(source).name)
        kind = _("Learner (*.safetensors)")
        chosen = self._dialogs.save_as(self._window, _("Save the learner"), start, kind)
        if not chosen:
            return
        path = Path(chosen if chosen.endswith(ENDING) else chosen + ENDING)

        def work(_job: Job) -> Path:
            if path.resolve() != Path(source).resolve():
                with open(source, "rb") as read, replacing(path) as write:
                    shutil.copyfileobj(read, write)
            return path

        self._runner.start(_LANE, work, done=self._on_saved, failed=self._on_failed)

    def _on_saved(self, path: Path) -> None:
        self.message.emit(Message(Kind.SUCCESS, _("Saved {path}").format(path=path)))

    def _on_failed(self, error: BaseException) -> None:
        if isinstance(error, UserError):
            self.message.emit(Message.from_error(error))
        elif isinstance(error, OSError):
            text = _("The learner could not be saved: {why}")
            why = error.strerror or str(error)
            self.message.emit(Message(Kind.ERROR, text.format(why=why)))
        else:
            self.crashed.emit(error)
