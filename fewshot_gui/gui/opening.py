"""Projects that are made ready to be shown; everything here may wait for a disk."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from fewshot_gui.gui import news
from fewshot_gui.jobs import Job
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.keeper import Keeper
from fewshot_gui.project.model import Edit, Folder, Project
from fewshot_gui.project.places import is_below
from fewshot_gui.project.problems import ProjectInUse
from fewshot_gui.project.writer import in_order

CLOSE_S = 5.0  # how long a project that is left may take to be written
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
    """

    project: Project
    keeper: Keeper | None = None
    path: str = ""
    read_only: bool = False
    known: Mapping[str, KnownImage] = field(default_factory=dict)
    resumed: bool = False
    notices: tuple[str, ...] = ()

    def close(self) -> None:
        """Let go of the file; blocks."""
        if self.keeper is not None:
            self.keeper.close(CLOSE_S)


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
        """There is a keeper now."""
        with self._lock:
            for step in self._steps:
                step(keeper)
            self._steps.clear()
            self._keeper = keeper

    def did(self, edit: Edit) -> None:
        """A new action."""
        self._take(lambda keeper: keeper.did(edit))

    def undid(self) -> None:
        """The last action that was not undone is undone now."""
        self._take(lambda keeper: keeper.undid())

    def redid(self) -> None:
        """The action that was undone last is done again."""
        self._take(lambda keeper: keeper.redid())

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


def overlap(folders: Sequence[Folder], path: str) -> str:
    """Why a folder cannot be part of a project as well; empty where it can."""
    for known in folders:
        if is_below(path, known.path):
            return news.already_part(path)
        if is_below(known.path, path):
            return news.holds_part(path)
    return ""
