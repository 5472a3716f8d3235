"""A line edit for a name in place: Enter accepts, Esc cancels, and nothing else hears of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from fewshot_gui.project.model import MAX_NAME_LENGTH


class NameEdit(QLineEdit):
    """Edits a bin's name.

    Signals:
        accepted: The name as typed.
        cancelled: Esc was pressed.
    """

    accepted = Signal(str)
    cancelled = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.setMaxLength(MAX_NAME_LENGTH)

    def event(self, event: QEvent) -> bool:
        # Enter and Esc are also shortcuts of the window
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in (
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
            Qt.Key.Key_Escape,
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accepted.emit(self.text())
        elif event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)
