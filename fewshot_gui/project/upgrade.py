"""Brings a file of an older version to the present one: on a copy, with a backup first."""

from __future__ import annotations

import contextlib
import os

from fewshot_gui.project import schema
from fewshot_gui.project.backups import Backups
from fewshot_gui.project.loading import load, load_index
from fewshot_gui.project.whole import place, temporary_name


def upgraded(path: str, version: int) -> None:
    """Replace an older file that was checked; the old one is kept as a backup.

    Raises:
        Damaged: The upgraded copy makes no sense; the file is as it was.
        OSError, sqlite3.Error: The disk fails; the file is as it was.
    """
    with contextlib.closing(schema.connect(path, "rw")) as old:
        uuid = old.execute("SELECT uuid FROM project").fetchone()[0]
        Backups(uuid).make(old, path)
        with temporary_name(path) as temporary:
            with contextlib.closing(schema.connect(temporary, "rwc")) as copy:
                old.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
                schema.migrate(copy, version)
                schema.check_tables(copy, schema.VERSION)
                schema.check_pages(copy)
                load(copy, load_index(copy, os.path.dirname(path)))
            old.execute("PRAGMA journal_mode=DELETE")
            old.close()
            place(temporary, path, replacing=True)
