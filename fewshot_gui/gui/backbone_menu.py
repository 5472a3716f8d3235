"""The menu of backbones: which one the project is looked at with, and how often."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from fewshot_gui.backbones.catalogue import key_with_views, known_card
from fewshot_gui.backbones.preprocessing import CROPS, FLIP, VIEWS
from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.news import viewing_only
from fewshot_gui.gui.session import Session
from fewshot_gui.texts import _


class BackboneMenu(QObject):
    """Fills the menu whenever it opens, and again when other backbones are found meanwhile.

    Args:
        window: Owns it.
        session: The state of the window.
        more: Opens what fetches more of them.
        dialogs: Asks for a learner file.
    """

    def __init__(
        self, window: QWidget, session: Session, more: Callable[[], None], dialogs: Dialogs
    ) -> None:
        super().__init__(window)
        self._window = window
        self._dialogs = dialogs
        self._session = session
        self._more = more
        self._menu: QMenu | None = None
        session.backbones.changed.connect(self._refill)

    def fill(self, menu: QMenu) -> None:
        """The menu opens."""
        self._menu = menu
        menu.setToolTipsVisible(True)
        self._refill()
        self._session.backbones.look()

    def _refill(self) -> None:
        menu = self._menu
        if menu is None:
            return
        menu.clear()
        used = self._session.backbone
        plain, views = key_with_views(used.key)
        changes = QActionGroup(menu)
        for card in self._session.backbones.cards:
            action = QAction(card.title.replace("&", "&&"), changes, checkable=True)
            action.setChecked(card.key == plain)
            action.setToolTip(card.warning)
            action.triggered.connect(lambda _on=False, key=card.key: self._use(key, views))
            menu.addAction(action)
        menu.addSeparator()
        for view, text, tip in _views():
            action = QAction(text, menu, checkable=True)
            action.setChecked(view in views)
            action.setToolTip(tip)
            others = tuple(v for v in VIEWS if (v in views) != (v == view))
            action.setEnabled(self._can(plain, others))
            action.triggered.connect(lambda _on=False, o=others: self._use(plain, o))
            menu.addAction(action)
        self._hold_back(menu)
        menu.addSeparator()
        menu.addAction(_("&Fetch, add or delete…"), self._more)
        menu.addAction(self._learner_file(menu))

    def _learner_file(self, menu: QMenu) -> QAction:
        action = QAction(_("Use a &learner file…"), menu)
        action.setEnabled(self._session.collection is not None and not self._session.read_only)
        tip = _("Sort with a learner that was trained, here or elsewhere.")
        action.setToolTip(tip if action.isEnabled() else _refusal(self._session))
        action.setStatusTip(action.toolTip())
        action.triggered.connect(self._ask_for_learner)
        return action

    def _ask_for_learner(self) -> None:
        file = self._dialogs.open_weights(self._window, _("Use a learner file"), "")
        if file:
            self._session.use_learner_file(file)

    def _hold_back(self, menu: QMenu) -> None:
        """What would change the project waits until there is one that may be changed."""
        session = self._session
        if session.collection is not None and not session.read_only:
            return
        why = _refusal(session)
        for action in menu.actions():
            action.setEnabled(False)
            action.setToolTip(why)
            action.setStatusTip(why)

    def _can(self, key: str, views: tuple[str, ...]) -> bool:
        return known_card("+".join((key, *views)), self._session.backbones.cards) is not None

    def _use(self, key: str, views: tuple[str, ...]) -> None:
        """Views that another backbone does not know are left out; a learner brings its own."""
        changes = key != key_with_views(self._session.backbone.key)[0]
        if changes and any(info.key == key for info in self._session.backbones.learners):
            self._session.use_trained(key)
            return
        wanted = views if self._can(key, views) else ()
        self._session.set_backbone("+".join((key, *wanted)))


def _refusal(session: Session) -> str:
    """Why nothing may be changed."""
    return viewing_only() if session.read_only else _("Open a folder first.")


def _views() -> tuple[tuple[str, str, str], ...]:
    return (
        (FLIP, _("Look at &mirror images, too"), _("A little more exact; takes twice as long.")),
        (
            CROPS,
            _("Look at the &corners, too"),
            _("A little more exact where the thing is small; takes five times as long."),
        ),
    )
