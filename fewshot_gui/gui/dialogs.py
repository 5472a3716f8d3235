"""The few questions that need a dialog of their own."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from fewshot_gui.texts import _, ngettext

FOLDERS_NAMED = 6


class Leave(Enum):
    """What to do with actions that could not be written down."""

    SAVE = "save"
    DISCARD = "discard"
    STAY = "stay"


class StillTraining(Enum):
    """What to do with a training when its page closes, or the program ends."""

    GO_ON = "go on"
    KEEP = "keep"
    LATER = "later"
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

    def save_as(self, parent: QWidget, title: str, start: str, kind: str) -> str:
        """A name for a file of another kind (``PNG picture (*.png)``), or an empty string."""
        name, _filter = QFileDialog.getSaveFileName(parent, title, start, kind)
        return name

    def open_file(self, parent: QWidget, title: str, start: str, kind: str) -> str:
        """A file of another kind (``CSV table (*.csv)``), or an empty string."""
        name, _filter = QFileDialog.getOpenFileName(parent, title, start, kind)
        return name

    def open_project(self, parent: QWidget, title: str, start: str) -> str:
        """A project file, or an empty string."""
        name, _filter = QFileDialog.getOpenFileName(parent, title, start, _project_files())
        return name

    def save_project(self, parent: QWidget, title: str, start: str) -> str:
        """A name for a project file, or an empty string."""
        name, _filter = QFileDialog.getSaveFileName(parent, title, start, _project_files())
        return name

    def open_weights(self, parent: QWidget, title: str, start: str) -> str:
        """A file of weights, or an empty string."""
        kind = _("Weights (*.safetensors)")
        name, _filter = QFileDialog.getOpenFileName(parent, title, start, kind)
        return name

    def licence(self, parent: QWidget, name: str, warning: str) -> bool:
        """Whether the user agrees to a licence that forbids or asks something."""
        box = QMessageBox(parent)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(_("Few-Shot GUI"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(_("Do you agree to the licence of {name}?").format(name=name))
        box.setInformativeText(warning)
        agree = box.addButton(_("I agree"), QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is agree

    def consent(self, parent: QWidget, folders: tuple[str, ...]) -> bool:
        """Whether a project may read folders that lie elsewhere."""
        box = QMessageBox(parent)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(_("Few-Shot GUI"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(_("This project wants to read pictures in other places of this computer."))
        shown = list(folders[:FOLDERS_NAMED])
        if len(folders) > FOLDERS_NAMED:
            shown.append(_("and {count} more").format(count=len(folders) - FOLDERS_NAMED))
        box.setInformativeText("\n".join(shown))
        agree = box.addButton(_("Open it"), QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is agree

    def leave(self, parent: QWidget, count: int) -> Leave:
        """Whether to leave although the last actions could not be written down."""
        box = QMessageBox(parent)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(_("Few-Shot GUI"))
        text = ngettext(
            "Your last action could not be saved.",
            "Your last {count} actions could not be saved.",
            count,
        )
        box.setText(text.format(count=count))
        box.setInformativeText(_("They are lost when you leave now."))
        save = box.addButton(_("Save as…"), QMessageBox.ButtonRole.AcceptRole)
        leave = box.addButton(_("Leave"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(save)
        box.exec()
        if box.clickedButton() is save:
            return Leave.SAVE
        return Leave.DISCARD if box.clickedButton() is leave else Leave.STAY

    def still_training(self, parent: QWidget, leaving: bool) -> StillTraining:
        """What becomes of the training; ``leaving``: the program ends with its window."""
        box = QMessageBox(parent)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(_("Few-Shot GUI"))
        box.setText(_("A learner is being trained."))
        if leaving:
            hint = _("When you leave now, you can go on with the training another time.")
            offers = ((_("Leave, go on later"), StillTraining.LATER),)
        else:
            hint = _("It can go on while you work, or end now with what it has learned.")
            offers = (
                (_("Keep training in the background"), StillTraining.GO_ON),
                (_("Stop and keep"), StillTraining.KEEP),
            )
        box.setInformativeText(hint)
        buttons = {
            box.addButton(text, QMessageBox.ButtonRole.AcceptRole): answer
            for text, answer in offers
        }
        box.setDefaultButton(next(iter(buttons)))
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        return buttons.get(box.clickedButton(), StillTraining.STAY)


def _project_files() -> str:
    return _("Few-Shot GUI project (*.fewshot)")
