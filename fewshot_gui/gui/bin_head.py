"""The top of the bins panel: its title, a search and what concerns all bins."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fewshot_gui.gui.bin_buttons import MoreButton
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.search_edit import SearchEdit
from fewshot_gui.gui.theme import Theme
from fewshot_gui.texts import _

_SEARCHED_FROM = 8  # bins; fewer are found at a glance


class PanelHead(QWidget):
    """Title, buttons and search of the bins panel.

    Attributes:
        search: The search.
        new_button: Makes a bin.
        menu_button: Opens the menu for all bins.

    Signals:
        sort_asked, close_asked, open_asked: Bring the bins into the order of their names,
            show one line of each, show their examples again.
    """

    sort_asked = Signal()
    close_asked = Signal()
    open_asked = Signal()

    def __init__(self, theme: Theme, icons: Icons) -> None:
        super().__init__()
        self._title = QLabel()
        self._title.setProperty("tone", "title")
        self.new_button = QPushButton(_("New bin"))
        self.new_button.setAccessibleName(_("New bin"))
        icons.bind(self.new_button.setIcon, "plus", "text")
        self.menu_button = MoreButton(theme, self)
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.menu_button.setFixedSize(30, 30)
        self.menu_button.setAccessibleName(_("All bins"))
        self.menu_button.setToolTip(_("Sort, close or open all bins"))
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setMenu(self._make_menu())
        name = _("Find a bin by its name or description")
        self.search = SearchEdit(_("Find a bin"), name)
        self.search.hide()
        line = QHBoxLayout()
        line.setContentsMargins(14, 9, 12, 9)
        line.setSpacing(4)
        line.addWidget(self._title)
        line.addStretch()
        line.addWidget(self.menu_button)
        line.addWidget(self.new_button)
        second = QHBoxLayout()
        second.setContentsMargins(12, 0, 12, 0)
        second.addWidget(self.search)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addLayout(second)
        self.show_counts(0, 0)
        self.hold("")

    def hold(self, reason: str) -> None:
        """Disable what changes the bins for a reason; an empty one lets it go again."""
        self.new_button.setEnabled(not reason)
        self.new_button.setToolTip(reason or _("Make a bin (Ctrl+B)"))
        self._sort.setEnabled(not reason)
        self._sort.setToolTip(reason)
        self._sort.setStatusTip(reason)

    def show_counts(self, bins: int, found: int) -> None:
        """Show how many bins there are and how many of them the search has found."""
        text = _("Support bins")
        if self.search.text():
            numbers = _("{found} of {count}").format(found=f"{found:,}", count=f"{bins:,}")
            text = f"{text}  {numbers}"
        elif bins >= _SEARCHED_FROM:
            text = f"{text}  {bins:,}"
        self._title.setText(text)
        self.menu_button.setVisible(bins > 1)
        focused = self.search.hasFocus() or bool(self.search.text())
        self.search.setVisible(bins >= _SEARCHED_FROM or focused)

    def begin_search(self) -> None:
        """Give the keyboard to the search, which is hidden where there are few bins."""
        self.search.show()
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self._sort = menu.addAction(_("Sort by name"), self.sort_asked.emit)
        menu.addSeparator()
        menu.addAction(_("Collapse all"), self.close_asked.emit)
        menu.addAction(_("Expand all"), self.open_asked.emit)
        return menu
