"""The pages behind the menu “Help”."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.about import AboutDialog
from fewshot_gui.gui.actions import Actions
from fewshot_gui.gui.help import HelpDialog, help_page, shortcuts_page
from fewshot_gui.gui.help_marks import add_marks, marks_page
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.theme import Theme
from fewshot_gui.texts import _


class HelpWindows:
    """Opens them over a window."""

    def __init__(self, window: QWidget, actions: Actions, theme: Theme, icons: Icons) -> None:
        self._window = window
        self._actions = actions
        self._theme = theme
        self._icons = icons

    def show_help(self) -> None:
        """How to sort pictures."""
        HelpDialog(self._window, _("Help"), help_page()).show()

    def show_shortcuts(self) -> None:
        """All shortcuts, and what the marks mean."""
        page = shortcuts_page(self._actions.all()) + marks_page()
        dialog = HelpDialog(self._window, _("Keyboard shortcuts and marks"), page)
        add_marks(dialog.browser.document(), self._icons, self._theme)
        dialog.show()

    def show_about(self) -> None:
        """Version and licence."""
        AboutDialog(self._window, self._theme, self._icons).show()
