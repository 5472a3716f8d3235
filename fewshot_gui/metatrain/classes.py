"""Pictures that are in classes already: what episodes are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.images.class_folders import ClassFolder
from fewshot_gui.jobs import Job
from fewshot_gui.plain_text import plain_text
from fewshot_gui.texts import ngettext

Rows = NDArray[np.int64]

_NAMED = 3  # classes that a notice names


@dataclass(frozen=True)
class ClassRows:
    """Classes and the table rows of their pictures.

    Attributes:
        names: A name for each of the ``n`` classes; no two are the same.
        rows: int64 arrays, one a class; no row is in two of them.
        groups: For each class, the number of the group it belongs to (its alphabet, say),
            or empty where there are none: then all classes are in one group.
        group_names: What the groups are called, by number.
    """

    names: tuple[str, ...]
    rows: tuple[Rows, ...]
    groups: tuple[int, ...] = ()
    group_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many pictures each class has, int64 ``(n,)``."""
        return np.asarray([len(rows) for rows in self.rows], np.int64)

    @property
    def group_of(self) -> NDArray[np.int64]:
        """Group of each class, int64 ``(n,)``; 0 for all where there are none."""
        return np.asarray(self.groups or [0] * len(self), np.int64)

    def by_group(self, chosen: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Some of the classes, by their places, group after group; groups without one are out.

        Args:
            chosen: int64 ``(n,)``.

        Returns:
            int64 arrays, one a group, each in the order of ``chosen``.
        """
        groups = self.group_of[chosen]
        order = np.argsort(groups, kind="stable")
        starts = np.unique(groups[order], return_index=True)[1]
        return np.split(chosen[order], starts)[1:]

    def together(self, pictures: int, within_groups: bool) -> int:
        """How many classes of at least so many pictures an episode can have."""
        able = self.sizes >= pictures
        groups = self.group_of if within_groups else np.zeros(len(self), np.int64)
        return int(np.bincount(groups[able], minlength=1).max())


def listed_classes(folders: Sequence[ClassFolder]) -> ClassRows:
    """The class folders as if every picture could be used, with rows counted from 0."""
    bounds = np.cumsum([0, *(len(folder.files) for folder in folders)]).tolist()
    return class_rows(folders, [np.arange(a, b) for a, b in pairwise(bounds)])


def usable_classes(
    folders: Sequence[ClassFolder], tables: Sequence[EmbeddingTable], job: Job
) -> ClassRows:
    """The pictures of class folders that can be used, as the same rows of all tables.

    Left out, with a notice: pictures that one of the tables could not read, and copies. A
    second copy would let a learner recognise a target that it had as an example; a picture
    that lies in two classes belongs to neither.

    Args:
        folders: The class folders, each listed in full in every table.
        tables: Filled tables that know the pictures by the same rows.
        job: Gets the notices.
    """
    rows = [_rows_of(folder, tables[0]) for folder in folders]
    readable = [_ready_in_all(part, tables) for part in rows]
    tell_unreadable(sum(map(len, rows)) - sum(map(len, readable)), job)
    single = without_copies(readable, [_contents(part, tables[0]) for part in readable])
    tell_copies(sum(map(len, readable)) - sum(map(len, single)), job)
    return class_rows(folders, single)


def class_rows(folders: Sequence[ClassFolder], rows: Sequence[Rows]) -> ClassRows:
    """The class folders with these rows, each in the group of the folder it lies in."""
    parents = [_parent_of(folder) for folder in folders]
    group_names = tuple(dict.fromkeys(parents))
    numbers = {name: number for number, name in enumerate(group_names)}
    return ClassRows(
        tuple(folder.name for folder in folders),
        tuple(rows),
        tuple(numbers[parent] for parent in parents),
        group_names,
    )


def _rows_of(folder: ClassFolder, table: EmbeddingTable) -> Rows:
    found = [table.row(file.path) for file in folder.files]
    return np.asarray([row for row in found if row is not None], np.int64)


def _ready_in_all(rows: Rows, tables: Sequence[EmbeddingTable]) -> Rows:
    for table in tables:
        rows = table.ready(rows)
    return rows


def _contents(rows: Rows, table: EmbeddingTable) -> list[bytes]:
    return [digest.tobytes() for digest in table.digests(rows)]


def without_copies(rows: Sequence[Rows], digests: Sequence[Sequence[bytes]]) -> list[Rows]:
    """The first row of each content; none where it is in two classes.

    Args:
        rows: int64 arrays, one a class.
        digests: What stands for the content of each of them.

    Returns:
        int64 arrays, one a class, ascending.
    """
    owner: dict[bytes, int] = {}
    shared: set[bytes] = set()
    for number, contents in enumerate(digests):
        for content in contents:
            if owner.setdefault(content, number) != number:
                shared.add(content)
    single = []
    for part, contents in zip(rows, digests, strict=True):
        first = dict(zip(contents[::-1], part[::-1], strict=True))
        kept = sorted(row for content, row in first.items() if content not in shared)
        single.append(np.asarray(kept, np.int64))
    return single


def _parent_of(folder: ClassFolder) -> str:
    """Path of the folder that a class folder lies in, below the folder that was scanned."""
    inside = folder.files[0].relative.rpartition("/")[0]
    return inside.rpartition("/")[0]


def tell_unreadable(count: int, job: Job) -> None:
    """A notice of pictures that are left out because they cannot be read, if there are any."""
    if count:
        text = ngettext(
            "{count} picture cannot be read and is left out.",
            "{count} pictures cannot be read and are left out.",
            count,
        )
        job.notice(text.format(count=count))


def tell_lost(listed: ClassRows, usable: ClassRows, job: Job) -> None:
    """A notice of classes none of whose pictures can be used, if there are any.

    Args:
        listed: The classes of a folder.
        usable: The same classes with the pictures that can be used.
        job: Gets the notice.
    """
    lost = [listed.names[c] for c in np.flatnonzero(usable.sizes == 0).tolist()]
    if lost:
        text = ngettext(
            "{count} class has no picture that can be used and is left out: {names}.",
            "{count} classes have no picture that can be used and are left out: {names}.",
            len(lost),
        )
        shown = ", ".join(map(plain_text, lost[:_NAMED])) + (", …" if len(lost) > _NAMED else "")
        job.notice(text.format(count=len(lost), names=shown))


def tell_copies(count: int, job: Job) -> None:
    """A notice of pictures that are left out because they are copies, if there are any."""
    if count:
        text = ngettext(
            "{count} picture is there more than once and is left out: "
            "a learner would only have to recognise it.",
            "{count} pictures are there more than once and are left out: "
            "a learner would only have to recognise them.",
            count,
        )
        job.notice(text.format(count=count))
