"""Finds the pictures below a folder, without opening a single one."""

from __future__ import annotations

import heapq
import os
import stat
import sys
import time
from array import array
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from fewshot_gui.errors import UserError
from fewshot_gui.images.file_columns import FileColumns
from fewshot_gui.images.file_types import HIDDEN_NAMES, is_listed
from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.natural import composed, natural_key
from fewshot_gui.jobs import Job
from fewshot_gui.texts import _

__all__ = ["ScanResult", "checked_root", "image_file", "natural_key", "scan"]

BATCH_FILES = 500
PIECE_FILES = 4000
BATCH_SECONDS = 0.1
ENTRIES_PER_CHECK = 256

WINDOWS_LINKS = (0xA0000003, 0xA000000C)  # reparse tags of junctions and of symbolic links

# (natural key of the relative path, in both parts; the path, which no two share; the picture)
_Keyed = tuple[str, str, str, ImageFile]

OnBatch = Callable[[list[ImageFile]], None]


@dataclass(frozen=True)
class ScanResult:
    """What lies below a folder.

    Attributes:
        files: The pictures, in natural order of their relative paths.
        hidden: Hidden files and folders that were left out.
        unreadable_folders: Relative paths of folders that could not be listed.
        other: Files that are not pictures, by their extension or because they are no
            regular files at all.
        links: Symbolic links. None is followed: one that leads out of the folder must not
            be, and one that stays inside shows a picture that is listed anyway.
    """

    files: Sequence[ImageFile]
    hidden: int = 0
    unreadable_folders: tuple[str, ...] = ()
    other: int = 0
    links: int = 0


def scan(root: str | Path, job: Job, on_batch: OnBatch | None = None) -> ScanResult:
    """List all pictures below ``root``, sub-folders included.

    Args:
        root: A folder.
        job: Asked often whether to stop.
        on_batch: Receives the pictures as they are found, in no particular order, at least
            ten times a second; called from this thread.

    Raises:
        UserError: ``root`` is not a folder or cannot be read, or went away meanwhile.
        Cancelled: The job was cancelled.
    """
    folder = checked_root(root)
    walk = _Walk(folder, job, on_batch)
    walk.run()
    if walk.unreadable:
        # A network disk that went away looks like folders that cannot be listed, and must
        # not be taken for a folder whose pictures were deleted.
        _probe(folder)
    return ScanResult(
        files=walk.in_order(),
        hidden=walk.hidden,
        unreadable_folders=tuple(sorted(walk.unreadable, key=natural_key)),
        other=walk.other,
        links=walk.links,
    )


def checked_root(root: str | Path) -> str:
    """The folder as ``scan`` sees it: absolute, without links.

    Raises:
        UserError: It is not a folder or cannot be read.
    """
    folder = _resolved(root)
    _probe(folder)
    return folder


def image_file(path: str | Path, root: str | Path | None = None) -> ImageFile:
    """One file that the user named, whatever its extension. A link is followed.

    Args:
        path: The file.
        root: The folder that ``relative`` starts from; the file's own by default.

    Raises:
        UserError: There is no such file, or it is not a regular file.
    """
    absolute = os.path.abspath(path)
    name = os.path.basename(absolute)
    try:
        status = os.stat(absolute)
    except OSError as error:
        raise UserError(
            _("“{name}” cannot be found.").format(name=name),
            _("It may have been moved, or its disk is not connected."),
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise UserError(_("“{name}” is not a file.").format(name=name))
    relative = _relative(absolute, root) if root is not None else name
    return _image(absolute, relative, status)


def _relative(path: str, root: str | Path) -> str:
    try:
        below = os.path.relpath(path, os.path.abspath(root))
    except ValueError:  # another drive
        return os.path.basename(path)
    if below.split(os.sep, 1)[0] == os.pardir:
        return os.path.basename(path)
    return below.replace(os.sep, "/")


def _image(path: str, relative: str, status: os.stat_result) -> ImageFile:
    return ImageFile(path, relative, status.st_size, status.st_mtime_ns, status.st_ino)


def _resolved(root: str | Path) -> str:
    try:
        return os.path.realpath(root)
    except ValueError:  # a zero byte: no such folder, which the probe tells
        return os.fspath(root)


def _probe(folder: str) -> None:
    """Raise ``UserError`` unless the folder can be listed."""
    try:
        with os.scandir(folder):
            return
    except FileNotFoundError as error:
        raise UserError(
            _("The folder “{folder}” does not exist.").format(folder=folder),
            _("Check its name, and that its disk is connected."),
        ) from error
    except NotADirectoryError as error:
        raise UserError(
            _("“{folder}” is not a folder.").format(folder=folder),
            _("Choose the folder that holds the images."),
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(
            _("The folder “{folder}” cannot be read: {reason}.").format(
                folder=folder, reason=reason
            ),
            _("Check that you may open it, and that its disk is connected."),
        ) from error


@dataclass
class _Walk:
    """One pass over the tree. The stack of folders is a list: no depth is too deep."""

    root: str
    job: Job
    on_batch: OnBatch | None
    found: FileColumns = field(default_factory=FileColumns)
    pieces: list[range] = field(default_factory=list)  # of ``found``, each of them in order
    count: int = 0
    unreadable: list[str] = field(default_factory=list)
    hidden: int = 0
    other: int = 0
    links: int = 0

    def run(self) -> None:
        batch: list[ImageFile] = []
        piece: list[_Keyed] = []
        sent = time.monotonic()
        # Closed here and not by the garbage collector: it holds a folder open.
        with closing(self._pictures()) as pictures:
            for keyed in pictures:
                piece.append(keyed)
                if len(piece) >= PIECE_FILES:
                    self._put_aside(piece)
                    piece = []
                self.count += 1
                if self.on_batch is None:
                    continue
                batch.append(keyed[3])
                if len(batch) >= BATCH_FILES or time.monotonic() - sent >= BATCH_SECONDS:
                    self.on_batch(batch)
                    batch, sent = [], time.monotonic()
        self._put_aside(piece)
        if self.on_batch is not None and batch:
            self.on_batch(batch)

    def in_order(self) -> FileColumns:
        """All pictures in natural order."""
        if len(self.pieces) < 2:
            return self.found
        # Small pieces, merged one by one: sorting a million at once holds up all threads.
        order = array("q")
        for keyed in heapq.merge(*map(self._keyed, self.pieces)):
            if len(order) % ENTRIES_PER_CHECK == 0:
                self.job.checkpoint()
            order.append(keyed[3])
        return self.found.reordered(order)

    def _put_aside(self, piece: list[_Keyed]) -> None:
        """Keep pictures in order and forget their keys, which take more room than they do."""
        piece.sort()
        start = len(self.found)
        for _key, _relative, _path, file in piece:
            self.found.append(file)
        self.pieces.append(range(start, len(self.found)))

    def _keyed(self, piece: range) -> Iterator[tuple[str, str, str, int]]:
        """The pictures of a piece with their keys, and numbers in place of them."""
        before = {"": ""}
        for index in piece:
            file = self.found[index]
            folder, _slash, name = file.relative.rpartition("/")
            if folder not in before:
                before[folder] = natural_key(f"{folder}/")[0]
            key = before[folder] + natural_key(name)[0]
            yield key, composed(file.relative), file.path, index

    def _pictures(self) -> Generator[_Keyed, None, None]:
        folders = [("", self.root)]
        seen = 0
        while folders:
            relative, path = folders.pop()
            inside: list[tuple[str, str]] = []
            # the key of what lies in a folder begins with the key of the folder
            before = natural_key(f"{relative}/")[0] if relative else ""
            with closing(self._entries(relative, path)) as entries:
                for entry in entries:
                    seen += 1
                    if seen % ENTRIES_PER_CHECK == 0:
                        self.job.report(self.count, None, _("Looking for images"))
                    below = f"{relative}/{entry.name}" if relative else entry.name
                    file = self._looked_at(entry, below, inside)
                    if file is not None:
                        key = before + natural_key(entry.name)[0]
                        yield key, composed(below), entry.path, file
            self.job.report(self.count, None, _("Looking for images"))
            inside.sort(key=lambda pair: natural_key(pair[0]), reverse=True)
            folders.extend(inside)

    def _entries(self, relative: str, path: str) -> Generator[os.DirEntry[str], None, None]:
        try:
            with os.scandir(path) as entries:
                yield from entries
        except OSError:
            self.unreadable.append(relative)

    def _looked_at(
        self, entry: os.DirEntry[str], relative: str, folders: list[tuple[str, str]]
    ) -> ImageFile | None:
        """The picture that this entry is; folders are put aside, the rest is counted."""
        if entry.name.startswith(".") or entry.name.lower() in HIDDEN_NAMES:
            self.hidden += 1
            return None
        try:
            if entry.is_symlink():
                self.links += 1
                return None
            if entry.is_dir(follow_symlinks=False):
                self._folder(entry, relative, folders)
                return None
            if not is_listed(entry.name) or not entry.is_file(follow_symlinks=False):
                self.other += 1
                return None
            return self._file(entry, relative)
        except FileNotFoundError:  # deleted since it was listed
            return None
        except OSError:
            # The folder names it and lets nobody look at it: listed, to be reported as
            # a picture that cannot be opened.
            return ImageFile(entry.path, relative, 0, 0, 0)

    def _folder(
        self, entry: os.DirEntry[str], relative: str, folders: list[tuple[str, str]]
    ) -> None:
        if sys.platform == "win32":
            status = entry.stat(follow_symlinks=False)
            if status.st_reparse_tag in WINDOWS_LINKS:
                self.links += 1
                return
            if _is_hidden(status):
                self.hidden += 1
                return
        folders.append((relative, entry.path))

    def _file(self, entry: os.DirEntry[str], relative: str) -> ImageFile | None:
        status = entry.stat(follow_symlinks=False)
        if _is_hidden(status):
            self.hidden += 1
            return None
        if not stat.S_ISREG(status.st_mode):  # swapped since it was listed
            self.other += 1
            return None
        return _image(entry.path, relative, status)


def _is_hidden(status: os.stat_result) -> bool:
    """Hidden by an attribute rather than by name: Windows and macOS."""
    if sys.platform == "win32":
        return bool(status.st_file_attributes & stat.FILE_ATTRIBUTE_HIDDEN)
    return bool(getattr(status, "st_flags", 0) & stat.UF_HIDDEN)
