"""Feels now and then whether anything happened in folders, without listing them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.side_lanes import SideLanes

EVERY_MS = 4000  # between two looks
REST = 20  # times as long as a look took, the disk is left alone: a slow one longer
AT_ONCE = 500  # folders; of more than that a part is looked at each time, in turn

Trace = tuple[int, int] | None  # (when entries came or went, number on its disk); None: not there


class FolderPulse(QObject):
    """Looks at the folders themselves in a lane: entries that come or go leave a trace.

    One look at a time: where a disk hangs, no second one is begun.

    Args:
        runner: Has the lanes.

    Signals:
        felt: A look is over; whether anything happened since the one before.
    """

    felt = Signal(bool)

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self._lanes = SideLanes(runner, "pulse")
        self._roots: tuple[str, ...] = ()
        self._below: tuple[str, ...] = ()
        self._turn = 0  # where the next part of ``_below`` begins
        self._traces: dict[str, Trace] = {}
        self._look: object | None = None  # the one that goes on
        self._rest_until = 0.0
        self._timer = QTimer(self, singleShot=True, interval=EVERY_MS)
        self._timer.timeout.connect(self._begin)

    def follow(self, roots: Sequence[str], below: Iterable[str]) -> None:
        """From now on look at these.

        Args:
            roots: Folders that are looked at each time.
            below: Folders in them.
        """
        self._roots, self._below = tuple(roots), tuple(sorted(set(below) - set(roots)))
        self._turn = 0
        places = {*self._roots, *self._below}
        is_new = not places <= self._traces.keys()
        self._traces = {place: trace for place, trace in self._traces.items() if place in places}
        if self._look is None:
            self._begin_in(0 if is_new else EVERY_MS)

    def stop(self) -> None:
        """Look at nothing."""
        self._timer.stop()
        self._look = None
        self._rest_until = 0.0
        self._roots, self._below, self._traces = (), (), {}

    def _begin_in(self, least_ms: int) -> None:
        """Look after a while, once the disk has had its rest."""
        rest_ms = int((self._rest_until - time.monotonic()) * 1000)
        self._timer.start(max(least_ms, rest_ms))

    def _begin(self) -> None:
        look = self._look = object()
        places = [*self._roots, *self._part()]

        def done(found: tuple[dict[str, Trace], float]) -> None:
            if look is self._look:
                self._look = None
                self._compare(*found)

        self._lanes.start(lambda _job: _traces(places), done=done)

    def _part(self) -> tuple[str, ...]:
        """The folders below that it is the turn of."""
        part = self._below[self._turn : self._turn + AT_ONCE]
        self._turn = self._turn + AT_ONCE if self._turn + AT_ONCE < len(self._below) else 0
        return part

    def _compare(self, found: dict[str, Trace], seconds: float) -> None:
        known = {*self._roots, *self._below}
        found = {place: trace for place, trace in found.items() if place in known}
        before = self._traces
        happened = any(place in before and before[place] != found[place] for place in found)
        self._traces = {**before, **found}
        self._rest_until = time.monotonic() + seconds * REST
        self._begin_in(EVERY_MS)
        self.felt.emit(happened)


def _traces(places: Iterable[str]) -> tuple[dict[str, Trace], float]:
    """(what folders look like from outside, seconds that it took); blocks."""
    begun = time.monotonic()
    found = {place: _trace(place) for place in places}
    return found, time.monotonic() - begun


def _trace(place: str) -> Trace:
    try:
        status = os.stat(place)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
