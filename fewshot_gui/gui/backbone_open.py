"""Opens the window of backbones, and makes it only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.backbone_fetcher import Fetcher, Sources
from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.session import Session

if TYPE_CHECKING:
    from fewshot_gui.gui.backbone_dialog import BackboneDialog


class BackbonePage(QObject):
    """The one window of backbones; what is being fetched outlives its closing.

    Attributes:
        dialog: The window, None while nobody wanted it.

    Signals:
        crashed: An exception that should not have happened.
    """

    crashed = Signal(object)

    def __init__(
        self,
        window: QWidget,
        session: Session,
        runner: JobRunner,
        dialogs: Dialogs,
        sources: Sources | None = None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._dialogs = dialogs
        self._fetcher = Fetcher(runner, sources)
        self._fetcher.crashed.connect(self.crashed)
        self.dialog: BackboneDialog | None = None

    def open(self) -> None:
        """Show it."""
        if self.dialog is None:
            self.dialog = self._made()
        self.dialog.open_up()

    def _made(self) -> BackboneDialog:
        from fewshot_gui.gui.backbone_dialog import BackboneDialog

        return BackboneDialog(self._window, self._session, self._fetcher, self._dialogs)
