"""Brings files from elsewhere into the table of the open project."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from fewshot_gui.errors import UserError
from fewshot_gui.gui.collection import Collection
from fewshot_gui.gui.job_runner import JobRunner, nothing
from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.side_lanes import SideLanes
from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.images.file_types import is_listed
from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.scan import image_file, scan
from fewshot_gui.jobs import Job
from fewshot_gui.project.model import Project
from fewshot_gui.project.places import is_below
from fewshot_gui.project.readdressing import readdressed
from fewshot_gui.texts import _, ngettext

ERRORS_NAMED = 3
AWAY = "examples"  # key of the message on examples that cannot be found
AGAIN_MS = 15_000  # between two looks for examples that could not be found

Found = tuple[list[ImageFile], dict[str, UserError]]
Classes = tuple[dict[str, list[str]], list[UserError]]


class Gatherer(QObject):
    """Looks at files and folders in lanes; what it finds gets rows in the table.

    Each piece of work has a lane of its own: one may hang in a dead disk.

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
        self._lanes = SideLanes(runner, "gather")
        self._collection: Collection | None = None
        self._project = Project()
        self._has_failed = False  # examples could not be looked for, and that is told
        self._away: frozenset[str] = frozenset()  # examples that the user knows are away
        self._again = QTimer(self, singleShot=True, interval=AGAIN_MS)
        self._again.timeout.connect(self.due)

    def open(self, collection: Collection | None, project: Project) -> None:
        """Take another collection.

        What is still looked at for another project is dropped; what is looked at for this
        one, of which a folder lies elsewhere now, is looked at once more.
        """
        self._collection = collection
        self._project = project
        self._has_failed = False
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

    def gather(
        self,
        paths: Iterable[str],
        arrived: Callable[[list[str], list[str]], None],
        along: Iterable[str] = (),
    ) -> None:
        """Look at files, and at all images below folders; then go on with their paths.

        Args:
            paths: Files and folders from elsewhere.
            arrived: Takes the paths of the images found, and those of ``along``.
            along: Images of the project that were brought together with them. They are
                given back with the paths that they have by then.
        """
        collection, paths, along = self._collection, tuple(paths), tuple(along)
        project, places = self._project, _places(self._project)
        if collection is None:
            return

        def done(found: Found) -> None:
            files, errors = found
            for error in list(errors.values())[:ERRORS_NAMED]:
                self.message.emit(Message.from_error(error))
            if files or along:
                now = [_now_at(path, places, project) for path in along]
                arrived([file.path for file in files], now)

        def look() -> None:
            self._look_at(paths, _files_at, done, look, self.failed.emit)

        look()

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
        paths = tuple(paths)
        if self._collection is None:
            return
        if not paths:
            self._tell_away(())
            return

        def done(found: Found) -> None:
            files, errors = found
            self._tell_away([p for p in errors if not any(is_below(p, f) for f in folders)])
            if files:
                arrived([file.path for file in files])

        def failed(error: BaseException) -> None:
            self._again.start()
            if not self._has_failed:  # once: it may well fail in the same way each time
                self._has_failed = True
                self.failed.emit(error)

        # after a folder was located all examples are gathered anyway
        self._look_at(paths, _example_at, done, nothing, failed)

    def _look_at(
        self,
        paths: tuple[str, ...],
        files_at: Callable[[str, Job], Iterable[ImageFile]],
        done: Callable[[Found], None],
        again: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Give rows to the files that are found at some paths.

        Args:
            paths: Where to look.
            files_at: Finds what is there.
            done: Takes what was found.
            again: Called where the rows are needed in another table of the same project.
            failed: Takes an unexpected exception.
        """
        collection, project = self._collection, self._project
        assert collection is not None
        table = collection.table

        def work(job: Job) -> Found:
            files: list[ImageFile] = []
            errors: dict[str, UserError] = {}
            for path in paths:
                job.checkpoint()
                try:
                    files.extend(files_at(path, job))
                except UserError as error:
                    errors[path] = error
            table.add(files)
            return files, errors

        def looked(found: Found) -> None:
            if collection is self._collection:
                collection.ensure()
                done(found)
            elif project is self._project:
                again()

        def broken(error: BaseException) -> None:
            if project is self._project:
                failed(error)

        self._lanes.start(work, done=looked, failed=broken)

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
        collection, project = self._collection, self._project
        if collection is None:
            return
        table = collection.table

        def work(job: Job) -> Classes:
            found: dict[str, list[str]] = {}
            errors = []
            for folder in folders:
                try:
                    classes = find_class_folders(folder, job)
                except UserError as error:
                    errors.append(error)
                    continue
                for class_folder in classes:
                    table.add(class_folder.files)
                    paths = [file.path for file in class_folder.files]
                    found.setdefault(class_folder.name, []).extend(paths)
            return found, errors

        def done(classes: Classes) -> None:
            if collection is not self._collection:
                if project is self._project:
                    self.class_folders(folders, arrived)
                return
            found, errors = classes
            collection.ensure()
            for error in errors[:ERRORS_NAMED]:
                self.message.emit(Message.from_error(error))
            if found:
                arrived(found)

        def told(text: str) -> None:
            self.message.emit(Message(Kind.INFO, text))

        self._lanes.start(work, done=done, notice=told, failed=self.failed.emit)


def _files_at(path: str, job: Job) -> Iterable[ImageFile]:
    if os.path.isdir(path):
        return scan(path, job).files
    name = os.path.basename(path)
    if not is_listed(name):
        raise UserError(_("“{name}” is no picture and is left out.").format(name=name))
    # the scan's paths have no links in them: a picture of the folder must be known again
    return (image_file(os.path.realpath(path)),)


def _example_at(path: str, _job: Job) -> Iterable[ImageFile]:
    """An example keeps its path, although it may be a link by now: its label has that path."""
    return (image_file(path),)


def _places(project: Project) -> dict[int, str]:
    return {folder.id: folder.path for folder in project.folders}


def _now_at(path: str, before: Mapping[int, str], project: Project) -> str:
    """Where an image lies that was at this path while the folders lay where they were."""
    for folder in project.folders:
        old = before.get(folder.id, folder.path)
        if old != folder.path and is_below(path, old):
            return readdressed(path, old, folder.path)
    return path
