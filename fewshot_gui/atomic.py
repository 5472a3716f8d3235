"""Writing a file so that either the old one or the whole new one is there."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from fewshot_gui.errors import UserError
from fewshot_gui.room import FULL, no_room
from fewshot_gui.texts import _

Rename = Callable[[str | Path, str | Path], None]

_BINARY = getattr(os, "O_BINARY", 0)


@contextlib.contextmanager
def replacing(path: Path, size: int = 0) -> Iterator[BinaryIO]:
    """A stream whose content becomes ``path`` at the end, if nothing went wrong.

    The bytes go to a temporary file in the same folder, are forced to the disk, and the
    file is renamed over the old one.

    Args:
        path: The file.
        size: How many bytes it will have, for what is said of a full disk; 0 where not known.

    Raises:
        UserError: The folder is missing or must not be written to, or the disk is full.
            The file that was there before is untouched.
    """
    temporary = _temporary(path)
    try:
        handle = _create(temporary)
    except OSError as error:
        raise _explained(path, error, size) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _keep_permissions(path, temporary)
        patiently(os.replace, temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        _discard(temporary)
        raise _explained(path, error, size) from error
    except BaseException:
        _discard(temporary)
        raise


def check_writable(path: Path) -> None:
    """Find out before long work that its result could not be written.

    Raises:
        UserError: As ``replacing`` would.
    """
    if path.is_dir():
        raise _explained(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
    temporary = _temporary(path)
    try:
        os.close(_create(temporary))
    except OSError as error:
        raise _explained(path, error) from error
    _discard(temporary)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name[:40]}.{os.urandom(4).hex()}.part")


def _create(temporary: Path) -> int:
    return os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o666)


def _keep_permissions(path: Path, temporary: Path) -> None:
    with contextlib.suppress(OSError):
        os.chmod(temporary, path.stat().st_mode & 0o777)


def patiently(rename: Rename, source: str | Path, target: str | Path) -> None:
    """On Windows a virus scanner may hold the older file a moment."""
    for pause in (0.05, 0.1, 0.2) if os.name == "nt" else ():
        try:
            rename(source, target)
            return
        except PermissionError:
            time.sleep(pause)
    rename(source, target)


def sync_folder(folder: str | Path) -> None:
    """Force the names in a folder to the disk, where folders can be opened for that."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _discard(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def _explained(path: Path, error: OSError, size: int = 0) -> UserError:
    if error.errno in FULL and size:
        return no_room(path.parent, size)
    message = _("“{path}” could not be written.").format(path=path)
    if error.errno in FULL:
        return UserError(message, _("The disk is full. Free some space and try again."))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(message, _("You may not write there. Choose another folder."))
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return UserError(message, _("The folder does not exist."))
    if error.errno == errno.EISDIR:
        return UserError(message, _("There is a folder of that name."))
    return UserError(message, error.strerror or str(error))
