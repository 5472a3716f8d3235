"""Progress, notices and errors on standard error.

Names of files may hold what moves a terminal's cursor: it is written out.
"""

from __future__ import annotations

import io
import math
import time
from typing import TextIO

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Progress
from fewshot_gui.plain_text import plain_text
from fewshot_gui.texts import _

_SECONDS_BETWEEN_LINES = 5.0


class Console:
    """Writes to a terminal on one line, to a file or pipe now and then.

    Args:
        stream: Where to; usually standard error. None, as a program without a console has
            it on Windows, means nowhere.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream or io.StringIO()
        self._live = self._stream.isatty()
        self._shown = 0
        self._last_line = time.monotonic()

    def progress(self, progress: Progress) -> None:
        text = describe(progress)
        if self._live:
            self._stream.write(f"\r{text:<{self._shown}}")
            self._shown = len(text)
        elif time.monotonic() - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def notice(self, message: str) -> None:
        self.clear()
        self._stream.write(_("note: {message}").format(message=plain_text(message)) + "\n")

    def error(self, error: UserError) -> None:
        self.clear()
        self._stream.write(_("error: {message}").format(message=plain_text(str(error))) + "\n")

    def clear(self) -> None:
        """Wipe the progress line."""
        if self._shown:
            self._stream.write("\r" + " " * self._shown + "\r")
            self._shown = 0
        self._stream.flush()


def describe(progress: Progress) -> str:
    """One line: what, how far, how fast, how long still."""
    parts = [progress.text] if progress.text else []
    if progress.total is not None:
        parts.append(f"{progress.done:,}/{progress.total:,}")
    if progress.rate > 0:
        parts.append(_("{rate:.0f} images/s").format(rate=progress.rate))
    if progress.seconds_left is not None and progress.seconds_left >= 1:
        parts.append(_("{seconds} s left").format(seconds=math.ceil(progress.seconds_left)))
    return " · ".join(parts)
