"""Thumbnails on disk: decoded once, found again at the next opening of a folder.

One SQLite file that many processes may share. Whatever is wrong with it (damaged, full,
locked, somebody else's) only costs time: what cannot be read is decoded again, and a file
that is no use is begun anew.
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from fewshot_gui.images.file_key import file_key
from fewshot_gui.images.files import DECODER_VERSION, ImageFile

log = logging.getLogger(__name__)

LIMIT_BYTES = 1 << 30  # about 80,000 pictures of 256 pixels
_DROPPED = 0.1  # share of the pictures that goes, the oldest first, where it grows larger
_CHECK_EVERY = 256  # pictures
_PATIENCE = 3  # failures in a row before the file is given up
_BUSY_MS = 2000
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS thumbnails (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    jpeg BLOB NOT NULL,
    crc INTEGER NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class CachedThumbnail:
    """A thumbnail as it is kept.

    Attributes:
        key: See ``thumbnail_key``.
        width, height: Of the whole picture, in pixels.
        jpeg: The thumbnail itself.
    """

    key: bytes
    width: int
    height: int
    jpeg: bytes


def thumbnail_key(file: ImageFile, side: int) -> bytes:
    """Names the thumbnail of one state of a file, at most ``side`` pixels long."""
    return file_key(file) + bytes([DECODER_VERSION]) + side.to_bytes(2, "little")


class ThumbnailCache:
    """Keeps thumbnails. Used by one thread at a time; never raises.

    Args:
        folder: Where the file lies; made when something is kept.
        limit: Bytes that the file may take, about.
    """

    def __init__(self, folder: Path, limit: int = LIMIT_BYTES) -> None:
        self.path = folder / "thumbnails.sqlite"
        self._limit = limit
        self._database: sqlite3.Connection | None = None
        self._failures = 0
        self._begun_anew = False
        self._since_check = 0
        self._off = False

    def get(self, key: bytes) -> CachedThumbnail | None:
        """What is kept under this key."""
        if self._off or (self._database is None and not self.path.exists()):
            return None
        try:
            found = self._opened().execute(
                "SELECT width, height, jpeg, crc FROM thumbnails WHERE key = ?", (key,)
            )
            row = found.fetchone()
        except sqlite3.Error as error:
            self._failed(error)
            return None
        self._failures = 0
        return _checked(key, row) if row is not None else None

    def put(self, thumbnails: Iterable[CachedThumbnail]) -> None:
        """Keep these, all at once."""
        rows = [(t.key, t.width, t.height, t.jpeg, _crc(t)) for t in thumbnails]
        if self._off or not rows:
            return
        try:
            database = self._opened()
            with database:
                database.executemany(
                    "INSERT OR REPLACE INTO thumbnails (key, width, height, jpeg, crc) "
                    "VALUES (?, ?, ?, ?, ?)",
                    rows,
                )
            self._since_check += len(rows)
            if self._since_check >= _CHECK_EVERY:
                self._since_check = 0
                self._shrink(database)
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
            return
        self._failures = 0

    def close(self) -> None:
        """Let go of the file."""
        database, self._database = self._database, None
        if database is not None:
            try:
                database.close()
            except sqlite3.Error:
                log.debug("thumbnails not closed", exc_info=True)

    # -- inside ----------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # the thread that closes it may be another one than the one that used it
            database = sqlite3.connect(self.path, check_same_thread=False)
            try:
                self._prepare(database)
            except BaseException:
                database.close()
                raise
            self._database = database
        return self._database

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"thumbnails of another version: {version}")
        # A crash of the machine may lose the newest ones; a crash of the program does not.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        with database:
            database.execute(_SCHEMA)
            database.execute(f"PRAGMA user_version = {_VERSION}")

    def _shrink(self, database: sqlite3.Connection) -> None:
        """Drop the oldest ones where there are too many; the room is used again."""
        pages, free, size = (
            database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        used = (pages - free) * size
        if used <= self._limit:
            return
        share = 1 - self._limit / used + _DROPPED
        with database, closing(database.cursor()) as cursor:
            (count,) = cursor.execute("SELECT count(*) FROM thumbnails").fetchone()
            cursor.execute(
                "DELETE FROM thumbnails WHERE id IN "
                "(SELECT id FROM thumbnails ORDER BY id LIMIT ?)",
                (max(1, int(count * share)),),
            )

    def _failed(self, error: Exception) -> None:
        """Try again later; begin anew where the file is no use; then do without."""
        log.info("thumbnail cache: %s", error)
        self._failures += 1
        no_use = isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, sqlite3.OperationalError
        )
        if not no_use and self._failures < _PATIENCE:
            return
        self.close()
        if self._begun_anew:
            self._off = True
            return
        self._begun_anew, self._failures = True, 0
        for end in ("", "-wal", "-shm"):
            try:
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            except OSError:
                self._off = True


def _crc(thumbnail: CachedThumbnail) -> int:
    facts = thumbnail.key + f"{thumbnail.width}x{thumbnail.height}".encode()
    return zlib.crc32(thumbnail.jpeg, zlib.crc32(facts))


def _checked(key: bytes, row: tuple[object, ...]) -> CachedThumbnail | None:
    width, height, jpeg, crc = row
    if not isinstance(width, int) or not isinstance(height, int) or not isinstance(jpeg, bytes):
        return None
    found = CachedThumbnail(key, width, height, jpeg)
    return found if _crc(found) == crc else None
