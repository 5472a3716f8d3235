"""Class folders: each one directly holds the pictures of one class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fewshot_gui.errors import UserError
from fewshot_gui.images.files import ImageFile
from fewshot_gui.images.natural import natural_key
from fewshot_gui.images.scan import scan
from fewshot_gui.jobs import Job
from fewshot_gui.plain_text import plain_text
from fewshot_gui.texts import _, ngettext

_SHOWN = 3  # folders that a notice names


@dataclass(frozen=True)
class ClassFolder:
    """A folder that directly holds images.

    Attributes:
        name: The class: the folder's name, or its path below the root with ``/`` where
            another class folder has the same name (whatever the case of its letters).
        files: The pictures directly in it, in natural order.
    """

    name: str
    files: tuple[ImageFile, ...]


def find_class_folders(root: str | Path, job: Job) -> tuple[ClassFolder, ...]:
    """All class folders below ``root``, in natural order of their paths.

    Pictures that lie loose in ``root`` beside class folders belong to no class, and ``job``
    is told; where there are only loose ones, ``root`` itself is the one class. Folders that
    cannot be opened are left out, and ``job`` is told.

    Raises:
        UserError: There is no picture, or ``root`` cannot be read.
        Cancelled: The job was cancelled.
    """
    by_folder: dict[str, list[ImageFile]] = {}
    found = scan(root, job)
    if found.unreadable_folders:
        job.notice(_closed(found.unreadable_folders))
    for file in found.files:
        by_folder.setdefault(file.relative.rpartition("/")[0], []).append(file)
    loose = by_folder.pop("", [])
    if by_folder:
        if loose:
            job.notice(_loose(root, len(loose)))
        return _named(by_folder)
    if loose:
        path = os.path.realpath(root)
        return (ClassFolder(os.path.basename(path) or path, tuple(loose)),)
    raise UserError(
        _("There is no image in “{folder}”.").format(folder=root),
        _("Make one sub-folder per class and put that class's images into it."),
    )


def _loose(root: str | Path, count: int) -> str:
    text = ngettext(
        "{count} picture lies in no sub-folder of “{folder}”: it has no class and is left out.",
        "{count} pictures lie in no sub-folder of “{folder}”: they have no class and are left out.",
        count,
    )
    return text.format(count=f"{count:,}", folder=root)


def _closed(folders: Sequence[str]) -> str:
    text = ngettext(
        "{count} folder cannot be opened and is left out: {names}.",
        "{count} folders cannot be opened and are left out: {names}.",
        len(folders),
    )
    shown = ", ".join(map(plain_text, folders[:_SHOWN])) + (", …" if len(folders) > _SHOWN else "")
    return text.format(count=len(folders), names=shown)


def _named(by_folder: dict[str, list[ImageFile]]) -> tuple[ClassFolder, ...]:
    names = {folder: folder.rpartition("/")[2] for folder in by_folder}
    how_often = Counter(name.casefold() for name in names.values())
    return tuple(
        ClassFolder(
            folder if how_often[names[folder].casefold()] > 1 else names[folder],
            tuple(by_folder[folder]),
        )
        for folder in sorted(by_folder, key=natural_key)
    )
