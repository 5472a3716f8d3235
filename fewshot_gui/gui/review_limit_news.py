"""Tells how many pictures an action sent to *Unknown* besides those it was about."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from fewshot_gui.gui.messages import Kind, Message
from fewshot_gui.gui.session import Session
from fewshot_gui.project.edits import Edit
from fewshot_gui.project.values import UNKNOWN
from fewshot_gui.texts import _, ngettext

KEY = "limit"


class LimitNews(QObject):
    """Who shows what belongs to no bin sends the likes of it there as well, and should know.

    Args:
        session: The state of the window.
        set_limit: Opens the dialog of the limit.

    Signals:
        message: A ``Message`` for the banner.
        settled: Key of a message that is no longer true.
    """

    message = Signal(object)
    settled = Signal(str)

    def __init__(self, session: Session, set_limit: Callable[[], None]) -> None:
        super().__init__(session)
        self._session = session
        self._set_limit = set_limit
        self._told: Edit | None = None  # the action that was the last one
        self._is_due = False
        session.history_changed.connect(self._on_history)
        session.predictions_changed.connect(self._tell)
        session.folder_changed.connect(self._on_folder)

    def _on_folder(self) -> None:
        self._told, self._is_due = self._session.project.last_done, False

    def _on_history(self) -> None:
        last, before = self._session.project.last_done, self._told
        self._told = last
        if last is before:
            return
        self.settled.emit(KEY)
        self._is_due = last is not None and _sets_limit(last)
        self._tell()

    def _tell(self) -> None:
        collection = self._session.collection
        if not self._is_due or collection is None or self._session.sorter.busy:
            return
        self._is_due = False
        count = collection.sorted_counts().get(UNKNOWN, 0)
        if not count:
            return
        text = ngettext(
            "{count} more picture seems to belong to no bin and is in Unknown now.",
            "{count} more pictures seem to belong to no bin and are in Unknown now.",
            count,
        )
        self.message.emit(
            Message(
                Kind.INFO,
                text.format(count=f"{count:,}"),
                _("Undo takes it back; the limit says how readily that happens."),
                action=_("Set limit…"),
                run=self._set_limit,
                key=KEY,
            )
        )


def _sets_limit(edit: Edit) -> bool:
    """Whether an action that is about something else switched the limit on."""
    on = edit.after.options.unknown < 1.0 <= edit.before.options.unknown
    return on and bool(edit.labels)
