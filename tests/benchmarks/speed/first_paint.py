"""Starts a window, prints one line when it was painted first, and ends.

    python first_paint.py ours|usable|bare

``usable`` waits until the page that greets was painted, with everything behind it.

Prints JSON: whether torch was imported by then, and which window it was.
"""

from __future__ import annotations

import json
import os
import sys

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow


class Watch(QObject):
    """Ends the program once a window was painted."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._is_it(watched):
            QApplication.instance().removeEventFilter(self)
            # its children are painted, too, by then
            QTimer.singleShot(0, lambda: _end(watched.window()))
        return False

    def _is_it(self, watched: QObject) -> bool:
        return isinstance(watched, QMainWindow)


class WatchForWelcome(Watch):
    """Ends it once the page that greets was painted."""

    def _is_it(self, watched: QObject) -> bool:
        while watched is not None and type(watched).__name__ != "Welcome":
            watched = watched.parent()
        return watched is not None


def _end(window: QObject) -> None:
    found = {"window": type(window).__name__, "torch": "torch" in sys.modules}
    print(json.dumps(found), flush=True)
    os._exit(0)


def bare() -> None:
    """A window of PySide6 with nothing in it, of the size of the program's."""
    app = QApplication([])
    window = QMainWindow()
    window.resize(1280, 860)
    window.show()
    app.exec()


def ours() -> None:
    """The program as it starts without arguments."""
    from fewshot_gui.cli import main

    main([])


if __name__ == "__main__":
    loop = QApplication.exec

    def watched_loop(*_arguments: object) -> int:
        watch = WatchForWelcome() if sys.argv[1] == "usable" else Watch()
        QApplication.instance().installEventFilter(watch)
        return loop()

    QApplication.exec = watched_loop
    {"ours": ours, "usable": ours, "bare": bare}[sys.argv[1]]()
