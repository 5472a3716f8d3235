"""What the user chose once and wants to find again: one small JSON file."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import Any

from fewshot_gui.atomic import replacing
from fewshot_gui.errors import UserError
from fewshot_gui.paths import config_dir

log = logging.getLogger(__name__)

VERSION = 1
MAX_RECENT = 8
MAX_TRUSTED = 200
MAX_SAVED = 200
THEMES = ("system", "light", "dark")
MIN_TILE, MAX_TILE = 96, 320


@dataclass(frozen=True)
class Settings:
    """The user's choices. Every one has a default that works.

    Attributes:
        theme: ``system``, ``light`` or ``dark``.
        tile: Size of the pictures in the grid, in device-independent pixels.
        learner: Key in the registry of learners, empty for the default.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        recent: Folders and project files opened last, the newest first.
        draft_folders: For the drafts among them, the folder that each is about.
        trusted: Folders that the user has opened; a project file may name them.
        saved: For folders, the project file that each was sorted in last.
    """

    theme: str = "system"
    tile: int = 168
    learner: str = ""
    device: str = "auto"
    recent: tuple[str, ...] = ()
    draft_folders: Mapping[str, str] = field(default_factory=dict)
    trusted: tuple[str, ...] = ()
    saved: Mapping[str, str] = field(default_factory=dict)

    def with_trusted(self, folders: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The change that adds folders to the trusted ones."""
        return {"trusted": tuple(dict.fromkeys((*folders, *self.trusted)))[:MAX_TRUSTED]}

    def with_saved(self, folders: Iterable[str], path: str) -> dict[str, dict[str, str]]:
        """The change that remembers in which project file folders are sorted."""
        new = dict.fromkeys(folders, path)
        saved = {**new, **{f: p for f, p in self.saved.items() if f not in new}}
        return {"saved": dict(islice(saved.items(), MAX_SAVED))}

    def with_recent(self, path: str, folder: str = "", gone: str = "") -> dict[str, Any]:
        """The change that puts a folder or project file on top of the recent ones.

        Args:
            path: What was opened.
            folder: For a draft, the folder that it is about.
            gone: A file that is no more.
        """
        recent = tuple(known for known in dict.fromkeys((path, *self.recent)) if known != gone)
        recent = recent[:MAX_RECENT]
        folders = {**self.draft_folders, **({path: folder} if folder else {})}
        return {
            "recent": recent,
            "draft_folders": {draft: f for draft, f in folders.items() if draft in recent},
        }


def settings_file() -> Path:
    """Where the settings are kept."""
    return config_dir() / "settings.json"


def load_settings(path: Path | None = None) -> Settings:
    """The stored settings. A damaged file, or a damaged value, counts as not being there."""
    path = path or settings_file()
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        log.warning("settings not read: %s", error)
        return Settings()
    if not isinstance(stored, dict):
        return Settings()
    known = {field.name for field in fields(Settings)}
    usable = {k: _checked(k, v) for k, v in stored.items() if k in known}
    return Settings(**{k: v for k, v in usable.items() if v is not None})


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Store settings; the old file stays whole until the new one is complete.

    A failure is logged and no more: settings are never worth stopping the user for.
    """
    path = path or settings_file()
    text = json.dumps({"version": VERSION, **asdict(settings)}, indent=2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            stream.write(f"{text}\n".encode())
    except (OSError, UserError) as error:
        log.warning("settings not saved: %s", error)


def _checked(name: str, value: Any) -> Any:
    """The value as ``Settings`` wants it, or None where it makes no sense."""
    if name == "theme":
        return value if value in THEMES else None
    if name == "tile":
        usable = isinstance(value, int) and not isinstance(value, bool)
        return min(MAX_TILE, max(MIN_TILE, value)) if usable else None
    if name in ("recent", "trusted"):
        if not isinstance(value, list):
            return None
        limit = MAX_RECENT if name == "recent" else MAX_TRUSTED
        return tuple(folder for folder in value if isinstance(folder, str))[:limit]
    if name in ("draft_folders", "saved"):
        if not isinstance(value, dict):
            return None
        return {key: path for key, path in value.items() if isinstance(path, str)}
    return value if isinstance(value, str) else None
