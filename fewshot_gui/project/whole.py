"""Writes project files as a whole: new ones and copies, never half of one."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fewshot_gui.atomic import patiently, sync_folder
from fewshot_gui.project import schema
from fewshot_gui.project.codec import checksum, setup_data
from fewshot_gui.project.loading import Index, State, state_sum
from fewshot_gui.project.places import path_bytes
from fewshot_gui.project.values import Setup
from fewshot_gui.project.writer import Writer


@dataclass(frozen=True)
class Made:
    """A database under a name that nobody knows.

    Attributes:
        db: Open for writing.
        path: The temporary name, in the folder where the file shall be.
    """

    db: sqlite3.Connection
    path: str


@contextlib.contextmanager
def new_database(path: str) -> Iterator[Made]:
    """An empty project that will lie at ``path``; gone at the end unless it was placed."""
    with temporary_name(path) as temporary:
        db = schema.connect(temporary, "rwc")
        try:
            db.execute("PRAGMA synchronous=OFF")  # it is forced to the disk when it is whole
            with schema.transaction(db):
                schema.create_tables(db)
                _put_first_rows(db, os.path.dirname(path))
            yield Made(db, temporary)
        finally:
            db.close()


def place_new(made: Made, path: str, replacing: bool) -> None:
    """Give a new database its name.

    Raises:
        FileExistsError: There is such a file, and it is not to be replaced.
        OSError: The disk fails.
    """
    made.db.close()
    place(made.path, path, replacing)


def write_copy(db: sqlite3.Connection, path: str, index: Index | None, uuid: bytes | None) -> None:
    """Copy an open project; an existing file is replaced.

    Args:
        db: The project; may be in use.
        path: Where to.
        index: For a copy that is another project: what is in it.
        uuid: The other project's number.

    Raises:
        Damaged: The content is not well-formed; nothing is written then.
        OSError, sqlite3.Error: The disk fails.
    """
    with temporary_name(path) as temporary:
        with contextlib.closing(schema.connect(temporary, "rwc")) as copy:
            copy.execute("PRAGMA synchronous=OFF")
            db.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            schema.check_pages(copy)
            copy.execute("DELETE FROM holder")
            if index is not None:
                there = replace(index, home=os.path.dirname(path), moved=True)
                Writer(copy, there).settle(secrets.token_bytes(16), uuid)
        place(temporary, path, replacing=True)


def place(temporary: str, path: str, replacing: bool) -> None:
    """Force a finished file to the disk and give it its name.

    Raises:
        FileExistsError: There is such a file, and it is not to be replaced.
        OSError: The disk fails.
    """
    with open(temporary, "r+b") as stream:
        os.fsync(stream.fileno())
    if replacing:
        for beside in schema.side_files(path):  # they would be taken for the new file's
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside)
        patiently(os.replace, temporary, path)
    else:
        _name_without_replacing(temporary, path)
    sync_folder(os.path.dirname(path))


@contextlib.contextmanager
def temporary_name(path: str) -> Iterator[str]:
    """A name in the folder of ``path``; whatever bears it at the end is removed."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name[:40]}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
    finally:
        for left in (temporary, *schema.side_files(temporary)):
            with contextlib.suppress(OSError):
                os.unlink(left)


def _name_without_replacing(temporary: str, path: str) -> None:
    if os.name == "nt":
        os.rename(temporary, path)
        return
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # a disk without links
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        os.replace(temporary, path)


def _put_first_rows(db: sqlite3.Connection, home: str) -> None:
    body = setup_data(Setup(), {}.__getitem__)
    db.execute("INSERT INTO setup VALUES (1, ?, ?)", (body, checksum(1, body)))
    now = time.time_ns() // 1_000_000
    uuid, session = secrets.token_bytes(16), secrets.token_bytes(16)
    state = State(uuid, session, 0, 1, 1, Setup(), now, path_bytes(home))
    db.execute(
        "INSERT INTO project VALUES (1, ?, ?, 0, 1, 1, ?, ?, ?)",
        (uuid, session, now, state.home, state_sum(state)),
    )
