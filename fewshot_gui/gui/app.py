"""Builds the window's objects and passes them on; nothing else in here."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QApplication

from fewshot_gui.gui.dialogs import Dialogs
from fewshot_gui.gui.finder import Finder
from fewshot_gui.gui.icons import Icons
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.main_window import MainWindow
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.gui.session import Session
from fewshot_gui.gui.theme import Theme
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.workflow import Workbench


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
    return furnished(MainWindow(theme), workbench, preferences, theme, dialogs)


def furnished(
    window: MainWindow,
    workbench: Workbench,
    preferences: Preferences,
    theme: Theme,
    dialogs: Dialogs | None = None,
) -> Parts:
    """The window with everything in it; see ``build``."""
    icons = Icons(theme, theme)
    runner = JobRunner()
    thumbnails = Thumbnails(lambda: workbench.pool)
    session = Session(workbench, runner, preferences.now.learner, lambda: preferences.now.trusted)
    finder = Finder(runner)
    finder.failed.connect(session.crashed)
    window.furnish(
        session,
        preferences,
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
