"""Recognising an image again: by what its file was like, and by its content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fewshot_gui.images.files import ImageFile


@dataclass(frozen=True, slots=True)
class KnownImage:
    """What an image was like when the user labelled it.

    Attributes:
        size: Bytes of its file.
        mtime_ns: Its file's time of change, nanoseconds since 1970.
        inode: Its file's number on its disk, 0 where disks have none.
        digest: 16 bytes of its content's digest, empty while it was not read.
    """

    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    digest: bytes = b""

    def is_same_file(self, file: ImageFile) -> bool:
        """Whether nothing speaks for a change; the content need not be read then."""
        return (self.size, self.mtime_ns) == (file.size, file.mtime_ns)


def match_moved(missing: Mapping[str, KnownImage], fresh: Iterable[ImageFile]) -> dict[str, str]:
    """Which new file is which missing image, as old path -> new path.

    Only a file that says so without being read: the same number on its disk, size and
    time. Two candidates for one image, or two images for one candidate, match nothing.
    """
    wanted: dict[tuple[int, int, int], list[str]] = {}
    for path, known in missing.items():
        if known.inode:
            wanted.setdefault((known.inode, known.size, known.mtime_ns), []).append(path)
    found: dict[tuple[int, int, int], list[str]] = {}
    for file in fresh:
        key = (file.inode, file.size, file.mtime_ns)
        if key in wanted:
            found.setdefault(key, []).append(file.path)
    return {
        wanted[key][0]: paths[0]
        for key, paths in found.items()
        if len(paths) == 1 and len(wanted[key]) == 1
    }
