"""Project files as the user meets them: resumed, copied, held by another, damaged, read-only."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from fewshot_gui.gui.dialogs import Leave
from fewshot_gui.project.draft_names import drafts_folder
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.summary import read_summary
from tests.gui.conftest import path_of, put, sum_sorted
from tests.gui.test_session import idle


def leave(parts) -> None:
    """Close the window as the user does."""
    parts.window.leave_at_once()


def open_in(parts, path, qtbot):
    parts.window.files.open(str(path))
    session = parts.session
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())
    return session


def texts(window) -> str:
    return "\n".join(f"{m.text} {m.hint}" for m in window.banners.messages)


def test_work_goes_on_after_a_restart_and_so_does_undo(
    sorted_window, session, parts, folder, another_window, qtbot
):
    labels = dict(session.project.labels)
    leave(parts)
    again = another_window()
    later = open_in(again, folder, qtbot)
    assert dict(later.project.labels) == labels
    assert [b.name for b in later.project.bins] == ["Red", "Blue"]
    qtbot.waitUntil(lambda: sum_sorted(later) == 24)
    message = next(m for m in again.window.banners.messages if m.key == "resumed")
    assert "2 bins, 2 labels" in message.text
    assert "Blue" in again.window.actions_by_name["undo"].text()
    again.window.actions_by_name["undo"].trigger()
    assert [b.name for b in later.project.bins] == ["Red"]
    again.window.actions_by_name["redo"].trigger()
    assert dict(later.project.labels) == labels


def test_starting_anew_keeps_the_work_before(
    sorted_window, session, parts, folder, another_window, qtbot
):
    leave(parts)
    again = another_window()
    later = open_in(again, folder, qtbot)
    first = later.desk.now.path
    next(m for m in again.window.banners.messages if m.key == "resumed").run()
    qtbot.waitUntil(lambda: later.desk.now.path != first and idle(later)())
    assert not later.project.bins
    assert not again.window.actions_by_name["undo"].isEnabled()
    assert len(list(Path(drafts_folder()).glob("*.fewshot"))) == 2
    assert read_summary(first).labels == 2


def test_a_saved_project_has_its_name_and_opens_again(
    saved, sorted_window, session, parts, another_window, qtbot
):
    assert sorted_window.windowTitle().startswith("mine")
    session.put([path_of(session, "red5.png")], session.project.bins[0].id)
    leave(parts)
    assert sorted(p.name for p in saved.parent.glob("mine*")) == ["mine.fewshot"]
    again = another_window()
    later = open_in(again, saved, qtbot)
    assert len(later.project.labels) == 3
    assert again.window.windowTitle().startswith("mine")
    assert str(saved) in again.preferences.now.recent


def test_a_duplicate_is_a_copy_and_work_goes_on_in_the_first(
    saved, sorted_window, session, dialogs, tmp_path, qtbot
):
    dialogs.save_answer = str(tmp_path / "copy.fewshot")
    sorted_window.actions_by_name["duplicate"].trigger()
    qtbot.waitUntil(lambda: "Saved a copy" in texts(sorted_window))
    session.put([path_of(session, "red5.png")], session.project.bins[0].id)
    assert session.desk.now.path == str(saved)
    assert read_summary(str(tmp_path / "copy.fewshot")).labels == 2


def test_a_project_moves_together_with_its_pictures(
    sorted_window, session, parts, folder, dialogs, tmp_path, another_window, qtbot
):
    dialogs.save_answer = str(folder / "inside.fewshot")
    sorted_window.actions_by_name["save_as"].trigger()
    qtbot.waitUntil(lambda: session.desk.now.path == str(folder / "inside.fewshot"))
    leave(parts)
    shutil.move(folder, tmp_path / "elsewhere")
    again = another_window()
    later = open_in(again, tmp_path / "elsewhere" / "inside.fewshot", qtbot)
    assert later.project.folders[0].path == str(tmp_path / "elsewhere")
    assert len(later.collection.targets) == 24
    assert later.project.label(str(tmp_path / "elsewhere" / "red0.png")) is not None


def test_a_second_window_is_told_who_has_the_project_and_may_look(
    saved, sorted_window, session, another_window, qtbot
):
    second = another_window()
    second.window.files.open(str(saved))
    qtbot.waitUntil(lambda: any(m.action for m in second.window.banners.messages))
    message = second.window.banners.messages[0]
    assert str(os.getpid()) in f"{message.text} {message.hint}"
    assert second.session.collection is None
    message.run()
    qtbot.waitUntil(lambda: second.session.collection is not None and idle(second.session)())
    assert second.session.read_only
    labels = dict(second.session.project.labels)
    put(second.session, second.window, "Green", "green0.png")
    second.session.undo()
    assert dict(second.session.project.labels) == labels
    assert "viewing only" in texts(second.window)
    put(session, sorted_window, "Green", "green0.png")  # the first one goes on
    assert len(session.project.bins) == 3


def test_a_damaged_project_is_named_and_its_backup_restored(
    saved, session, parts, another_window, qtbot
):
    leave(parts)
    size = saved.stat().st_size
    with open(saved, "r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(size // 3))
    damaged = saved.read_bytes()
    again = another_window()
    again.window.files.open(str(saved))
    qtbot.waitUntil(lambda: any(m.action for m in again.window.banners.messages))
    message = again.window.banners.messages[0]
    assert "mine.fewshot" in message.text
    assert again.session.collection is None
    message.run()
    qtbot.waitUntil(lambda: again.session.collection is not None and idle(again.session)())
    assert len(again.session.project.labels) == 2
    kept = list(saved.parent.glob("mine.damaged*"))
    assert [p.read_bytes() for p in kept] == [damaged]


@pytest.mark.parametrize(
    "content", [b"", b"no project", os.urandom(5000)], ids=["empty", "text", "noise"]
)
def test_what_is_no_project_is_refused_and_left_alone(window, session, tmp_path, content, qtbot):
    path = tmp_path / "x.fewshot"
    path.write_bytes(content)
    window.files.open(str(path))
    qtbot.waitUntil(lambda: len(window.banners.messages) == 1)
    assert "x.fewshot" in window.banners.messages[0].text
    assert session.collection is None
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == ["x.fewshot"]


def test_a_project_of_a_later_version_is_refused_unharmed(saved, parts, another_window, qtbot):
    leave(parts)
    with sqlite3.connect(saved) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    content = saved.read_bytes()
    again = another_window()
    again.window.files.open(str(saved))
    qtbot.waitUntil(lambda: len(again.window.banners.messages) == 1)
    assert "later version" in texts(again.window) or "newer" in texts(again.window)
    assert saved.read_bytes() == content


def test_a_project_from_elsewhere_asks_before_it_reads_other_folders(
    saved, parts, another_window, dialogs, tmp_path, qtbot
):
    leave(parts)
    (tmp_path / "mail").mkdir()
    stranger = tmp_path / "mail" / "mine.fewshot"
    shutil.copy(saved, stranger)
    again = another_window()
    again.preferences.update(trusted=())
    dialogs.consent_answer = False
    again.window.files.open(str(stranger))
    qtbot.waitUntil(lambda: any(a.startswith("consent") for a in dialogs.asked))
    assert str(tmp_path / "targets") in dialogs.asked[-1]
    assert again.session.collection is None
    dialogs.consent_answer = True
    session = open_in(again, stranger, qtbot)
    assert len(session.collection.targets) == 24
    dialogs.asked.clear()
    again.window.files.close()
    open_in(again, stranger, qtbot)  # once is enough
    assert not dialogs.asked


def test_an_action_that_cannot_be_saved_is_kept_and_told(
    sorted_window, session, dialogs, tmp_path, monkeypatch, qtbot
):
    """As on a full disk: work goes on, nothing is lost, leaving asks."""
    full = [True]
    real = ProjectFile.did

    def did(self, *args, **kwargs):
        if full[0]:
            raise OSError(28, "No space left on device")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(ProjectFile, "did", did)
    session.put([path_of(session, "red5.png")], session.project.bins[0].id)
    qtbot.waitUntil(lambda: "saving" in [m.key for m in sorted_window.banners.messages])
    assert "disk is full" in texts(sorted_window)
    assert session.project.label(path_of(session, "red5.png")) is not None
    dialogs.leave_answer = Leave.STAY
    sorted_window.close()
    assert sorted_window.isVisible()
    assert dialogs.asked[-1] == "leave 1"
    full[0] = False
    qtbot.waitUntil(lambda: session.desk.unwritten == 0)
    qtbot.waitUntil(lambda: "saving" not in [m.key for m in sorted_window.banners.messages])
    assert read_summary(session.desk.now.path).labels == 3
