"""Projects that the user gave no name: one for each folder that was opened."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re

from fewshot_gui.project.draft_names import SUFFIX, drafts_folder
from fewshot_gui.project.lock import Held, NotLockable, WriterLock

_NAME_LENGTH = 40


def latest_draft(folder: str) -> str | None:
    """The draft that was begun last for this folder; None where there is none."""
    numbers = _numbers(folder)
    return _path(folder, max(numbers)) if numbers else None


def new_draft(folder: str) -> str:
    """A file name for another draft for this folder; nothing is made yet."""
    return _path(folder, max(_numbers(folder), default=0) + 1)


def discard_draft(path: str) -> None:
    """Remove a draft that nobody needs any more, unless somebody has it open; blocks."""
    lock = WriterLock(path)
    try:
        lock.acquire()
    except (Held, NotLockable, OSError):
        return
    try:
        with contextlib.suppress(OSError):
            os.unlink(path)
    finally:
        lock.release()


def _numbers(folder: str) -> list[int]:
    pattern = re.compile(re.escape(_stem(folder)) + r"-(\d+)" + re.escape(SUFFIX))
    try:
        names = os.listdir(drafts_folder())
    except FileNotFoundError:
        return []
    return [int(match[1]) for name in names if (match := pattern.fullmatch(name))]


def _path(folder: str, number: int) -> str:
    return os.path.join(drafts_folder(), f"{_stem(folder)}-{number}{SUFFIX}")


def _stem(folder: str) -> str:
    """Readable, fit for any file system, and another one for each folder."""
    digest = hashlib.blake2b(os.fsencode(folder), digest_size=6).hexdigest()
    name = re.sub(r"[^\w-]+", "_", os.path.basename(folder)).strip("_")
    readable = name.encode("ascii", "ignore").decode()[:_NAME_LENGTH]
    return f"{readable or 'pictures'}-{digest}"
