"""What travels with a drag: the paths of images, never widgets or rows."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from PySide6.QtCore import QByteArray, QMetaType, QMimeData, QUrl

from fewshot_gui.images.file_types import is_listed

IDS = "application/x-fewshot-image-ids+json"
URIS = "text/uri-list"


@dataclass(frozen=True)
class Brought:
    """What was dragged here from elsewhere.

    Attributes:
        folders: Folders.
        pictures: Files whose name may be a picture's.
        others: Other files.
    """

    folders: tuple[str, ...]
    pictures: tuple[str, ...]
    others: tuple[str, ...]


class Dragged:
    """Images dragged within this window.

    Attributes:
        from_bin: The bin they were dragged out of, None for the grid.

    Args:
        paths: The images, or what holds them.
    """

    def __init__(self, paths: tuple[str, ...] | ImageMime, from_bin: int | None) -> None:
        self._paths = paths
        self.from_bin = from_bin

    @property
    def paths(self) -> tuple[str, ...]:
        """The images. Asked for at the drop, not at every step of a drag."""
        return self._paths.paths if isinstance(self._paths, ImageMime) else self._paths


class ImageMime(QMimeData):
    """Images on their way. What other programs would read is written when one asks.

    Args:
        project: Id of the window they come from.
        paths: The images, or how to find them: asked for once, and only if they are
            dropped, as there may be very many.
        from_bin: The bin they come from.
    """

    def __init__(
        self, project: str, paths: Iterable[str] | Callable[[], Iterable[str]], from_bin: int | None
    ) -> None:
        super().__init__()
        self.project = project
        self.from_bin = from_bin
        self._find = paths if callable(paths) else None
        self._paths = () if callable(paths) else tuple(paths)

    @property
    def paths(self) -> tuple[str, ...]:
        """The images."""
        if self._find is not None:
            self._paths, self._find = tuple(self._find()), None
        return self._paths

    def formats(self) -> list[str]:
        return [IDS, URIS]

    def hasFormat(self, mimetype: str) -> bool:
        return mimetype in (IDS, URIS)

    def retrieveData(self, mimetype: str, preferred: QMetaType) -> object:
        if mimetype == IDS:
            payload = {"project": self.project, "ids": self.paths, "bin": self.from_bin}
            return QByteArray(json.dumps(payload).encode("ascii"))
        if mimetype == URIS and preferred.id() == QMetaType.Type.QVariantList.value:
            return [QUrl.fromEncoded(_uri(path)) for path in self.paths]
        if mimetype == URIS:
            return QByteArray(b"".join(_uri(path) + b"\r\n" for path in self.paths))
        return None


def mime_of(
    project: str,
    paths: Iterable[str] | Callable[[], Iterable[str]],
    from_bin: int | None = None,
) -> QMimeData:
    """Images as ids for this window, and as files for every other program."""
    return ImageMime(project, paths, from_bin)


def dragged(project: str, data: QMimeData) -> Dragged | None:
    """The images of a drag that started in this window, else None."""
    if isinstance(data, ImageMime):
        return Dragged(data, data.from_bin) if data.project == project else None
    if not data.hasFormat(IDS):
        return None
    try:
        payload = json.loads(bytes(data.data(IDS).data()))
        if payload["project"] != project:
            return None
        paths = tuple(path for path in payload["ids"] if isinstance(path, str))
        from_bin = payload["bin"]
    except (ValueError, KeyError, TypeError):
        return None
    return Dragged(paths, from_bin if isinstance(from_bin, int) else None)


def local_paths(data: QMimeData) -> tuple[str, ...]:
    """Files and folders dragged from elsewhere, in the order they came."""
    if not data.hasUrls():
        return ()
    return tuple(_path(url) for url in data.urls() if url.isLocalFile())


def told_apart(paths: Iterable[str]) -> Brought:
    """What was dragged from elsewhere; waits for the disk, so never in the window's thread."""
    folders, pictures, others = [], [], []
    for path in paths:
        if os.path.isdir(path):
            folders.append(path)
        else:
            (pictures if is_listed(os.path.basename(path)) else others).append(path)
    return Brought(tuple(folders), tuple(pictures), tuple(others))


def _uri(path: str) -> bytes:
    if os.name == "nt":
        return bytes(QUrl.fromLocalFile(path).toEncoded().data())
    # through bytes: a name that is not UTF-8 keeps its bytes
    return b"file://" + quote(os.fsencode(path)).encode("ascii")


def _path(url: QUrl) -> str:
    if os.name == "nt":
        return url.toLocalFile()
    encoded = bytes(url.toEncoded().data())
    path = encoded.removeprefix(b"file://")
    if not path.startswith(b"/"):
        return url.toLocalFile()
    return os.fsdecode(unquote_to_bytes(path)).rstrip("/") or "/"
