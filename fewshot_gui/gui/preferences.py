"""The settings as the window sees them: it hears of changes, and they are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from fewshot_gui.settings import Settings, load_settings, save_settings


class Preferences(QObject):
    """Holds the settings and saves each change.

    Attributes:
        now: The current settings.

    Signals:
        changed: A setting has another value.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.now: Settings = load_settings()

    def update(self, **changes: Any) -> None:
        """Change some settings."""
        new = replace(self.now, **changes)
        if new == self.now:
            return
        self.now = new
        save_settings(new)
        self.changed.emit()
