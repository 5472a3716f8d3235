"""Backups of project files: made by the way, thinned with age, put back when needed."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fewshot_gui.errors import UserError
from fewshot_gui.paths import data_dir
from fewshot_gui.project.access import open_already
from fewshot_gui.project.draft_names import SUFFIX
from fewshot_gui.project.guard import check_database, view
from fewshot_gui.project.loading import load, load_index
from fewshot_gui.project.lock import Held, NotLockable, WriterLock
from fewshot_gui.project.problems import (
    Damaged,
    DamagedProject,
    ProjectInUse,
    damaged,
    log,
    not_saved,
)
from fewshot_gui.project.summary import read_summary
from fewshot_gui.project.whole import place, temporary_name, write_copy
from fewshot_gui.texts import _

ALL_OF_S = 2 * 24 * 3600.0  # every backup younger than this is kept
DAILY, WEEKLY, MONTHLY = 12, 10, 9

_ORIGIN = "origin"  # where the project lies, for when its file cannot say which one it is
_TIME = "%Y%m%d-%H%M%S-%f"
_MAX_ORIGIN = 65_536


@dataclass(frozen=True)
class Backup:
    """One backup.

    Attributes:
        path: Its file.
        time: Seconds since 1970 when it was made.
        labels: Images with a label in it.
        bins: Support bins in it.
    """

    path: str
    time: float
    labels: int
    bins: int


class Backups:
    """The backups of one project.

    Args:
        uuid: The project's 16 bytes.
        clock: Tells the time, seconds since 1970.
    """

    def __init__(self, uuid: bytes, clock: Callable[[], float] = time.time) -> None:
        self.folder = _root() / uuid.hex()
        self._clock = clock

    def make(self, db: sqlite3.Connection, origin: str) -> str:
        """Make a backup of an open project and thin the older ones; returns its path.

        Args:
            db: The project.
            origin: Where its file lies.

        Raises:
            Damaged: The project is; no backup is made and none is thinned.
            OSError, sqlite3.Error: It cannot be written.
        """
        now = self._clock()
        self.folder.mkdir(parents=True, exist_ok=True)
        name = datetime.fromtimestamp(now, UTC).strftime(_TIME) + SUFFIX
        path = str(self.folder / name)
        write_copy(db, path, None, None)
        (self.folder / _ORIGIN).write_bytes(os.fsencode(origin))
        self._thin(now)
        return path

    def list(self) -> list[Backup]:
        """Those that can be read, the newest first."""
        found = []
        for moment, path in sorted(self._times(), reverse=True):
            try:
                summary = read_summary(path)
            except (UserError, Damaged, OSError, sqlite3.Error) as error:
                log.warning("backup %s cannot be read: %s", path, error)
                continue
            found.append(Backup(path, moment, summary.labels, summary.bins))
        return found

    @property
    def newest(self) -> float:
        """Seconds since 1970 when the last one was made; 0 where there is none."""
        return max((moment for moment, _path in self._times()), default=0.0)

    def _times(self) -> list[tuple[float, str]]:
        found = []
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.folder):
                with contextlib.suppress(ValueError):
                    stem = entry.name.removesuffix(SUFFIX)
                    made = datetime.strptime(stem, _TIME).replace(tzinfo=UTC)
                    found.append((made.timestamp(), entry.path))
        return found

    def _thin(self, now: float) -> None:
        times = dict(self._times())
        for moment in times.keys() - kept_times(times, now):
            with contextlib.suppress(OSError):
                os.unlink(times[moment])


def kept_times(times: Iterable[float], now: float) -> set[float]:
    """Which backups to keep: all new ones, then one each for days, weeks and months.

    Args:
        times: When they were made, seconds since 1970.
        now: The time.
    """
    kept: set[float] = set()
    older = []
    for moment in sorted(times, reverse=True):
        if moment > now - ALL_OF_S:
            kept.add(moment)
        else:
            older.append(moment)
    for count, period in ((DAILY, _day), (WEEKLY, _week), (MONTHLY, _month)):
        periods: set[tuple[int, ...]] = set()
        rest = []
        for moment in older:
            key = period(datetime.fromtimestamp(moment, UTC))
            if key not in periods and len(periods) == count:
                rest.append(moment)
            elif key not in periods:
                periods.add(key)
                kept.add(moment)
        older = rest
    return kept


def restore_backup(path: str, backup: Backup) -> str:
    """Put a backup in the place of a project file.

    Returns:
        Where the file lies now that was there before; empty where there was none.

    Raises:
        DamagedProject: The backup is damaged itself.
        UserError: The file is in use, or nothing can be written there.
    """
    if os.path.isdir(path) and not path.endswith(SUFFIX):  # never a folder of pictures
        raise not_saved(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    path = os.path.realpath(path)
    lock = WriterLock(path)
    try:
        lock.acquire()
    except Held as error:
        raise ProjectInUse(open_already(path), _("Close it there first."), path) from error
    except (NotLockable, OSError) as error:
        raise not_saved(path, error.__cause__ or error) from error
    try:
        _check_good(backup)
        with temporary_name(path) as temporary:
            shutil.copyfile(backup.path, temporary)
            kept = _set_aside(path)
            place(temporary, path, replacing=False)
        return kept
    except (OSError, sqlite3.Error) as error:
        raise not_saved(path, error) from error
    finally:
        lock.release()


def has_backups(path: str) -> bool:
    """Whether there is any backup of the project that lay at a path."""
    return bool(_folders_of(path))


def damaged_with_backups(path: str) -> DamagedProject:
    """The error for a damaged file, with its backups; the first one is known to be good."""
    found: list[Backup] = []
    for folder in _folders_of(path):
        found.extend(Backups(bytes.fromhex(folder.name)).list())
    found.sort(key=lambda backup: -backup.time)
    for place_, backup in enumerate(found):
        try:
            _check_good(backup)
        except DamagedProject:
            continue
        return damaged(path, found[place_:])
    return damaged(path)


def _check_good(backup: Backup) -> None:
    try:
        check_database(backup.path)
        viewed = view(backup.path)
        try:
            load(viewed.db, load_index(viewed.db, os.path.dirname(backup.path)))
        finally:
            viewed.close()
    except (UserError, Damaged, OSError, sqlite3.Error) as error:
        log.warning("backup %s is damaged: %s", backup.path, error)
        raise damaged(backup.path) from error


def _set_aside(path: str) -> str:
    """Rename a file, or whatever is there, with what SQLite left beside it."""
    if not os.path.lexists(path):
        return ""
    stem = path.removesuffix(SUFFIX)
    when = datetime.now().strftime("%Y%m%d-%H%M%S")
    kept = f"{stem}.damaged-{when}{SUFFIX}"
    number = 1
    while os.path.lexists(kept):
        number += 1
        kept = f"{stem}.damaged-{when}-{number}{SUFFIX}"
    os.rename(path, kept)
    for ending in ("-wal", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.rename(path + ending, kept + ending)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{path}-shm")
    return kept


def _folders_of(path: str) -> list[Path]:
    """Folders of backups of a project: by its own number, else by where it lay."""
    found = []
    with contextlib.suppress(UserError, Damaged, OSError, sqlite3.Error):
        own = _root() / read_summary(path).uuid.hex()
        if own.is_dir():
            return [own]
    with contextlib.suppress(OSError):
        for folder in sorted(_root().iterdir()):
            with contextlib.suppress(OSError, ValueError), (folder / _ORIGIN).open("rb") as told:
                bytes.fromhex(folder.name)
                if os.fsdecode(told.read(_MAX_ORIGIN)) == os.path.realpath(path):
                    found.append(folder)
    return found


def _root() -> Path:
    return data_dir() / "backups"


def _day(moment: datetime) -> tuple[int, ...]:
    return moment.year, moment.month, moment.day


def _week(moment: datetime) -> tuple[int, ...]:
    return tuple(moment.isocalendar()[:2])


def _month(moment: datetime) -> tuple[int, ...]:
    return moment.year, moment.month
