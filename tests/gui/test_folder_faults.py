"""Folders that go away and come back: in every phase, whole or in part, with other content."""

from __future__ import annotations

import csv
import os
import shutil

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from fewshot_gui import listing as listing_module
from fewshot_gui.errors import UserError
from fewshot_gui.gui import lister as lister_module
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.images.files import FailureKind
from fewshot_gui.images.scan import scan
from fewshot_gui.project.file import ProjectFile
from tests.gui.conftest import path_of, put, sum_sorted
from tests.gui.test_folders import failure, keys, label_of, look_again, names
from tests.gui.test_session import idle
from tests.pictures import make_classes, make_picture

pytestmark = pytest.mark.skipif(os.name == "nt", reason="open folders cannot be moved there")


@pytest.fixture(autouse=True)
def quick_poll(monkeypatch):
    monkeypatch.setattr(lister_module, "LOOK_AGAIN_MS", 40)


@pytest.fixture
def hidden(folder, tmp_path):
    """Where the folder is while it is away."""
    return tmp_path / "hidden"


def marked(session) -> int:
    """How many targets are told to be gone or broken."""
    return session.collection.table.counts(session.collection.targets).failed


def back(window, session, qtbot, count=24):
    """Wait until the window found out by itself that the folder is there again."""
    qtbot.waitUntil(lambda: "folder" not in keys(window))
    qtbot.waitUntil(idle(session))
    assert len(session.collection.targets) == count
    assert marked(session) == 0


def kept_labels(session, folder):
    assert label_of(session, folder / "red0.png") == "Red"
    assert label_of(session, folder / "blue0.png") == "Blue"
    assert len(session.project.labels) == 2


def test_away_while_it_is_listed_for_the_first_time(
    window, session, folder, hidden, monkeypatch, qtbot
):
    """Half of it was seen: that half is not the folder, and the rest comes by itself."""
    gone = []

    def look(root, job, on_batch=None):
        found = scan(root, job)
        if not gone:
            gone.append(root)
            if on_batch is not None:
                on_batch(list(found.files[:10]))
            folder.rename(hidden)
            raise UserError("The folder cannot be read.")
        return scan(root, job, on_batch)

    monkeypatch.setattr(listing_module, "scan", look)
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: bool(gone) and not session.scanning)
    if session.collection is not None:
        assert marked(session) == 0
    hidden.rename(folder)
    qtbot.waitUntil(lambda: session.collection is not None)
    qtbot.waitUntil(lambda: len(session.collection.targets) == 24)
    back(window, session, qtbot)


def test_away_in_the_middle_of_another_look(
    sorted_window, session, folder, hidden, monkeypatch, qtbot
):
    """The disk goes between two folders of one listing: nothing is taken for deleted."""
    for number in range(3):
        make_picture(folder / f"sub{number}" / "a.png", "red", seed=200 + number)
    look_again(sorted_window, session, qtbot)
    assert len(session.collection.targets) == 27
    real, gone = os.scandir, []

    def scandir(path="."):
        if not gone and str(path).endswith("sub1"):
            gone.append(path)
            folder.rename(hidden)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    look_again(sorted_window, session, qtbot)
    assert gone
    assert "folder" in keys(sorted_window)
    assert len(session.collection.targets) == 27
    assert marked(session) == 0
    kept_labels(session, folder)
    hidden.rename(folder)
    back(sorted_window, session, qtbot, 27)


@pytest.mark.parametrize("read_before", [0, 8, 16])
def test_away_while_it_is_read(
    window, session, folder, hidden, workbench, monkeypatch, qtbot, read_before
):
    """What was read stays, the rest waits, and is read when the folder is back."""
    read, real = [], workbench._read

    def look(table, row):
        if len(read) == read_before and folder.exists():
            folder.rename(hidden)
        read.append(row)
        real(table, row)

    monkeypatch.setattr(workbench, "_read", look)
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: "folder" in keys(window))
    qtbot.waitUntil(lambda: session.reader.state is not ReaderState.READING)
    counts = session.collection.table.counts()
    assert (counts.failed, counts.ready) == (0, read_before)
    monkeypatch.setattr(workbench, "_read", real)
    hidden.rename(folder)
    back(window, session, qtbot)
    assert session.collection.table.counts().ready == 24


def test_away_after_it_was_read(sorted_window, session, folder, hidden, tmp_path, qtbot):
    """Labelling, sorting and exporting go on without the disk."""
    folder.rename(hidden)
    look_again(sorted_window, session, qtbot)
    assert "folder" in keys(sorted_window)
    session.put([path_of(session, "red1.png")], session.project.bin_named("Red").id)
    qtbot.waitUntil(lambda: not session.sorter.busy and sum_sorted(session) == 24)
    with qtbot.waitSignal(session.exported):
        session.export_csv(str(tmp_path / "out.csv"))
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24
    assert {row["error"] for row in rows} == {""}
    hidden.rename(folder)
    back(sorted_window, session, qtbot)
    assert label_of(session, folder / "red1.png") == "Red"


def test_away_while_examples_are_gathered(
    opened, session, folder, hidden, examples, workbench, monkeypatch, qtbot
):
    """The examples come from elsewhere and are taken; the targets stay as they were."""
    folder.rename(hidden)
    session.import_class_folders([str(examples)])
    qtbot.waitUntil(lambda: len(session.project.bins) == 3)
    look_again(opened, session, qtbot)
    qtbot.waitUntil(lambda: not session.sorter.busy and sum_sorted(session) == 24)
    assert len(session.project.labels) == 6
    assert marked(session) == 0
    hidden.rename(folder)
    back(opened, session, qtbot)
    assert len(session.project.labels) == 6


def test_the_examples_are_away_when_they_are_gathered(
    sorted_window, session, folder, examples, tmp_path, qtbot
):
    """The user is told and nothing else changes."""
    shutil.move(examples, tmp_path / "away")
    before = len(sorted_window.banners.messages)
    session.import_class_folders([str(examples)])
    qtbot.waitUntil(lambda: len(sorted_window.banners.messages) > before)
    qtbot.waitUntil(idle(session))
    kept_labels(session, folder)
    assert len(session.project.bins) == 2
    assert sum_sorted(session) == 24


@pytest.mark.parametrize("which", ["first", "second"])
def test_one_of_two_folders_is_away(sorted_window, session, folder, tmp_path, qtbot, which):
    """The other is listed as ever; what is new and gone there is told."""
    make_classes(tmp_path / "other", 2, first=70, flat=True)
    session.add_folder(str(tmp_path / "other"))
    qtbot.waitUntil(lambda: len(session.collection.targets) == 30)
    qtbot.waitUntil(idle(session))
    gone, there = (folder, tmp_path / "other")[:: 1 if which == "first" else -1]
    gone.rename(tmp_path / "hidden")
    make_picture(there / "new.png", "green", seed=300)
    (there / ("red1.png" if there == folder else "red70.png")).unlink()
    look_again(sorted_window, session, qtbot)
    assert "folder" in keys(sorted_window)
    assert len(session.collection.targets) == 31
    assert marked(session) == 1
    kept_labels(session, folder)
    (tmp_path / "hidden").rename(gone)
    qtbot.waitUntil(lambda: "folder" not in keys(sorted_window))
    qtbot.waitUntil(idle(session))
    assert (len(session.collection.targets), marked(session)) == (31, 1)
    kept_labels(session, folder)


def test_away_and_back_ten_times(sorted_window, session, folder, hidden, qtbot):
    """A bad cable costs nothing however often it happens."""
    for _ in range(10):
        folder.rename(hidden)
        look_again(sorted_window, session, qtbot)
        assert marked(session) == 0
        hidden.rename(folder)
        back(sorted_window, session, qtbot)
        kept_labels(session, folder)
    assert sum_sorted(session) == 24


def test_back_with_other_content(sorted_window, session, folder, hidden, qtbot):
    """Another disk of the same name: its pictures are read, the labels stay and are doubted."""
    folder.rename(hidden)
    look_again(sorted_window, session, qtbot)
    make_picture(folder.parent / "fresh" / "red0.png", "blue", seed=400)
    make_picture(folder.parent / "fresh" / "other.png", "green", seed=401)
    (folder.parent / "fresh").rename(folder)
    qtbot.waitUntil(lambda: "folder" not in keys(sorted_window))
    qtbot.waitUntil(idle(session))
    kept_labels(session, folder)
    assert "other.png" in names(session)
    assert "changed" in keys(sorted_window)
    assert failure(session, "blue0.png") is FailureKind.MISSING
    shutil.rmtree(folder)
    hidden.rename(folder)
    look_again(sorted_window, session, qtbot)
    kept_labels(session, folder)
    assert failure(session, "blue0.png") is None
    assert failure(session, "other.png") is FailureKind.MISSING


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "after it was away"])
def test_an_empty_folder_in_its_place_drops_no_label(
    sorted_window, session, folder, hidden, qtbot, at_once
):
    """A mount point without its disk that the user takes for the truth: labels stay."""
    folder.rename(hidden)
    if not at_once:
        look_again(sorted_window, session, qtbot)
        assert "folder" in keys(sorted_window)
    folder.mkdir()
    if not at_once:
        qtbot.wait(200)  # some looks of the program's own
        assert "folder" in keys(sorted_window)
        assert session.collection.table.counts().failed == 0
    look_again(sorted_window, session, qtbot)
    assert keys(sorted_window) == ["folder"]  # it may be the disk
    assert marked(session) == 0
    look_again(sorted_window, session, qtbot)
    assert keys(sorted_window) == ["missing"]
    assert len(session.collection.targets) == 24
    kept_labels(session, folder)
    folder.rmdir()
    hidden.rename(folder)
    look_again(sorted_window, session, qtbot)
    back(sorted_window, session, qtbot)
    kept_labels(session, folder)
    assert "missing" not in keys(sorted_window)
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)


def test_a_file_in_its_place_is_a_folder_that_is_away(
    sorted_window, session, folder, hidden, qtbot
):
    """A name that is something else now is not a folder without pictures."""
    folder.rename(hidden)
    folder.write_text("no folder")
    look_again(sorted_window, session, qtbot)
    assert "folder" in keys(sorted_window)
    assert marked(session) == 0
    kept_labels(session, folder)
    folder.unlink()
    hidden.rename(folder)
    back(sorted_window, session, qtbot)


def test_never_back_the_project_has_everything(
    window, session, folder, hidden, dialogs, tmp_path, qtbot
):
    """Saved, closed and opened again without the disk: every label is there."""
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())
    put(session, window, "Red", "red0.png", "red1.png")
    put(session, window, "Blue", "blue0.png")
    folder.rename(hidden)
    look_again(window, session, qtbot)
    dialogs.save_answer = str(tmp_path / "a.fewshot")
    window.files.save_as()
    qtbot.waitUntil(lambda: os.path.exists(tmp_path / "a.fewshot"))
    qtbot.waitUntil(lambda: not session.scanning)
    labels = dict(session.project.labels)
    assert len(labels) == 3
    file = ProjectFile.open(str(tmp_path / "a.fewshot"), read_only=True)
    assert dict(file.load().labels) == labels
    file.close()
    session.undo()
    session.redo()
    assert dict(session.project.labels) == labels


def test_a_subfolder_that_is_away_is_not_a_folder_that_was_emptied(
    sorted_window, session, folder, monkeypatch, qtbot
):
    """A mount inside that fails: its pictures are not marked, their labels stay."""
    for number in range(3):
        make_picture(folder / "inner" / f"{number}.png", "green", seed=500 + number)
    look_again(sorted_window, session, qtbot)
    put(session, sorted_window, "Green", "inner/0.png")
    qtbot.waitUntil(idle(session))
    real = os.scandir

    def scandir(path="."):
        if str(path).endswith("inner"):
            raise OSError(107, "Transport endpoint is not connected")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    look_again(sorted_window, session, qtbot)
    assert label_of(session, folder / "inner" / "0.png") == "Green"
    assert marked(session) == 0
    monkeypatch.setattr(os, "scandir", real)
    look_again(sorted_window, session, qtbot)
    assert len(session.collection.targets) == 27
    assert marked(session) == 0
    assert label_of(session, folder / "inner" / "0.png") == "Green"


def test_a_project_whose_folder_is_elsewhere_says_so_and_asks_where(
    saved, sorted_window, session, dialogs, folder, hidden, qtbot
):
    session.close_folder()
    folder.rename(hidden)
    session.open_project(str(saved))
    page = sorted_window.page
    qtbot.waitUntil(lambda: "cannot be reached" in page.empty.title)
    qtbot.waitUntil(lambda: keys(sorted_window) == ["folder"])
    sorted_window.files.export_csv()
    assert any("nothing to export" in m.text for m in sorted_window.banners.messages)
    assert "folder" not in dialogs.asked
    dialogs.folder_answer = str(hidden)
    QTest.mouseClick(page.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.project.folders[0].path == str(hidden))
    qtbot.waitUntil(idle(session))
    assert label_of(session, hidden / "red0.png") == "Red"
    assert "folder" not in keys(sorted_window)


def test_the_message_of_a_folder_that_is_away_asks_where_it_is(
    sorted_window, session, dialogs, folder, hidden, qtbot
):
    folder.rename(hidden)
    sorted_window.actions_by_name["refresh"].trigger()
    qtbot.waitUntil(lambda: "folder" in keys(sorted_window))
    dialogs.folder_answer = str(hidden)
    message = next(m for m in sorted_window.banners.messages if m.key == "folder")
    assert message.action == "Locate folder…"
    message.run()
    qtbot.waitUntil(lambda: session.project.folders[0].path == str(hidden))


def test_menus_of_folders_do_not_pile_up(sorted_window, qtbot):
    menu = QMenu()
    qtbot.addWidget(menu)
    for _time in range(3):
        sorted_window.files.fill_folders(menu)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert len(menu.findChildren(QMenu)) == 1
