"""Opens the page “Train a learner”, and makes it only then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.messages import Message
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.recent import start_folder
from fewshot_gui.gui.theme import Theme
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.paths import data_dir
from fewshot_gui.texts import _

if TYPE_CHECKING:
    from fewshot_gui.gui.train_window import TrainWindow


class TrainPage(QObject):
    """The one page of a window; a training goes on while it is closed.

    Attributes:
        page: The page, None while nobody wanted it.

    Signals:
        crashed: An exception that should not have happened.
        message: A ``Message``: a training ended while its page was closed.
    """

    crashed = Signal(object)
    message = Signal(object)

    def __init__(
        self,
        window: QWidget,
        runner: JobRunner,
        preferences: Preferences,
        theme: Theme,
        icons: Icons,
        dialogs: Dialogs,
        pool: Callable[[], DecodePool],
        use: Callable[[str], None] | None = None,
    ) -> None:
        """``use`` sorts the open project with a learner file; None where that cannot be."""
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._preferences = preferences
        self._theme = theme
        self._icons = icons
        self._dialogs = dialogs
        self._pool = pool
        self._use = use
        self.page: TrainWindow | None = None

    def open(self) -> None:
        """Show the page."""
        if self.page is None:
            self.page = self._made()
        self.page.show()
        self.page.raise_()
        self.page.activateWindow()

    def may_leave(self) -> bool:
        """Whether the program may end; asks while something is trained."""
        return self.page is None or self.page.may_leave()

    def close(self) -> None:
        """The window is closing; the page goes with it, and what it trains is put down."""
        if self.page is not None:
            self.page.leave()

    def _made(self) -> TrainWindow:
        from fewshot_gui.gui.train_window import TrainWindow

        page = TrainWindow(
            self._window,
            self._runner,
            self._theme,
            self._icons,
            self._dialogs,
            self._pool,
            lambda: self._preferences.now.device,
            lambda: start_folder(self._preferences.now),
            data_dir() / "learners",
            self._use,
        )
        page.crashed.connect(self.crashed)
        page.unseen.connect(self._pass_on)
        return page

    def _pass_on(self, message: Message) -> None:
        self.message.emit(replace(message, action=_("Show"), run=self.open))
