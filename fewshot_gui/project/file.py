"""The project file: made, opened, written step by step, copied and closed.

Used by one thread at a time. ``keeper.Keeper`` is what the window talks to.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping

from fewshot_gui.errors import UserError
from fewshot_gui.project import disks, schema
from fewshot_gui.project.access import (
    exists,
    locked_for_writing,
    log_lost,
    not_written,
    refuse_other_computer,
    warnings,
)
from fewshot_gui.project.backups import Backups
from fewshot_gui.project.edits import Edit
from fewshot_gui.project.guard import (
    check_database,
    explain_damage,
    names_in_file,
    view,
)
from fewshot_gui.project.identity import KnownImage
from fewshot_gui.project.loading import Index, load, load_index, load_known
from fewshot_gui.project.lock import SEEN_EVERY_S, NotLockable, WriterLock, this_process
from fewshot_gui.project.model import Project
from fewshot_gui.project.places import outside
from fewshot_gui.project.problems import (
    Damaged,
    ReadOnlyProject,
)
from fewshot_gui.project.upgrade import upgraded
from fewshot_gui.project.whole import new_database, place_new, write_copy
from fewshot_gui.project.writer import Writer
from fewshot_gui.texts import _

CHECKPOINT_PAGES = 1000


class ProjectFile:
    """An open project file. Made by ``create`` and ``open``.

    Attributes:
        path: The file, without links.
        read_only: Whether nothing can be written.
        notices: What the user should be told about this file.
    """

    def __init__(
        self,
        path: str,
        db: sqlite3.Connection,
        index: Index,
        lock: WriterLock | None = None,
        notices: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.read_only = lock is None
        self.notices = notices
        self._lock = lock
        self._writer = Writer(db, index)
        self._on_network = False
        self._is_logged = False
        self._seen = 0.0
        self._identity = (0, 0)
        self._loaded: Project | None = None
        self._loaded_at = -1
        self._release: Callable[[], None] = lambda: None

    # -- making and opening --------------------------------------------------------

    @classmethod
    def create(
        cls, path: str, project: Project | None = None, replace: bool = False
    ) -> ProjectFile:
        """Make a new project file and open it.

        Args:
            path: Where; its folder exists.
            project: What to write into it; labels and history included.
            replace: Whether an existing file is replaced.

        Raises:
            UserError: There is such a file already, or it cannot be written.
        """
        path = os.path.realpath(path)
        if not replace and os.path.lexists(path):
            raise exists(path)
        with contextlib.ExitStack() as stack:
            try:
                lock = locked_for_writing(path)
                stack.callback(lock.release)
                with new_database(path) as made:
                    index = load_index(made.db, os.path.dirname(path))
                    if project is not None:
                        Writer(made.db, index).fill(project)
                    place_new(made, path, replace)
            except (OSError, sqlite3.Error, NotLockable) as error:
                raise not_written(path, error) from error
            file = _opened_for_writing(cls, path, lock, ())
            stack.pop_all()
        return file

    @classmethod
    def open(cls, path: str, read_only: bool = False) -> ProjectFile:
        """Open a project file; its content is checked first, with nothing written.

        Args:
            path: The file.
            read_only: Look only; another process may hold it.

        Raises:
            NotAProject: It is something else.
            NewerProject: A later version of the program wrote it; it is not touched.
            DamagedProject: Its content is wrong; carries the backups.
            ProjectInUse: Another process writes it, and ``read_only`` was not asked for.
            UserError: It cannot be read.
        """
        path = os.path.realpath(path)
        with explain_damage(path):
            schema.version_of(path)
            if read_only:
                return _opened_for_viewing(cls, path, ())
            try:
                lock = locked_for_writing(path)
            except (NotLockable, PermissionError):
                notice = _("This project can only be viewed: you may not write to it.")
                return _opened_for_viewing(cls, path, (notice,))
            try:
                return _opened_for_writing(cls, path, lock, warnings(path))
            except BaseException:
                lock.release()
                raise

    def load(self) -> Project:
        """The project, with labels, history and what can be redone.

        Raises:
            DamagedProject: A value makes no sense.
        """
        project, self._loaded = self._loaded, None
        with explain_damage(self.path):
            if project is None or self.step != self._loaded_at:
                project = load(self._db, self._index)
            if not self.read_only:
                self._put_right(project)
        return project

    def known(self) -> dict[str, KnownImage]:
        """What images were like when they were labelled, by path."""
        with explain_damage(self.path):
            return load_known(self._db, self._index)

    def folders_outside(self, trusted: Iterable[str] = ()) -> tuple[str, ...]:
        """Folders that the project reads from and that the user did not choose here.

        Args:
            trusted: Folders that the user has opened before.

        Returns:
            All folders that it has or ever had (undoing brings them back), and those of
            single images, that lie neither below the project file's folder nor below a
            trusted one.
        """
        folders = [folder.path for folder in self._index.folders.values()]
        rows = self._db.execute("SELECT id FROM image WHERE folder IS NULL")
        single = {os.path.dirname(self._index.paths[number]) for (number,) in rows}
        return outside([*folders, *sorted(single)], self._index.home, trusted)

    # -- writing ---------------------------------------------------------------------

    @property
    def uuid(self) -> bytes:
        """16 bytes that tell this project from all others."""
        return self._index.state.uuid

    @property
    def session(self) -> bytes:
        """16 bytes that tell this opening of the file from all others."""
        return self._index.state.session

    @property
    def step(self) -> int:
        """Number of the last step that is in the file."""
        return self._index.state.step

    @property
    def changed(self) -> float:
        """Seconds since 1970 of the last action."""
        return self._index.state.changed / 1000

    def did(self, edit: Edit, step: int | None = None) -> None:
        """Add an action. As all steps: whole or not at all, and never twice.

        Args:
            edit: The action.
            step: Its number; one that is in the file already is left out.

        Raises:
            OSError, sqlite3.Error: It is not in the file.
            ReadOnlyProject: The project is open for viewing.
        """
        self._take(step, lambda number: self._writer.did(edit, number))

    def undid(self, _edit: Edit, step: int | None = None) -> None:
        """The last action that is not undone is undone."""
        self._take(step, self._writer.undid)

    def redid(self, _edit: Edit, step: int | None = None) -> None:
        """The action that was undone last is done again."""
        self._take(step, self._writer.redid)

    def note(self, known: Mapping[str, KnownImage], step: int | None = None) -> None:
        """Remember what labelled images are like, by path. Not an action."""
        self._take(step, lambda number: self._writer.note(known, number))

    def relocate(self, folder_id: int, path: str, step: int | None = None) -> None:
        """A folder lies elsewhere now, with all images in it. Not an action."""
        self._take(step, lambda number: self._writer.relocate(folder_id, path, number))

    def renamed(self, paths: Mapping[str, str], step: int | None = None) -> None:
        """Images have other paths now, old path -> new path. Not an action."""
        self._take(step, lambda number: self._writer.renamed(paths, number))

    def checkpoint(self, least_pages: int = CHECKPOINT_PAGES) -> None:
        """Bring the log's content into the file, if the log has grown.

        Raises:
            OSError, sqlite3.Error: It could not be; the log still has everything.
        """
        if not self._is_logged:
            return
        with contextlib.suppress(FileNotFoundError):
            if os.path.getsize(f"{self.path}-wal") < least_pages * 4096:
                return
        busy, _log, _done = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy and not least_pages:
            raise sqlite3.OperationalError("the log is being read")

    @property
    def last_backup(self) -> float:
        """Seconds since 1970 of the newest backup; 0 where there is none."""
        return Backups(self.uuid).newest

    @property
    def folder_is_gone(self) -> bool:
        """Whether there is no folder where the file lay."""
        return not os.path.isdir(os.path.dirname(self.path))

    def is_in_place(self) -> bool:
        """Whether the path still leads to this file."""
        try:
            return _identity(self.path) == self._identity
        except OSError:
            return False

    def reopened(self) -> ProjectFile:
        """A new connection to the same file, after an error; this one is closed then.

        Raises:
            UserError, OSError, sqlite3.Error: It cannot be opened, or is not what was
                written here. This object stays as it is.
        """
        assert self._lock is not None
        if names_in_file(self.path) != (self.uuid, self.session):
            raise _changed_by_another()  # before this one's log is mixed into it
        db = schema.connect(self.path, "rw")
        try:
            schema.check_pages(db)
            index = load_index(db, self._index.home)
            now = index.state
            if (now.uuid, now.session) != (self.uuid, self.session) or now.step < self.step:
                raise _changed_by_another()
            file = ProjectFile(self.path, db, index, self._lock, self.notices)
            file._set_up(self._on_network, self._is_logged)
        except BaseException:
            db.close()
            raise
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        return file

    def put_back(self) -> ProjectFile:
        """Write the whole project where its file is no longer; this one is closed then.

        What lies there now is replaced.

        Raises:
            UserError, OSError, sqlite3.Error, Damaged: It cannot be written. This object
                stays as it is.
        """
        write_copy(self._db, self.path, None, None)
        file = self.reopened()
        file._begin()  # the new file is not in the mode in which the old one was written
        return file

    def show_life(self) -> None:
        """On a network disk, say now and then that this computer still has the file."""
        if not self._on_network or time.time() - self._seen < SEEN_EVERY_S:
            return
        self._seen = time.time()
        self._db.execute("UPDATE holder SET seen = ?", (int(self._seen),))

    # -- copies ------------------------------------------------------------------------

    def save_copy(self, path: str) -> None:
        """Write a copy that is another project; an existing file is replaced.

        Raises:
            UserError: It cannot be written, or the other file is open somewhere.
        """
        path = os.path.realpath(path)
        if path == self.path:
            raise UserError(_("A project cannot be copied onto itself."))
        try:
            lock = locked_for_writing(path)
        except (OSError, NotLockable) as error:
            raise not_written(path, error) from error
        try:
            write_copy(self._db, path, self._index, secrets.token_bytes(16))
        except (OSError, sqlite3.Error, Damaged) as error:
            raise not_written(path, error) from error
        finally:
            lock.release()

    def back_up(self, clock: Callable[[], float] = time.time) -> str:
        """Make a backup, as ``Backups.make`` does; returns its path."""
        return Backups(self.uuid, clock).make(self._db, self.path)

    # -- leaving -------------------------------------------------------------------------

    def close(self) -> None:
        """Leave one plain file behind and let go of it. Never fails."""
        if not self.read_only:
            with contextlib.suppress(sqlite3.Error, OSError):
                self._db.execute("DELETE FROM holder")
                self.checkpoint(least_pages=0)
                self._db.execute("PRAGMA journal_mode=DELETE")
        self.let_go()

    def let_go(self) -> None:
        """Close without writing anything."""
        with contextlib.suppress(sqlite3.Error):
            self._db.close()
        if self._lock is not None:
            self._lock.release()
        self._release()

    # -- inside ----------------------------------------------------------------------------

    @property
    def _db(self) -> sqlite3.Connection:
        return self._writer.db

    @property
    def _index(self) -> Index:
        return self._writer.index

    def _take(self, step: int | None, write: Callable[[int], None]) -> None:
        if self.read_only:
            raise ReadOnlyProject(_("This project is open for viewing only."))
        if step is None:
            step = self.step + 1
        self._loaded = None
        if step > self.step:
            write(step)

    def _put_right(self, project: Project) -> None:
        """Write what loading found out: repairs, and a history that was cut short."""
        if self._index.repaired:
            self._writer.settle(self.session)
        done, undone = project.history
        self._writer.forget_before(self._index.state.action - len(done) - len(undone) + 1)

    def _set_up(self, on_network: bool, is_logged: bool) -> None:
        self._on_network, self._is_logged = on_network, is_logged
        self._db.execute(f"PRAGMA synchronous={'NORMAL' if is_logged else 'FULL'}")
        self._identity = _identity(self.path)

    def _begin(self) -> None:
        """Choose how to write, say who writes, and start a session."""
        folder = os.path.dirname(self.path)
        on_network = disks.is_network(folder)
        logged = not on_network and disks.wal_works(folder) and _use_log(self._db)
        if not logged:
            self._db.execute("PRAGMA journal_mode=DELETE")
        self._set_up(on_network, logged)
        me = this_process()
        self._seen = me.since
        self._db.execute(
            "INSERT OR REPLACE INTO holder VALUES (1, ?, ?, ?, ?)",
            (me.host.encode(), me.pid, int(me.since), int(me.since)),
        )
        self._writer.settle(secrets.token_bytes(16))
        self.checkpoint(least_pages=0)  # the file itself says now that it is open


def _use_log(db: sqlite3.Connection) -> bool:
    """Whether the write-ahead log is on; some disks say yes and cannot."""
    try:
        if db.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
            return False
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
            raise
        return False
    return True


def _opened_for_writing(
    cls: type[ProjectFile], path: str, lock: WriterLock, notices: tuple[str, ...]
) -> ProjectFile:
    home = os.path.dirname(path)
    checked = check_database(path)
    refuse_other_computer(path, checked)
    if checked.version < schema.VERSION:
        upgraded(path, checked.version)
    if checked.log_was_lost:
        notices = (*notices, log_lost())
    db = schema.connect(path, "rw")
    try:
        index = load_index(db, home)
        project = load(db, index)  # before anything is written to it
        file = cls(path, db, index, lock, notices)
        file._loaded, file._loaded_at = project, file.step
        file._begin()
    except BaseException:
        db.close()
        raise
    return file


def _opened_for_viewing(cls: type[ProjectFile], path: str, notices: tuple[str, ...]) -> ProjectFile:
    home = os.path.dirname(path)
    viewing = view(path)
    try:
        index = load_index(viewing.db, home)
    except BaseException:
        viewing.close()
        raise
    file = cls(path, viewing.db, index, None, notices)
    file._release = viewing.close
    return file


def _changed_by_another() -> UserError:
    return UserError(
        _("The project cannot be saved: another program has changed its file."),
        _("Save the project under another name."),
    )


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino
