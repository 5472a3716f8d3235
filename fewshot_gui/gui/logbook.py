"""The log file, and the way of unexpected exceptions into it and onto the screen."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from fewshot_gui.jobs import Cancelled
from fewshot_gui.paths import log_dir

log = logging.getLogger(__name__)

LOG_BYTES = 1_000_000
FORMAT = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


def start_log() -> None:
    """Write the log to a file of limited size; without such a place, to nowhere."""
    import logging.handlers  # it brings sockets and pickles, which the window need not wait for

    try:
        log_dir().mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            log_dir() / "fewshot-gui.log", maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8"
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)


def details(error: BaseException) -> str:
    """The traceback as text."""
    return "".join(traceback.format_exception(error))


class Logbook(QObject):
    """Hears of unexpected exceptions from any thread.

    Signals:
        noted: An exception, in the thread of the window.
    """

    noted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._old_hook: Callable | None = None
        self._old_thread_hook: Callable | None = None

    def install(self) -> None:
        """Take over the interpreter's hooks."""
        self._old_hook, sys.excepthook = sys.excepthook, self._on_exception
        self._old_thread_hook, threading.excepthook = threading.excepthook, self._on_thread

    def remove(self) -> None:
        """Give the hooks back."""
        if self._old_hook is not None and self._old_thread_hook is not None:
            sys.excepthook, threading.excepthook = self._old_hook, self._old_thread_hook
            self._old_hook = self._old_thread_hook = None

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: object) -> None:
        if isinstance(error, Cancelled):
            return
        log.error("unexpected exception", exc_info=(kind, error, trace))
        if not isinstance(error, KeyboardInterrupt):
            self.noted.emit(error)

    def _on_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._on_exception(args.exc_type, args.exc_value, args.exc_traceback)
