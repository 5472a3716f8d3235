"""Looks a project file over before it is believed, and looks at one without touching it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fewshot_gui.errors import UserError
from fewshot_gui.project import schema
from fewshot_gui.project.loading import believing
from fewshot_gui.project.problems import (
    Damaged,
    DamagedProject,
    Holder,
    NotAProject,
    code_of,
    log,
    not_opened,
)

# What SQLite says when the disk, or somebody else, is the reason and not the content.
_OUTER_CODES = frozenset(
    (
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_AUTH,
    )
)
_SHORT_READ = 522  # SQLITE_IOERR_SHORT_READ: the file is cut short
_WAL_HEADER = slice(18, 19)
_MAX_HOST = 255


@dataclass(frozen=True)
class Checked:
    """What a file says of itself.

    Attributes:
        version: Of its format.
        holder: Who has it open, or died while having it open.
        seen: Seconds since 1970 when the holder gave its last sign of life.
        log_was_lost: Whether it was open when its log was taken away.
    """

    version: int
    holder: Holder | None
    seen: float
    log_was_lost: bool


@dataclass(frozen=True)
class View:
    """A connection for reading one state of a file.

    Attributes:
        db: Inside a transaction.
        close: Ends it.
        checked: What the file says of itself.
    """

    db: sqlite3.Connection
    close: Callable[[], None]
    checked: Checked


@contextlib.contextmanager
def explain_damage(path: str) -> Iterator[None]:
    """Turn what goes wrong while reading a file into errors for its user.

    Raises:
        DamagedProject: The content is wrong, or there are backups of something that is
            no project now.
        UserError: It cannot be read.
    """
    from fewshot_gui.project.backups import damaged_with_backups, has_backups

    try:
        yield
    except DamagedProject:
        raise
    except NotAProject as error:
        if has_backups(path):
            raise damaged_with_backups(path) from error
        raise
    except UserError:
        raise
    except OSError as error:
        raise not_opened(path, error) from error
    except sqlite3.Error as error:
        if is_damage(error):
            log.warning("%s: %s", path, error)
            raise damaged_with_backups(path) from error
        raise not_opened(path, error) from error
    except Damaged as error:
        log.warning("%s: %s", path, error)
        raise damaged_with_backups(path) from error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether a database error speaks of the content and not of the disk."""
    full_code = getattr(error, "sqlite_errorcode", 0)
    return full_code == _SHORT_READ or code_of(error) not in _OUTER_CODES


def check_database(path: str) -> Checked:
    """Check everything but the values; to be called with the lock held.

    Raises:
        NotAProject, NewerProject: See ``schema.version_of``.
        Damaged: It is not what this program would have written.
        sqlite3.Error, OSError: It cannot be read.
    """
    version = schema.version_of(path)
    logged = _is_logged(path)
    lost = logged and not os.path.lexists(f"{path}-wal")
    alone = None
    if schema.has_log(path):
        with contextlib.suppress(sqlite3.Error, TypeError):
            alone = names_in_file(path)
    # what was left in the middle has to be finished, and only a writer can do that
    mode = "rw" if logged or schema.has_log(path) else "ro"
    with contextlib.closing(schema.connect(path, mode)) as db:
        db.execute("PRAGMA query_only=ON")
        _check(db, version)
        if alone is not None and alone != _names(db):
            raise Damaged("the log beside the file belongs to another one")
        holder, seen = _holder(db)
    return Checked(version, holder, seen, lost and holder is not None)


def view(path: str, thorough: bool = True) -> View:
    """Open a file for looking at it; nothing beside it or in it is changed.

    One that cannot be read where it is (a log in a folder that is read-only, an older
    format) is read from a copy in the folder for temporary files.

    Args:
        path: The file; another process may be writing it.
        thorough: Whether its pages are checked.

    Raises:
        As ``check_database``.
    """
    version = schema.version_of(path)
    if version == schema.VERSION:
        with contextlib.suppress(_NotInPlace):
            return _viewed(path, version, thorough, None)
    folder = tempfile.mkdtemp(prefix="fewshot-")

    def release() -> None:
        shutil.rmtree(folder, ignore_errors=True)

    try:
        copy = os.path.join(folder, "copy")
        shutil.copyfile(path, copy)
        for ending in ("-wal", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(path + ending, copy + ending)
        if version < schema.VERSION:
            _migrate_copy(copy, version)
        return _viewed(copy, schema.VERSION, thorough, release)
    except BaseException:
        release()
        raise


class _NotInPlace(Exception):
    """A file cannot be read where it lies."""


def _viewed(path: str, version: int, thorough: bool, release: Callable[[], None] | None) -> View:
    in_place = release is None
    try:
        db = schema.connect(path, "ro" if in_place else "rw")
    except sqlite3.OperationalError as error:
        raise _NotInPlace from error

    def close() -> None:
        with contextlib.suppress(sqlite3.Error):
            db.close()
        if release is not None:
            release()

    try:
        db.execute("PRAGMA query_only=ON")
        db.execute("BEGIN")  # one state throughout, whatever the writer does
        _check(db, version, thorough)
        holder, seen = _holder(db)
    except sqlite3.OperationalError as error:
        db.close()
        codes = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if code_of(error) in codes and in_place:
            raise _NotInPlace from error
        raise
    except BaseException:
        db.close()
        raise
    return View(db, close, Checked(version, holder, seen, False))


def _migrate_copy(path: str, version: int) -> None:
    with contextlib.closing(schema.connect(path, "rw")) as db:
        _check(db, version)
        schema.migrate(db, version)


def _check(db: sqlite3.Connection, version: int, thorough: bool = True) -> None:
    with believing():  # even SQLite's own words about a damaged file may be no text
        schema.check_tables(db, version)
        if version == schema.VERSION:
            schema.check_sizes(db)
        if thorough:
            schema.check_pages(db)


def _is_logged(path: str) -> bool:
    with open(path, "rb") as stream:
        return stream.read(20)[_WAL_HEADER] == b"\2"


def names_in_file(path: str) -> tuple[bytes, bytes]:
    """Project and session by the file alone, without its log.

    Raises:
        sqlite3.Error, OSError: It cannot say.
    """
    os.stat(path)
    with contextlib.closing(schema.connect(path, "immutable")) as db:
        return _names(db)


def _names(db: sqlite3.Connection) -> tuple[bytes, bytes]:
    return db.execute("SELECT uuid, session FROM project").fetchone()


def _holder(db: sqlite3.Connection) -> tuple[Holder | None, float]:
    row = db.execute("SELECT host, pid, since, seen FROM holder").fetchone()
    if row is None:
        return None, 0.0
    host, pid, since, seen = row
    if type(host) is not bytes or len(host) > _MAX_HOST:
        raise Damaged("the name of a computer")
    if any(type(n) is not int or not 0 <= n < 1 << 40 for n in (pid, since, seen)):
        raise Damaged("a holder's number")
    return Holder(host.decode("utf-8", "replace"), pid, float(since)), float(seen)
