"""What can be done with bins, and the questions that have to be asked first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtWidgets import QWidget

from fewshot_gui.errors import UserError
from fewshot_gui.gui.bin_describe import DescriptionPopup
from fewshot_gui.gui.class_picker import ClassPicker
from fewshot_gui.gui.messages import Message
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.texts import _

BAD_NAME = "bin-name"  # key of the message about the last name that was refused


class BinCommands(QObject):
    """One method for each action on a bin; what the user can mend is told in the banner.

    Signals:
        split_asked: Paths of examples that shall have a bin of their own.
        name_refused: (class id, name) that a bin cannot have.
    """

    split_asked = Signal(object)
    name_refused = Signal(int, str)

    def __init__(self, session: Session, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._description = DescriptionPopup(theme, parent)
        self._description.described.connect(self._describe)
        session.folder_changed.connect(self._description.discard)  # no bin of another project
        self.picker = ClassPicker(session, theme, parent)
        self.picker.chosen.connect(self._on_picked)
        self._picked: Callable[[int], None] | None = None

    def rename(self, class_id: int, name: str) -> None:
        """Give a bin another name. One that is refused can be mended where it was typed."""
        try:
            self._session.rename_bin(class_id, name)
        except UserError as error:
            self._session.message.emit(replace(Message.from_error(error), key=BAD_NAME))
            self.name_refused.emit(class_id, name)
        else:
            self._session.settled.emit(BAD_NAME)

    def ask_description(self, class_id: int, anchor: QWidget, place: QRect) -> None:
        """Let the user describe a bin, in a popup below a place of a widget."""
        self._description.ask(self._session.project.bin(class_id), anchor, place)

    def recolour(self, class_id: int, colour: int) -> None:
        """Give a bin another colour."""
        self._try(lambda: self._session.recolour_bin(class_id, colour))

    def set_picture(self, class_id: int, path: str) -> None:
        """Let an example stand for its bin; an empty path means the first one."""
        self._try(lambda: self._session.set_picture(class_id, path))

    def move(self, class_id: int, place: int) -> None:
        """Move a bin to another place in the order."""
        self._try(lambda: self._session.move_bin(class_id, place))

    def sort(self) -> None:
        """Bring the bins into the order of their names."""
        self._try(self._session.sort_bins)

    def merge(self, class_ids: Iterable[int], into: int) -> None:
        """Give all images of some bins to another one."""
        gone = [class_id for class_id in class_ids if class_id != into]
        if gone:
            self._try(lambda: self._session.merge_bins(gone, into))

    def ask_merge(self, class_ids: Iterable[int], anchor: QWidget) -> None:
        """Let the user search for the bin that takes the images of these."""
        gone = list(class_ids)
        self._picked = lambda into: self.merge(gone, into)
        self.picker.ask(anchor, _("Merge into…"), without=gone, new=False, unknown=False)

    def remove(self, class_ids: Iterable[int]) -> None:
        """Delete bins."""
        gone = list(class_ids)
        if len(gone) == 1:
            self._try(lambda: self._session.remove_bin(gone[0]))
        elif gone:
            self._try(lambda: self._session.remove_bins(gone))

    def move_examples(self, paths: Iterable[str], class_id: int) -> None:
        """Move examples to another bin."""
        paths = list(paths)
        self._try(lambda: self._session.put(paths, class_id))

    def ask_move_examples(self, paths: Iterable[str], without: int, anchor: QWidget) -> None:
        """Let the user search for the bin that these examples go to."""
        paths = list(paths)
        self._picked = lambda class_id: self.move_examples(paths, class_id)
        self.picker.ask(anchor, _("Move to…"), without=[without], new=False)

    def take_out(self, paths: Iterable[str]) -> None:
        """Take examples out of their bins."""
        self._session.take_out(list(paths))

    def split(self, paths: Iterable[str]) -> None:
        """Make a new bin of some examples, once its name is known."""
        self.split_asked.emit(list(paths))

    def _describe(self, class_id: int, text: str) -> None:
        if self._session.project.has_class(class_id):
            self._try(lambda: self._session.describe_bin(class_id, text))

    def _on_picked(self, class_id: int) -> None:
        picked, self._picked = self._picked, None
        if picked is not None:
            picked(class_id)

    def _try(self, do: Callable[[], object]) -> None:
        try:
            do()
        except UserError as error:
            self._session.message.emit(Message.from_error(error))
