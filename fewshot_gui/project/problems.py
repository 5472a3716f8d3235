"""Why a project file cannot be opened or written, in words for its user."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fewshot_gui.errors import UserError
from fewshot_gui.project.draft_names import is_draft, spoken
from fewshot_gui.texts import _

if TYPE_CHECKING:
    from fewshot_gui.project.backups import Backup

log = logging.getLogger(__name__)

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ENOTCONN, errno.ESTALE)
_NO_ROOM = 1 << 20  # bytes; an error of a disk with less than this left is a full disk


@dataclass(frozen=True)
class Holder:
    """Who has a project open for writing.

    Attributes:
        host: Name of the computer.
        pid: Process number there.
        since: Seconds since 1970 when it was opened.
    """

    host: str
    pid: int
    since: float

    def describe(self) -> str:
        """“HOST, process 123, since 2:05 pm, 3 May”, in the user's way of writing times."""
        since = datetime.fromtimestamp(self.since).strftime("%Y-%m-%d %H:%M")
        return _("computer {host}, process {pid}, since {since}").format(
            host=self.host, pid=self.pid, since=since
        )


class NotAProject(UserError):
    """The file is something else."""


class NewerProject(UserError):
    """The file was written by a later version of the program; it was not touched."""


class ReadOnlyProject(UserError):
    """The project is open for viewing only."""


class ProjectInUse(UserError):
    """Somebody else has the project open; it can be opened for viewing.

    Attributes:
        path: The project file.
        holder: Who, as far as that is known.
    """

    def __init__(
        self, message: str, hint: str = "", path: str = "", holder: Holder | None = None
    ) -> None:
        super().__init__(message, hint)
        self.path = path
        self.holder = holder


class DamagedProject(UserError):
    """The file's content is not what was written.

    Attributes:
        path: The project file.
        backups: What can be put in its place, the newest good one first.
    """

    def __init__(
        self, message: str, hint: str = "", path: str = "", backups: Sequence[Backup] = ()
    ) -> None:
        super().__init__(message, hint)
        self.path = path
        self.backups = tuple(backups)


class Damaged(Exception):
    """Inside this room: what exactly is wrong, in English, for the log."""


def damaged(path: str, backups: Sequence[Backup] = ()) -> DamagedProject:
    """The error for a file whose content is wrong."""
    message = spoken(
        path,
        _("The project “{name}” is damaged."),
        _("What was saved of this sorting job is damaged."),
    )
    if not backups:
        hint = _("There is no backup of it. The file was not changed.")
        return DamagedProject(message, hint, path)
    newest = backups[0]
    hint = _("There is a backup of {time} with {labels} labels; the damaged file is kept.")
    when = datetime.fromtimestamp(newest.time).strftime("%Y-%m-%d %H:%M")
    hint = hint.format(time=when, labels=f"{newest.labels:,}")
    return DamagedProject(message, hint, path, backups)


def not_opened(path: str, error: OSError | sqlite3.Error) -> UserError:
    """Why a file could not be opened."""
    message = spoken(
        path,
        _("The project “{name}” cannot be opened."),
        _("What was saved of this sorting job cannot be opened."),
    )
    number = getattr(error, "errno", None)
    if number in _GONE:
        return UserError(message, _("The file does not exist."))
    if number in _FORBIDDEN:
        return UserError(message, _("You may not read it."))
    if number == errno.ENAMETOOLONG:
        return UserError(message, _("Its name is too long."))
    return UserError(message, _because(error))


def not_saved(path: str, error: BaseException) -> UserError:
    """Why something could not be written; the hint is left for the caller to add."""
    if isinstance(error, UserError):
        return error
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        if is_draft(path):  # a folder that the user has never heard of
            return UserError(_("The project cannot be saved: the program's own folder is gone."))
        return UserError(
            _("The project cannot be saved: the folder “{folder}” is not there.").format(
                folder=folder
            )
        )
    if _is_full(folder, error):
        return UserError(_("The project cannot be saved: the disk is full."))
    if _is_forbidden(error):
        return UserError(_("The project cannot be saved: you may not write there."))
    if isinstance(error, OSError | sqlite3.Error):
        return UserError(
            _("The project cannot be saved: the disk reports an error ({error}).").format(
                error=_because(error)
            )
        )
    return UserError(
        _("The project cannot be saved: the program failed ({error}).").format(error=error)
    )


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether SQLite means the content and not the disk."""
    return code_of(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def code_of(error: BaseException) -> int:
    """SQLite's result code without its details; 0 where there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _because(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)


def _is_full(folder: str, error: BaseException) -> bool:
    if getattr(error, "errno", None) in _FULL or code_of(error) == sqlite3.SQLITE_FULL:
        return True
    if code_of(error) not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return False
    try:
        return shutil.disk_usage(folder).free < _NO_ROOM
    except OSError:
        return False


def _is_forbidden(error: BaseException) -> bool:
    codes = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN)
    return getattr(error, "errno", None) in _FORBIDDEN or code_of(error) in codes
