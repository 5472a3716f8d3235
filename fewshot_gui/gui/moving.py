"""Projects on their way to another file."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from fewshot_gui.gui.side_lanes import SideLanes
from fewshot_gui.project.keeper import Keeper


class Moving:
    """Lets keepers go on in other files, and remembers which have not got there yet.

    Args:
        lanes: Where somebody waits for the disk.
        moved: Called with (path before, path now) for each project that has got there.
    """

    def __init__(self, lanes: SideLanes, moved: Callable[[str, str], None]) -> None:
        self._lanes = lanes
        self._moved = moved
        self._before: dict[Future[str], str] = {}

    def start(
        self,
        keeper: Keeper,
        before: str,
        path: str,
        arrived: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Let a keeper go on in another file.

        Args:
            keeper: The project's.
            before: Where it lies now.
            path: Where it shall lie; an existing file is replaced.
            arrived: Called before ``moved`` is.
            failed: Takes why it could not be.
        """
        future = keeper.move_to(path)
        self._before[future] = before

        def done(_there: str) -> None:
            arrived()
            self._finish(future)

        def broken(error: BaseException) -> None:
            self._finish(future)
            failed(error)

        self._lanes.start(lambda _job: future.result(), done=done, failed=broken)

    def finish(self) -> None:
        """Tell of those that have got there; nothing that a lane brings is heard any more."""
        for future in tuple(self._before):
            self._finish(future)

    def _finish(self, future: Future[str]) -> None:
        before = self._before.pop(future)
        if future.done() and future.exception() is None:
            self._moved(before, future.result())
