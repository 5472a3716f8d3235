"""Takes results and charts out of the page, as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from fewshot_gui.atomic import replacing
from fewshot_gui.errors import UserError
from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.evaluate_job import Answer
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.report import json_text, write_csv
from fewshot_gui.texts import _

_LANE = "evaluate-save"


class ResultFiles(QObject):
    """Asks for a name, and writes off the window's thread.

    Signals:
        message: A ``Message``: what was saved, or why it was not.
        crashed: An exception that should not have happened.
    """

    message = Signal(object)
    crashed = Signal(object)

    def __init__(self, window: QWidget, runner: JobRunner, dialogs: Dialogs) -> None:
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._dialogs = dialogs
        self._folder = Path.home()

    def save_json(self, answer: Answer) -> None:
        """The same as ``evaluate --json`` prints."""

        def write(path: Path) -> None:
            found = answer.found
            text = json_text(found.results, found.data, answer.question.seed)
            _put(path, f"{text}\n".encode())

        self._save(_("Save the results"), "evaluation.json", _("JSON (*.json)"), write)

    def save_csv(self, answer: Answer) -> None:
        """The same as ``evaluate --csv`` writes."""

        def write(path: Path) -> None:
            write_csv(path, answer.found.results)

        self._save(_("Save the table"), "evaluation.csv", _("CSV table (*.csv)"), write)

    def save_png(self, content: bytes) -> None:
        """A chart as a picture."""
        self._save_chart("chart.png", _("PNG picture (*.png)"), content)

    def save_svg(self, content: bytes) -> None:
        """A chart as a drawing."""
        self._save_chart("chart.svg", _("SVG drawing (*.svg)"), content)

    def _save_chart(self, name: str, kind: str, content: bytes) -> None:
        self._save(_("Save the chart"), name, kind, lambda path: _put(path, content))

    def _save(self, title: str, name: str, kind: str, write: Callable[[Path], None]) -> None:
        chosen = self._dialogs.save_as(self._window, title, str(self._folder / name), kind)
        if not chosen:
            return
        path = Path(chosen)
        if not path.suffix:
            path = path.with_suffix(Path(name).suffix)
        self._folder = path.parent

        def work(_job: Job) -> Path:
            write(path)
            return path

        self._runner.start(_LANE, work, done=self._on_saved, failed=self._on_failed)

    def _on_saved(self, path: Path) -> None:
        self.message.emit(Message(Kind.SUCCESS, _("Saved {path}").format(path=path)))

    def _on_failed(self, error: BaseException) -> None:
        if isinstance(error, UserError):
            self.message.emit(Message.from_error(error))
        else:
            self.crashed.emit(error)


def _put(path: Path, content: bytes) -> None:
    with replacing(path) as stream:
        stream.write(content)
