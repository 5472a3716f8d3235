"""Who may write a project file, and what the user is told of that."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

from fewshot_gui.errors import UserError
from fewshot_gui.project import disks
from fewshot_gui.project.draft_names import spoken
from fewshot_gui.project.guard import Checked
from fewshot_gui.project.lock import Held, NotLockable, WriterLock, is_elsewhere
from fewshot_gui.project.problems import (
    Damaged,
    Holder,
    ProjectInUse,
    damaged,
    is_corrupt,
    not_saved,
)
from fewshot_gui.project.summary import read_summary
from fewshot_gui.texts import _


def locked_for_writing(path: str) -> WriterLock:
    """The lock of a file that this process may write.

    Raises:
        ProjectInUse: Somebody else has it.
        NotLockable, PermissionError: It must not be written to.
    """
    lock = WriterLock(path)
    try:
        lock.acquire()
    except Held:
        raise _in_use(path, _holder(path)) from None
    try:
        if os.path.exists(path):
            with open(path, "r+b"):
                pass
    except IsADirectoryError:
        lock.release()
        raise
    except OSError as error:
        lock.release()
        raise NotLockable from error
    return lock


def _holder(path: str) -> Holder | None:
    with contextlib.suppress(UserError, OSError, sqlite3.Error, Damaged):
        return read_summary(path).holder
    return None


def refuse_other_computer(path: str, checked: Checked) -> None:
    """Locks do not always reach across a network; a sign of life does."""
    holder = checked.holder
    if holder is None or not is_elsewhere(holder, checked.seen, time.time()):
        return
    if disks.is_network(os.path.dirname(path)):
        raise _in_use(path, holder)


def _in_use(path: str, holder: Holder | None) -> ProjectInUse:
    message = open_already(path)
    if holder is None:
        hint = _("Close it there, or open it here for viewing only.")
        return ProjectInUse(message, hint, path)
    hint = _("It is open here: {holder}. Close it there, or open it here for viewing only.")
    return ProjectInUse(message, hint.format(holder=holder.describe()), path, holder)


def open_already(path: str) -> str:
    """Somebody has this project open."""
    return spoken(
        path, _("The project “{name}” is open already."), _("This sorting job is open already.")
    )


def warnings(path: str) -> tuple[str, ...]:
    folder = os.path.dirname(path)
    service = disks.synchronised_by(folder)
    if service:
        return (
            _(
                "This project lies in a folder that {service} copies to other computers. "
                "Open it on one of them at a time."
            ).format(service=service),
        )
    return ()


def log_lost() -> str:
    return _(
        "The last changes of this project may be missing: a file that belongs to it (ending "
        "in -wal) was taken away while the project was open."
    )


def exists(path: str) -> UserError:
    return UserError(
        _("There is already a file “{name}”.").format(name=os.path.basename(path)),
        _("Choose another name."),
    )


def not_written(path: str, error: BaseException) -> UserError:
    if isinstance(error, NotLockable):
        error = error.__cause__ or error
    if isinstance(error, Damaged) or (isinstance(error, sqlite3.Error) and is_corrupt(error)):
        return damaged(path)
    return not_saved(path, error)
