"""The file that pictures lie in while a training lasts, and what keeps trainings apart."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from filelock import FileLock
from filelock import Timeout as LockTimeout
from numpy.typing import NDArray

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.paths import cache_dir
from fewshot_gui.room import FULL, no_room
from fewshot_gui.texts import _

_LOCK = ".lock"
_ZEROS = bytes(4 << 20)


def scratch_folder() -> Path:
    """Where pictures lie that are too large for the memory."""
    return cache_dir() / "training"


@contextlib.contextmanager
def place_for_pixels() -> Iterator[Path]:
    """A new file's path; the file is deleted in the end, and those that killed trainings left.

    Raises:
        UserError: Nothing can be written there.
    """
    place = scratch_folder()
    own = place / os.urandom(8).hex()
    lock = _lock(own)
    try:
        place.mkdir(parents=True, exist_ok=True)
        _sweep(place)
        lock.acquire()  # before the folder is there: without it, it is left over
        own.mkdir()
    except OSError as error:
        raise _not_kept(place, error) from error
    try:
        yield own / "pixels.npy"
    finally:
        _remove(own, lock)


def mapped(file: Path, shape: tuple[int, ...], job: Job) -> NDArray[np.uint8]:
    """A new ``.npy`` file of zeros in memory that is really there on the disk.

    Writing to a file of holes that finds the disk full would end the process.

    Raises:
        UserError: The disk is full, or the file cannot be written; none is left.
        Cancelled: The job was cancelled.
    """
    try:
        pixels = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
        _fill(file, pixels.offset, job)
    except OSError as error:
        with contextlib.suppress(OSError):
            file.unlink()
        if error.errno in FULL:
            raise no_room(file.parent, int(np.prod(shape))) from error
        raise _not_kept(file.parent, error) from error
    return pixels


@contextlib.contextmanager
def only_training(output: Path) -> Iterator[None]:
    """No other process of this computer trains a learner for this file meanwhile.

    Raises:
        UserError: Another one does.
    """
    name = hashlib.blake2b(os.fsencode(os.path.realpath(output)), digest_size=16).hexdigest()
    lock = _lock(scratch_folder() / "outputs" / name)
    try:
        lock.acquire()
    except LockTimeout as error:
        raise UserError(
            _("“{file}” is being trained at this moment, by another window or command.").format(
                file=output
            ),
            _("Wait until that training has ended, or write to another file."),
        ) from error
    except (OSError, NotImplementedError):
        # Where nothing can be locked a training is still worth more than none.
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _lock(place: Path) -> FileLock:
    """The system lets go of it when its process dies."""
    return FileLock(place.with_name(place.name + _LOCK), timeout=0)


def _sweep(place: Path) -> None:
    """Delete what lies there and nobody has locked."""
    for lock_file in place.glob(f"*{_LOCK}"):
        lock = FileLock(lock_file, timeout=0)
        with contextlib.suppress(LockTimeout, OSError):
            lock.acquire()
            _remove(lock_file.with_name(lock_file.name.removesuffix(_LOCK)), lock)


def _remove(folder: Path, lock: FileLock) -> None:
    """A folder that is locked, and its lock: nobody else ever wants one of that name."""
    shutil.rmtree(folder, ignore_errors=True)
    lock.release()
    with contextlib.suppress(OSError):
        os.unlink(lock.lock_file)


def _fill(file: Path, header: int, job: Job) -> None:
    """Have the disk keep room for all of the file."""
    size = file.stat().st_size
    with file.open("r+b") as stream:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(stream.fileno(), 0, size)
            return
        stream.seek(header)
        while (left := size - stream.tell()) > 0:
            job.checkpoint()
            stream.write(_ZEROS[:left])


def _not_kept(place: Path, error: OSError) -> UserError:
    return UserError(
        _("Pictures cannot be kept in “{folder}”: {reason}.").format(
            folder=place, reason=error.strerror or error
        )
    )
