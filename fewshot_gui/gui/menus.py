"""The menu bar: which action is where, and the choices of which one holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar

from fewshot_gui.gui.actions import Actions
from fewshot_gui.gui.grid_page import order_words, show_words
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.texts import _


@dataclass(frozen=True)
class Choice:
    """Something of which one value holds.

    Attributes:
        current: The value that holds now.
        choose: Takes another one.
    """

    current: Callable[[], object]
    choose: Callable[[object], None]


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
    """

    recent: Callable[[QMenu], None]
    folders: Callable[[QMenu], None]


def build_menus(bar: QMenuBar, actions: Actions, choices: Choices, fillers: Fillers) -> QMenu:
    """Fill the menu bar; returns the menu of bins to put the selection in."""
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
    _radio(sort.addMenu(_("&Learner")), learners, choices.learner)
    _radio(sort.addMenu(_("Compute &on")), _devices(), choices.device)
    _add(sort, actions, None, "cancel", "resume", None, "evaluate")
    view = bar.addMenu(_("&View"))
    _radio(view.addMenu(_("&Order")), list(order_words().items()), choices.order)
    _radio(view.addMenu(_("S&how")), list(show_words().items()), choices.show)
    _add(view, actions, None, "larger", "smaller", None, "focus_grid", "focus_bins", None)
    themes = [("system", _("&System")), ("light", _("&Light")), ("dark", _("&Dark"))]
    _radio(view.addMenu(_("&Theme")), themes, choices.theme)
    _add(bar.addMenu(_("&Help")), actions, "help", "shortcuts", None, "about")
    return put


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
    for action in actions.bins:
        put.addAction(action)
    return put


def _add(menu: QMenu, actions: Actions, *names: str | None) -> None:
    for name in names:
        if name is None:
            menu.addSeparator()
        else:
            menu.addAction(actions[name])


def _radio(menu: QMenu, values: Sequence[tuple[object, str]], choice: Choice) -> None:
    """A menu of which one entry is chosen."""
    group = QActionGroup(menu)
    for value, text in values:
        action = QAction(text, menu)
        action.setCheckable(True)
        action.setData(value)
        action.triggered.connect(lambda _on=False, value=value: choice.choose(value))
        group.addAction(action)
        menu.addAction(action)

    def check() -> None:
        for action in group.actions():
            action.setChecked(action.data() == choice.current())

    menu.aboutToShow.connect(check)


def _devices() -> list[tuple[str, str]]:
    """Where the network can run on this kind of machine, as (setting, text)."""
    graphics = "mps" if sys.platform == "darwin" else "cuda"
    return [
        ("auto", _("&Automatic")),
        ("cpu", _("&Processor (CPU)")),
        (graphics, _("&Graphics card (GPU)")),
    ]
