"""Where the program keeps what is its own, and where its resources lie."""

from __future__ import annotations

from pathlib import Path

import platformdirs

APP_NAME = "fewshot-gui"


def cache_dir() -> Path:
    """The user's cache directory for this program; always safe to delete."""
    return Path(platformdirs.user_cache_dir(APP_NAME, appauthor=False))


def config_dir() -> Path:
    """Where settings are kept."""
    return Path(platformdirs.user_config_dir(APP_NAME, appauthor=False))


def data_dir() -> Path:
    """Where the user's work is kept that was given no place: drafts and backups."""
    return Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))


def log_dir() -> Path:
    """Where the log file is kept."""
    return Path(platformdirs.user_log_dir(APP_NAME, appauthor=False))


def resource(*parts: str) -> Path:
    """A file or folder of the program's resources.

    An installed wheel carries them inside the package; a checkout has them beside it.
    """
    package = Path(__file__).parent
    bundled = package / "_resources"
    root = bundled if bundled.is_dir() else package.parent / "resources"
    return root.joinpath(*parts)
