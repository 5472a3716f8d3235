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


def by_content(images: Mapping[str, KnownImage]) -> dict[bytes, str]:
    """Digest -> path of those whose content is known and like that of no other."""
    found: dict[bytes, str] = {}
    twins = set()
    for path, known in images.items():
        if known.digest in found:
            twins.add(known.digest)
        elif known.digest:
            found[known.digest] = path
    return {digest: path for digest, path in found.items() if digest not in twins}


def swapped(changed: Mapping[str, bytes], known: Mapping[str, KnownImage]) -> dict[str, str]:
    """Old path -> new path of images that changed places among themselves.

    Args:
        changed: Images that are other pictures than they were, and their digests now.
        known: What they were.
    """
    owner = {known[path].digest: path for path in changed if path in known}
    moved: dict[str, str] = {}
    for start in changed:
        ring: dict[str, str] = {}
        path = start
        while path not in ring.values() and changed[path] in owner:
            ring[owner[changed[path]]] = path
            path = owner[changed[path]]
        if ring and path == start and start in ring:
            moved.update(ring)
    return moved


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
