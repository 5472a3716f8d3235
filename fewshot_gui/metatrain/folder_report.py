"""What a folder of class folders holds, before anybody learns from it. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from fewshot_gui.images.class_folders import ClassFolder, find_class_folders
from fewshot_gui.images.pool import Crop, DecodePool, DecodeRequest, DecodeResult
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.classes import ClassRows, listed_classes
from fewshot_gui.metatrain.store import decoded
from fewshot_gui.texts import _, ngettext

SAMPLE = 48  # pictures that are opened to see what kind they are
DRAWN = 0.8  # share of them that must look drawn
SMALL = 256  # pixels; characters and icons are hardly ever larger
_LOOK = 32  # pixels that a sample is looked at with
_GRAY = 12  # of 255; colours nearer than that to gray are taken for it


class PictureKind(StrEnum):
    """Small gray pictures (characters, icons, signs), or everything else."""

    DRAWINGS = "drawings"
    PHOTOS = "photos"


@dataclass(frozen=True)
class FolderReport:
    """What there is to learn from.

    Attributes:
        folder: As it was given.
        data: The classes, each with as many rows as it has pictures, readable or not; the
            groups are the folders that class folders lie in.
        kind: What a sample of the pictures looks like.
        opened: How many pictures were opened: a sample, or all.
        unreadable: How many of those cannot be read.
    """

    folder: str
    data: ClassRows
    kind: PictureKind
    opened: int
    unreadable: int

    @property
    def pictures(self) -> int:
        return int(self.data.sizes.sum())

    @property
    def least(self) -> int:
        """Pictures of the smallest class."""
        return int(self.data.sizes.min())

    @property
    def median(self) -> float:
        """Pictures of the class in the middle."""
        return float(np.median(self.data.sizes))

    @property
    def most(self) -> int:
        """Pictures of the largest class."""
        return int(self.data.sizes.max())

    @property
    def grouped(self) -> bool:
        """Whether the class folders lie in several folders that hold several each."""
        groups = len(self.data.group_names)
        return 1 < groups <= len(self.data) // 2

    def tasks(self, ways: int, shots: int, targets: int = 1) -> int:
        """How many different choices of classes there are for a task.

        Classes with less than ``shots + targets`` pictures take no part.
        """
        return math.comb(int(np.count_nonzero(self.data.sizes >= shots + targets)), ways)

    def lines(self) -> tuple[str, ...]:
        """The report in the user's language, a sentence each."""
        classes = ngettext("{count} class", "{count} classes", len(self.data))
        pictures = ngettext("{count} picture", "{count} pictures", self.pictures)
        lines = [
            _("{classes} with {pictures}: {least} in the smallest, {most} in the largest").format(
                classes=classes.format(count=len(self.data)),
                pictures=pictures.format(count=f"{self.pictures:,}"),
                least=self.least,
                most=self.most,
            )
        ]
        if self.grouped:
            groups = len(self.data.group_names)
            lines.append(_("They lie in {count} folders (alphabets, say)").format(count=groups))
        if self.unreadable:
            text = _("{count} of {opened} pictures that were opened cannot be read")
            lines.append(text.format(count=self.unreadable, opened=self.opened))
        return tuple(lines)


def look_at_folder(
    folder: str | Path, job: Job, pool: DecodePool | None = None, every: bool = False
) -> FolderReport:
    """Look at a folder of class folders.

    Args:
        folder: Holds class folders, at any depth.
        job: Progress and cancellation.
        pool: Opens pictures; one of its own where there is none.
        every: Open all pictures and not a sample only: says how many cannot be read.

    Raises:
        UserError: There is no picture, or the folder cannot be read.
        Cancelled: The job was cancelled.
    """
    folders = find_class_folders(folder, job)
    paths = _paths(folders, every)
    if pool is not None:
        found = _opened(paths, pool, job)
    else:
        with DecodePool() as own:
            found = _opened(paths, own, job)
    readable = [drawn for drawn in found if drawn is not None]
    drawings = bool(readable) and sum(readable) >= DRAWN * len(readable)
    return FolderReport(
        str(folder),
        listed_classes(folders),
        PictureKind.DRAWINGS if drawings else PictureKind.PHOTOS,
        len(found),
        len(found) - len(readable),
    )


def tasks_in_words(count: int) -> str:
    """A number of tasks, as people read it."""
    if count < 1_000_000:
        return f"{count:,}"
    power = int(math.log10(count))  # a text of all digits may be too long for Python
    power -= count < 10**power  # rounded up
    return f"{count // 10 ** (power - 1) / 10:.1f} × 10^{power}"


def _paths(folders: Sequence[ClassFolder], every: bool) -> list[str]:
    paths = [file.path for folder in folders for file in folder.files]
    step = 1 if every else max(1, -(-len(paths) // SAMPLE))
    return paths[::step]


def _opened(paths: Sequence[str], pool: DecodePool, job: Job) -> list[bool | None]:
    """For each picture whether it looks drawn; None where it cannot be read."""
    requests = (DecodeRequest(path, crop=Crop(_LOOK, _LOOK, "box")) for path in paths)
    found = []
    for number, result in enumerate(decoded(requests, pool, job)):
        found.append(None if result.crop is None else _is_drawn(result))
        job.report(number + 1, len(paths), _("Looking at pictures"))
    return found


def _is_drawn(result: DecodeResult) -> bool:
    """Small and gray."""
    colours = result.crop.astype(np.int16)
    gray = np.ptp(colours, axis=2).mean() <= _GRAY
    return bool(gray and max(result.width, result.height) <= SMALL)
