"""Room on disks: whether there is enough before long work, and what to say where there is not."""

from __future__ import annotations

import errno
import math
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from fewshot_gui.errors import UserError
from fewshot_gui.texts import _

FULL = (errno.ENOSPC, errno.EDQUOT)


def check_room(needs: Iterable[tuple[Path, int]]) -> None:
    """Find out before long work that its files will not fit.

    Args:
        needs: Folders, which need not exist yet, and the bytes that each is to take. What lies
            on the same disk is added up. Quotas are not known here.

    Raises:
        UserError: A disk has too little room; a folder on it is named.
    """
    wanted: dict[int, tuple[Path, int]] = {}
    for folder, size in needs:
        disk = os.stat(_there(folder)).st_dev
        first, before = wanted.get(disk, (folder, 0))
        wanted[disk] = first, before + size
    for folder, size in wanted.values():
        free = shutil.disk_usage(_there(folder)).free
        if size > free:
            raise no_room(folder, size, free)


def no_room(folder: Path, needed: int, free: int | None = None) -> UserError:
    """The error for a disk that is too full; ``free`` is None where a limit is not the disk's."""
    message = _("The disk is full: {needed} MB are needed in “{folder}”.")
    if free is not None:
        message = _("The disk is too full: “{folder}” needs {needed} MB, {free} MB are free.")
    wanted, there = math.ceil(needed / 1e6), (free or 0) // 10**6
    return UserError(
        message.format(folder=folder, needed=f"{wanted:,}", free=f"{there:,}"),
        _("Free some space and try again."),
    )


def _there(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    folder = Path(os.path.abspath(folder))
    return next(place for place in (folder, *folder.parents) if place.exists())
