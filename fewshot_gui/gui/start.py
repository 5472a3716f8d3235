"""Starts the window: on the screen first, and then everything that belongs in it.

What the window consists of takes several times as long to import as Qt itself. A thread does
that while the empty window is there already and can be moved, resized or closed.
"""

from __future__ import annotations

import gc
import logging
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QThread, QTimer, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from fewshot_gui import __version__
from fewshot_gui.gui.logbook import Logbook, start_log
from fewshot_gui.gui.main_window import MainWindow
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.theme import Theme

if TYPE_CHECKING:
    from PySide6.QtGui import QIcon

log = logging.getLogger(__name__)

APP_ID = "fewshot-gui"  # the name of the desktop entry
UNSEEN_MS = 500  # a window that was not painted by then may be covered or minimised
SWITCH_S = 0.0001  # Python lets another thread go on after 5 ms, unless told otherwise


def run(path: str | None = None, sample: bool = False, argv: Sequence[str] = ()) -> int:
    """Show the window until it is closed; returns the exit code.

    Args:
        path: Folder or project file to open, None for the welcome page.
        sample: Open the bundled sample instead, ready to sort.
        argv: Arguments for Qt.

    Raises:
        ImportError: A library that the window needs cannot be loaded.
        Exception: The window could not be put together, for any other reason.
    """
    QGuiApplication.setDesktopFileName(APP_ID)
    app = QApplication([sys.argv[0], *argv])
    app.setApplicationName("fewshot-gui")
    app.setApplicationDisplayName("")
    app.setApplicationVersion(__version__)
    logbook = Logbook(app)
    logbook.install()
    start = Start(app, logbook, path, sample)
    signals = _obey_signals(app, start.window)
    start.begin()
    try:
        code = app.exec()
    finally:
        signals.stop()
        logbook.remove()
    start.end()
    return code


class Start(QObject):
    """The steps from an empty window to one that can be used.

    Args:
        app: The application; ended where the window cannot be furnished.
        logbook: Hears of errors that nobody expected.
        path, sample: As for `run`.

    Attributes:
        window: The window.
    """

    def __init__(self, app: QApplication, logbook: Logbook, path: str | None, sample: bool) -> None:
        super().__init__(app)
        self._app, self._logbook, self._path, self._sample = app, logbook, path, sample
        self._preferences = Preferences(app)
        self._theme = Theme(app, self._preferences.now.theme)
        self._error: Exception | None = None
        self._imports = _Imports(self)
        self._imports.finished.connect(self._furnish)
        self.window = MainWindow(self._theme)

    def begin(self) -> None:
        """Show the window, and once it is painted fetch what belongs in it."""
        self.window.installEventFilter(self)
        self.window.show()
        QTimer.singleShot(UNSEEN_MS, self, self._fetch)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The thread of the imports would hold up the very first painting, so it waits for it."""
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self, self._fetch)
        return False

    @Slot()
    def _fetch(self) -> None:
        self.window.removeEventFilter(self)
        if not self._imports.isRunning() and not self._imports.isFinished():
            self._imports.start()

    def end(self) -> None:
        """The program is over; raises what kept the window from being furnished."""
        self._imports.wait()
        error = self._imports.error or self._error
        if error is not None:
            raise error

    @Slot()
    def _furnish(self) -> None:
        """Nobody can use an empty window: without what belongs in it the program ends."""
        if self._imports.error is None:
            try:
                self._put_everything_in()
            except Exception as error:  # noqa: BLE001 - it is raised again in `end`
                self._error = error
        error = self._imports.error or self._error
        if error is not None:
            log.error("the window cannot be furnished", exc_info=error)
            self._app.exit(1)

    def _put_everything_in(self) -> None:
        if not self.window.isVisible():  # closed meanwhile
            return
        from fewshot_gui.gui.app import furnished
        from fewshot_gui.workflow import Workbench

        window = self.window
        workbench = Workbench(device=self._preferences.now.device, isolated=True)
        furnished(window, workbench, self._preferences, self._theme)
        self._logbook.noted.connect(window.show_error)
        self._app.setWindowIcon(_window_icon(self._theme))
        favour_window()
        if self._sample:
            window.open_sample()
        elif self._path is not None:
            window.files.open(self._path)


class _Imports(QThread):
    """Begins the log, and imports what the window consists of.

    Attributes:
        error: Why that failed, if it did.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.error: BaseException | None = None

    def run(self) -> None:
        start_log()
        try:
            import_module("fewshot_gui.gui.app")
        except BaseException as error:  # noqa: BLE001 - it is raised again in the main thread
            self.error = error


def favour_window() -> None:
    """Let the window's thread wait as briefly as possible, for the whole process.

    It gives the interpreter away with every call of Qt, and would wait 5 ms for each where
    another thread is at work. And what is there once the window is built stays there: there is
    no garbage to look for in it.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.freeze()


def _window_icon(theme: Theme) -> QIcon:
    from PySide6.QtGui import QIcon

    from fewshot_gui.gui.icons import Icons

    icons = Icons(theme)
    icon = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        icon.addPixmap(icons.pixmap("mark", theme.tones.accent, size))
    return icon


def _obey_signals(app: QApplication, window: MainWindow) -> QTimer:
    """End tidily on Ctrl+C and when the system says so."""

    def leave(*_signal: object) -> None:
        QTimer.singleShot(0, window, window.leave_at_once)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    # Python looks at signals only between two of its own instructions: give it some
    timer = QTimer(app, interval=250)
    timer.timeout.connect(lambda: None)
    timer.start()
    return timer
