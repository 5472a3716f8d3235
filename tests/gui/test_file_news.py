"""What the window says of project files and results, and how long."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from fewshot_gui.gui import exporter as exporter_module
from fewshot_gui.project.draft_names import drafts_folder
from tests.gui.conftest import put
from tests.gui.test_desk import offered, settle, spoil
from tests.gui.test_folders import keys
from tests.gui.test_projects import leave, open_in, texts


def button(window, text: str) -> QPushButton:
    return next(b for b in window.banners.findChildren(QPushButton) if b.text() == text)


def save_as(window, dialogs, path) -> None:
    dialogs.save_answer = str(path)
    window.actions_by_name["save_as"].trigger()


# -- saving that fails and then succeeds -----------------------------------------------------


@pytest.mark.parametrize("way", ["save_as", "duplicate"])
def test_the_news_of_a_failed_save_goes_when_one_succeeds(
    sorted_window, session, dialogs, tmp_path, way, qtbot
):
    for name in ("one", "two"):
        save_as(sorted_window, dialogs, tmp_path / name / "x.fewshot")
        qtbot.waitUntil(lambda name=name: name in texts(sorted_window))
    assert keys(sorted_window).count("save-as") == len(keys(sorted_window)) == 1
    dialogs.save_answer = str(tmp_path / "good.fewshot")
    sorted_window.actions_by_name[way].trigger()
    qtbot.waitUntil((tmp_path / "good.fewshot").exists)
    qtbot.waitUntil(lambda: "save-as" not in keys(sorted_window))


def test_an_unexpected_failure_of_a_save_is_told_as_such(
    sorted_window, session, dialogs, tmp_path, monkeypatch, qtbot
):
    def fail(*_args):
        raise ZeroDivisionError

    session.open_sample()
    settle(session, qtbot)
    monkeypatch.setattr("fewshot_gui.gui.desk.written", fail)
    with qtbot.waitSignal(session.crashed):
        save_as(sorted_window, dialogs, tmp_path / "x.fewshot")


# -- a folder that is sorted in a file of its own ----------------------------------------------


def test_who_opens_a_folder_that_was_saved_is_led_to_the_file(
    saved, sorted_window, session, folder, qtbot
):
    labels = dict(session.project.labels)
    sorted_window.files.open(str(folder))
    qtbot.waitUntil(lambda: "saved-in" in keys(sorted_window))
    assert session.desk.is_draft
    assert "sorted in “mine.fewshot”" in texts(sorted_window)
    action = button(sorted_window, "Open it")
    assert action.focusPolicy() & Qt.FocusPolicy.TabFocus
    action.setFocus()
    QTest.keyClick(action, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: session.desk.now.path == str(saved))
    settle(session, qtbot)
    assert dict(session.project.labels) == labels
    assert "saved-in" not in keys(sorted_window)


def test_a_folder_is_known_to_be_saved_in_the_next_sitting(
    saved, parts, folder, another_window, qtbot
):
    leave(parts)
    again = another_window()
    open_in(again, folder, qtbot)
    qtbot.waitUntil(lambda: "saved-in" in keys(again.window))
    again.session.add_bin("New", [])
    assert "saved-in" not in keys(again.window)


@pytest.mark.parametrize("what", ["gone", "damaged", "of another folder"])
def test_nothing_is_said_of_a_file_that_does_not_sort_the_folder_any_more(
    saved, sorted_window, session, folder, tmp_path, what, qtbot
):
    session.close_folder()
    if what == "gone":
        os.unlink(saved)
    elif what == "damaged":
        saved.write_bytes(b"no project")
    else:
        shutil.copytree(folder, tmp_path / "other")
        sorted_window.files.open(str(tmp_path / "other"))
        settle(session, qtbot)
        saved.unlink()
        shutil.copy(session.desk.now.path, saved)
        session.close_folder()
    sorted_window.files.open(str(folder))
    qtbot.waitUntil(lambda: session.desk.title == "targets")
    settle(session, qtbot)
    qtbot.wait(200)
    assert "saved-in" not in keys(sorted_window)


# -- names that mean nothing to the user -----------------------------------------------------------


def test_no_message_names_the_file_of_a_draft(
    sorted_window, session, parts, folder, another_window, qtbot
):
    draft = Path(session.desk.now.path)
    second = another_window()
    second.window.files.open(str(folder))
    offered(second.window, qtbot)
    assert "This sorting job is open already" in texts(second.window)
    leave(parts)
    spoil(draft)
    second.window.files.open(str(folder))
    qtbot.waitUntil(lambda: "damaged" in texts(second.window))
    told = texts(second.window)
    offered(second.window, qtbot).run()
    settle(second.session, qtbot)
    told += texts(second.window)
    assert "restored" in told
    assert draft.stem not in told
    assert ".fewshot" not in told


def test_a_folder_of_the_programs_own_is_not_named(
    sorted_window, session, monkeypatch, tmp_path, qtbot
):
    shutil.rmtree(drafts_folder())
    session.add_bin("New", [])
    qtbot.waitUntil(lambda: "cannot be saved" in texts(sorted_window))
    assert drafts_folder() not in texts(sorted_window)


# -- counts and results ------------------------------------------------------------


def test_how_much_is_decided_is_told_before_the_first_action(
    sorted_window, parts, folder, another_window, qtbot
):
    leave(parts)
    again = another_window()
    open_in(again, folder, qtbot)
    qtbot.waitUntil(lambda: again.window.status.pace.text() == "2 of 24 decided")
    assert again.window.sitting.decided == 0


@pytest.fixture
def exported(sorted_window, session, tmp_path, qtbot):
    session.export_csv(str(tmp_path / "out.csv"))
    qtbot.waitUntil(lambda: "exported" in keys(sorted_window))
    return sorted_window


def test_the_news_of_an_export_goes_with_the_next_action(exported, session):
    session.add_bin("New", [])
    assert "exported" not in keys(exported)


def test_the_news_of_an_export_goes_after_a_while_unless_it_is_used(
    exported, session, tmp_path, qtbot
):
    session.export_csv(str(tmp_path / "again.csv"))
    qtbot.waitUntil(lambda: "again.csv" in texts(exported))
    exported.activateWindow()
    button(exported, "Show folder").setFocus()
    qtbot.waitUntil(button(exported, "Show folder").hasFocus)
    exported.files._exported.setInterval(100)
    qtbot.wait(300)
    assert "exported" in keys(exported)
    exported.grid.setFocus()
    qtbot.waitUntil(lambda: "exported" not in keys(exported))


def test_an_error_stays_while_the_user_goes_on(sorted_window, session, dialogs, tmp_path, qtbot):
    save_as(sorted_window, dialogs, tmp_path / "no" / "x.fewshot")
    qtbot.waitUntil(lambda: "save-as" in keys(sorted_window))
    session.add_bin("New", [])
    assert "save-as" in keys(sorted_window)


def test_a_result_on_a_dead_disk_does_not_hold_up_the_learner(
    sorted_window, session, tmp_path, monkeypatch, qtbot
):
    gate, asked = threading.Event(), threading.Event()

    def hang(_path, _rows):
        asked.set()
        assert gate.wait(120)

    monkeypatch.setattr(exporter_module, "write_csv", hang)
    session.export_csv(str(tmp_path / "out.csv"))
    qtbot.waitUntil(asked.is_set)
    put(session, sorted_window, "Green", "green0.png")
    qtbot.waitUntil(lambda: not session.sorter.busy)
    assert session.project.bin_named("Green").id in session.collection.sorted_counts()
    assert "exported" not in keys(sorted_window)
    gate.set()
    qtbot.waitUntil(lambda: "exported" in keys(sorted_window))
