"""Opens the page “How well does it sort?”, and makes it only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.recent import start_folder
from fewshot_gui.gui.theme import Theme

if TYPE_CHECKING:
    from fewshot_gui.gui.evaluate_window import EvaluateWindow


class EvaluatePage(QObject):
    """The one page of a window; what was found is still there when it is opened again.

    Attributes:
        page: The page, None while nobody wanted it.

    Signals:
        crashed: An exception that should not have happened.
    """

    crashed = Signal(object)

    def __init__(
        self,
        window: QWidget,
        runner: JobRunner,
        preferences: Preferences,
        theme: Theme,
        icons: Icons,
        dialogs: Dialogs,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._preferences = preferences
        self._theme = theme
        self._icons = icons
        self._dialogs = dialogs
        self.page: EvaluateWindow | None = None

    def open(self) -> None:
        """Show the page."""
        if self.page is None:
            self.page = self._made()
        self.page.show()
        self.page.raise_()
        self.page.activateWindow()

    def close(self) -> None:
        """The window is closing; the page goes with it."""
        if self.page is not None:
            self.page.close()

    def _made(self) -> EvaluateWindow:
        from fewshot_gui.gui.evaluate_window import EvaluateWindow

        page = EvaluateWindow(
            self._window,
            self._runner,
            self._theme,
            self._icons,
            self._dialogs,
            lambda: self._preferences.now.device,
            lambda: start_folder(self._preferences.now),
        )
        page.crashed.connect(self.crashed)
        return page
