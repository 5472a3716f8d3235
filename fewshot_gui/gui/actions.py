"""Everything that can be done from a menu or with a key, in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.icons import Icons
from fewshot_gui.texts import _

KEYED_BINS = 9
# what means nothing on the welcome page
PROJECT_ACTIONS = (
    "add_folder",
    "refresh",
    "save_as",
    "duplicate",
    "export",
    "close",
    "select_all",
    "search",
    "search_bins",
    "accept_page",
    "accept_above",
    "preview",
    "next_doubt",
    "suggest",
    "similar",
    "possible_class",
    "limit",
    "enough",
    "new_bin",
    "import_bins",
    "focus_grid",
    "focus_bins",
)
# what changes the project, besides putting pictures in a bin by its number
CHANGING_ACTIONS = frozenset(
    {
        "add_folder",
        "undo",
        "redo",
        "confirm",
        "take_out",
        "pick",
        "none",
        "accept_page",
        "accept_above",
        "limit",
        "new_bin",
        "new_bin_selected",
        "import_bins",
        "rename",
        "delete",
    }
)


@dataclass(frozen=True)
class Entry:
    """One action.

    Attributes:
        name: By which the program finds it.
        text: What the menu says.
        keys: Its shortcuts, portable text.
        icon: Name of its icon, empty for none.
        tip: What the status line and tool tips say; empty for the text.
    """

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""


def entries() -> tuple[Entry, ...]:
    """All actions besides those of radio menus and bins."""
    return (
        Entry("open", _("&Open folder…"), ("Ctrl+O",), "folder", _("Sort another folder")),
        Entry("open_project", _("Open &project…"), ("Ctrl+Shift+P",)),
        Entry("sample", _("Open the &sample")),
        Entry("add_folder", _("Add fol&der…"), (), "", _("Sort one more folder")),
        Entry("refresh", _("&Look again"), ("F5",), "", _("See what changed in the folders")),
        Entry("save_as", _("Save &as…"), ("Ctrl+Shift+S",), "", _("Go on in another file")),
        Entry("duplicate", _("Dupl&icate…"), (), "", _("Save a copy of the project")),
        Entry("export", _("&Export CSV…"), ("Ctrl+E",), "export", _("Save the result as a table")),
        Entry("close", _("&Close project"), ("Ctrl+W",)),
        Entry("quit", _("&Quit"), ("Ctrl+Q",)),
        Entry("undo", _("&Undo"), ("Ctrl+Z",), "undo"),
        Entry("redo", _("&Redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
        Entry("select_all", _("Select &all"), ("Ctrl+A",)),
        Entry("confirm", _("&Confirm class"), ("Return", "Space", "Enter"), "check"),
        Entry("take_out", _("&Take out of bin"), ("0", "Delete"), "trash"),
        Entry("pick", _("Put in cl&ass…"), ("C", "/"), "", _("Choose a class by typing")),
        Entry("none", _("Put in &Unknown"), ("N",), "", _("It belongs to no bin")),
        Entry("accept_page", _("Confirm all &in sight"), ("A",), "", _("And go on to the next")),
        Entry("accept_above", _("Confirm all the &sure ones…"), ("Shift+A",)),
        Entry("preview", _("Show &large"), ("F",), "", _("Show the picture large, or go back")),
        Entry("next_doubt", _("N&ext least sure"), ("D",)),
        Entry("suggest", _("&What to label next"), ("S",), "", _("What would teach it most")),
        Entry("similar", _("&Find similar"), ("M",), "", _("More like this picture")),
        Entry("possible_class", _("&Possible new class"), ("P",)),
        Entry("limit", _("Limit for Unk&nown…"), ("L",)),
        Entry("enough", _("&Have I labelled enough?"), ("H",)),
        Entry(
            "evaluate",
            _("How &well does it sort?"),
            ("Ctrl+Shift+E",),
            "",
            _("Measure it with pictures that are sorted already"),
        ),
        Entry(
            "train",
            _("&Train a learner…"),
            ("Ctrl+Shift+T",),
            "",
            _("Teach it to learn from pictures that are sorted already"),
        ),
        Entry(
            "fine_tune",
            _("&Fine-tune on the examples"),
            (),
            "",
            _("Let the network itself learn from the examples; takes some minutes"),
        ),
        Entry("search", _("Search file &names"), ("Ctrl+F",)),
        Entry("search_bins", _("Search &bins"), ("Ctrl+Shift+F",)),
        Entry("new_bin", _("&New bin"), ("Ctrl+B",), "plus"),
        Entry("new_bin_selected", _("New bin from the &selection"), ("Ctrl+Shift+B",)),
        Entry("import_bins", _("New bins from &folder…"), ("Ctrl+Shift+O",)),
        Entry("rename", _("&Rename bin"), ("F2",), "pencil"),
        Entry("delete", _("&Delete bin")),
        Entry("larger", _("&Larger pictures"), ("Ctrl++", "Ctrl+=")),
        Entry("smaller", _("S&maller pictures"), ("Ctrl+-",)),
        Entry("cancel", _("&Cancel reading"), ("Esc",)),
        Entry("resume", _("&Resume reading")),
        Entry("focus_grid", _("Go to the &pictures"), ("Ctrl+1",)),
        Entry("focus_bins", _("Go to the &bins"), ("Ctrl+2",)),
        Entry("help", _("&Help"), ("F1",), "help"),
        Entry("shortcuts", _("&Keyboard shortcuts and marks"), ("?",)),
        Entry("about", _("&About Few-Shot GUI"), (), "info"),
    )


class ChangingAction(QAction):
    """An action that changes the project: it can be held back, whoever enables it."""

    def __init__(self, text: str, window: QWidget) -> None:
        super().__init__(text, window)
        self._wanted = True
        self._reason = ""
        self._tip = ""

    def setEnabled(self, enabled: bool) -> None:
        self._wanted = enabled
        super().setEnabled(enabled and not self._reason)

    def hold(self, reason: str) -> None:
        """Disable it for a reason, which its tips tell; an empty one lets it go again."""
        if not self._reason:
            self._tip = self.statusTip()
        self._reason = reason
        self.setStatusTip(reason or self._tip)
        self.setToolTip(reason)
        self.setEnabled(self._wanted)


class Actions:
    """Makes the actions and finds them by name.

    While the actions that change the project are held back, their keys do not fall through
    to what has the focus, which would take some of them for the beginning of a file name.

    Attributes:
        bins: Put the selection in bin 1 to 9.
        refusals: Take the keys of actions that are held back: those of ``confirm``, and all
            others.
    """

    def __init__(self, window: QWidget, icons: Icons) -> None:
        self._actions: dict[str, QAction] = {}
        for entry in entries():
            kind = ChangingAction if entry.name in CHANGING_ACTIONS else QAction
            action = kind(entry.text, window)
            action.setObjectName(entry.name)
            action.setShortcuts([QKeySequence(keys) for keys in entry.keys])
            if entry.tip:
                action.setStatusTip(entry.tip)
            if entry.icon:
                icons.bind(action.setIcon, entry.icon)
            self._actions[entry.name] = action
        self.bins: list[ChangingAction] = []
        for key in range(1, KEYED_BINS + 1):
            action = ChangingAction(_("Put in bin {key}").format(key=key), window)
            action.setObjectName(f"bin{key}")
            action.setShortcut(QKeySequence(str(key)))
            self.bins.append(action)
        # these two keys mean something else to buttons and cards
        self["confirm"].setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        others = [action for action in self._changing() if action is not self["confirm"]]
        self.refusals = (
            _refusal([self["confirm"]], window, Qt.ShortcutContext.WidgetWithChildrenShortcut),
            _refusal(others, window, Qt.ShortcutContext.WindowShortcut),
        )

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def all(self) -> list[QAction]:
        """Every action, in the order of the table."""
        return [*self._actions.values(), *self.bins]

    def enable_for_project(self, is_open: bool) -> None:
        """A project is open now, or none."""
        for name in PROJECT_ACTIONS:
            self[name].setEnabled(is_open)

    def hold(self, reason: str) -> None:
        """Disable what changes the project for a reason; an empty one lets it go again."""
        for action in self._changing():
            action.hold(reason)
        for refusal in self.refusals:
            refusal.setEnabled(bool(reason))

    def _changing(self) -> list[ChangingAction]:
        return [action for action in self.all() if isinstance(action, ChangingAction)]

    def connect(self, **slots: Callable[[], object]) -> None:
        """Connect actions by name; the checked flag that Qt passes on is dropped."""
        for name, slot in slots.items():
            self._actions[name].triggered.connect(lambda _on=False, slot=slot: slot())


def _refusal(actions: Iterable[QAction], window: QWidget, context: Qt.ShortcutContext) -> QAction:
    """Takes the keys of these actions; disabled until they are held back."""
    refusal = QAction(window)
    refusal.setShortcuts([keys for action in actions for keys in action.shortcuts()])
    refusal.setShortcutContext(context)
    refusal.setEnabled(False)
    return refusal
