"""A window with quick stand-ins behind it, and a folder of coloured pictures."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fewshot_gui.gui.app import Parts, build
from fewshot_gui.gui.reader import ReaderState
from tests.gui.fakes import FakeDialogs, FakeWorkbench
from tests.pictures import make_classes


class PatientQtBot(QtBot):
    """Waits long before it gives up: on a busy machine anything may take its time."""

    PATIENCE_MS = 120_000

    def waitUntil(self, callback, *, timeout=PATIENCE_MS):
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal, *, timeout=PATIENCE_MS, **how):
        return super().waitSignal(signal, timeout=timeout, **how)

    def waitExposed(self, widget, *, timeout=PATIENCE_MS):
        return super().waitExposed(widget, timeout=timeout)


@pytest.fixture
def qtbot(qapp, request):
    return PatientQtBot(request)


@pytest.fixture(autouse=True)
def no_threads_left(qapp):
    """Each test ends its threads."""
    before = set(threading.enumerate())
    yield
    left = [t.name for t in set(threading.enumerate()) - before if t.is_alive() and not t.daemon]
    assert not left, f"threads left running: {left}"


@pytest.fixture
def workbench():
    bench = FakeWorkbench()
    yield bench
    bench.gate.set()
    bench.close()


@pytest.fixture
def dialogs():
    return FakeDialogs()


@pytest.fixture
def parts(qapp, qtbot, workbench, dialogs) -> Parts:
    """A window on the welcome page."""
    parts = build(QApplication.instance(), workbench, dialogs=dialogs)
    parts.window.resize(1200, 800)
    parts.window.show()
    qtbot.waitExposed(parts.window)
    yield parts
    workbench.gate.set()
    parts.window.leave_at_once()
    parts.window.deleteLater()


@pytest.fixture
def window(parts):
    return parts.window


@pytest.fixture
def session(parts):
    return parts.session


@pytest.fixture
def folder(tmp_path):
    """24 pictures: blue0.png … red7.png."""
    make_classes(tmp_path / "targets", 8, flat=True)
    return tmp_path / "targets"


@pytest.fixture
def examples(tmp_path):
    """Class folders red, green and blue with two pictures each, other than the targets."""
    make_classes(tmp_path / "examples", 2, first=50)
    return tmp_path / "examples"


@pytest.fixture
def opened(window, session, folder, qtbot):
    """A window with the folder open and read."""
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: not session.scanning and session.reader.state is ReaderState.IDLE)
    qtbot.waitUntil(lambda: session.collection.table.counts().pending == 0)
    # laid out, so that items have places
    qtbot.waitUntil(lambda: window.grid.visualRect(window.model.index(5)).isValid())
    return window


@pytest.fixture
def sorted_window(opened, session, qtbot):
    """The same with two bins, red and blue, that hold an example each."""
    put(session, opened, "Red", "red0.png")
    put(session, opened, "Blue", "blue0.png")
    qtbot.waitUntil(lambda: not session.sorter.busy and sum_sorted(session) == 24)
    return opened


@pytest.fixture
def another_window(qapp, qtbot, dialogs):
    """Makes windows that share nothing with the first one but the disk."""
    made = []

    def make():
        parts = build(qapp, FakeWorkbench(), dialogs=dialogs)
        parts.window.resize(1200, 800)
        parts.window.show()
        qtbot.waitExposed(parts.window)
        made.append(parts)
        return parts

    yield make
    for parts in made:
        parts.window.leave_at_once()


@pytest.fixture
def saved(sorted_window, session, dialogs, tmp_path, qtbot):
    """The sorted project saved under a name of its own; the path of its file."""
    dialogs.save_answer = str(tmp_path / "mine")
    sorted_window.actions_by_name["save_as"].trigger()
    path = tmp_path / "mine.fewshot"
    qtbot.waitUntil(lambda: session.desk.now.path == str(path))
    return path


def sum_sorted(session) -> int:
    return sum(session.collection.sorted_counts().values())


def path_of(session, name: str) -> str:
    table = session.collection.table
    return next(
        table.file(row).path for row in range(len(table)) if table.file(row).relative == name
    )


def put(session, _window, bin_name: str, *names: str) -> None:
    session.add_bin(bin_name, [path_of(session, name) for name in names])
