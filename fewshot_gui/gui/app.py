"""Builds the window's objects and passes them on; nothing else in here."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from fewshot_gui import __version__
from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.finder import Finder
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.logbook import Logbook, start_log
from fewshot_gui.gui.main_window import MainWindow
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.workflow import Workbench

APP_ID = "fewshot-gui"  # the name of the desktop entry


@dataclass
class Parts:
    """Everything the window consists of.

    Attributes:
        window: The window.
        session: Its state.
        runner: Its threads.
        thumbnails: Its small pictures.
        preferences: Its settings.
        theme: Its colours.
    """

    window: MainWindow
    session: Session
    runner: JobRunner
    thumbnails: Thumbnails
    preferences: Preferences
    theme: Theme


def build(
    app: QApplication,
    workbench: Workbench,
    preferences: Preferences | None = None,
    dialogs: Dialogs | None = None,
) -> Parts:
    """Put a window together. Closing it stops its threads and closes the workbench."""
    preferences = preferences or Preferences(app)
    theme = Theme(app, preferences.now.theme)
    icons = Icons(theme, theme)
    runner = JobRunner()
    thumbnails = Thumbnails(lambda: workbench.pool)
    session = Session(workbench, runner, preferences.now.learner, lambda: preferences.now.trusted)
    finder = Finder(runner)
    finder.failed.connect(session.crashed)
    window = MainWindow(
        session,
        preferences,
        theme,
        icons,
        thumbnails,
        lambda: workbench.device,
        dialogs or Dialogs(),
        finder,
        runner,
        lambda: workbench.pool,
    )

    def stop() -> None:
        # The engine and the decoders end before the threads that wait for them.
        runner.cancel_all()
        session.reader.close()
        session.desk.shut()  # every action is written down; this only closes the file
        thumbnails.close()
        workbench.close()
        runner.shutdown()

    window.closed.connect(stop)
    return Parts(window, session, runner, thumbnails, preferences, theme)


def run(path: str | None = None, sample: bool = False, argv: Sequence[str] = ()) -> int:
    """Show the window until it is closed; returns the exit code.

    Args:
        path: Folder or project file to open, None for the welcome page.
        sample: Open the bundled sample instead, ready to sort.
        argv: Arguments for Qt.
    """
    start_log()
    QGuiApplication.setDesktopFileName(APP_ID)
    app = QApplication([sys.argv[0], *argv])
    app.setApplicationName("fewshot-gui")
    app.setApplicationDisplayName("")
    app.setApplicationVersion(__version__)
    logbook = Logbook(app)
    logbook.install()
    preferences = Preferences(app)
    workbench = Workbench(device=preferences.now.device, isolated=True)
    parts = build(app, workbench, preferences)
    window = parts.window
    logbook.noted.connect(window.show_error)
    app.setWindowIcon(_window_icon(parts.theme))
    signals = _obey_signals(app, window)
    window.show()
    if sample:
        QTimer.singleShot(0, window, window.open_sample)
    elif path is not None:
        QTimer.singleShot(0, window, lambda: window.files.open(path))
    try:
        return app.exec()
    finally:
        signals.stop()
        logbook.remove()


def _window_icon(theme: Theme) -> QIcon:
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
