"""The few questions that need a dialog of their own."""

from __future__ import annotations

from enum import Enum

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from fewshot_gui.texts import _


class Leave(Enum):
    """What to do with work that was not exported."""

    EXPORT = "export"
    DISCARD = "discard"
    STAY = "stay"


class Dialogs:
    """Asks the user; another object with the same methods can stand in for it."""

    def folder(self, parent: QWidget, title: str, start: str) -> str:
        """A folder, or an empty string."""
        return QFileDialog.getExistingDirectory(parent, title, start)

    def save(self, parent: QWidget, title: str, start: str) -> str:
        """A name for a CSV file, or an empty string."""
        name, _filter = QFileDialog.getSaveFileName(parent, title, start, _("CSV table (*.csv)"))
        return name

    def leave(self, parent: QWidget) -> Leave:
        """Whether to leave although bins and labels would be lost."""
        box = QMessageBox(parent)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(_("Few-Shot GUI"))
        box.setText(_("Your bins and corrections have not been exported."))
        box.setInformativeText(_("They are lost when you leave now."))
        export = box.addButton(_("Export CSV…"), QMessageBox.ButtonRole.AcceptRole)
        leave = box.addButton(_("Leave"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(export)
        box.exec()
        if box.clickedButton() is export:
            return Leave.EXPORT
        return Leave.DISCARD if box.clickedButton() is leave else Leave.STAY
