"""Lanes for work that may hang in a dead disk: nothing else waits behind it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from fewshot_gui.gui.job_runner import JobRunner, nothing
from fewshot_gui.jobs import Job


class SideLanes:
    """Gives each piece of work a lane in which nothing else goes on.

    There are as many lanes as pieces of work at the same time: one, mostly.

    Args:
        runner: Has the lanes.
        name: What their names begin with.
    """

    def __init__(self, runner: JobRunner, name: str) -> None:
        self._runner = runner
        self._name = name
        self._taken: set[int] = set()

    def start(
        self,
        work: Callable[[Job], Any],
        *,
        done: Callable[[Any], None] = nothing,
        failed: Callable[[BaseException], None] = nothing,
        cancelled: Callable[[], None] = nothing,
        notice: Callable[[str], None] | None = None,
    ) -> Job:
        """Run ``work(job)`` at once, as ``JobRunner.start`` does on a lane."""
        number = next(n for n in count(1) if n not in self._taken)
        self._taken.add(number)

        def ending(callback: Callable[..., None]) -> Callable[..., None]:
            def end(*args: object) -> None:
                self._taken.discard(number)
                callback(*args)

            return end

        return self._runner.start(
            f"{self._name}-{number}",
            work,
            done=ending(done),
            failed=ending(failed),
            cancelled=ending(cancelled),
            notice=notice,
        )
