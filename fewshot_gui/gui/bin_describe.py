"""Where the user says in words what belongs into a bin."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from fewshot_gui.gui.bin_popup import Popup
from fewshot_gui.gui.own_keys import ENTER, keeps
from fewshot_gui.gui.theme import Theme
from fewshot_gui.project.values import MAX_DESCRIPTION_LENGTH, Bin
from fewshot_gui.texts import _

_TOLD_FROM = MAX_DESCRIPTION_LENGTH - 200  # from here on it says how much room is left


class DescriptionEdit(QPlainTextEdit):
    """Plain text of a few lines.

    Signals:
        accepted: Ctrl+Enter.
        cancelled: Esc.
    """

    accepted = Signal()
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setPlaceholderText(_("What belongs here, and what does not?"))
        self.setAccessibleName(_("Description of the bin"))

    def event(self, event: QEvent) -> bool:
        return keeps(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.accepted.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)


class DescriptionPopup(Popup):
    """Edits the description of one bin; going elsewhere keeps what was typed, Esc does not.

    Attributes:
        edit: The text.

    Signals:
        described: (class id, text).
    """

    described = Signal(int, str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._class_id: int | None = None
        self._before = ""
        self._title = QLabel()
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setProperty("tone", "strong")
        self.edit = DescriptionEdit()
        self.edit.setMinimumHeight(110)
        self.edit.accepted.connect(self.hide)
        self.edit.cancelled.connect(self.discard)
        self.edit.textChanged.connect(self._tell_room)
        self._note = QLabel()
        self._note.setProperty("tone", "muted")
        self._save = QPushButton(_("Save"))
        self._save.setProperty("role", "primary")
        self._save.setToolTip(_("Enter; Shift+Enter begins a new line"))
        self._save.clicked.connect(self.hide)
        cancel = QPushButton(_("Cancel"))
        cancel.clicked.connect(self.discard)
        foot = QHBoxLayout()
        foot.addWidget(self._note, 1)
        foot.addWidget(cancel)
        foot.addWidget(self._save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        layout.addWidget(self.edit, 1)
        layout.addLayout(foot)

    def sizeHint(self) -> QSize:
        return QSize(340, 220)

    def ask(self, bin: Bin, anchor: QWidget, place: QRect) -> None:
        """Let the user describe a bin, below a place of a widget."""
        name = self.fontMetrics().elidedText(bin.name, Qt.TextElideMode.ElideMiddle, 200)
        self._title.setText(_("What belongs in “{name}”").format(name=name))
        self._class_id, self._before = bin.id, bin.description
        self.edit.setPlainText(bin.description)
        self.edit.selectAll()
        self.show_under(anchor, place)
        self.edit.setFocus()

    def discard(self) -> None:
        """Close and keep the old description."""
        self._class_id = None
        self.hide()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        class_id, self._class_id = self._class_id, None
        text = self.edit.toPlainText().strip()
        if class_id is not None and text != self._before:
            self.described.emit(class_id, text)

    def _tell_room(self) -> None:
        used = len(self.edit.toPlainText().strip())
        left = MAX_DESCRIPTION_LENGTH - used
        self._save.setEnabled(left >= 0)
        self._note.setText("")
        if used >= _TOLD_FROM:
            self._note.setText(_("{count} characters left").format(count=f"{left:,}"))
