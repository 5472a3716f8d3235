"""Where the window was when it was closed last."""

from __future__ import annotations

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QMainWindow, QSplitter

from fewshot_gui.paths import config_dir

_SIZE = (1280, 820)  # the first time


def keep_place(window: QMainWindow, splitter: QSplitter) -> None:
    """Write down where the window is and how its parts share the room."""
    settings = _settings()
    settings.setValue("geometry", window.saveGeometry())
    settings.setValue("splitter", splitter.saveState())
    settings.sync()


def restore_place(window: QMainWindow, splitter: QSplitter) -> None:
    """Put the window where it was."""
    settings = _settings()
    geometry, shares = settings.value("geometry"), settings.value("splitter")
    if geometry is None or not window.restoreGeometry(geometry):
        window.resize(*_SIZE)
    if shares is not None:
        splitter.restoreState(shares)


def _settings() -> QSettings:
    return QSettings(str(config_dir() / "window.ini"), QSettings.Format.IniFormat)
