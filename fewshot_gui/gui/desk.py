"""The project file of the open project: opening, keeping up with it, leaving it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.leaving import Leaving
from fewshot_gui.gui.moving import Moving
from fewshot_gui.gui.opening import (
    CLOSE_S,
    Handover,
    Opened,
    Waiting,
    begun,
    in_turn,
    looked_up,
    opened_draft,
    opened_file,
    restored,
    whole,
    written,
)
from fewshot_gui.gui.side_lanes import SideLanes
from fewshot_gui.images.scan import checked_root
from fewshot_gui.jobs import Job
from fewshot_gui.project.backups import Backup, restore_backup
from fewshot_gui.project.draft_names import is_draft
from fewshot_gui.project.drafts import latest_draft, new_draft
from fewshot_gui.project.edits import NoJournal
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.keeper import Keeper
from fewshot_gui.project.keeping import KeeperState
from fewshot_gui.project.model import Project
from fewshot_gui.project.readdressing import readdressed

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class AlreadyOpen:
    """What was to be opened is what is open.

    Attributes:
        folder: The folder that was asked for, empty where a file was.
    """

    folder: str = ""


class Desk(QObject):
    """Opens project files in lanes and holds the one that is open.

    A file that was opened is either taken or closed again, whatever happens meanwhile. Each
    piece of work has a lane of its own: one may hang in a dead disk.

    Attributes:
        now: What is open.
        state: How far it is written down; None where nothing is kept.

    Signals:
        left: The project before is left; ``opened`` comes at once.
        opened: An ``Opened``; it is ``now`` already.
        already_open: What was asked for is ``now``; the folder, if it was one.
        failed: (exception, path of the project file or folder) of an opening.
        not_saved: (exception, path of the file) of *Save as* or of a copy.
        lost: (title of a project that was left, number of its actions that are not saved).
        consent_wanted: (folders, closure that goes on): a project file names folders that
            lie neither beside it nor were ever opened by this user.
        busy_changed: An opening began or ended.
        state_changed: ``state`` is another.
        moved: A project has another file: (path of the one before, path now). It may have
            been left meanwhile.
    """

    left = Signal()
    opened = Signal(object)
    already_open = Signal(str)
    failed = Signal(object, str)
    not_saved = Signal(object, str)
    lost = Signal(str, int)
    consent_wanted = Signal(object, object)
    busy_changed = Signal()
    state_changed = Signal()
    moved = Signal(str, str)

    def __init__(self, runner: JobRunner, trusted: Callable[[], Collection[str]]) -> None:
        super().__init__()
        self._runner = runner
        self._lanes = SideLanes(runner, "files")
        self._trusted = trusted
        self._opening: Handover | None = None
        self._opening_job = Job()
        self._saving: Handover | None = None
        self._save_next = ""  # asked for while the file is just being made
        self._leaving = Leaving(self._lanes, self.lost.emit)
        self._moving = Moving(self._lanes, self.moved.emit)
        self._book: Keeper | Waiting | None = None  # where bookkeeping goes
        self._known: dict[str, KnownImage] = {}
        self.now = Opened(Project())
        self.state: KeeperState | None = None

    @property
    def busy(self) -> bool:
        """Whether a project is being opened."""
        return self._opening is not None

    @property
    def title(self) -> str:
        """What to call the project: its file, or the folder where it is a draft."""
        return self.now.title

    @property
    def is_draft(self) -> bool:
        """Whether the user has given the project no file name."""
        return not self.now.path or is_draft(self.now.path)

    # -- opening -------------------------------------------------------------------

    def open_folder(self, folder: str, anew: bool = False) -> None:
        """Open the draft for a folder, or begin one.

        A folder that cannot be reached has its draft all the same.

        Args:
            folder: A folder of target images.
            anew: Begin another draft; the one before is kept.
        """
        open_path = self._held_path()

        def work(job: Job) -> Opened | AlreadyOpen:
            real, error = looked_up(folder)

            def opened() -> Opened | AlreadyOpen:
                draft = None if anew else latest_draft(real)
                reachable = "" if error is not None else real
                if draft is not None and os.path.realpath(draft) == open_path:
                    return AlreadyOpen(reachable)
                if draft is not None:
                    return opened_draft(draft, reachable)
                if error is not None:
                    raise error
                return replace(begun(new_draft(real), real), is_spare=anew)

            return in_turn(opened, job, lambda: self._leaving.goes_on)

        self._open(work, folder)

    def open_file(self, path: str, read_only: bool = False) -> None:
        """Open a project file.

        Args:
            path: The file.
            read_only: Look only; another window may hold it.
        """
        self._open_file(path, read_only)

    def restore(self, path: str, backup: Backup) -> None:
        """Put a backup in the place of a damaged file and open it."""
        self._open_file(path, backup=backup)

    def open_memory(self, project: Project) -> None:
        """Show a project that is kept nowhere."""
        self.cancel()
        self._take(Opened(project))

    def close(self) -> None:
        """Leave the project."""
        self.cancel()
        self._take(Opened(Project()))

    def cancel(self) -> None:
        """Open nothing, although it was asked for; at once, even if a disk hangs."""
        if self._opening is None:
            return
        handover, self._opening = self._opening, None
        self._opening_job.cancel()
        self._leaving.drop(handover)
        self.busy_changed.emit()

    # -- keeping ---------------------------------------------------------------------

    def save_as(self, path: str) -> None:
        """Go on in another file. An existing one is replaced: the user was asked."""
        if self._saving is not None:
            self._save_next = path
        elif self.now.keeper is None:
            self._make_file(path)
        else:
            self._move(self.now.keeper, path)

    def duplicate(self, path: str, done: Callable[[str], None]) -> None:
        """Write a copy as the project is now, and go on in the file that is open."""
        keeper = self.now.keeper
        if keeper is not None:
            copied = keeper.save_copy(path)

            def work(_job: Job) -> str:
                return copied.result()
        else:
            copy, known = whole(self.now.project), dict(self._known)

            def work(_job: Job) -> str:
                written(copy, known, path).close(CLOSE_S)
                return path

        self._lanes.start(work, done=done, failed=lambda error: self.not_saved.emit(error, path))

    def check_folder(
        self, path: str, done: Callable[[str], None], failed: Callable[[BaseException], None]
    ) -> None:
        """Look at a folder in a lane; ``done`` gets its path without links.

        Nobody hears of it where another project is open by then.
        """
        self._lanes.start(
            lambda _job: checked_root(path), done=self._if_open(done), failed=self._if_open(failed)
        )

    def ask(self, question: Callable[[], Answer], done: Callable[[Answer], None]) -> None:
        """Ask the disk something in a lane; ``done`` gets the answer."""
        self._lanes.start(lambda _job: question(), done=self._if_open(done))

    def _if_open(self, callback: Callable[..., None]) -> Callable[..., None]:
        """The same, but nobody hears of it where another project is open by then."""
        project = self.now.project
        return lambda result: callback(result) if self.now.project is project else None

    def relocate(self, folder_id: int, path: str) -> Opened:
        """A folder of the project lies elsewhere now, with all images in it."""
        project = self.now.project
        old = next((f.path for f in project.folders if f.id == folder_id), path)
        project.relocated(folder_id, path)
        if self._book is not None:
            self._book.relocate(folder_id, path)
        self._known = {readdressed(p, old, path): fact for p, fact in self._known.items()}
        return self.again()

    def again(self) -> Opened:
        """The project that is open, ready to be shown once more."""
        self.now = replace(self.now, known=dict(self._known), notices=())
        return self.now

    def renamed(self, paths: Mapping[str, str]) -> None:
        """Images of the project have other paths."""
        self._known = {paths.get(path, path): fact for path, fact in self._known.items()}
        if self._book is not None:
            self._book.renamed(paths)

    def note(self, news: Mapping[str, KnownImage]) -> None:
        """Remember what labelled images are like."""
        self._known.update(news)
        if self._book is not None:
            self._book.note(news)

    def shut(self) -> None:
        """Leave everything and wait until it is written, but not for ever."""
        handovers = [h for h in (self._opening, self._saving) if h is not None]
        self._opening = self._saving = None
        self._save_next = ""
        untaken = [opened for h in handovers if (opened := h.drop()) is not None]
        self.now.project.journal, self._book = NoJournal(), None
        before, self.now = self.now, Opened(Project())
        self._leaving.wait([before, *untaken], CLOSE_S)
        self._moving.finish()

    @property
    def unwritten(self) -> int:
        """How many actions are not written down although they should be."""
        if self._saving is not None:  # nobody knows yet whether there will be a file
            return max(1, len(self.now.project.history[0]))
        keeper = self.now.keeper
        return keeper.pending if keeper is not None else 0

    @property
    def at_risk(self) -> int:
        """How many actions would be lost by leaving: what is just being written would not."""
        keeper = self.now.keeper
        return keeper.at_risk if keeper is not None else self.unwritten

    # -- inside: opening ---------------------------------------------------------------

    def _held_path(self) -> str:
        """The file that is open for writing; one that is only looked at is opened anew."""
        return "" if self.now.read_only else self.now.path

    def _open_file(
        self,
        path: str,
        read_only: bool = False,
        consent: Collection[str] = (),
        backup: Backup | None = None,
        notices: Collection[str] = (),
    ) -> None:
        trusted = {*self._trusted(), *consent}
        open_path = self._held_path()
        told = list(notices)

        def work(job: Job) -> Opened | tuple[str, ...] | AlreadyOpen:
            real = os.path.realpath(path)
            if real == open_path:
                return AlreadyOpen()
            if backup is not None:
                told.append(restored(real, restore_backup(real, backup)))
            allowed = None if is_draft(real) else trusted
            result = in_turn(
                lambda: opened_file(real, read_only, allowed), job, lambda: self._leaving.goes_on
            )
            if isinstance(result, Opened):
                return replace(result, notices=(*told, *result.notices))
            return result

        def wanted(folders: tuple[str, ...]) -> None:
            agreed = {*consent, *folders}
            self.consent_wanted.emit(
                folders, lambda: self._open_file(path, read_only, agreed, notices=told)
            )

        self._open(work, path, wanted)

    def _open(
        self,
        work: Callable[[Job], object],
        path: str,
        wanted: Callable[[tuple[str, ...]], None] | None = None,
    ) -> None:
        self.cancel()
        handover = Handover()

        def run(job: Job) -> object:
            result = work(job)
            if isinstance(result, Opened):
                handover.bring(result)
            return result

        def done(result: object) -> None:
            if not self._opening_ended(handover):
                return
            if isinstance(result, Opened):
                self._take(result)
            elif isinstance(result, AlreadyOpen):
                self.already_open.emit(result.folder)
            elif isinstance(result, tuple) and wanted is not None:
                wanted(result)

        def failed(error: BaseException) -> None:
            if self._opening_ended(handover):
                self.failed.emit(error, path)

        self._opening = handover
        self._opening_job = self._lanes.start(
            run, done=done, failed=failed, cancelled=lambda: self._opening_ended(handover)
        )
        self.busy_changed.emit()

    def _opening_ended(self, handover: Handover) -> bool:
        """Whether anybody still wants what this opening has brought."""
        if handover is not self._opening:
            self._leaving.has_ended()
            return False
        self._opening = None
        self.busy_changed.emit()
        return True

    def _take(self, opened: Opened) -> None:
        title, before = self.title, self.now
        self.now = opened = replace(opened, is_spare=False)
        self._save_next = ""  # it was said of the project before
        if self._saving is not None:
            self._leaving.drop(self._saving)
            self._saving = None
        self.left.emit()
        self._leaving.leave(before, title)
        self._known = dict(opened.known)
        self._book = opened.keeper
        self.state = None
        if opened.keeper is not None:
            self._listen(opened.keeper)
        self.opened.emit(opened)

    # -- inside: saving ------------------------------------------------------------------

    def _move(self, keeper: Keeper, path: str) -> None:
        """Let the keeper go on in another file."""
        project = self.now.project

        def arrived() -> None:
            if self.now.project is project:
                self.now = replace(self.now, path=keeper.path)

        self._moving.start(
            keeper, self.now.path, path, arrived, lambda error: self.not_saved.emit(error, path)
        )

    def _make_file(self, path: str) -> None:
        """Write down a project that has been kept nowhere; what is done meanwhile as well."""
        project, before, title = self.now.project, self.now.path, self.title
        known = dict(self._known)
        copy, waiting, handover = whole(project), Waiting(), Handover()
        project.journal = self._book = waiting
        self._saving = handover

        def work(_job: Job) -> Keeper:
            keeper = written(copy, known, path)
            waiting.hand_over(keeper)
            handover.bring(Opened(project, keeper, keeper.path))
            return keeper

        def done(keeper: Keeper) -> None:
            if self._saving_ended(handover):
                project.journal = self._book = keeper
                self.now = replace(self.now, keeper=keeper, path=keeper.path, read_only=False)
                self._listen(keeper)
                self.moved.emit(before, keeper.path)
                self._save_again()

        def failed(error: BaseException) -> None:
            if self._saving_ended(handover):
                project.journal, self._book = NoJournal(), None
                self.not_saved.emit(error, path)
                self._save_again()
            else:  # the project was left, and what was done in it is nowhere
                if count := len(project.history[0]):
                    self.lost.emit(title, count)
                self.not_saved.emit(error, path)

        self._lanes.start(
            work, done=done, failed=failed, cancelled=lambda: self._saving_ended(handover)
        )

    def _saving_ended(self, handover: Handover) -> bool:
        """Whether the project that was written is still the open one."""
        if handover is not self._saving:
            self._leaving.has_ended()
            return False
        self._saving = None
        return True

    def _save_again(self) -> None:
        path, self._save_next = self._save_next, ""
        if path:
            self.save_as(path)

    def _listen(self, keeper: Keeper) -> None:
        def on_state(state: KeeperState) -> None:  # in the keeper's thread
            self._runner.call(lambda: self._on_state(keeper, state))

        keeper.on_state = on_state
        self.state = keeper.state

    def _on_state(self, keeper: Keeper, state: KeeperState) -> None:
        if keeper is self.now.keeper:
            self.state = state
            self.state_changed.emit()
