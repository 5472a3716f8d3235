"""How much was decided in this sitting, and how quickly."""

from __future__ import annotations

import time
from collections.abc import Callable

from fewshot_gui.texts import _

PAUSE_S = 120.0  # a longer gap between two actions is no work
TELLS_AFTER_S = 60.0  # before that, a pace says nothing


class Sitting:
    """Counts decided images, and the time spent on them.

    Args:
        clock: Seconds from any start, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None
        self._labels = 0
        self.decided = 0
        self.active = 0.0

    def begin(self, labels: int) -> None:
        """Another project is open, with this many labels."""
        self._last = None
        self._labels = labels
        self.decided = 0
        self.active = 0.0

    def rebase(self, labels: int) -> None:
        """The project has this many labels now, but nobody decided anything."""
        self._labels = labels

    def note(self, labels: int) -> None:
        """An action was done; the project has this many labels now."""
        now = self._clock()
        if self._last is not None and now - self._last <= PAUSE_S:
            self.active += now - self._last
        self._last = now
        self.decided += labels - self._labels
        self._labels = labels

    @property
    def per_hour(self) -> float:
        """Decided images per hour of work, 0 while that says nothing."""
        if self.active < TELLS_AFTER_S or self.decided <= 0:
            return 0.0
        return self.decided / self.active * 3600

    def words(self, decided: int, total: int) -> str:
        """“178 of 288 decided · 1,480/h”; empty where nothing was decided.

        Args:
            decided: Images with a label, of earlier sittings too.
            total: All images.
        """
        if decided <= 0:
            return ""
        text = _("{count} of {total} decided")
        parts = [text.format(count=f"{decided:,}", total=f"{total:,}")]
        if self.per_hour:
            parts.append(_("{count}/h").format(count=f"{self.per_hour:,.0f}"))
        return " · ".join(parts)
