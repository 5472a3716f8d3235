"""Chooses one of many classes by typing: the quick way where there are more than nine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QHideEvent,
    QKeyEvent,
)
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

from fewshot_gui.errors import UserError
from fewshot_gui.gui.bin_popup import Popup
from fewshot_gui.gui.bin_speech import announce
from fewshot_gui.gui.class_picker_delegate import ROW, ClassDelegate, EntryRole
from fewshot_gui.gui.class_picker_match import folded, ranked
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.project.values import MAX_NAME_LENGTH, UNKNOWN, checked_name
from fewshot_gui.texts import _

KEYED = 9
_ROWS = 9  # in sight at once
_REMEMBERED = 50  # classes that were used last
_WIDTH = 360


@dataclass(frozen=True)
class Entry:
    """One line of the list.

    Attributes:
        class_id: The class; None for a new bin.
        name: Of the class, or of the new bin.
        colour: Index into the palette; None for what has no colour.
        key: The number key that does the same, or an empty string.
        text: What is shown and spoken.
    """

    class_id: int | None
    name: str
    colour: int | None
    key: str
    text: str


class Entries(QAbstractListModel):
    """The entries that fit what was typed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._entries: Sequence[Entry] = ()

    def show(self, entries: Sequence[Entry]) -> None:
        """Other entries, from the first on."""
        self.beginResetModel()
        self._entries = entries
        self.endResetModel()

    def entry(self, row: int) -> Entry:
        return self._entries[row]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = 0) -> object:
        entry = self._entries[index.row()]
        if role == EntryRole:
            return entry
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry.text
        return None


class ClassPicker(Popup):
    """A search with a list of classes below it.

    Attributes:
        edit: Where the user types.
        list: What fits.

    Signals:
        chosen: Class id, ``UNKNOWN`` for none of the bins.
        new_asked: Name of a bin that is to be made.
        cancelled: The user wants nothing after all.
    """

    chosen = Signal(int)
    new_asked = Signal(str)
    cancelled = Signal()

    def __init__(self, session: Session, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self._session = session
        session.folder_changed.connect(self.hide)  # its classes are another project's
        self._all: tuple[Entry, ...] = ()
        self._folded: tuple[str, ...] = ()
        self._offers_new = True
        self._asking = False
        self._recent: list[int] = []
        self._title = QLabel()
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setProperty("tone", "strong")
        self.edit = QLineEdit()
        self.edit.setMaxLength(MAX_NAME_LENGTH)
        self.edit.setPlaceholderText(_("Type a name"))
        self.edit.textChanged.connect(self._filter)
        self.edit.installEventFilter(self)
        self._model = Entries(self)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setItemDelegate(ClassDelegate(theme, self.list))
        self.list.setUniformItemSizes(True)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keyboard stays in the edit
        self.list.setMouseTracking(True)
        self.list.setAccessibleName(_("Classes"))
        self.list.clicked.connect(lambda index: self._take(index.row()))
        self.list.selectionModel().currentChanged.connect(self._announce)
        self._note = QLabel()
        self._note.setProperty("tone", "muted")
        self.setFixedWidth(_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 10)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        layout.addWidget(self.edit)
        layout.addWidget(self.list)
        layout.addWidget(self._note)

    # -- asking ----------------------------------------------------------------------------

    def ask(
        self,
        anchor: QWidget,
        title: str,
        without: Iterable[int] = (),
        new: bool = True,
        unknown: bool = True,
    ) -> None:
        """Open over a widget; one of the signals tells how it ended.

        Args:
            anchor: The widget that the choice is about.
            title: What is asked, in plain text.
            without: Ids of classes that are not offered.
            new: Whether a new bin can be asked for.
            unknown: Whether *Unknown* is offered.
        """
        self.hide()  # a question that is still open ends here
        left_out = set(without)
        bins = list(enumerate(self._session.project.bins))
        entries = [
            Entry(b.id, b.name, b.colour, str(i + 1) if i < KEYED else "", b.name)
            for i, b in bins
            if b.id not in left_out
        ]
        if unknown and UNKNOWN not in left_out:
            text = _("Unknown")
            entries.append(Entry(UNKNOWN, text, None, "N", text))
        self._all = tuple(entries)
        self._folded = tuple(folded(entry.name) for entry in entries)
        self._offers_new = new
        rows = min(_ROWS, max(3, len(entries) + (1 if new else 0)))
        self.list.setFixedHeight(rows * ROW)
        self._title.setText(title)
        self.edit.setAccessibleName(title)
        self.edit.clear()
        self._filter("")
        self.show_over(anchor.window() if anchor.height() < self.sizeHint().height() else anchor)
        self.edit.setFocus()
        self._asking = True

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._asking:
            self._asking = False
            self.cancelled.emit()

    def used(self, class_id: int) -> None:
        """Offer a class among the first the next time."""
        if class_id in self._recent:
            self._recent.remove(class_id)
        self._recent.insert(0, class_id)
        del self._recent[_REMEMBERED:]

    def texts(self) -> list[str]:
        """What the list shows, from top to bottom."""
        return [self._model.entry(row).text for row in range(self._model.rowCount())]

    # -- filtering -------------------------------------------------------------------------

    def _filter(self, typed: str) -> None:
        places = {entry.class_id: place for place, entry in enumerate(self._all)}
        recent = [places[class_id] for class_id in self._recent if class_id in places]
        found = [self._all[place] for place in ranked(typed, self._folded, recent)]
        name = self._new_name(typed)
        if name:
            text = _("New bin “{name}”").format(name=name)
            found.append(Entry(None, name, None, "", text))
        self._model.show(found)
        self._tell(len(found), typed)
        if found:
            self.list.setCurrentIndex(self._model.index(0))
            self.list.scrollToTop()

    def _new_name(self, typed: str) -> str:
        """The name of a bin that could be made, or an empty string."""
        if not self._offers_new or not typed.strip():
            return ""
        try:
            name = checked_name(typed)
        except UserError:
            return ""
        return "" if self._session.project.bin_named(name) else name

    def _tell(self, count: int, typed: str) -> None:
        if not count:
            text = _("No bin is called that.") if typed.strip() else _("There are no other bins.")
        else:
            text = _("Enter chooses, Esc cancels.")
        self._note.setText(text)
        self.edit.setAccessibleDescription(text)

    def _announce(self, current: QModelIndex | QPersistentModelIndex) -> None:
        """Have the current entry spoken: the list never has the keyboard itself."""
        if not current.isValid():
            return
        place, count = current.row() + 1, self._model.rowCount()
        name = self._model.entry(current.row()).text
        text = _("{name}, {place} of {count}").format(name=name, place=place, count=count)
        self.edit.setAccessibleDescription(text)
        if QAccessible.isActive():
            focus = QAccessibleEvent(self.list, QAccessible.Event.Focus)
            focus.setChild(current.row())
            QAccessible.updateAccessibility(focus)
        announce(self.edit, text)

    # -- keys --------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.edit and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # no key is the window's while this is open
                return True
            if event.type() == QEvent.Type.KeyPress and self._key(event):
                return True
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        """Keys that mean the list; returns whether this was one."""
        steps = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Backtab: -1,
            Qt.Key.Key_Tab: 1,
            Qt.Key.Key_PageUp: -(_ROWS - 1),
            Qt.Key.Key_PageDown: _ROWS - 1,
        }
        key = event.key()
        if key in steps:
            self._step(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(self.list.currentIndex().row())
        elif key == Qt.Key.Key_Escape:
            self.hide()
        else:
            return False
        return True

    def _step(self, step: int) -> None:
        count = self._model.rowCount()
        if count:
            row = min(max(0, self.list.currentIndex().row() + step), count - 1)
            self.list.setCurrentIndex(self._model.index(row))

    def _take(self, row: int) -> None:
        if row < 0:
            return
        entry = self._model.entry(row)
        self._asking = False
        self.hide()  # first: who hears of it may ask something else
        if entry.class_id is None:
            self.new_asked.emit(entry.name)
            return
        self.used(entry.class_id)
        self.chosen.emit(entry.class_id)
