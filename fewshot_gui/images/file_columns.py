"""Facts about very many files, in columns: a tenth of what an object for each would take."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import overload

from fewshot_gui.images.files import ImageFile

_RUN = 256  # paths that are likely to lie in one folder
_INODE_BITS = (1 << 64) - 1  # some file systems number with more; the rest tells files apart


class FileColumns(Sequence[ImageFile]):
    """A growing list of image files. Each ``ImageFile`` is made when it is asked for.

    A file's path and its relative path end with the same name, so the two beginnings are
    kept once for a folder and the name once for a file. One thread writes, others may read.
    """

    def __init__(self, files: Iterable[ImageFile] = ()) -> None:
        self._heads: list[tuple[str, str]] = []  # what stands before the name in both paths
        self._head_ids: dict[tuple[str, str], int] = {}
        self._names: list[str] = []
        self._folder = array("i")
        self._sizes = array("q")
        self._mtimes = array("q")
        self._inodes = array("Q")
        self._odd: dict[int, ImageFile] = {}  # what does not fit into the columns
        for file in files:
            self.append(file)

    def __len__(self) -> int:
        return len(self._names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # it grows

    @overload
    def __getitem__(self, index: int) -> ImageFile: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ImageFile, ...]: ...
    def __getitem__(self, index: int | slice) -> ImageFile | tuple[ImageFile, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        if index < 0:
            index += len(self)
        if self._odd and index in self._odd:
            return self._odd[index]
        name = self._names[index]
        before, below = self._heads[self._folder[index]]
        return ImageFile(
            before + name,
            below + name,
            self._sizes[index],
            self._mtimes[index],
            self._inodes[index],
        )

    def __iter__(self) -> Iterator[ImageFile]:
        return map(self.__getitem__, range(len(self)))

    def append(self, file: ImageFile) -> None:
        """Add a file at the end."""
        index = len(self._names)
        columns = self._columns(file)
        if columns is None:
            self._odd[index] = file
            columns = 0, "", 0, 0, 0
        head, name, size, mtime, inode = columns
        self._folder.append(head)
        self._sizes.append(size)
        self._mtimes.append(mtime)
        self._inodes.append(inode)
        self._names.append(name)  # last: its length is the length of all

    def replace(self, index: int, file: ImageFile) -> None:
        """Put another file into a place."""
        columns = self._columns(file)
        if columns is None:
            self._odd[index] = file
            return
        head, name, size, mtime, inode = columns
        self._folder[index] = head
        self._names[index] = name
        self._sizes[index] = size
        self._mtimes[index] = mtime
        self._inodes[index] = inode
        self._odd.pop(index, None)

    def name(self, index: int) -> str:
        """What a path ends with."""
        return self._names[index]

    def reordered(self, order: Sequence[int]) -> FileColumns:
        """The same files in another order."""
        other = FileColumns()
        other._heads, other._head_ids = self._heads, self._head_ids
        other._folder = array("i", map(self._folder.__getitem__, order))
        other._sizes = array("q", map(self._sizes.__getitem__, order))
        other._mtimes = array("q", map(self._mtimes.__getitem__, order))
        other._inodes = array("Q", map(self._inodes.__getitem__, order))
        if self._odd:
            other._odd = {i: self._odd[old] for i, old in enumerate(order) if old in self._odd}
        other._names = list(map(self._names.__getitem__, order))
        return other

    def path(self, index: int) -> str:
        """Absolute path of one file."""
        if self._odd and index in self._odd:
            return self._odd[index].path
        return self._heads[self._folder[index]][0] + self._names[index]

    def paths(self, indices: Iterable[int]) -> list[str]:
        """Absolute paths of many files."""
        if self._odd:
            return [self.path(index) for index in indices]
        heads, folders, names = [head for head, _below in self._heads], self._folder, self._names
        return [heads[folders[index]] + names[index] for index in indices]

    def is_same(self, index: int, file: ImageFile) -> bool:
        """Whether size, time and inode are still those of this file."""
        known = self[index]
        return (known.size, known.mtime_ns, known.inode) == (
            file.size,
            file.mtime_ns,
            file.inode if index in self._odd else file.inode & _INODE_BITS,
        )

    def _columns(self, file: ImageFile) -> tuple[int, str, int, int, int] | None:
        """(folder, name, size, time, inode), or None for a file that does not fit."""
        name = file.relative.rpartition("/")[2]
        if not name or not file.path.endswith(name):
            return None
        if not (0 <= file.size < 1 << 63 and -(1 << 63) <= file.mtime_ns < 1 << 63):
            return None  # file systems with a broken clock
        head = file.path[: -len(name)], file.relative[: -len(name)]
        number = self._head_ids.get(head)
        if number is None:
            number = len(self._heads)
            self._heads.append(head)
            self._head_ids[head] = number
        return number, name, file.size, file.mtime_ns, file.inode & _INODE_BITS


class PathIndex:
    """Finds the number of a path; paths in one folder share its name."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, int]] = {}

    def get(self, path: str) -> int | None:
        cut = path.rfind(os.sep) + 1
        inside = self._folders.get(path[:cut])
        return None if inside is None else inside.get(path[cut:])

    def numbers(self, paths: Iterable[str]) -> list[int]:
        """What ``get`` says of many paths, several times as quickly; -1 for None."""
        found: list[int] = []
        paths = iter(paths)
        while run := list(islice(paths, _RUN)):
            found += self._run(run)
        return found

    def _run(self, paths: list[str]) -> list[int]:
        """Numbers of some paths; quick where they lie in the folder of the first."""
        cut = paths[0].rfind(os.sep) + 1
        head = paths[0][:cut]
        get = self._folders.get(head, {}).get
        # a name from below another folder is not found here: it holds a separator
        found = [get(path[cut:], -1) if path.startswith(head) else -1 for path in paths]
        if -1 not in found:
            return found
        strange = [self.get(path) if n < 0 else n for path, n in zip(paths, found, strict=True)]
        return [-1 if n is None else n for n in strange]

    def add(self, path: str, number: int, name: str = "") -> None:
        """Remember a path; ``name`` is its end, where an equal string is kept already."""
        cut = path.rfind(os.sep) + 1
        own = path[cut:]
        self._folders.setdefault(path[:cut], {})[name if name == own else own] = number
