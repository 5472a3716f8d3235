"""A line edit for a name in place: Enter accepts, Esc cancels, and nothing else hears of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from fewshot_gui.gui.own_keys import ENTER, keeps
from fewshot_gui.project.values import MAX_NAME_LENGTH


class NameEdit(QLineEdit):
    """Edits a bin's name.

    Signals:
        accepted: The name as typed.
        cancelled: Esc was pressed.
        left: The name as typed; the user went on to something else.
    """

    accepted = Signal(str)
    cancelled = Signal()
    left = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.setMaxLength(MAX_NAME_LENGTH)

    def event(self, event: QEvent) -> bool:
        return keeps(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER:
            self.accepted.emit(self.text())
        elif event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # a menu of the edit, or another window, is no end
        if event.reason() not in (
            Qt.FocusReason.PopupFocusReason,
            Qt.FocusReason.ActiveWindowFocusReason,
        ):
            self.left.emit(self.text())
