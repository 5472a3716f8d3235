"""What the pages have in common that ask about a folder with one sub-folder for each class."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.mime import local_paths
from fewshot_gui.texts import _

_LETTERS = 43  # a form is as wide as so many, where there is room
_LEAST = 308  # pixels
_SHARE = 0.42  # of the page that a form takes at most, once it is wider than that
_BAR = 14  # pixels: room for the bar that scrolls it


class FolderForm(QScrollArea):
    """Fields below each other, the folder first. It scrolls up and down only.

    Attributes:
        folder: Where the pictures are.
        choose_button: Asks for a folder.

    Signals:
        folder_entered: Another folder was named.
        choose_clicked: The user wants to choose a folder.
        changed: Something is wanted otherwise.
    """

    folder_entered = Signal(str)
    choose_clicked = Signal()
    changed = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="form")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.folder = QLineEdit()
        self.folder.setAccessibleName(_("Folder with one sub-folder for each class"))
        self.choose_button = QPushButton(_("&Choose…"))
        self.choose_button.setAccessibleName(_("Choose the folder"))
        self.choose_button.setAutoDefault(False)
        self.choose_button.clicked.connect(self.choose_clicked)
        self.folder.editingFinished.connect(lambda: self.folder_entered.emit(self.folder.text()))

    def name_folder(self, folder: str) -> None:
        """Name a folder as if it had been typed."""
        self.folder.setText(folder)
        self.folder_entered.emit(folder)

    def width_within(self, page: int) -> int:
        """How wide the form is on a page of so many pixels: as its letters want it."""
        letters = _LETTERS * self.fontMetrics().averageCharWidth()
        return max(_LEAST, min(letters, round(_SHARE * page))) + _BAR

    def folder_row(self) -> QHBoxLayout:
        """The folder, and the button that asks for it."""
        return row_of(self.folder, self.choose_button)


class FolderPage(QDialog):
    """A form on the left with its buttons below, and what comes of it on the right.

    A folder may be dropped anywhere; Ctrl+Return starts.

    Attributes:
        form: What is wanted.
    """

    form: FolderForm

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        size: tuple[int, int],
        dialogs: Dialogs,
        start_folder: Callable[[], str],
    ) -> None:
        """``start_folder`` is where the search for a folder begins."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.setAcceptDrops(True)
        self.resize(QSize(*size).boundedTo(self.screen().availableSize()))
        self._dialogs, self._start_folder = dialogs, start_folder
        self._folder = ""
        self._left: QWidget | None = None

    def start(self) -> None:
        """Do what the form says, if that can be."""
        raise NotImplementedError

    def takes_folder(self) -> bool:
        """Whether another folder may be named now."""
        raise NotImplementedError

    def choose_folder(self) -> None:
        """Ask for the folder."""
        title = _("A folder with one sub-folder for each class")
        folder = self._dialogs.folder(self, title, self._folder or self._start_folder())
        if folder:
            self.form.name_folder(folder)

    def put(self, footer: QWidget, above: QWidget, shown: QWidget) -> None:
        """Lay out the page: below the form, and on the right one above the other."""
        self._left = QWidget()
        left = QVBoxLayout(self._left)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        self.form.widget().setObjectName("form")
        left.addWidget(self.form, 1)
        footer.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        left.addWidget(footer)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(above)
        right.addWidget(shown, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._left)
        layout.addLayout(right, 1)
        self._widen()

    def minimumSizeHint(self) -> QSize:
        """The page may be smaller than what is in it, which scrolls."""
        return QSize(2 * _LEAST, _LEAST)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._widen()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._widen()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.start()
        elif enter and self.form.folder.hasFocus():
            event.accept()  # names the folder; that is no wish to start
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() and self.takes_folder():
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        for path in local_paths(event.mimeData())[:1]:
            self.form.name_folder(path)  # what it is, the page says

    def _widen(self) -> None:
        if getattr(self, "_left", None) is not None:  # Qt sends events before it is made
            self._left.setFixedWidth(self.form.width_within(self.width()))


def row_of(wide: QWidget, narrow: QWidget) -> QHBoxLayout:
    """A field that takes the room there is, and a small one beside it."""
    row = QHBoxLayout()
    row.setSpacing(6)
    row.addWidget(wide, 1)
    row.addWidget(narrow)
    return row
