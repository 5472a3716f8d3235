"""Brings files from elsewhere into the table of the open project."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from fewshot_gui.errors import UserError
from fewshot_gui.gui.collection import Collection
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.scan import image_file, scan
from fewshot_gui.jobs import Job
from fewshot_gui.project.places import is_below
from fewshot_gui.texts import _, ngettext

ERRORS_NAMED = 3
AWAY = "examples"  # key of the message on examples that cannot be found
AGAIN_MS = 15_000  # between two looks for examples that could not be found

Found = tuple[list[ImageFile], dict[str, UserError]]


class Gatherer(QObject):
    """Looks at files and folders in a lane; what it finds gets rows in the table.

    Signals:
        message: A ``Message`` on what could not be found.
        settled: Key of a message that is no longer true.
        due: Examples could not be found; now is the time to look for them again.
        failed: An unexpected exception.
    """

    message = Signal(object)
    settled = Signal(str)
    due = Signal()
    failed = Signal(object)

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self._runner = runner
        self._collection: Collection | None = None
        self._away: frozenset[str] = frozenset()  # examples that the user knows are away
        self._again = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._again.timeout.connect(self.due)

    def open(self, collection: Collection | None) -> None:
        """Take another collection; what is still looked at for the one before is dropped."""
        self._collection = collection
        self._tell_away(())

    def split(self, paths: Iterable[str]) -> tuple[list[str], list[str]]:
        """Paths as (in the table, elsewhere). Looks at no disk."""
        inside: list[str] = []
        outside: list[str] = []
        table = self._collection.table if self._collection is not None else None
        for path in paths:
            known = table is not None and table.row(path) is not None
            (inside if known else outside).append(path)
        return inside, outside

    def gather(self, paths: Iterable[str], arrived: Callable[[list[str]], None]) -> None:
        """Look at files, and at all images below folders; then go on with their paths."""
        collection, paths = self._collection, tuple(paths)
        if collection is None:
            return

        def done(found: Found) -> None:
            files, errors = found
            for error in list(errors.values())[:ERRORS_NAMED]:
                self.message.emit(Message.from_error(error))
            if files:
                arrived([file.path for file in files])

        self._look_at(collection, paths, done)

    def gather_examples(
        self,
        paths: Iterable[str],
        folders: Sequence[str],
        arrived: Callable[[list[str]], None],
    ) -> None:
        """Look at all examples that have no row yet; then go on with those that are there.

        What is missing is told in one message, which settles when all are there. Of what is
        missing in the project's own folders the listing tells.

        Args:
            paths: All of them, of all bins.
            folders: The folders of the project.
            arrived: Takes the paths of those that are there.
        """
        collection, paths = self._collection, tuple(paths)
        if collection is None:
            return
        if not paths:
            self._tell_away(())
            return

        def done(found: Found) -> None:
            files, errors = found
            self._tell_away([p for p in errors if not any(is_below(p, f) for f in folders)])
            if files:
                arrived([file.path for file in files])

        self._look_at(collection, paths, done)

    def _look_at(
        self, collection: Collection, paths: tuple[str, ...], done: Callable[[Found], None]
    ) -> None:
        """Give rows to files, and to all images below folders, in the lane."""
        table = collection.table

        def work(job: Job) -> Found:
            files: list[ImageFile] = []
            errors: dict[str, UserError] = {}
            for path in paths:
                job.checkpoint()
                try:
                    files.extend(_files_at(path, job))
                except UserError as error:
                    errors[path] = error
            table.add(files)
            return files, errors

        def looked(found: Found) -> None:
            if collection is self._collection:
                collection.ensure()
                done(found)

        self._runner.start("files", work, done=looked, failed=self.failed.emit)

    def _tell_away(self, paths: Iterable[str]) -> None:
        """Say which examples cannot be found, once, and look for them again after a while."""
        before, self._away = self._away, frozenset(paths)
        if not self._away:
            self._again.stop()
            if before:
                self.settled.emit(AWAY)
            return
        self._again.start()
        if self._away == before:
            return
        count = len(self._away)
        text = ngettext(
            "{count} example cannot be found: {name}.",
            "{count} examples cannot be found, among them {name}.",
            count,
        )
        hint = _("Sorting goes on without what is missing; it is used again when it is back.")
        name = Path(min(self._away)).name
        text = text.format(count=f"{count:,}", name=name)
        self.message.emit(Message(Kind.WARNING, text, hint, key=AWAY))

    def class_folders(
        self, folders: tuple[str, ...], arrived: Callable[[dict[str, list[str]]], None]
    ) -> None:
        """Look for class folders; then go on with the images of each class."""
        collection = self._collection
        if collection is None:
            return
        table = collection.table

        def work(job: Job) -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for folder in folders:
                for class_folder in find_class_folders(folder, job):
                    table.add(class_folder.files)
                    paths = [file.path for file in class_folder.files]
                    found.setdefault(class_folder.name, []).extend(paths)
            return found

        def done(found: dict[str, list[str]]) -> None:
            if collection is not self._collection:
                return
            collection.ensure()
            if found:
                arrived(found)
                return
            text = _("No pictures were found in “{name}”.").format(name=Path(folders[0]).name)
            hint = _("Every sub-folder that holds pictures becomes a bin.")
            self.message.emit(Message(Kind.WARNING, text, hint))

        self._runner.start("files", work, done=done, failed=self._on_failed)

    def _on_failed(self, error: BaseException) -> None:
        if isinstance(error, UserError):
            self.message.emit(Message.from_error(error))
        else:
            self.failed.emit(error)


def _files_at(path: str, job: Job) -> Iterable[ImageFile]:
    if os.path.isdir(path):
        return scan(path, job).files
    # the scan's paths have no links in them: a picture of the folder must be known again
    return (image_file(os.path.realpath(path)),)
