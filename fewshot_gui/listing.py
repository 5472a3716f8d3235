"""One pass over the folders of a project: what lies in them, and what became of the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.images.files import FailureKind, ImageFailure, ImageFile
from fewshot_gui.images.scan import ScanResult, scan
from fewshot_gui.jobs import Job
from fewshot_gui.project.identity import KnownImage, match_moved
from fewshot_gui.project.places import is_below
from fewshot_gui.project.values import Folder

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """What a listing has to know of images with labels, to find them again.

    Attributes:
        known: Path -> what the file was like when it was labelled.
    """

    known: Mapping[str, KnownImage | None] = field(default_factory=dict)


class EmptiedFolder(UserError):
    """Nothing at all is left of a folder that held pictures: a disk may be missing there."""


@dataclass(frozen=True)
class Listing:
    """What one pass over all folders found.

    Attributes:
        rows: int64 rows of all targets in their final order; those that vanished last.
        results: What each folder held, by folder id; a folder that could not be
            listed has none.
        unreachable: Why a folder could not be listed, by folder id.
        filled: Ids of folders that hold pictures, or did before they became unreachable.
        renamed: Labelled images that lie elsewhere now, old path -> new path.
        new, changed, vanished, returned: int64 rows.
        places: Folders that hold pictures, and those around them up to the project's own.
    """

    rows: Rows
    results: Mapping[int, ScanResult]
    unreachable: Mapping[int, UserError]
    filled: frozenset[int]
    renamed: Mapping[str, str]
    new: Rows
    changed: Rows
    vanished: Rows
    returned: Rows
    places: frozenset[str]

    @property
    def is_news(self) -> bool:
        """Whether anything is another than at the listing before."""
        rows = (self.new, self.changed, self.vanished, self.returned)
        return bool(self.renamed) or any(len(part) for part in rows)


class Pass:
    """One pass over all folders; lives in the lane's thread."""

    def __init__(
        self,
        table: EmbeddingTable,
        folders: tuple[Folder, ...],
        before: Rows,
        labelled: Labelled,
        job: Job,
        tell: Callable[[Rows], None],
        believed: Container[int],
    ) -> None:
        self._table = table
        self._folders = folders
        self._before = before
        self._labelled = labelled
        self._job = job
        self._tell = tell
        self._believed = believed
        self._prefixes = folder_prefixes(folders)
        self._changed: list[int] = []
        self._inside: set[str] = set()  # folders that hold pictures

    def run(self) -> Listing:
        results: dict[int, ScanResult] = {}
        away: dict[int, UserError] = {}
        parts: list[Rows] = []
        filled = set()
        for folder in self._folders:
            prefix = self._prefixes[folder.id]
            found = self._scanned(folder, prefix)
            if isinstance(found, UserError):
                away[folder.id] = found
                if self._held_pictures(folder):
                    filled.add(folder.id)
                continue
            if found.files:
                filled.add(folder.id)
            files = _below(found.files, prefix)
            parts.append(_array(self._table.add(files, as_targets=True)))
            results[folder.id] = replace(found, files=())  # the table has them
        self._job.checkpoint()  # another pass may have begun
        present = _once(np.concatenate([np.empty(0, np.int64), *parts]))
        renamed = self._renamed(present, results)
        gone = self._gone(present, results)
        vanished = self._fail(gone)
        returned = self._returned(present)
        kept = self._kept_away(away)
        lost = self._lost(np.concatenate([present, gone, kept]), renamed, results)
        rows = _once(np.concatenate([present, kept, gone, lost]))
        new = present[~np.isin(present, self._before)]
        changed = _array(self._changed)
        roots = [folder.path for folder in self._folders if folder.id in results]
        around = (folders_above(self._inside, root) for root in roots)
        places = frozenset(chain.from_iterable(around))
        return Listing(
            rows,
            results,
            away,
            frozenset(filled),
            renamed,
            new,
            changed,
            vanished,
            returned,
            places,
        )

    def _scanned(self, folder: Folder, prefix: str) -> ScanResult | UserError:
        """What a folder holds, or why it counts as unreachable."""
        try:
            found = scan(folder.path, self._job, lambda files: self._batch(files, prefix))
        except UserError as error:
            return error
        if found.files or folder.id in self._believed or not self._held_pictures(folder):
            return found
        return why_away(folder, is_filled=True) or found

    def _held_pictures(self, folder: Folder) -> bool:
        """Whether there are targets of before or labels in a folder."""
        before = (self._table.path(row) for row in self._before.tolist())
        return any(is_below(path, folder.path) for path in chain(before, self._known))

    def _batch(self, files: Sequence[ImageFile], prefix: str) -> None:
        self._inside.update(os.path.dirname(file.path) for file in files)
        files = _below(files, prefix)
        self._changed.extend(self._table.renew(files))  # before they are taken over
        self._tell(_array(self._table.add(files, as_targets=True)))

    def _renamed(self, present: Rows, results: Mapping[int, ScanResult]) -> dict[str, str]:
        """Labelled images of these folders that are not where they were."""
        there = np.zeros(len(self._table), np.bool_)
        there[present] = True
        missing = {}
        for path, known in self._known.items():
            row = self._table.row(path)
            absent = known is not None and (row is None or not there[row])
            if absent and self._is_listed(path, results):
                missing[path] = known
        if not missing:
            return {}
        fresh = (self._table.file(row) for row in present.tolist())
        return match_moved(missing, (f for f in fresh if f.path not in self._known))

    def _gone(self, present: Rows, results: Mapping[int, ScanResult]) -> Rows:
        """Targets of before that a complete listing of their folder did not find."""
        left = self._before[~np.isin(self._before, present)]
        return _array(
            row for row in left.tolist() if self._is_listed(self._table.file(row).path, results)
        )

    def _kept_away(self, unreachable: Mapping[int, UserError]) -> Rows:
        """Targets of before whose folder cannot be reached: nothing is known of them."""
        roots = [f.path for f in self._folders if f.id in unreachable]
        return _array(
            row
            for row in self._before.tolist()
            if any(is_below(self._table.file(row).path, root) for root in roots)
        )

    def _lost(
        self, others: Rows, renamed: Mapping[str, str], results: Mapping[int, ScanResult]
    ) -> Rows:
        """Labelled images that should be there and are not among the others: missing."""
        shown = np.zeros(len(self._table), np.bool_)
        shown[others] = True
        files = []
        for path, known in self._known.items():
            row = self._table.row(path)
            if path in renamed or (row is not None and shown[row]):
                continue
            folder = self._folder_of(path)
            if folder is None or not self._is_listed(path, results):
                continue
            below = os.path.relpath(path, folder.path).replace(os.sep, "/")
            facts = known or KnownImage()
            prefix = self._prefixes[folder.id]
            files.append(ImageFile(path, prefix + below, facts.size, facts.mtime_ns, facts.inode))
        rows = _array(self._table.add(files, as_targets=True))
        self._fail(rows)
        return rows

    def _fail(self, rows: Rows) -> Rows:
        """Mark as missing; returns those that were not marked yet."""
        new = []
        for row in rows.tolist():
            failure = self._table.failure(row)
            if failure is None or failure.kind is not FailureKind.MISSING:
                self._table.fail(row, ImageFailure(FailureKind.MISSING))
                new.append(row)
        return _array(new)

    def _returned(self, present: Rows) -> Rows:
        back = [
            row
            for row in present[np.isin(present, self._before)].tolist()
            if (failure := self._table.failure(row)) is not None
            and failure.kind is FailureKind.MISSING
        ]
        self._table.retry(back)
        return _array(back)

    @property
    def _known(self) -> Mapping[str, KnownImage | None]:
        return self._labelled.known

    def _folder_of(self, path: str) -> Folder | None:
        return next((f for f in self._folders if is_below(path, f.path)), None)

    def _is_listed(self, path: str, results: Mapping[int, ScanResult]) -> bool:
        """Whether the listing would have found this path if it were there."""
        folder = self._folder_of(path)
        if folder is None or folder.id not in results:
            return False
        below = os.path.relpath(path, folder.path).replace(os.sep, "/")
        closed = results[folder.id].unreadable_folders
        return not any(below.startswith(f"{inner}/") for inner in closed if inner)


def folders_above(places: Iterable[str], root: str) -> set[str]:
    """These folders below ``root`` and all between it and them, itself included."""
    found = {root}
    for place in places:
        if not is_below(place, root):
            continue
        while place not in found and len(place) > len(root):
            found.add(place)
            place = os.path.dirname(place)
    return found


def folder_prefixes(folders: Sequence[Folder]) -> dict[int, str]:
    """What stands before the relative path of an image, by folder id.

    One folder needs nothing; of several, each has its name, made unique.
    """
    if len(folders) < 2:
        return {folder.id: "" for folder in folders}
    prefixes: dict[int, str] = {}
    used: set[str] = set()
    for folder in folders:
        name = os.path.basename(folder.path.rstrip(os.sep)) or "folder"
        unique, number = name, 2
        while unique.casefold() in used:
            unique, number = f"{name} ({number})", number + 1
        used.add(unique.casefold())
        prefixes[folder.id] = f"{unique}/"
    return prefixes


def away(folders: Iterable[Folder], filled: Container[int]) -> dict[int, UserError]:
    """Which folders cannot be listed, and why. Blocks as long as the disk does.

    Args:
        folders: To look at.
        filled: Ids of those that are not empty when they are there.
    """
    errors = {folder.id: why_away(folder, folder.id in filled) for folder in folders}
    return {folder_id: error for folder_id, error in errors.items() if error is not None}


def why_away(folder: Folder, is_filled: bool) -> UserError | None:
    """Why a folder cannot be listed, or holds nothing although it should; None where it can."""
    try:
        with os.scandir(folder.path) as entries:
            is_empty = next(entries, None) is None
    except OSError as error:
        return UserError(str(error))
    return EmptiedFolder(folder.path) if is_empty and is_filled else None


def outside(
    table: EmbeddingTable, rows: Rows, removed: Sequence[Folder], folders: Sequence[Folder]
) -> Rows:
    """Those images that lie in a folder that was removed and in none that is left."""
    return _array(
        row
        for path, row in zip(table.paths(rows), rows.tolist(), strict=True)
        if any(is_below(path, folder.path) for folder in removed)
        and not any(is_below(path, folder.path) for folder in folders)
    )


def _below(files: Sequence[ImageFile], prefix: str) -> Sequence[ImageFile]:
    if not prefix:
        return files
    return [replace(file, relative=prefix + file.relative) for file in files]


def _array(rows: Iterable[int]) -> Rows:
    return np.asarray(list(rows), np.int64)


def _once(rows: Rows) -> Rows:
    """Each row once, at its first place."""
    _values, places = np.unique(rows, return_index=True)
    return rows[np.sort(places)]
