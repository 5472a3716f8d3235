"""Projects that are made ready to be shown; everything here may wait for a disk."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from fewshot_gui.errors import UserError
from fewshot_gui.gui import news
from fewshot_gui.images.scan import checked_root
from fewshot_gui.jobs import Job
from fewshot_gui.project.draft_names import is_draft
from fewshot_gui.project.drafts import discard_draft
from fewshot_gui.project.edits import Edit
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.keeper import Keeper
from fewshot_gui.project.model import Project
from fewshot_gui.project.places import is_below
from fewshot_gui.project.problems import Damaged, ProjectInUse
from fewshot_gui.project.summary import read_summary
from fewshot_gui.project.values import Folder
from fewshot_gui.project.writer import in_order
from fewshot_gui.texts import _

CLOSE_S = 5.0  # how long a project that is left may take to be written
SUMMARY_S = 1.0  # how long a file may refuse to be read that only gives a hint
LOOK_S = 0.05  # between two looks at a file that this program is letting go of

Result = TypeVar("Result")


@dataclass(frozen=True)
class Opened:
    """A project that is ready to be shown.

    Attributes:
        project: The user's decisions.
        keeper: Writes them down; None where nothing is kept.
        path: The project file without links, empty where there is none.
        read_only: Whether nothing may be changed.
        known: What labelled images are like, by path.
        resumed: Whether it was begun in an earlier sitting.
        notices: What the user should be told.
        is_spare: Whether it is a draft that was begun beside others; it goes if nobody
            takes it, as it would be found in their place.
    """

    project: Project
    keeper: Keeper | None = None
    path: str = ""
    read_only: bool = False
    known: Mapping[str, KnownImage] = field(default_factory=dict)
    resumed: bool = False
    notices: tuple[str, ...] = ()
    is_spare: bool = False

    @property
    def title(self) -> str:
        """What to call the project: its file, or the folder where it is a draft."""
        if self.path and not is_draft(self.path):
            return Path(self.path).stem
        folders = self.project.folders
        return Path(folders[0].path).name or folders[0].path if folders else ""

    def close(self, timeout: float = CLOSE_S) -> bool:
        """Let go of the file; blocks. Returns whether everything is in it."""
        all_saved = self.keeper is None or self.keeper.close(timeout)
        if self.is_spare:
            discard_draft(self.path)
        return all_saved


class Handover:
    """One project on its way from a lane to the window: taken there or closed, never lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._is_dropped = False

    def bring(self, opened: Opened) -> None:
        """In the lane: leave it here, or close it where nobody wants it any more."""
        with self._lock:
            if not self._is_dropped:
                self._opened = opened
                return
        opened.close()

    def drop(self) -> Opened | None:
        """In the window: nobody wants it. Returns what the caller has to close."""
        with self._lock:
            self._is_dropped = True
            opened, self._opened = self._opened, None
            return opened


class Waiting:
    """The journal of a project whose file is just being made: it keeps what it hears.

    Everything is passed on, in its order, as soon as there is a keeper. The window's thread
    writes into it while a lane makes the file.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: list[Callable[[Keeper], None]] = []
        self._keeper: Keeper | None = None

    def hand_over(self, keeper: Keeper) -> None:
        """There is a keeper now. It may be slow: the window does not wait for it here."""
        while True:
            with self._lock:
                steps, self._steps = self._steps, []
                if not steps:
                    self._keeper = keeper
                    return
            for step in steps:
                step(keeper)

    def did(self, edit: Edit) -> None:
        """A new action."""
        self._take(lambda keeper: keeper.did(edit))

    def undid(self, edit: Edit) -> None:
        """The last action that was not undone is undone now."""
        self._take(lambda keeper: keeper.undid(edit))

    def redid(self, edit: Edit) -> None:
        """The action that was undone last is done again."""
        self._take(lambda keeper: keeper.redid(edit))

    def note(self, known: Mapping[str, KnownImage]) -> None:
        """Remember what labelled images are like, by path."""
        facts = dict(known)
        self._take(lambda keeper: keeper.note(facts))

    def relocate(self, folder_id: int, path: str) -> None:
        """A folder lies elsewhere now, with all images in it."""
        self._take(lambda keeper: keeper.relocate(folder_id, path))

    def renamed(self, paths: Mapping[str, str]) -> None:
        """Images have other paths now, old path -> new path."""
        copy = dict(paths)
        self._take(lambda keeper: keeper.renamed(copy))

    def _take(self, step: Callable[[Keeper], None]) -> None:
        with self._lock:
            if self._keeper is not None:
                step(self._keeper)
            else:
                self._steps.append(step)


def opened_file(
    path: str, read_only: bool = False, trusted: Collection[str] | None = None
) -> Opened | tuple[str, ...]:
    """Open and load a project file; blocks.

    Args:
        path: The file.
        read_only: Open it for looking only.
        trusted: Folders that may be read; None for a file of our own, as drafts are. Where
            others are named, they are returned and nothing stays open.

    Raises:
        UserError: It cannot be opened; the classes in ``project.problems`` tell why.
    """
    file = ProjectFile.open(path, read_only=read_only)
    try:
        project = file.load()
        outside = file.folders_outside(trusted) if trusted is not None else ()
        known = file.known()
    except BaseException:
        file.close()
        raise
    if outside:
        file.close()
        return tuple(outside)
    if file.read_only:
        file.close()
        return Opened(project, None, file.path, True, known, True, file.notices)
    keeper = Keeper(file)
    project.journal = keeper
    return Opened(project, keeper, keeper.path, False, known, True, file.notices)


def opened_draft(path: str, folder: str) -> Opened:
    """Go on with the draft for a folder, which may have been taken out of it; blocks.

    Args:
        path: The draft.
        folder: Empty where it cannot be reached.
    """
    opened = opened_file(path)
    assert isinstance(opened, Opened)
    if folder and not opened.read_only and not overlap(opened.project.folders, folder):
        opened.project.add_folder(folder)
    return opened


def begun(path: str, folder: str) -> Opened:
    """A new project file for one folder; blocks."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    project = Project()
    project.add_folder(folder)
    project = Project(project.setup)  # there is nothing to undo in a new project
    keeper = Keeper(ProjectFile.create(path, project))
    project.journal = keeper
    return Opened(project, keeper, keeper.path)


def whole(project: Project) -> Project:
    """The project as it is now with its history, for another thread to read."""
    return Project(project.setup, in_order(project), *project.history, next_id=project.next_id)


def written(project: Project, known: Mapping[str, KnownImage], path: str) -> Keeper:
    """Write a whole project to a file of its own; an existing one is replaced; blocks.

    Args:
        project: Nobody changes it meanwhile.
        known: What its images are like; those without a label are left out.
        path: The file.
    """
    file = ProjectFile.create(path, project, replace=True)
    try:
        file.note({p: fact for p, fact in known.items() if project.label(p) is not None})
    except BaseException:
        file.close()
        raise
    return Keeper(file)


def in_turn(work: Callable[[], Result], job: Job, letting_go: Callable[[], bool]) -> Result:
    """Do something with a file that this program itself may be about to let go of.

    Args:
        work: Tried again while the file is in use.
        job: Ends the waiting.
        letting_go: Whether any file is being closed.
    """
    until = time.monotonic() + CLOSE_S
    while True:
        ours = letting_go()
        try:
            return work()
        except ProjectInUse:
            if not ours or time.monotonic() > until:
                raise
        job.checkpoint()
        time.sleep(LOOK_S)


def checked_roots(paths: Iterable[str]) -> tuple[list[str], list[UserError]]:
    """(paths of those folders that can be listed, without links; what is wrong with others)."""
    roots, errors = [], []
    for path in paths:
        try:
            roots.append(checked_root(path))
        except UserError as error:
            errors.append(error)
    return roots, errors


def is_sorted_in(path: str, folder: str) -> bool:
    """Whether there is a project file that sorts a folder; blocks.

    One that this program is letting go of cannot always be read at once.
    """
    until = time.monotonic() + SUMMARY_S
    while os.path.isfile(path):
        try:
            return folder in read_summary(path).folders
        except (UserError, Damaged, OSError, sqlite3.Error):
            if time.monotonic() > until:
                break
        time.sleep(LOOK_S)
    return False


def joining(folders: Sequence[Folder], paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """(those of some paths that can be folders of a project, why others cannot)."""
    taken: list[str] = []
    refusals = []
    for path in paths:
        if refusal := overlap([*folders, *(Folder(0, other) for other in taken)], path):
            refusals.append(refusal)
        else:
            taken.append(path)
    return taken, refusals


def overlap(folders: Sequence[Folder], path: str) -> str:
    """Why a folder cannot be part of a project as well; empty where it can."""
    for known in folders:
        if is_below(path, known.path):
            return news.already_part(path)
        if is_below(known.path, path):
            return news.holds_part(path)
    return ""


def looked_up(folder: str) -> tuple[str, UserError | None]:
    """(path of a folder without links, why it cannot be listed); blocks."""
    try:
        return checked_root(folder), None
    except UserError as error:
        return os.path.realpath(folder), error


def restored(path: str, kept: str) -> str:
    """What to tell of a backup that was put in the place of a project file.

    Args:
        path: The project file.
        kept: Where the damaged file is now; empty where there was none.
    """
    if not kept:
        return _("The backup was restored.")
    if is_draft(path):  # its name would mean nothing to the user
        return _("The backup was restored. What was damaged is kept beside it.")
    text = _("The backup was restored. The damaged file is kept as “{name}”.")
    return text.format(name=Path(kept).name)
