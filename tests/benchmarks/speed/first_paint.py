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
    """Ends the program once a window was painted.

    Only windows are watched. PySide makes an object of Python's for whatever a filter of all events
    sees, and all classes of Qt for an object whose class it does not know: that takes 20 ms.
    """

    def __init__(self) -> None:
        super().__init__()
        for window in QApplication.topLevelWidgets():
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._is_it(watched):
            watched.removeEventFilter(self)
            # its children are painted, too, by then
            QTimer.singleShot(0, lambda: _end(watched.window()))
        return False

    def _is_it(self, watched: QObject) -> bool:
        return isinstance(watched, QMainWindow)


class WatchForWelcome(Watch):
    """Ends it once the page that greets was painted."""

    def __init__(self) -> None:
        super().__init__()
        QApplication.instance().installEventFilter(self)

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
        code = loop()
        del watch  # it had to be there until now
        return code

    QApplication.exec = watched_loop
    {"ours": ours, "usable": ours, "bare": bare}[sys.argv[1]]()
