"""Tells of an unexpected error once, without stopping the user."""

from __future__ import annotations

import platform

from PySide6.QtCore import Qt
from PySide6.QtCore import __version__ as qt_version
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui import __version__
from fewshot_gui.gui.logbook import details
from fewshot_gui.texts import _


class ErrorsDialog(QDialog):
    """Non-modal; more errors are added to the same dialog, the same one only once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Something went wrong"))
        self._seen: set[str] = set()
        text = QLabel(
            _(
                "This should not have happened. Nothing of yours is lost, and you can go on. "
                "Please send the details to the people who make this program."
            )
        )
        text.setWordWrap(True)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setAccessibleName(_("Details"))
        self.copy_button = QPushButton(_("Copy details"))
        self.copy_button.clicked.connect(self.copy_details)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.copy_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(text)
        layout.addWidget(self.details)
        layout.addWidget(buttons)
        self.resize(620, 380)
        self.setWindowModality(Qt.WindowModality.NonModal)

    def show_error(self, error: BaseException) -> None:
        """Show an exception, unless it was shown before."""
        text = details(error)
        if text in self._seen:
            return
        if not self._seen:
            self.details.setPlainText(
                f"Few-Shot GUI {__version__} · Python {platform.python_version()} · "
                f"Qt {qt_version} · {platform.platform()}\n"
            )
        self._seen.add(text)
        self.details.appendPlainText(text)
        self.show()
        self.raise_()

    def copy_details(self) -> None:
        """Put all details on the clipboard."""
        QApplication.clipboard().setText(self.details.toPlainText())
