"""Keeps a project file in step with what the user does, in a thread of its own.

The window never waits for a disk longer than a moment. A step that could not be written is
kept and written as soon as that works again, in its order and never twice.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from fewshot_gui.errors import UserError
from fewshot_gui.project.draft_names import is_draft
from fewshot_gui.project.drafts import discard_draft
from fewshot_gui.project.edits import Edit
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.keeping import KeeperState, Keeping, explained, is_same
from fewshot_gui.project.problems import (
    Damaged,
    ReadOnlyProject,
    code_of,
    damaged,
    not_saved,
)
from fewshot_gui.texts import _

log = logging.getLogger(__name__)

WAIT_S = 0.05  # how long a step may keep the window waiting
MANY = 20_000  # labels of a step that takes longer than that anyhow
USUAL_S = 1.0  # how long writing takes at most where nothing is wrong,
LABEL_S = 4e-5  # and for each label
RETRY_S = 2.0
LONGEST_RETRY_S = 30.0
CLOSING_RETRY_S = 0.5
IDLE_S = 15.0
BACKUP_EVERY_S = 30 * 60.0


@dataclass(frozen=True)
class _Step:
    number: int
    is_action: bool
    write: Callable[[ProjectFile, int], None]
    labels: int


@dataclass(frozen=True)
class _Task:
    work: Callable[[], str]
    future: Future[str]


class Keeper:
    """A journal that writes into a project file.

    Args:
        file: Belongs to this object from now on.
        clock: Tells the time for backups, seconds since 1970.

    Attributes:
        on_state: Called with a ``KeeperState`` whenever that changes, mostly from the
            keeper's thread.
    """

    def __init__(self, file: ProjectFile, clock: Callable[[], float] = time.time) -> None:
        self.on_state: Callable[[KeeperState], None] = _nobody
        self._file = file
        self._clock = clock
        self._change = threading.Condition()
        self._telling = threading.RLock()
        self._steps: deque[_Step] = deque()
        self._tasks: deque[_Task] = deque()
        self._number = file.step
        self._actions = 0
        self._error: UserError | None = None
        self._is_broken = False  # whether the connection has to be made again
        self._retry_at = 0.0
        self._delay = RETRY_S
        self._deadline: float | None = None
        self._begun = 0.0  # when the step that is next was given or came to be the next
        self._told = KeeperState()
        self._backed_up = clock()
        self._is_changed = file.changed > file.last_backup
        self._all_saved = True
        self._thread = threading.Thread(target=self._run, name="project", daemon=True)
        self._thread.start()

    # -- the journal -----------------------------------------------------------------

    def did(self, edit: Edit) -> None:
        """A new action. Returns when it is on the disk, or after a moment; at once if it is big."""
        self._take(lambda file, number: file.did(edit, number), len(edit.labels))

    def undid(self, edit: Edit) -> None:
        """The last action that was not undone is undone now."""
        self._take(lambda file, number: file.undid(edit, number), len(edit.labels))

    def redid(self, edit: Edit) -> None:
        """The action that was undone last is done again."""
        self._take(lambda file, number: file.redid(edit, number), len(edit.labels))

    # -- bookkeeping -----------------------------------------------------------------

    def note(self, known: Mapping[str, KnownImage]) -> None:
        """Remember what labelled images are like, by path."""
        facts = dict(known)
        self._add(lambda file, number: file.note(facts, number), is_action=False)

    def relocate(self, folder_id: int, path: str) -> None:
        """A folder lies elsewhere now, with all images in it."""
        self._add(lambda file, number: file.relocate(folder_id, path, number), is_action=False)

    def renamed(self, paths: Mapping[str, str]) -> None:
        """Images have other paths now, old path -> new path."""
        copy = dict(paths)
        self._add(lambda file, number: file.renamed(copy, number), is_action=False)

    # -- the file ----------------------------------------------------------------------

    @property
    def path(self) -> str:
        """Where the project file lies."""
        return self._file.path

    @property
    def pending(self) -> int:
        """Actions that are not in the file yet."""
        return self._actions

    @property
    def at_risk(self) -> int:
        """Actions that are not in the file although there was time enough to write them."""
        with self._change:
            if not self._steps:
                return 0
            late = time.monotonic() - self._begun > _usual(self._steps[0])
            return self._actions if self._error is not None or late else 0

    @property
    def state(self) -> KeeperState:
        """How far the project is written down."""
        with self._change:
            return self._state_now()

    def save_copy(self, path: str) -> Future[str]:
        """Write a copy with every step up to now; an existing file is replaced.

        The result is the path. Fails with a ``UserError``.
        """
        return self._ask(lambda: self._copy(path))

    def move_to(self, path: str) -> Future[str]:
        """Copy the project and go on in the copy.

        The file before stays as it is; a draft goes, as all that was in it has a name now.
        Works in trouble as well: what could not be written goes into the new file.
        The result is the path. Fails with a ``UserError``.
        """
        return self._ask(lambda: self._move(path))

    def close(self, timeout: float = 5.0) -> bool:
        """Write what is left, make a backup if there is something new, and let go.

        Args:
            timeout: Seconds that this may take; longer where nothing is wrong and there is
                very much to write.

        Returns:
            Whether everything is in the file.
        """
        self.end_within(timeout)
        assert self._deadline is not None
        self._thread.join(max(0.0, self._deadline - time.monotonic()) + WAIT_S)
        return not self._thread.is_alive() and self._all_saved

    def end_within(self, timeout: float) -> None:
        """Begin to close, as ``close`` does, and do not wait for it.

        Args:
            timeout: Seconds that this may take, as for ``close``; what was said first counts.
        """
        with self._change:
            if self._deadline is None:
                usual = 0.0 if self._error is not None else _usual(*self._steps)
                self._deadline = time.monotonic() + max(timeout, usual)
                self._retry_at = 0.0
            self._change.notify_all()

    # -- inside: the caller's side -------------------------------------------------------

    def _take(self, write: Callable[[ProjectFile, int], None], labels: int) -> None:
        number = self._add(write, is_action=True, labels=labels)
        with self._change:
            ahead = sum(step.labels for step in self._steps if step.number <= number)
            wait = WAIT_S if ahead < MANY else 0.0
            self._change.wait_for(lambda: self._is_written(number) or self._error is not None, wait)
            slow = not self._is_written(number) and self._error is None
        if slow:
            self._tell()

    def _add(
        self, write: Callable[[ProjectFile, int], None], is_action: bool, labels: int = 0
    ) -> int:
        if self._file.read_only or self._deadline is not None:
            raise ReadOnlyProject(_("This project is open for viewing only."))
        with self._change:
            self._number += 1
            self._actions += is_action
            if not self._steps:
                self._begun = time.monotonic()
            self._steps.append(_Step(self._number, is_action, write, labels))
            self._change.notify_all()
            return self._number

    def _ask(self, work: Callable[[], str]) -> Future[str]:
        future: Future[str] = Future()
        with self._change:
            if self._deadline is not None:
                future.set_exception(UserError(_("The project was closed.")))
            else:
                self._tasks.append(_Task(work, future))
                self._change.notify_all()
        return future

    def _is_written(self, number: int) -> bool:
        return not self._steps or self._steps[0].number > number

    def _state_now(self) -> KeeperState:
        if self._error is not None:
            return KeeperState(
                Keeping.TROUBLE, self._actions, explained(self._error, self._actions)
            )
        kind = Keeping.SAVING if self._steps else Keeping.SAVED
        return KeeperState(kind, self._actions)

    # -- inside: the thread ----------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        finally:
            self._leave()

    def _turn(self) -> bool:
        """Do the next thing; returns whether to go on."""
        with self._change:
            self._change.wait_for(self._has_work, self._patience())
            task = self._next_task()
            step = self._next_step() if task is None else None
            closing = self._deadline is not None
        if self._error is not None:
            self._tell()
        if task is not None:
            self._do_task(task)
        elif step is not None:
            self._do_step(step)
        elif self._is_due_to_retry():
            self._attempt(self._settle)
        elif closing:
            return self._may_still_save()
        else:
            self._attempt(self._keep_house)
        return True

    def _has_work(self) -> bool:
        if self._next_task() is not None or self._next_step() is not None:
            return True
        if self._error is not None and not is_same(self._state_now(), self._told):
            return True
        return self._deadline is not None and not self._may_still_save()

    def _patience(self) -> float:
        """Seconds to wait for work."""
        if self._error is None:
            return 0.0 if self._deadline is not None else IDLE_S
        until = min(self._retry_at, self._deadline or self._retry_at)
        return max(0.0, until - time.monotonic())

    def _next_task(self) -> _Task | None:
        ready = self._tasks and (not self._steps or self._error is not None)
        return self._tasks[0] if ready else None

    def _next_step(self) -> _Step | None:
        may = self._error is None or time.monotonic() >= self._retry_at
        return self._steps[0] if self._steps and may else None

    def _is_due_to_retry(self) -> bool:
        return self._error is not None and time.monotonic() >= self._retry_at

    def _may_still_save(self) -> bool:
        """While closing: whether there is something left and time for it."""
        assert self._deadline is not None
        left = bool(self._steps or self._tasks)
        return left and time.monotonic() < self._deadline

    def _do_step(self, step: _Step) -> None:
        def write() -> None:
            self._mend()
            if not self._file.is_in_place():
                self._is_broken = True
                raise self._misplaced()
            step.write(self._file, step.number)

        if not self._attempt(write, settled=False):
            return
        with self._change:
            self._steps.popleft()
            self._begun = time.monotonic()
            self._actions -= step.is_action
            self._is_changed = True
            last = not self._steps
            self._change.notify_all()
        if last:
            self._attempt(self._settle)

    def _settle(self) -> None:
        """Everything is written: bring a long log into the file."""
        self._mend()
        self._file.checkpoint()

    def _mend(self) -> None:
        """A new connection after an error of the disk; nothing is believed of the old one."""
        if self._is_broken:
            try:
                self._file = self._file.reopened()
            except FileNotFoundError:
                raise self._misplaced() from None
            self._is_broken = False

    def _misplaced(self) -> UserError:
        gone = not_saved(self._file.path, FileNotFoundError())
        moved = UserError(
            _("The project cannot be saved: its file was moved or deleted."),
            _("Put it back, or save the project under another name."),
        )
        return gone if self._file.folder_is_gone else moved

    def _attempt(self, work: Callable[[], None], settled: bool = True) -> bool:
        """Do something with the file; returns whether it worked.

        Args:
            work: What to do.
            settled: Whether there is no trouble any more if it works.
        """
        try:
            work()
        except (UserError, Damaged, OSError, sqlite3.Error) as error:
            self._fail(error)
            return False
        except Exception as error:
            log.exception("the project file could not be written")
            self._fail(error)
            return False
        with self._change:
            if settled or self._error is not None:
                self._error = None
                self._delay = RETRY_S
        if settled:
            self._tell()
        return True

    def _fail(self, error: Exception) -> None:
        log.warning("%s: %r", self._file.path, error)
        # A full disk is no reason to distrust what was read; a failing one is.
        self._is_broken |= code_of(error) != sqlite3.SQLITE_FULL
        with self._change:
            if isinstance(error, Damaged):
                self._error = damaged(self._file.path)
            else:
                self._error = not_saved(self._file.path, error)
            delay = CLOSING_RETRY_S if self._deadline is not None else self._delay
            self._retry_at = time.monotonic() + delay
            self._delay = min(self._delay * 2, LONGEST_RETRY_S)
            self._change.notify_all()
        self._tell()

    def _tell(self) -> None:
        """Tell the present state, if it is another one; what is told last is true."""
        with self._telling:
            with self._change:
                state = self._state_now()
                if is_same(state, self._told):
                    return
                self._told = state
            try:
                self.on_state(state)
            except Exception:
                log.exception("somebody who was told of the project's state failed")

    # -- inside: tasks ---------------------------------------------------------------------

    def _do_task(self, task: _Task) -> None:
        with self._change:
            self._tasks.popleft()
        if not task.future.set_running_or_notify_cancel():
            return
        try:
            task.future.set_result(task.work())
        except UserError as error:
            task.future.set_exception(error)
        except Exception as error:
            log.exception("the project could not be copied")
            task.future.set_exception(not_saved(self._file.path, error))

    def _copy(self, path: str) -> str:
        self._file.save_copy(path)
        if self._steps:
            copy = ProjectFile.open(path)
            try:
                for step in tuple(self._steps):
                    step.write(copy, step.number)
            finally:
                copy.close()
        return path

    def _move(self, path: str) -> str:
        if os.path.realpath(path) != self._file.path:
            self._file.save_copy(path)
            before, self._file = self._file, ProjectFile.open(path)
            before.close()
            if is_draft(before.path):
                discard_draft(before.path)
        elif self._file.is_in_place():
            return self._file.path
        else:
            self._file = self._file.put_back()
        with self._change:
            self._error = None
            self._is_broken = False
            self._is_changed = True
            self._delay = RETRY_S
        self._tell()
        return self._file.path

    def _keep_house(self) -> None:
        if self._file.read_only:
            return
        self._file.show_life()
        if self._is_changed and self._clock() - self._backed_up >= BACKUP_EVERY_S:
            self._back_up()

    def _back_up(self) -> None:
        """A backup that cannot be made is no trouble of the project's."""
        self._backed_up = self._clock()
        try:
            self._file.back_up(self._clock)
            self._is_changed = False
        except (OSError, sqlite3.Error) as error:
            log.warning("no backup of %s: %r", self._file.path, error)

    def _leave(self) -> None:
        with self._change:
            self._all_saved = not self._steps
            tasks = list(self._tasks)
            self._tasks.clear()
        for task in tasks:
            task.future.set_exception(UserError(_("The project was closed.")))
        if self._is_changed and not self._file.read_only and not self._is_broken:
            with contextlib.suppress(Damaged):
                self._back_up()
        self._file.close()


def _usual(*steps: _Step) -> float:
    """Seconds that writing these may take where nothing is wrong."""
    return USUAL_S + LABEL_S * sum(step.labels for step in steps)


def _nobody(_state: KeeperState) -> None:
    """Nobody listens yet."""
