"""A bins panel on its own: a project, no folder, and pictures that are never found."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from fewshot_gui.gui.mime import told_apart
from fewshot_gui.project.edits import Edit
from fewshot_gui.project.model import Project


class FakeCollection:
    """Knows how many images wear each class.

    Attributes:
        counts: What it answers.
    """

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}

    def sorted_counts(self) -> dict[int, int]:
        return self.counts


class FakeSession(QObject):
    """A session that knows its project and nothing of files.

    Attributes:
        taken: What files were dropped, as (class id, paths).
        imported: Folders that were dropped beside the bins.
    """

    folder_changed = Signal()
    images_listed = Signal()
    predictions_changed = Signal()
    labels_changed = Signal(object)
    bins_changed = Signal()
    message = Signal(object)
    settled = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.id = "here"
        self.project = Project()
        self.collection: FakeCollection | None = FakeCollection()
        self.taken: list[tuple[int, list[str]]] = []
        self.imported: list[str] = []

    def may_change(self) -> bool:
        return True

    def add_bin(self, name: str, paths: Iterable[str] = ()) -> None:
        self._did(self.project.add_bin(name, paths))

    def rename_bin(self, class_id: int, name: str) -> None:
        self._did(self.project.rename_bin(class_id, name))

    def describe_bin(self, class_id: int, text: str) -> None:
        self._did(self.project.describe_bin(class_id, text))

    def recolour_bin(self, class_id: int, colour: int) -> None:
        self._did(self.project.recolour_bin(class_id, colour))

    def set_picture(self, class_id: int, path: str) -> None:
        self._did(self.project.set_picture(class_id, path))

    def move_bin(self, class_id: int, place: int) -> None:
        self._did(self.project.move_bin(class_id, place))

    def sort_bins(self) -> None:
        self._did(self.project.sort_bins())

    def merge_bins(self, class_ids: Iterable[int], into: int) -> None:
        self._did(self.project.merge_bins(class_ids, into))

    def remove_bin(self, class_id: int) -> None:
        self._did(self.project.remove_bin(class_id))

    def remove_bins(self, class_ids: Iterable[int]) -> None:
        self._did(self.project.remove_bins(class_ids))

    def put(self, paths: Iterable[str], class_id: int) -> None:
        self._did(self.project.put(paths, class_id))

    def put_files(self, paths: Iterable[str], class_id: int) -> None:
        self.taken.append((class_id, list(paths)))

    def take_out(self, paths: Iterable[str]) -> None:
        self._did(self.project.clear(paths))

    def tell_apart(self, paths: Iterable[str], done) -> None:
        done(told_apart(paths))

    def import_class_folders(self, folders: Iterable[str]) -> None:
        self.imported.extend(folders)

    def undo(self) -> None:
        self._did(self.project.undo())

    def fill(self, **bins: int) -> list[int]:
        """Bins by name with this many examples each; returns their ids."""
        examples = {
            name: [f"/pictures/{name}{i}.png" for i in range(count)] for name, count in bins.items()
        }
        self._did(self.project.add_bins(examples))
        return [self.project.bin_named(name).id for name in bins]

    def _did(self, edit: Edit | None) -> None:
        if edit is None:
            return
        if edit.changes_bins:
            self.bins_changed.emit()
        if edit.labels:
            self.labels_changed.emit(np.empty(0, np.int64))


def names(session: FakeSession) -> list[str]:
    """Names of the bins in their order."""
    return [b.name for b in session.project.bins]


def press(widget: QWidget, *keys: Qt.Key, held: Qt.KeyboardModifier | None = None) -> None:
    """Press keys one after the other."""
    for key in keys:
        QTest.keyClick(widget, key, held or Qt.KeyboardModifier.NoModifier)


def open_menu() -> QMenu:
    """The menu that is open."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def choose(*texts: str) -> None:
    """Go down the open menu by keys; the last text is the entry that is taken."""
    for text in texts:
        menu = open_menu()
        action = next(a for a in menu.actions() if a.text() == text)
        assert action.isEnabled()
        for _step in menu.actions():
            if menu.activeAction() is action:
                break
            QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Right if action.menu() else Qt.Key.Key_Return)


def menu_texts() -> list[str]:
    """What the open menu offers; what cannot be chosen now is left out."""
    return [a.text() for a in open_menu().actions() if not a.isSeparator() and a.isEnabled()]
