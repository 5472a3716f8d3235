"""What the window holds back while its project is open for viewing only."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from fewshot_gui.gui.actions import Actions
from fewshot_gui.gui.bins_panel import BinsPanel
from fewshot_gui.gui.image_grid import ImageGrid
from fewshot_gui.gui.news import viewing_only
from fewshot_gui.gui.preview import Preview
from fewshot_gui.gui.session import Session


class Viewing(QObject):
    """Disables what would change the project, says why, and brings it back.

    Args:
        window: Takes drops of folders.
        session: Knows whether the project can be changed.
        actions: Of the window.
        panel, grid, preview: Where images and bins are shown.
    """

    def __init__(
        self,
        window: QWidget,
        session: Session,
        actions: Actions,
        panel: BinsPanel,
        grid: ImageGrid,
        preview: Preview,
    ) -> None:
        super().__init__(window)
        self._session = session
        self._holding = (actions, panel, preview.strip)
        self._dropped_on = (window, grid, grid.viewport())
        confirm, others = actions.refusals
        window.addAction(others)
        for widget in (grid, preview):  # elsewhere its keys mean something else
            widget.addAction(confirm)
        for refusal in actions.refusals:
            refusal.triggered.connect(lambda _on=False: session.may_change())
        session.folder_changed.connect(self._follow)
        session.desk.moved.connect(lambda _before, _there: self._follow())
        self._follow()

    def _follow(self) -> None:
        reason = viewing_only() if self._session.read_only else ""
        for part in self._holding:
            part.hold(reason)
        for widget in self._dropped_on:
            widget.setAcceptDrops(not reason)
