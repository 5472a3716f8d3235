"""Lets go of projects that nobody looks at any more, while the window goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from fewshot_gui.gui.opening import CLOSE_S, Handover, Opened
from fewshot_gui.gui.side_lanes import SideLanes
from fewshot_gui.project.edits import NoJournal

Lost = Callable[[str, int], None]


class Leaving:
    """Closes each project in a lane of its own.

    Args:
        lanes: Where projects are closed.
        lost: Called with (title, number of actions) where some could not be saved.
    """

    def __init__(self, lanes: SideLanes, lost: Lost) -> None:
        self._lanes = lanes
        self._lost = lost
        self._leaving: list[Opened] = []
        self._given_up = 0  # lanes whose result nobody wants, and which have not ended

    @property
    def goes_on(self) -> bool:
        """Whether any file is being closed, so that it may be free in a moment."""
        return bool(self._leaving) or self._given_up > 0

    def leave(self, opened: Opened, title: str) -> None:
        """Write down what is left of a project and close its file."""
        keeper = opened.keeper
        opened.project.journal = NoJournal()
        if keeper is None:
            return
        self._leaving.append(opened)

        def done(all_saved: bool) -> None:
            self._leaving.remove(opened)
            if not all_saved and keeper.pending:
                self._lost(title or opened.title, keeper.pending)

        self._lanes.start(lambda _job: opened.close(CLOSE_S), done=done)

    def drop(self, handover: Handover) -> None:
        """Nobody wants what a lane brings: it is closed, there or here."""
        self._given_up += 1
        untaken = handover.drop()
        if untaken is not None:
            self.leave(untaken, "")

    def has_ended(self) -> None:
        """A lane whose result was dropped has come to its end."""
        self._given_up -= 1

    def wait(self, others: Iterable[Opened], seconds: float) -> None:
        """Close everything, these projects as well, and wait for it, but not for ever."""
        leaving = [*self._leaving, *others]
        self._leaving.clear()
        until = time.monotonic() + seconds
        for opened in leaving:
            if opened.keeper is not None:
                opened.keeper.end_within(seconds)
        for opened in leaving:
            opened.close(max(0.0, until - time.monotonic()))
