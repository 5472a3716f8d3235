"""The project file of the open project: opening, keeping up with it, leaving it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.images.scan import checked_root
from fewshot_gui.jobs import Job
from fewshot_gui.project.backups import Backup, restore_backup
from fewshot_gui.project.drafts import discard_draft, is_draft, latest_draft, new_draft
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.keeper import Keeper, KeeperState
from fewshot_gui.project.model import NoJournal, Project, readdressed

CLOSE_S = 5.0  # how long a project that is left may take to be written


@dataclass(frozen=True)
class Opened:
    """A project that is ready to be shown.

    Attributes:
        project: The user's decisions.
        keeper: Writes them down; None where nothing is kept.
        path: The project file, empty where there is none.
        read_only: Whether nothing may be changed.
        known: What labelled images were like, by path.
        resumed: Whether it was begun in an earlier sitting.
        notices: What the user should be told.
    """

    project: Project
    keeper: Keeper | None = None
    path: str = ""
    read_only: bool = False
    known: Mapping[str, KnownImage] = field(default_factory=dict)
    resumed: bool = False
    notices: tuple[str, ...] = ()


class Desk(QObject):
    """Opens project files in a lane and holds the one that is open.

    Attributes:
        now: What is open.
        state: How far it is written down; None where nothing is kept.

    Signals:
        opened: An ``Opened``; it is ``now`` already.
        failed: (exception, path of the project file or folder).
        consent_wanted: (folders, closure that goes on): a project file names folders that
            lie neither beside it nor were ever opened by this user.
        state_changed: ``state`` is another.
        moved: The project has another file.
    """

    opened = Signal(object)
    failed = Signal(object, str)
    consent_wanted = Signal(object, object)
    state_changed = Signal()
    moved = Signal()

    def __init__(self, runner: JobRunner, trusted: Callable[[], Collection[str]]) -> None:
        super().__init__()
        self._runner = runner
        self._trusted = trusted
        self._job: Job | None = None
        self.now = Opened(Project())
        self.state: KeeperState | None = None

    @property
    def busy(self) -> bool:
        """Whether a project is being opened."""
        return self._job is not None

    @property
    def title(self) -> str:
        """What to call the project: its file, or the folder where it is a draft."""
        if self.now.path and not is_draft(self.now.path):
            return Path(self.now.path).stem
        folders = self.now.project.folders
        return Path(folders[0].path).name or folders[0].path if folders else ""

    @property
    def is_draft(self) -> bool:
        """Whether the user has given the project no file name."""
        return not self.now.path or is_draft(self.now.path)

    # -- opening -------------------------------------------------------------------

    def open_folder(self, folder: str, anew: bool = False) -> None:
        """Open the draft for a folder, or begin one.

        Args:
            folder: A folder of target images.
            anew: Begin another draft; the one before is kept.
        """
        open_path = self.now.path

        def work(_job: Job) -> Opened | None:
            real = checked_root(folder)
            path = None if anew else latest_draft(real)
            if path is not None and path == open_path:
                return None
            if path is not None:
                opened = opened_file(path)
                opened.project.add_folder(real)  # it may have been taken out
                return opened
            return begun(new_draft(real), real)

        self._open(work, folder)

    def open_file(self, path: str, read_only: bool = False, consent: Collection[str] = ()) -> None:
        """Open a project file.

        Args:
            path: The file.
            read_only: Look only; another window may hold it.
            consent: Folders outside that the user has agreed to.
        """
        trusted = {*self._trusted(), *consent}
        open_path = self.now.path

        def work(_job: Job) -> Opened | tuple[str, ...] | None:
            real = os.path.realpath(path)
            if real == open_path:
                return None
            return opened_file(real, read_only, trusted)

        def wanted(folders: tuple[str, ...]) -> None:
            self.consent_wanted.emit(
                folders, lambda: self.open_file(path, read_only, {*consent, *folders})
            )

        self._open(work, path, wanted)

    def open_memory(self, project: Project) -> None:
        """Show a project that is kept nowhere."""
        self._take(Opened(project))

    def close(self) -> None:
        """Leave the project."""
        self._take(Opened(Project()))

    # -- keeping ---------------------------------------------------------------------

    def save_as(self, path: str) -> None:
        """Go on in another file. An existing one is replaced: the user was asked."""
        now = self.now

        def work(_job: Job) -> Opened:
            if now.keeper is None:
                return kept(now.project, path)
            now.keeper.move_to(path).result()
            if is_draft(now.path) and now.keeper.path != os.path.realpath(now.path):
                discard_draft(now.path)  # it has a name now; all that was in it is in the file
            return Opened(now.project, now.keeper, now.keeper.path, known=now.known)

        def done(opened: Opened) -> None:
            if self.now is not now:
                return
            self.now = opened
            self._listen(opened.keeper)
            self.moved.emit()

        self._runner.start(
            "project", work, done=done, failed=lambda error: self.failed.emit(error, path)
        )

    def duplicate(self, path: str, done: Callable[[str], None]) -> None:
        """Write a copy and go on in the file that is open."""
        now = self.now

        def work(_job: Job) -> str:
            if now.keeper is None:
                copy = kept(now.project.snapshot(), path)
                if copy.keeper is not None:
                    copy.keeper.close(CLOSE_S)
            else:
                now.keeper.save_copy(path).result()
            return path

        self._runner.start(
            "project", work, done=done, failed=lambda error: self.failed.emit(error, path)
        )

    def check_folder(
        self, path: str, done: Callable[[str], None], failed: Callable[[BaseException], None]
    ) -> None:
        """Look at a folder in the lane; ``done`` gets its path without links."""
        self._runner.start("project", lambda _job: checked_root(path), done=done, failed=failed)

    def relocate(self, folder_id: int, path: str) -> Opened:
        """A folder of the project lies elsewhere now, with all images in it."""
        project, keeper = self.now.project, self.now.keeper
        old = next((f.path for f in project.folders if f.id == folder_id), path)
        project.relocated(folder_id, path)
        if keeper is not None:
            keeper.relocate(folder_id, path)
        known = {readdressed(p, old, path): fact for p, fact in self.now.known.items()}
        self.now = replace(self.now, known=known, notices=())
        return self.now

    def renamed(self, paths: Mapping[str, str]) -> None:
        """Images of the project have other paths."""
        if self.now.keeper is not None:
            self.now.keeper.renamed(paths)

    def note(self, news: Mapping[str, KnownImage]) -> None:
        """Remember what labelled images are like."""
        if self.now.keeper is not None:
            self.now.keeper.note(news)

    def restore(self, path: str, backup: Backup, done: Callable[[str], None]) -> None:
        """Put a backup in the place of a damaged file and open it.

        ``done`` gets the path under which the damaged file is kept.
        """

        def restored(kept: str) -> None:
            self.open_file(path)
            done(kept)

        self._runner.start(
            "project",
            lambda _job: restore_backup(path, backup),
            done=restored,
            failed=lambda error: self.failed.emit(error, path),
        )

    def shut(self) -> bool:
        """Leave the project and wait, but not for ever; returns whether all is written."""
        keeper, self.now = self.now.keeper, Opened(Project())
        return keeper is None or keeper.close(CLOSE_S)

    @property
    def unwritten(self) -> int:
        """How many actions are not written down although they should be."""
        keeper = self.now.keeper
        return keeper.pending if keeper is not None else 0

    # -- inside ------------------------------------------------------------------------

    def _open(
        self,
        work: Callable[[Job], object],
        path: str,
        wanted: Callable[[tuple[str, ...]], None] | None = None,
    ) -> None:
        if self._job is not None:
            self._job.cancel()

        def done(result: object) -> None:
            if job is not self._job:
                if isinstance(result, Opened):
                    self._leave(result)
                return
            self._job = None
            if isinstance(result, Opened):
                self._take(result)
            elif isinstance(result, tuple) and wanted is not None:
                wanted(result)
            else:
                self.opened.emit(None)

        def failed(error: BaseException) -> None:
            if job is self._job:
                self._job = None
                self.failed.emit(error, path)

        def cancelled() -> None:
            if job is self._job:
                self._job = None

        self._job = job = self._runner.start(
            "project", work, done=done, failed=failed, cancelled=cancelled
        )

    def _take(self, opened: Opened) -> None:
        before, self.now = self.now, opened
        self._leave(before)
        self.state = None
        self._listen(opened.keeper)
        self.opened.emit(opened)

    def _listen(self, keeper: Keeper | None) -> None:
        if keeper is None:
            return

        def on_state(state: KeeperState) -> None:  # in the keeper's thread
            self._runner.call(lambda: self._on_state(keeper, state))

        keeper.on_state = on_state

    def _on_state(self, keeper: Keeper, state: KeeperState) -> None:
        if keeper is self.now.keeper:
            self.state = state
            self.state_changed.emit()

    def _leave(self, opened: Opened) -> None:
        keeper = opened.keeper
        opened.project.journal = NoJournal()
        if keeper is not None:
            self._runner.start(
                "project", lambda _job: keeper.close(CLOSE_S), failed=lambda _error: None
            )


def opened_file(
    path: str, read_only: bool = False, trusted: Collection[str] | None = None
) -> Opened | tuple[str, ...]:
    """Open and load a project file; blocks.

    Args:
        path: The file.
        read_only: Open it for looking only.
        trusted: Folders that may be read; None for a file of our own. Where others are
            named, they are returned and nothing stays open.

    Raises:
        UserError: It cannot be opened; the classes in ``project.errors`` tell why.
    """
    file = ProjectFile.open(path, read_only=read_only)
    try:
        project = file.load()
        outside = file.folders_outside(trusted) if trusted is not None else ()
        if outside:
            file.close()
            return tuple(outside)
        known = file.known()
    except BaseException:
        file.close()
        raise
    if file.read_only:
        file.close()
        return Opened(project, None, path, True, known, True, file.notices)
    keeper = Keeper(file)
    project.journal = keeper
    return Opened(project, keeper, path, False, known, True, file.notices)


def begun(path: str, folder: str) -> Opened:
    """A new project file for one folder; blocks."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    project = Project()
    project.add_folder(folder)
    project = Project(project.setup)  # there is nothing to undo in a new project
    keeper = Keeper(ProjectFile.create(path, project))
    project.journal = keeper
    return Opened(project, keeper, path)


def kept(project: Project, path: str) -> Opened:
    """Write a project that was in memory only to a new file; blocks."""
    keeper = Keeper(ProjectFile.create(path, project, replace=True))
    project.journal = keeper
    return Opened(project, keeper, path)
