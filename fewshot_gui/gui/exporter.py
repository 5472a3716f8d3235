"""Writes results, off the window's thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from fewshot_gui import workflow
from fewshot_gui.exports.csv_file import write_csv
from fewshot_gui.exports.rows import ResultRow
from fewshot_gui.gui.collection import Collection
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.side_lanes import SideLanes
from fewshot_gui.jobs import Job
from fewshot_gui.project.model import Project
from fewshot_gui.texts import _, ngettext

KEY = "export"  # of the question whether to export an unfinished result


class Exporter(QObject):
    """Asks where a result would be incomplete, then writes it.

    Signals:
        exported: (path, number of rows) of a file that was written.
        message: A ``Message``.
        settled: Key of a message that is no longer true.
        failed: An exception.
    """

    exported = Signal(str, int)
    message = Signal(object)
    settled = Signal(str)
    failed = Signal(object)

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self._runner = runner
        self._lanes = SideLanes(runner, "export")

    def csv(
        self,
        path: str,
        project: Project,
        collection: Collection,
        learner: str,
        listed: bool,
        anyway: bool = False,
    ) -> None:
        """Write the CSV. Asks first where images are not listed or not read yet."""
        missing = [] if anyway else _missing(collection, listed)
        if missing:
            self.message.emit(
                Message(
                    Kind.WARNING,
                    " ".join(missing),
                    action=_("Export anyway"),
                    run=lambda: self.csv(path, project, collection, learner, listed, anyway=True),
                    key=KEY,
                )
            )
            return
        snapshot, table, targets = project.snapshot(), collection.table, collection.targets

        def work(job: Job) -> list[ResultRow]:
            return workflow.result_rows(snapshot, table, targets, learner, job)

        self._runner.start(
            "learner", work, done=lambda rows: self._write(path, rows), failed=self.failed.emit
        )

    def _write(self, path: str, rows: list[ResultRow]) -> None:
        """In a lane of its own: the learner does not wait for a disk that hangs."""

        def done(_nothing: None) -> None:
            self.settled.emit(KEY)
            self.exported.emit(path, len(rows))

        self._lanes.start(
            lambda _job: write_csv(Path(path), rows), done=done, failed=self.failed.emit
        )


def _missing(collection: Collection, listed: bool) -> list[str]:
    """What a result written now would lack, in sentences."""
    sentences = []
    if not listed:
        sentences.append(_("The folder was not listed to its end."))
        sentences.append(_("Pictures that were not found would have no row."))
    waiting = len(collection.pending_targets())
    if waiting:
        text = ngettext(
            "{count} picture has not been read yet.",
            "{count} pictures have not been read yet.",
            waiting,
        )
        sentences.append(text.format(count=f"{waiting:,}"))
        sentences.append(_("Their rows would have no result."))
    return sentences
