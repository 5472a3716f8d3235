"""One writer for a project file, on any computer."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time

from filelock import FileLock
from filelock import Timeout as LockTimeout

from fewshot_gui.project.problems import Holder

SEEN_EVERY_S = 30.0
GONE_AFTER_S = 120.0

_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


class Held(Exception):
    """Somebody else has the lock."""


class NotLockable(Exception):
    """Nothing can be written beside the file."""


class WriterLock:
    """The lock file beside a project file; the system lets go of it when its process dies.

    Args:
        path: The project file.
    """

    def __init__(self, path: str) -> None:
        self._lock = FileLock(lock_path(path), timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Take the lock at once.

        Raises:
            Held: Another process, or another project object of this one, has it.
            NotLockable: The folder must not be written to.
            OSError: There is no such folder, or the disk fails.
        """
        os.stat(os.path.dirname(self._lock.lock_file))  # the lock would make the folder
        try:
            self._lock.acquire(timeout=0)
        except LockTimeout as error:
            raise Held from error
        except NotImplementedError as error:
            raise OSError(errno.ENOLCK, str(error)) from error
        except OSError as error:
            if error.errno in _READ_ONLY:
                raise NotLockable from error
            raise

    def release(self) -> None:
        """Let go. Never fails: a lock that cannot be released ends with the process."""
        with contextlib.suppress(OSError):
            self._lock.release()


def lock_path(path: str) -> str:
    """Where the lock of a project file is: hidden, as it stays there on most systems.

    Removing it would not be safe: another process may be about to lock it.
    """
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.lock")


def this_process() -> Holder:
    """This process as a holder, from now on."""
    return Holder(socket.gethostname(), os.getpid(), time.time())


def is_elsewhere(holder: Holder, seen: float, now: float) -> bool:
    """Whether a holder is another computer that gave a sign of life a moment ago.

    Args:
        holder: Who said to hold the project.
        seen: When it last said so, seconds since 1970.
        now: The time, seconds since 1970.
    """
    return holder.host != socket.gethostname() and abs(now - seen) < GONE_AFTER_S
