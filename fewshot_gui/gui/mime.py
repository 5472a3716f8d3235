"""What travels with a drag: the paths of images, never widgets or rows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from PySide6.QtCore import QMimeData, QUrl

LOOKED_AT = 8
IDS = "application/x-fewshot-image-ids+json"


@dataclass(frozen=True)
class Dragged:
    """Images dragged within this window.

    Attributes:
        paths: The images.
        from_bin: The bin they were dragged out of, None for the grid.
    """

    paths: tuple[str, ...]
    from_bin: int | None


def mime_of(project: str, paths: Iterable[str], from_bin: int | None = None) -> QMimeData:
    """Images as ids for this window, and as files for every other program."""
    paths = list(paths)
    data = QMimeData()
    payload = {"project": project, "ids": paths, "bin": from_bin}
    data.setData(IDS, json.dumps(payload).encode("ascii"))
    data.setUrls([_url(path) for path in paths])
    return data


def dragged(project: str, data: QMimeData) -> Dragged | None:
    """The images of a drag that started in this window, else None."""
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


def split_folders(paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths as (folders, files)."""
    paths = tuple(paths)
    folders = tuple(path for path in paths if Path(path).is_dir())
    known = set(folders)
    return folders, tuple(path for path in paths if path not in known)


def brings_folder(data: QMimeData) -> bool:
    """Whether a folder is among what is dragged; only the first few paths are looked at.

    Asked at every step of a drag, when thousands of files on a slow disk would be felt.
    File managers put folders first.
    """
    return any(Path(path).is_dir() for path in local_paths(data)[:LOOKED_AT])


def _url(path: str) -> QUrl:
    if os.name == "nt":
        return QUrl.fromLocalFile(path)
    # through bytes: a name that is not UTF-8 keeps its bytes
    return QUrl.fromEncoded(b"file://" + quote(os.fsencode(path)).encode("ascii"))


def _path(url: QUrl) -> str:
    if os.name == "nt":
        return url.toLocalFile()
    encoded = bytes(url.toEncoded().data())
    path = encoded.removeprefix(b"file://")
    if not path.startswith(b"/"):
        return url.toLocalFile()
    return os.fsdecode(unquote_to_bytes(path)).rstrip("/") or "/"
