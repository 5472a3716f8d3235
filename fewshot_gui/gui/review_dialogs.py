"""The questions about many images at once, each in a window of its own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QDialog, QWidget

from fewshot_gui.gui.collection import Rows
from fewshot_gui.gui.news import viewing_only
from fewshot_gui.gui.review_accept import AcceptDialog
from fewshot_gui.gui.review_enough import EnoughDialog
from fewshot_gui.gui.review_unknown import UnknownDialog
from fewshot_gui.gui.reviewer import Reviewer
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails


class ReviewDialogs:
    """Opens them, one of a kind at a time.

    Args:
        window: Parent of all of them.
        session: The state of the window.
        reviewer: Finds out whether enough is labelled.
        theme, thumbnails: For the pictures in them.
        show_rows: Shows images in the grid; takes a title and their rows.
    """

    def __init__(
        self,
        window: QWidget,
        session: Session,
        reviewer: Reviewer,
        theme: Theme,
        thumbnails: Thumbnails,
        show_rows: Callable[[str, Rows], None],
    ) -> None:
        self._window = window
        self._session = session
        self._reviewer = reviewer
        self._theme = theme
        self._thumbnails = thumbnails
        self._show_rows = show_rows

    def accept(self, class_id: int) -> None:
        """Ask from which confidence on predictions are agreed to; ``NO_CLASS`` is all classes."""
        dialog = AcceptDialog(self._window, self._session, self._theme, self._thumbnails, class_id)
        dialog.accepted_rows.connect(self._session.confirm)
        self._open(dialog)

    def limit(self) -> None:
        """Ask from which unknown score on images belong to no bin."""
        dialog = UnknownDialog(self._window, self._session, self._theme, self._thumbnails)
        dialog.applied.connect(self._session.set_unknown)
        self._open(dialog)

    def enough(self) -> None:
        """Find out whether enough is labelled; closing the window ends the search."""
        if self._session.collection is None:
            return
        session = self._session
        lines = len(session.project.bins)
        dialog = EnoughDialog(
            self._window,
            self._theme,
            lines,
            lambda: viewing_only() if session.read_only else "",
            lambda: session.project.edits,
        )
        dialog.shown.connect(self._show_rows)
        dialog.teach_asked.connect(self._teach)
        dialog.given_up.connect(self._reviewer.drop_enough)
        dialog.asked_again.connect(self._reviewer.enough)
        session.history_changed.connect(dialog.look_again)
        session.desk.moved.connect(dialog.look_again)
        self._reviewer.verdict.connect(dialog.tell)
        self._reviewer.no_verdict.connect(dialog.reject)
        session.folder_changed.connect(dialog.reject)  # its rows are this project's
        self._open(dialog)
        self._reviewer.enough()

    def _teach(self) -> None:
        """Make the confirmed images examples, and ask anew whether that is enough."""
        self._session.teach_confirmed()
        self._reviewer.enough()

    def _open(self, dialog: QDialog) -> None:
        """Show a dialog in place of one of the same kind."""
        for older in self._window.findChildren(type(dialog)):
            if older is not dialog:
                older.close()
        dialog.show()
