"""What a trainer says, as events for the user."""

from __future__ import annotations

import time
from collections import deque

from fewshot_gui.metatrain.training_events import Looked, OnEvent, Stepped
from fewshot_gui.metatrain.training_plan import Look

PER_SECOND = 10
_LATELY = 50  # steps that the pace is taken from


class Telling:
    """Counts steps over all stages of a training, and tells of them.

    Args:
        on_event: Told.
        steps: Of all stages together.
        episodes: Of a step.
        minutes: The time limit, 0 for none.
    """

    def __init__(self, on_event: OnEvent, steps: int, episodes: int, minutes: float) -> None:
        self._tell = on_event
        self._steps = steps
        self._episodes = episodes
        self._limit = 60 * minutes
        self._before = 0
        self._best = -1.0
        self._told = 0.0
        self._begun = time.monotonic()
        self._times: deque[float] = deque(maxlen=_LATELY + 1)

    def stage(self, before: int) -> None:
        """A stage begins after so many steps of other stages."""
        self._before, self._best = before, -1.0
        self._times.clear()

    def step(self, step: int, loss: float, accuracy: float) -> None:
        """See ``Trainer.run``."""
        now = time.monotonic()
        self._times.append(now)
        if now - self._told < 1 / PER_SECOND:
            return
        self._told = now
        pace = self._pace()
        done = self._before + step
        self._tell(
            Stepped(
                done, self._steps, loss, accuracy, pace * self._episodes, self._left(done, pace)
            )
        )

    def look(self, look: Look) -> None:
        """See ``Trainer.run``."""
        better = look.accuracy.mean > self._best
        self._best = max(self._best, look.accuracy.mean)
        self._tell(Looked(self._before + look.step, look.loss, look.accuracy, better))
        self._times.clear()  # the time of a look is no time of a step

    def _pace(self) -> float:
        """Steps a second."""
        if len(self._times) < 2 or self._times[-1] <= self._times[0]:
            return 0.0
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])

    def _left(self, done: int, pace: float) -> float | None:
        """Seconds to the end of the learning, looks not counted."""
        if pace <= 0:
            return None
        left = (self._steps - done) / pace
        if self._limit:
            left = min(left, max(0.0, self._limit - (time.monotonic() - self._begun)))
        return left
