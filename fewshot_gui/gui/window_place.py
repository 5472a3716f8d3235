"""Where the window was when it was closed last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings

from fewshot_gui.paths import config_dir

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow, QSplitter

_SIZE = (1280, 820)  # the first time


def keep_place(window: QMainWindow, splitter: QSplitter) -> None:
    """Write down where the window is and how its parts share the room."""
    settings = _settings()
    settings.setValue("geometry", window.saveGeometry())
    settings.setValue("splitter", splitter.saveState())
    settings.sync()


def restore_place(window: QMainWindow) -> None:
    """Put the window where it was."""
    geometry = _kept("geometry")
    if geometry is None or not window.restoreGeometry(geometry):
        window.resize(*_SIZE)


def restore_shares(splitter: QSplitter) -> None:
    """Share the room among the parts of the window as it was shared."""
    shares = _kept("splitter")
    if shares is not None:
        splitter.restoreState(shares)


def _kept(name: str) -> QByteArray | None:
    """What was written down; None where there is nothing, or somebody else wrote something."""
    value = _settings().value(name)
    return value if isinstance(value, QByteArray) else None


def _settings() -> QSettings:
    return QSettings(str(config_dir() / "window.ini"), QSettings.Format.IniFormat)
