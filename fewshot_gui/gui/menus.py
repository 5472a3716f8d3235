"""The menu bar: which action is where, and the choices of which one holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QLabel, QMenu, QMenuBar, QWidgetAction

from fewshot_gui.gui.actions import Actions
from fewshot_gui.gui.grid_page import order_words, show_words
from fewshot_gui.gui.plain import long_tip
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.texts import _

_NOTE_WIDTH = 330


@dataclass(frozen=True)
class Choice:
    """Something of which one value holds.

    Attributes:
        current: The value that holds now.
        choose: Takes another one.
        explanation: What there is to say of the value that holds now.
        refusal: Why no other value can be chosen now, empty where it can.
        more: Further values and their texts, which come and go.
        changed: A signal: ``more`` says something else now; None where it never does.
        look: Called when the menu opens: find out what more there is.
    """

    current: Callable[[], object]
    choose: Callable[[object], None]
    explanation: Callable[[], str] = str
    refusal: Callable[[], str] = str
    more: Callable[[], Sequence[tuple[object, str]]] = tuple
    changed: SignalInstance | None = None
    look: Callable[[], object] = str


@dataclass(frozen=True)
class Choices:
    """All choices in the menus.

    Attributes:
        learner, device, order, show, theme: Each with the values of its menu.
    """

    learner: Choice
    device: Choice
    order: Choice
    show: Choice
    theme: Choice


@dataclass(frozen=True)
class Fillers:
    """Menus whose entries are others each time.

    Attributes:
        recent: Fills the menu of projects that were open.
        folders: Fills the menu of the project's folders.
        backbones: Fills the menu of what images are looked at with.
    """

    recent: Callable[[QMenu], None]
    folders: Callable[[QMenu], None]
    backbones: Callable[[QMenu], None]


@dataclass(frozen=True)
class Menus:
    """The menus that somebody asks for later.

    Attributes:
        put: The bins to put the selection in.
        learner: The learners.
    """

    put: QMenu
    learner: QMenu


def build_menus(bar: QMenuBar, actions: Actions, choices: Choices, fillers: Fillers) -> Menus:
    """Fill the menu bar."""
    _file(bar.addMenu(_("&File")), actions, fillers)
    edit = bar.addMenu(_("&Edit"))
    _add(edit, actions, "undo", "redo", None, "select_all", "search", "search_bins")
    put = _bins(bar.addMenu(_("&Bins")), actions)
    review = bar.addMenu(_("&Review"))
    _add(review, actions, "confirm", "accept_page", "accept_above", None)
    _add(review, actions, "pick", "none", "take_out", None)
    _add(review, actions, "preview", "next_doubt", "similar", None)
    _add(review, actions, "suggest", "possible_class", "limit", "enough")
    sort = bar.addMenu(_("&Sort"))
    learners = [(info.key, info.title) for info in all_learners()]
    learner = sort.addMenu(_("&Learner"))
    _radio(learner, learners, choices.learner)
    _explain(learner, choices.learner)
    backbones = sort.addMenu(_("&Backbone"))
    backbones.aboutToShow.connect(lambda: fillers.backbones(backbones))
    _add(sort, actions, "fine_tune")
    _radio(sort.addMenu(_("Compute &on")), _devices(), choices.device)
    _add(sort, actions, None, "cancel", "resume", None, "evaluate", "train")
    view = bar.addMenu(_("&View"))
    _radio(view.addMenu(_("&Order")), list(order_words().items()), choices.order)
    _radio(view.addMenu(_("S&how")), list(show_words().items()), choices.show)
    _add(view, actions, None, "larger", "smaller", None, "focus_grid", "focus_bins", None)
    themes = [("system", _("&System")), ("light", _("&Light")), ("dark", _("&Dark"))]
    _radio(view.addMenu(_("&Theme")), themes, choices.theme)
    _add(bar.addMenu(_("&Help")), actions, "help", "shortcuts", None, "about")
    return Menus(put, learner)


def _file(menu: QMenu, actions: Actions, fillers: Fillers) -> None:
    _add(menu, actions, "open", "open_project")
    recent = menu.addMenu(_("Open &recent"))
    recent.aboutToShow.connect(lambda: fillers.recent(recent))
    _add(menu, actions, "sample", None, "add_folder")
    folders = menu.addMenu(_("&Folders of this project"))
    folders.aboutToShow.connect(lambda: fillers.folders(folders))
    _add(menu, actions, "refresh", None, "save_as", "duplicate", "export", None)
    _add(menu, actions, "close", "quit")


def _bins(menu: QMenu, actions: Actions) -> QMenu:
    _add(menu, actions, "new_bin", "new_bin_selected", "import_bins", None, "rename", "delete")
    menu.addSeparator()
    put = menu.addMenu(_("&Put the selection in"))
    put.setToolTipsVisible(True)
    for action in actions.bins:
        put.addAction(action)
    return put


def _add(menu: QMenu, actions: Actions, *names: str | None) -> None:
    menu.setToolTipsVisible(True)
    for name in names:
        if name is None:
            menu.addSeparator()
        else:
            menu.addAction(actions[name])


def _radio(menu: QMenu, values: Sequence[tuple[object, str]], choice: Choice) -> None:
    """A menu of which one entry is chosen."""
    group = QActionGroup(menu)
    menu.setToolTipsVisible(True)
    further: list[QAction] = []
    shown: list[tuple[object, str]] = []

    def offered(value: object, text: str) -> QAction:
        action = QAction(text, group, checkable=True)
        action.setData(value)
        action.triggered.connect(lambda: choice.choose(value))
        return action

    menu.addActions([offered(value, text) for value, text in values])
    begin, end = menu.addSeparator(), menu.addSeparator()
    end.setVisible(False)

    def refill() -> None:
        more = list(choice.more())
        if more == shown:
            return
        for action in further:
            menu.removeAction(action)
            group.removeAction(action)
            action.deleteLater()
        shown[:] = more
        further[:] = [offered(value, text.replace("&", "&&")) for value, text in more]
        menu.insertActions(end, further)
        begin.setVisible(bool(further))

    def check() -> None:
        refill()
        refusal = choice.refusal()
        for action in group.actions():
            action.setChecked(action.data() == choice.current())
            action.setToolTip(long_tip(choice.explanation()) if action.isChecked() else refusal)
            action.setStatusTip(refusal)
            action.setEnabled(not refusal)

    menu.aboutToShow.connect(check)
    if choice.changed is not None:
        menu.aboutToShow.connect(choice.look)
        choice.changed.connect(check)


def _explain(menu: QMenu, choice: Choice) -> None:
    """Say below the entries what there is to say of the one that holds now."""
    note = QLabel(objectName="menuNote")
    note.setTextFormat(Qt.TextFormat.PlainText)
    note.setWordWrap(True)
    note.setFixedWidth(_NOTE_WIDTH)
    action = QWidgetAction(menu)
    action.setDefaultWidget(note)
    line = menu.addSeparator()
    menu.addAction(action)

    def tell() -> None:
        why = choice.explanation()
        note.setText(why)
        note.setFixedHeight(max(0, note.heightForWidth(_NOTE_WIDTH)))  # -1 where it is empty
        action.setText(why)  # for who hears the menu read
        for part in (line, action):
            part.setVisible(bool(why))

    menu.aboutToShow.connect(tell)


def _devices() -> list[tuple[str, str]]:
    """Where the network can run on this kind of machine, as (setting, text)."""
    graphics = "mps" if sys.platform == "darwin" else "cuda"
    return [
        ("auto", _("&Automatic")),
        ("cpu", _("&Processor (CPU)")),
        (graphics, _("&Graphics card (GPU)")),
    ]
