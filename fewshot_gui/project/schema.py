"""The tables of a project file, and what a file has to look like before it is believed."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import quote

from fewshot_gui.project.draft_names import spoken
from fewshot_gui.project.problems import Damaged, NewerProject, NotAProject
from fewshot_gui.texts import _

APPLICATION_ID = 0x46734731  # "FsG1"
VERSION = 1

MAX_FILE_BYTES = 4 << 30
MAX_VALUE_BYTES = 256 << 20
MAX_SQL_BYTES = 100_000
MAX_IMAGES = 3_000_000
MAX_FOLDERS = 10_000
BUSY_TIMEOUT_MS = 500

# crc: of the other values of its row, so that one flipped bit is noticed
_VERSION_1 = {
    "project": """CREATE TABLE project (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        uuid BLOB NOT NULL,
        session BLOB NOT NULL,
        step INTEGER NOT NULL,
        next_id INTEGER NOT NULL,
        setup INTEGER NOT NULL REFERENCES setup (id),
        changed INTEGER NOT NULL,
        home BLOB NOT NULL,
        crc INTEGER NOT NULL)""",
    "holder": """CREATE TABLE holder (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        host BLOB NOT NULL,
        pid INTEGER NOT NULL,
        since INTEGER NOT NULL,
        seen INTEGER NOT NULL)""",
    "folder": """CREATE TABLE folder (
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL,
        relative BLOB,
        crc INTEGER NOT NULL)""",
    "image": """CREATE TABLE image (
        id INTEGER PRIMARY KEY,
        folder INTEGER REFERENCES folder (id),
        path BLOB NOT NULL,
        relative BLOB,
        facts BLOB,
        crc INTEGER NOT NULL)""",
    "label": """CREATE TABLE label (
        image INTEGER PRIMARY KEY REFERENCES image (id),
        code INTEGER NOT NULL,
        place INTEGER NOT NULL,
        crc INTEGER NOT NULL)""",
    "setup": """CREATE TABLE setup (
        id INTEGER PRIMARY KEY,
        body BLOB NOT NULL,
        crc INTEGER NOT NULL)""",
    "action": """CREATE TABLE action (
        number INTEGER PRIMARY KEY,
        undone INTEGER NOT NULL,
        time INTEGER NOT NULL,
        text BLOB NOT NULL,
        before INTEGER NOT NULL REFERENCES setup (id),
        after INTEGER NOT NULL REFERENCES setup (id),
        changes BLOB NOT NULL,
        crc INTEGER NOT NULL)""",
}

# All tables of each version, as SQLite keeps their definitions.
SCHEMAS = {1: _VERSION_1}

Migration = Callable[[sqlite3.Connection], None]
MIGRATIONS: tuple[Migration, ...] = ()  # number n makes version n + 1 of version n, from 1 on

_SIDE_FILES = ("-wal", "-shm", "-journal")


def side_files(path: str) -> tuple[str, ...]:
    """Files that SQLite keeps beside an open database."""
    return tuple(path + ending for ending in _SIDE_FILES)


def has_log(path: str) -> bool:
    """Whether a file was left in the middle of something that SQLite has to finish."""
    for ending in ("-wal", "-journal"):
        with suppress(OSError):
            if os.path.getsize(path + ending):
                return True
    return False


def version_of(path: str) -> int:
    """Format version of a project file, read without opening the database.

    Raises:
        NotAProject: It is something else.
        Damaged: It was a project once.
        NewerProject: It was written by a later version of the program.
        OSError: It cannot be read.
    """
    name = os.path.basename(path)
    if os.path.isdir(path):
        raise NotAProject(_("“{name}” is a folder, not a project.").format(name=name))
    unlike = spoken(
        path,
        _("“{name}” is not a project of this program."),
        _("What was saved of this sorting job cannot be read."),
    )
    other = NotAProject(unlike)
    if not os.path.isfile(path):
        os.stat(path)
        raise other
    if os.path.getsize(path) > MAX_FILE_BYTES:
        raise NotAProject(_("“{name}” is too large for a project.").format(name=name))
    try:
        # Never by reading the file: closing it would drop the locks of a connection that
        # this process has to the same file.
        with closing(connect(path, "immutable")) as db:
            application = db.execute("PRAGMA application_id").fetchone()[0]
            version = db.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CANTOPEN:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path) from error
        if _was_project(path):
            raise Damaged("the file cannot be read") from error
        raise other from error
    if application != APPLICATION_ID:
        raise other
    if version > VERSION:
        raise NewerProject(
            spoken(
                path,
                _("“{name}” was written by a newer version of this program."),
                _("This sorting job was saved by a newer version of this program."),
            ),
            _("Update the program to open it. The file was not changed."),
        )
    if version < 1:
        raise Damaged("version 0")
    return version


def _was_project(path: str) -> bool:
    """Whether the head of a file that cannot be read is that of a project."""
    try:
        # reading it may drop locks of SQLite's, but hardly anybody is connected to a file that
        # no connection can be made to, and the lock beside it keeps others out all the same
        with open(path, "rb") as stream:
            head = stream.read(72)
    except OSError:
        return False
    return head[:16] == b"SQLite format 3\0" and head[68:72] == APPLICATION_ID.to_bytes(4, "big")


def connect(path: str, mode: str) -> sqlite3.Connection:
    """A connection that trusts nothing in the file.

    Args:
        path: The database.
        mode: ``rwc``, ``rw``, ``ro``, or ``immutable`` for a file that cannot change and
            whose log is not looked at.
    """
    options = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    if os.name == "nt":
        plain = path.replace("\\", "/")
        where = quote(plain if plain.startswith("/") else f"/{plain}")
    else:
        where = quote(os.fsencode(path))
    db = sqlite3.connect(
        f"file://{where}?{options}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_MS / 1000,
    )
    db.text_factory = _text  # type: ignore[assignment]
    try:
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        db.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, MAX_SQL_BYTES)
        db.setlimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1)
        for pragma in (
            "trusted_schema=OFF",
            "cell_size_check=ON",
            "foreign_keys=ON",
            "mmap_size=0",
            "temp_store=MEMORY",
            "wal_autocheckpoint=0",
        ):
            db.execute(f"PRAGMA {pragma}")
    except BaseException:
        db.close()
        raise
    return db


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def create_tables(db: sqlite3.Connection) -> None:
    """Make an empty project file of a new database."""
    for sql in SCHEMAS[VERSION].values():
        db.execute(sql)
    db.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db.execute(f"PRAGMA user_version={VERSION}")


def check_tables(db: sqlite3.Connection, version: int) -> None:
    """Refuse a file whose tables are not exactly ours: no triggers, views, other indexes.

    Raises:
        Damaged: They are not.
    """
    wanted = {("table", name, name, sql) for name, sql in SCHEMAS[version].items()}
    found = set()
    for row in db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"):
        found.add(tuple(row))
        if not found <= wanted:
            raise Damaged(f"unexpected {row[0]} {str(row[1])[:100]!r} in the file")
    if found != wanted:
        raise Damaged("a table is missing")


def check_sizes(db: sqlite3.Connection) -> None:
    """Refuse more rows than this program would ever write.

    Raises:
        Damaged: There are more.
    """
    limits = {"project": 1, "holder": 1, "folder": MAX_FOLDERS}
    limits |= {"image": MAX_IMAGES, "label": MAX_IMAGES, "setup": 100_000, "action": 100_000}
    for table, limit in limits.items():
        query = f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {limit + 1})"
        if db.execute(query).fetchone()[0] > limit:
            raise Damaged(f"too many rows in {table}")


def check_pages(db: sqlite3.Connection) -> None:
    """Raise ``Damaged`` where the database is not well-formed."""
    answer = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        raise Damaged(str(answer)[:300])


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the writes inside, or none."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
        raise


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring a copy of an older file to the present version, in one transaction."""
    db.execute("PRAGMA foreign_keys=OFF")
    try:
        with transaction(db):
            for step in MIGRATIONS[version - 1 :]:
                step(db)
            db.execute(f"PRAGMA user_version={VERSION}")
            if db.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise Damaged("an upgrade left rows that belong to nothing")
    finally:
        db.execute("PRAGMA foreign_keys=ON")
