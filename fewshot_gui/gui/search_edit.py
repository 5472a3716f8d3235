"""A field that filters while the user types."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from fewshot_gui.gui.own_keys import ENTER, keeps


class SearchEdit(QLineEdit):
    """Esc clears it first and leaves it then; Enter and the arrow down go to what was found.

    Signals:
        left: Esc in an empty search: the user is done with it.
        went_down: The user wants to go to what was found.
    """

    left = Signal()
    went_down = Signal()

    def __init__(self, placeholder: str, name: str) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(name)
        self.setClearButtonEnabled(True)

    def event(self, event: QEvent) -> bool:
        return keeps(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
            else:
                self.left.emit()
        elif event.key() in (Qt.Key.Key_Down, *ENTER):
            self.went_down.emit()
        else:
            super().keyPressEvent(event)
