"""Paths in a project file: bytes that survive any file name, and a move of the file.

A path below a target folder is kept as the folder and the rest, anything else whole and
relative to the project file. What a stranger's file says is checked before it is used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath, PureWindowsPath

from fewshot_gui.project.problems import Damaged
from fewshot_gui.project.values import Folder

MAX_PATH = 32_768  # bytes; no system allows more

_WINDOWS = os.name == "nt"
_DRIVE = re.compile(rb"[A-Za-z]:")


def path_bytes(path: str) -> bytes:
    """The bytes of a path, with ``/`` between its parts."""
    return os.fsencode(path.replace(os.sep, "/") if _WINDOWS else path)


def path_text(data: bytes) -> str:
    """The path as this system writes it."""
    text = os.fsdecode(data)
    return text.replace("/", os.sep) if _WINDOWS else text


def checked_relative(data: bytes, windows: bool = _WINDOWS, climbing: bool = False) -> bytes:
    """A relative path that stays below where it starts.

    Args:
        data: Path with ``/`` between its parts.
        windows: Whether backslashes, drives and the like mean something.
        climbing: Whether it may begin with ``..`` parts, or be the place itself.

    Raises:
        Damaged: It is absolute, or leads out of its folder, or is no path.
    """
    parts = re.split(rb"[/\\]", data) if windows else data.split(b"/")
    if climbing:
        while parts and parts[0] == b"..":
            del parts[0]
        if not parts or data == b".":
            return data
    if any(part in (b"", b".", b"..") for part in parts) or b"\0" in data or len(data) > MAX_PATH:
        raise Damaged(f"no path below a folder: {data[:200]!r}")
    if windows and _DRIVE.match(data):
        raise Damaged(f"a path with a drive: {data[:200]!r}")
    return data


def checked_absolute(data: bytes) -> bytes:
    """An absolute path of any system. Raises ``Damaged`` where it is none."""
    text = os.fsdecode(data)
    absolute = PurePosixPath(text).is_absolute() or PureWindowsPath(text).is_absolute()
    climbing = b".." in re.split(rb"[/\\]" if _WINDOWS else rb"/", data)
    if not absolute or climbing or b"\0" in data or len(data) > MAX_PATH:
        raise Damaged(f"no absolute path: {data[:200]!r}")
    return data


def joined(folder: str, below: bytes) -> str:
    """The path of something below a folder."""
    return folder.rstrip("/\\" if _WINDOWS else "/") + os.sep + path_text(below)


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies below it, by its letters alone."""
    root = folder.rstrip(os.sep)
    return path == folder or path.startswith(root + os.sep)


class Homes:
    """Splits image paths into target folder and rest; one for a set of folders.

    Args:
        folders: The project's folders.
        home: Folder of the project file.
    """

    def __init__(self, folders: Iterable[Folder], home: str) -> None:
        # the longest folder wins where one lies in another
        self._roots = sorted(
            ((f.path.rstrip(os.sep) + os.sep, f) for f in folders), key=lambda r: -len(r[0])
        )
        self._home = home
        self._relatives: dict[str, bytes | None] = {}

    def split(self, path: str) -> tuple[int | None, bytes, bytes | None]:
        """(folder id or None, path below it or whole path, path relative to the file)."""
        for root, folder in self._roots:
            if path.startswith(root):
                below = path_bytes(path[len(root) :])
                if is_plain((below,)) and (not _WINDOWS or joined(folder.path, below) == path):
                    return folder.id, below, None
        return None, path_bytes(path), self.relative(path)

    def relative(self, path: str) -> bytes | None:
        """Path relative to the project file's folder; None across drives."""
        folder, name = os.path.split(path)
        if folder not in self._relatives:
            self._relatives[folder] = _relative(folder, self._home)
        start = self._relatives[folder]
        # the file's own folder is ".", not a name in the one above: it may be renamed
        around = f"{self._home}{os.sep}".startswith(f"{path.rstrip(os.sep)}{os.sep}")
        if start is None or around or name in ("", ".", ".."):
            return _relative(path, self._home)
        return os.fsencode(name) if start == b"." else start + b"/" + os.fsencode(name)


def from_home(relative: bytes, home: str) -> str:
    """The absolute path of something that is kept relative to the project file."""
    return os.path.normpath(os.path.join(home, path_text(relative)))


def is_there(path: str, home: str) -> bool:
    """Whether something exists, without asking a strange network computer."""
    if _WINDOWS and path.startswith(("\\\\", "//")):
        share = os.path.splitdrive(path)[0].casefold()
        if share != os.path.splitdrive(home)[0].casefold():
            return False
    return os.path.lexists(path)


def outside(paths: Sequence[str], home: str, trusted: Iterable[str]) -> tuple[str, ...]:
    """Those of some folders that lie neither below ``home`` nor below a trusted one."""
    known = (home, *trusted)
    strange = (path for path in paths if not any(is_below(path, folder) for folder in known))
    return tuple(dict.fromkeys(strange))


def _relative(path: str, home: str) -> bytes | None:
    try:
        return path_bytes(os.path.relpath(path, home))
    except ValueError:  # another drive
        return None


def is_plain(paths: Sequence[bytes]) -> bool:
    """Whether paths of this system are all like ``checked_relative`` wants them.

    Joined, every part of each is a part of the whole: a few searches do for thousands.
    """
    if _WINDOWS or not paths:
        return all(_is_checked(path) for path in paths)
    whole = b"/" + b"/".join(paths) + b"/"
    strange = any(part in whole for part in (b"//", b"/./", b"/../", b"\0"))
    return not strange and max(map(len, paths), default=0) <= MAX_PATH


def _is_checked(path: bytes) -> bool:
    try:
        checked_relative(path)
    except Damaged:
        return False
    return True
