"""Openings that are replaced, hang or fail; saving while work goes on; what leaving asks."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.gui import desk as desk_module
from fewshot_gui.gui import leaving, opening
from fewshot_gui.gui.dialogs import Leave
from fewshot_gui.gui.preferences import Preferences
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.project import access
from fewshot_gui.project.draft_names import drafts_folder
from fewshot_gui.project.file import ProjectFile
from fewshot_gui.project.keeper import Keeper
from fewshot_gui.settings import load_settings
from tests.gui.conftest import path_of
from tests.gui.test_projects import leave, open_in, texts
from tests.gui.test_session import idle
from tests.pictures import make_classes


def settle(session, qtbot):
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())


def offered(window, qtbot):
    """The newest message with a button, once there is one."""
    qtbot.waitUntil(lambda: any(m.action for m in window.banners.messages))
    return next(m for m in window.banners.messages if m.action)


def folders(session) -> list[str]:
    return [folder.path for folder in session.project.folders]


def spoil(path: Path) -> None:
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(path.stat().st_size // 3))


def is_free(path: str) -> bool:
    """Whether nobody holds a project file any more."""
    try:
        ProjectFile.open(path).close()
    except access.ProjectInUse:
        return False
    return True


def full_disk(monkeypatch) -> None:
    def did(self, *_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ProjectFile, "did", did)


@pytest.fixture
def other(folder, tmp_path):
    """A second folder with the same pictures."""
    shutil.copytree(folder, tmp_path / "other")
    return tmp_path / "other"


@pytest.fixture
def held(monkeypatch):
    """Beginning a project for a folder named “targets” waits for the gate."""
    gate, made = threading.Event(), []
    real = desk_module.begun

    def slow(path, folder):
        result = real(path, folder)
        made.append(result)
        if folder.endswith("targets"):
            assert gate.wait(120)
        return result

    monkeypatch.setattr(desk_module, "begun", slow)
    slow.gate, slow.made = gate, made
    yield slow
    gate.set()


@pytest.fixture
def sample(window, session, qtbot):
    """The sample is open, with its bins."""
    session.open_sample()
    settle(session, qtbot)
    qtbot.waitUntil(lambda: len(session.project.bins) > 0)
    settle(session, qtbot)
    qtbot.waitUntil(lambda: len(session.watch.tracker.known) == len(session.project.labels))
    return session


@pytest.fixture
def slow_disk(monkeypatch):
    """A new project file is made, but nobody hears of it before the gate opens."""
    gate, made = threading.Event(), threading.Event()
    real = opening.written

    def slow(*args):
        keeper = real(*args)
        made.set()
        assert gate.wait(120)
        return keeper

    monkeypatch.setattr(desk_module, "written", slow)
    slow.gate, slow.made = gate, made
    yield slow
    gate.set()


# -- drafts in trouble ---------------------------------------------------------------------


def test_a_draft_that_is_in_use_can_be_viewed(
    sorted_window, session, folder, another_window, qtbot
):
    second = another_window()
    second.window.files.open(str(folder))
    message = offered(second.window, qtbot)
    assert message.action == "Open for viewing"
    message.run()
    settle(second.session, qtbot)
    assert second.session.read_only
    assert dict(second.session.project.labels) == dict(session.project.labels)


def test_a_damaged_draft_is_restored_and_the_user_hears_of_it(
    sorted_window, session, parts, folder, another_window, qtbot
):
    draft, labels = Path(session.desk.now.path), dict(session.project.labels)
    leave(parts)
    spoil(draft)
    again = another_window()
    again.window.files.open(str(folder))
    offered(again.window, qtbot).run()
    settle(again.session, qtbot)
    assert dict(again.session.project.labels) == labels
    assert again.session.desk.now.path == str(draft)
    assert "The backup was restored" in texts(again.window)
    assert len(list(folder.iterdir())) == 24


# -- openings that nobody wants any more ------------------------------------------------------


def test_a_replaced_opening_lets_go_of_its_file(window, session, folder, other, held, qtbot):
    window.files.open(str(folder))
    qtbot.waitUntil(lambda: bool(held.made))
    window.files.open(str(other))  # does not wait behind the first
    settle(session, qtbot)
    assert folders(session) == [str(other)]
    window.files.open(str(folder))  # is free as soon as the first opening has ended
    held.gate.set()
    qtbot.waitUntil(lambda: folders(session) == [str(folder)])
    assert "open already" not in texts(window)


@pytest.mark.parametrize("then", ["open_sample", "close_folder"])
def test_what_is_shown_instead_is_not_replaced_by_an_opening_under_way(
    window, session, folder, held, then, qtbot
):
    window.files.open(str(folder))
    qtbot.waitUntil(lambda: bool(held.made))
    getattr(session, then)()
    assert not session.desk.busy
    shown = folders(session)
    assert str(folder) not in shown
    held.gate.set()
    qtbot.waitUntil(lambda: is_free(held.made[0].path))
    assert folders(session) == shown


def test_quitting_while_a_project_opens_lets_go_of_it(window, session, folder, parts, held, qtbot):
    window.files.open(str(folder))
    qtbot.waitUntil(lambda: bool(held.made))
    threading.Timer(0.2, held.gate.set).start()
    leave(parts)
    assert is_free(held.made[0].path)


def test_quitting_at_once_closes_the_project_that_was_just_left(
    sorted_window, session, other, parts, qtbot
):
    draft = session.desk.now.path
    sorted_window.files.close()
    leave(parts)
    assert is_free(draft)


def test_a_hanging_disk_blocks_nothing_and_can_be_cancelled(
    window, session, folder, other, monkeypatch, qtbot
):
    gate, asked = threading.Event(), threading.Event()
    real = opening.checked_root

    def hang(path):
        if path.endswith("other"):
            asked.set()
            assert gate.wait(120)
        return real(path)

    monkeypatch.setattr(opening, "checked_root", hang)
    window.files.open(str(other))
    qtbot.waitUntil(asked.is_set)
    assert window.actions_by_name["cancel"].isEnabled()
    window.actions_by_name["cancel"].trigger()
    assert not session.scanning
    window.files.open(str(folder))
    settle(session, qtbot)
    session.add_folder(str(other))
    third = make_classes(folder.parent / "third", 1, flat=True)[0].parent
    session.add_folder(str(third))
    qtbot.waitUntil(lambda: str(third) in folders(session))
    gate.set()
    qtbot.waitUntil(lambda: str(other) in folders(session))


def test_a_refused_consent_leaves_nothing_going_on(
    saved, sorted_window, session, other, dialogs, parts, tmp_path, qtbot
):
    (tmp_path / "mail").mkdir()
    sorted_window.files.open(str(other))
    qtbot.waitUntil(lambda: folders(session) == [str(other)])
    settle(session, qtbot)
    stranger = shutil.copy(saved, tmp_path / "mail" / "m.fewshot")
    parts.preferences.update(trusted=())
    dialogs.consent_answer = False
    sorted_window.files.open(str(stranger))
    qtbot.waitUntil(lambda: any(a.startswith("consent") for a in dialogs.asked))
    assert not sorted_window.actions_by_name["cancel"].isEnabled()
    assert folders(session) == [str(other)]


# -- saving what was kept nowhere ---------------------------------------------------------------


def test_what_is_done_while_the_sample_is_saved_is_in_the_file(
    window, session, sample, slow_disk, tmp_path, qtbot
):
    path = str(tmp_path / "s.fewshot")
    facts = dict(session.watch.tracker.known)
    session.desk.save_as(path)
    qtbot.waitUntil(slow_disk.made.is_set)
    session.add_bin("Meanwhile", [])
    session.add_bin("Taken back", [])
    session.undo()
    slow_disk.gate.set()
    qtbot.waitUntil(lambda: session.desk.now.path == path)
    session.add_bin("After", [])
    bins, labels = session.project.bins, dict(session.project.labels)
    history = session.project.history
    session.close_folder()
    qtbot.waitUntil(lambda: is_free(path))
    file = ProjectFile.open(path)
    stored = file.load()
    assert (stored.bins, dict(stored.labels)) == (bins, labels)
    assert [e.text for e in stored.history[0]] == [e.text for e in history[0]]
    assert file.known() == facts
    file.close()


def test_closing_while_saving_loses_nothing_and_lets_go(
    window, session, sample, slow_disk, tmp_path, qtbot
):
    path = str(tmp_path / "s.fewshot")
    session.desk.save_as(path)
    qtbot.waitUntil(slow_disk.made.is_set)
    session.add_bin("Meanwhile", [])
    session.close_folder()
    slow_disk.gate.set()
    qtbot.waitUntil(lambda: is_free(path))
    file = ProjectFile.open(path)
    assert file.load().bin_named("Meanwhile") is not None
    file.close()
    assert session.collection is None


def test_a_second_save_waits_for_the_first(window, session, sample, slow_disk, tmp_path, qtbot):
    session.desk.save_as(str(tmp_path / "a.fewshot"))
    session.desk.save_as(str(tmp_path / "b.fewshot"))
    slow_disk.gate.set()
    qtbot.waitUntil(lambda: session.desk.now.path == str(tmp_path / "b.fewshot"))
    assert is_free(str(tmp_path / "a.fewshot"))


def test_a_file_that_was_saved_through_a_link_is_known_as_the_open_one(
    window, session, sample, dialogs, tmp_path, qtbot
):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    dialogs.save_answer = str(tmp_path / "link" / "s.fewshot")
    window.actions_by_name["save_as"].trigger()
    qtbot.waitUntil(lambda: session.desk.now.path == str(tmp_path / "real" / "s.fewshot"))
    with qtbot.waitSignal(session.desk.already_open):
        window.files.open(str(tmp_path / "link" / "s.fewshot"))
    assert "open already" not in texts(window)


def test_a_duplicate_of_the_sample_is_as_it_was_when_it_was_asked_for(
    window, session, sample, dialogs, tmp_path, qtbot
):
    dialogs.save_answer = str(tmp_path / "copy.fewshot")
    bins, undo = session.project.bins, session.project.undo_text
    window.actions_by_name["duplicate"].trigger()
    session.add_bin("Later", [])
    qtbot.waitUntil(lambda: "Saved a copy" in texts(window))
    assert session.desk.now.path == ""
    file = ProjectFile.open(dialogs.save_answer)
    stored = file.load()
    assert (stored.bins, stored.undo_text) == (bins, undo)
    assert set(file.known()) == set(stored.labels)
    file.close()


def test_a_copy_of_a_viewed_project_can_be_changed_and_the_warning_goes(
    saved, sorted_window, session, another_window, dialogs, tmp_path, qtbot
):
    second = another_window()
    second.window.files.open(str(saved))
    offered(second.window, qtbot).run()
    later = second.session
    settle(later, qtbot)
    assert "viewing only" in texts(second.window)
    keys = [info.key for info in all_learners() if info.key != later.learner]
    learner = later.learner
    assert not later.set_learner(keys[0])
    later.close_folder()
    assert later.learner != keys[0]  # nor is it the choice for new projects
    second.window.files.open(str(saved))
    offered(second.window, qtbot).run()
    settle(later, qtbot)
    assert later.learner == learner
    dialogs.save_answer = str(tmp_path / "new.fewshot")
    second.window.actions_by_name["save_as"].trigger()
    qtbot.waitUntil(lambda: later.desk.now.path == dialogs.save_answer)
    assert "viewing only" not in texts(second.window)
    later.add_bin("New", [])
    assert later.project.bin_named("New") is not None


# -- folders of the project -----------------------------------------------------------------------


def test_an_answer_for_another_project_changes_nothing(
    sorted_window, session, other, monkeypatch, qtbot
):
    gate = threading.Event()
    real = desk_module.checked_root

    def slow(path):
        assert not path.endswith("third") or gate.wait(120)
        return real(path)

    for module in (desk_module, opening):
        monkeypatch.setattr(module, "checked_root", slow)
    third = make_classes(other.parent / "third", 1, flat=True)[0].parent
    session.locate_folder(session.project.folders[0].id, str(third))
    session.add_folder(str(third))
    sorted_window.files.open(str(other))
    qtbot.waitUntil(lambda: folders(session) == [str(other)])
    gate.set()
    settle(session, qtbot)
    session.add_folder(str(make_classes(other.parent / "fourth", 1, flat=True)[0].parent))
    qtbot.waitUntil(lambda: len(folders(session)) > 1)
    assert folders(session) == [str(other), str(other.parent / "fourth")]


def test_a_folder_is_not_located_inside_another_of_the_project(
    sorted_window, session, other, qtbot
):
    session.add_folder(str(other))
    qtbot.waitUntil(lambda: len(folders(session)) == 2)
    before = folders(session)
    (other / "sub").mkdir()
    session.locate_folder(session.project.folders[0].id, str(other / "sub"))
    qtbot.waitUntil(lambda: "already part" in texts(sorted_window))
    assert folders(session) == before


def test_opening_the_folder_of_the_open_draft_brings_it_back(
    sorted_window, session, folder, other, qtbot
):
    session.add_folder(str(other))
    qtbot.waitUntil(lambda: len(folders(session)) == 2)
    session.remove_folder(session.project.folders[0].id)
    settle(session, qtbot)
    sorted_window.files.open(str(folder))
    qtbot.waitUntil(lambda: folders(session) == [str(other), str(folder)])


def test_all_folders_that_are_dropped_are_taken(window, session, folder, other, qtbot):
    window.files.drop([str(folder), str(other)])
    qtbot.waitUntil(lambda: folders(session) == [str(folder), str(other)])
    third = make_classes(folder.parent / "third", 1, flat=True)[0].parent
    fourth = make_classes(folder.parent / "fourth", 1, flat=True)[0].parent
    window.grid.dropped.emit([str(third), str(fourth)])
    qtbot.waitUntil(lambda: len(folders(session)) == 4)
    assert set(load_settings().trusted) == set(folders(session))


def test_only_what_could_be_opened_is_trusted(window, session, parts, folder, tmp_path, qtbot):
    with qtbot.waitSignal(session.desk.failed):
        window.files.open(str(tmp_path / "nowhere"))
    assert parts.preferences.now.trusted == ()
    window.files.open(str(folder))
    settle(session, qtbot)
    assert parts.preferences.now.trusted == (str(folder),)
    with qtbot.waitSignal(session.message):
        session.add_folder(str(tmp_path / "nowhere"))
    assert parts.preferences.now.trusted == (str(folder),)


def test_many_folders_are_trusted_with_one_write(window, session, parts, qtbot):
    with qtbot.assertNotEmitted(parts.preferences.changed, wait=1):
        session.brought.emit(())
    changes = []
    parts.preferences.changed.connect(lambda: changes.append(parts.preferences.now.trusted))
    session.brought.emit(tuple(f"/f{i}" for i in range(50)))
    assert len(changes) == 1
    assert len(changes[0]) == 50


# -- recent ----------------------------------------------------------------------------------------


def test_a_draft_is_found_again_though_its_folder_was_renamed(
    sorted_window, session, parts, folder, tmp_path, another_window, qtbot
):
    labels, draft = dict(session.project.labels), session.desk.now.path
    leave(parts)
    os.rename(folder, tmp_path / "renamed")
    again = another_window()
    (entry,) = again.window.files.recent()
    assert (entry.name, entry.place) == ("targets", str(folder))
    for path in (str(folder), entry.path):
        again.window.files.open(path)
        settle(again.session, qtbot)
        assert again.session.desk.now.path == draft
        assert dict(again.session.project.labels) == labels
        assert "cannot be reached" in texts(again.window)
        again.window.files.close()


def test_a_draft_is_found_again_though_its_first_folder_was_removed(
    sorted_window, session, parts, folder, other, another_window, dialogs, qtbot
):
    session.add_folder(str(other))
    qtbot.waitUntil(lambda: len(folders(session)) == 2)
    session.remove_folder(session.project.folders[0].id)
    settle(session, qtbot)
    labels = dict(session.project.labels)
    leave(parts)
    again = another_window()
    later = open_in(again, again.window.files.recent()[0].path, qtbot)
    assert dict(later.project.labels) == labels
    assert folders(later) == [str(other)]
    assert again.window.files.recent()[0].place == str(other)
    assert not dialogs.asked  # a draft is the user's own: it needs no consent


def test_a_draft_that_got_a_name_is_recent_under_that_name_only(saved, sorted_window):
    (entry,) = sorted_window.files.recent()
    assert (entry.path, entry.name) == (str(saved), "mine")
    assert not list(Path(drafts_folder()).glob("*.fewshot"))


def test_a_draft_begun_anew_is_told_apart(sorted_window, session, folder, qtbot):
    session.begin_anew(str(folder))
    qtbot.waitUntil(lambda: not session.project.bins)
    settle(session, qtbot)
    assert [e.name for e in sorted_window.files.recent()] == ["targets (2)", "targets"]


def test_dialogs_begin_where_the_user_keeps_things(
    saved, sorted_window, session, other, dialogs, monkeypatch, qtbot
):
    starts = {}
    monkeypatch.setattr(dialogs, "folder", lambda _p, _t, start: starts.update(f=start) or "")
    monkeypatch.setattr(dialogs, "open_project", lambda _p, _t, start: starts.update(p=start) or "")
    sorted_window.files.open(str(other))
    qtbot.waitUntil(lambda: folders(session) == [str(other)])
    settle(session, qtbot)
    sorted_window.files.choose_folder()
    sorted_window.files.choose_project()
    assert starts == {"f": str(other), "p": str(saved.parent)}


# -- what is told, and what is asked -------------------------------------------------------


def test_what_opening_has_to_say_stays_on_screen(saved, parts, another_window, monkeypatch, qtbot):
    leave(parts)
    monkeypatch.setattr(access.disks, "synchronised_by", lambda _folder: "Dropbox")
    again = another_window()
    open_in(again, saved, qtbot)
    assert "Dropbox" in texts(again.window)


def test_going_on_is_told_until_the_first_action(
    sorted_window, session, parts, folder, another_window, qtbot
):
    leave(parts)
    again = another_window()
    later = open_in(again, folder, qtbot)
    assert "Going on where you left off" in texts(again.window)
    later.put([path_of(later, "red5.png")], later.project.bins[0].id)
    assert "Going on" not in texts(again.window)


def test_starting_anew_asks_while_an_action_is_not_saved(
    sorted_window, session, parts, folder, another_window, dialogs, monkeypatch, qtbot
):
    leave(parts)
    again = another_window()
    later = open_in(again, folder, qtbot)
    anew = next(m for m in again.window.banners.messages if m.key == "resumed")
    full_disk(monkeypatch)
    later.put([path_of(later, "red5.png")], later.project.bins[0].id)
    qtbot.waitUntil(lambda: later.desk.unwritten == 1)
    dialogs.leave_answer = Leave.STAY
    anew.run()
    assert dialogs.asked[-1] == "leave 1"
    assert not later.desk.busy
    assert later.project.bins


def test_viewing_another_project_asks_while_an_action_is_not_saved(
    saved, sorted_window, session, other, another_window, dialogs, monkeypatch, qtbot
):
    second = another_window()
    later = open_in(second, other, qtbot)
    second.window.files.open(str(saved))
    view = offered(second.window, qtbot)
    full_disk(monkeypatch)
    later.add_bin("New", [])
    qtbot.waitUntil(lambda: later.desk.unwritten == 1)
    dialogs.leave_answer = Leave.STAY
    view.run()
    assert dialogs.asked[-1] == "leave 1"
    assert folders(later) == [str(other)]
    assert not later.desk.busy


def test_actions_that_were_lost_on_leaving_are_told(
    sorted_window, session, other, monkeypatch, qtbot
):
    monkeypatch.setattr(leaving, "CLOSE_S", 0.2)
    full_disk(monkeypatch)
    session.put([path_of(session, "red5.png")], session.project.bins[0].id)
    qtbot.waitUntil(lambda: session.desk.unwritten == 1)
    sorted_window.files.close()  # the stand-in for the user answers “Leave”
    qtbot.waitUntil(lambda: "was not saved" in texts(sorted_window))
    assert "targets" in texts(sorted_window)


def test_settings_with_recent_drafts_are_read_again(window, session, parts, folder, qtbot):
    window.files.open(str(folder))
    settle(session, qtbot)
    assert Preferences().now == parts.preferences.now


# -- what was asked for, and then something else -------------------------------------------


@pytest.fixture
def slow_move(monkeypatch):
    """A project goes on in another file only after the gate opens."""
    gate = threading.Event()
    real = Keeper._move

    def slow(self, path):
        assert gate.wait(120)
        return real(self, path)

    monkeypatch.setattr(Keeper, "_move", slow)
    yield gate
    gate.set()


@pytest.fixture
def failing_disk(monkeypatch):
    """No new project file can be made; it takes until the gate opens to find out."""
    gate = threading.Event()

    def fail(*_args):
        assert gate.wait(120)
        raise UserError("The disk is full.")

    monkeypatch.setattr(desk_module, "written", fail)
    yield gate
    gate.set()


@pytest.mark.parametrize("made_first", [False, True])
def test_a_cancelled_new_beginning_does_not_hide_the_work(
    sorted_window, session, folder, held, made_first, qtbot
):
    labels, draft = dict(session.project.labels), session.desk.now.path
    session.begin_anew(str(folder))
    qtbot.waitUntil(lambda: bool(held.made))
    spare = Path(held.made[0].path)
    if made_first:
        with qtbot.waitSignal(session.desk.opened):
            held.gate.set()
        assert spare.exists()  # it was taken: it stays
        return
    session.cancel()
    held.gate.set()
    qtbot.waitUntil(lambda: not spare.exists())
    session.close_folder()
    sorted_window.files.open(str(folder))
    settle(session, qtbot)
    assert session.desk.now.path == draft
    assert dict(session.project.labels) == labels


def test_a_second_save_is_forgotten_with_its_project(
    window, session, sample, slow_disk, tmp_path, qtbot
):
    session.desk.save_as(str(tmp_path / "a.fewshot"))
    session.desk.save_as(str(tmp_path / "b.fewshot"))
    qtbot.waitUntil(slow_disk.made.is_set)
    session.open_sample()
    settle(session, qtbot)
    slow_disk.gate.set()
    with qtbot.waitSignal(session.desk.moved):
        session.desk.save_as(str(tmp_path / "c.fewshot"))
    qtbot.waitUntil(lambda: is_free(str(tmp_path / "a.fewshot")))
    assert session.desk.now.path == str(tmp_path / "c.fewshot")
    assert not (tmp_path / "b.fewshot").exists()


def test_a_file_that_was_made_after_its_project_was_left_is_recent(
    sorted_window, session, other, slow_move, dialogs, tmp_path, qtbot
):
    draft, named = session.desk.now.path, str(tmp_path / "named.fewshot")
    dialogs.save_answer = named
    sorted_window.actions_by_name["save_as"].trigger()
    sorted_window.files.open(str(other))
    settle(session, qtbot)
    qtbot.waitUntil(lambda: folders(session) == [str(other)])
    slow_move.set()
    qtbot.waitUntil(lambda: named in [e.path for e in sorted_window.files.recent()])
    paths = [entry.path for entry in sorted_window.files.recent()]
    assert paths == [session.desk.now.path, named]
    assert not os.path.exists(draft)


def test_a_file_that_is_made_while_quitting_is_recent(
    sorted_window, session, parts, slow_move, dialogs, tmp_path
):
    draft = session.desk.now.path
    dialogs.save_answer = str(tmp_path / "named.fewshot")
    sorted_window.actions_by_name["save_as"].trigger()
    threading.Timer(0.2, slow_move.set).start()
    leave(parts)
    assert load_settings().recent == (str(tmp_path / "named.fewshot"),)
    assert not os.path.exists(draft)


def test_a_deleted_file_is_saved_again_under_its_own_name(
    saved, sorted_window, session, dialogs, qtbot
):
    os.unlink(saved)
    session.add_bin("New", [])
    qtbot.waitUntil(lambda: "moved or deleted" in texts(sorted_window))
    dialogs.save_answer = str(saved)
    sorted_window.actions_by_name["save_as"].trigger()
    qtbot.waitUntil(lambda: session.desk.unwritten == 0)
    qtbot.waitUntil(lambda: "moved or deleted" not in texts(sorted_window))
    bins, labels = session.project.bins, dict(session.project.labels)
    session.close_folder()
    qtbot.waitUntil(lambda: is_free(str(saved)))
    file = ProjectFile.open(str(saved))
    stored = file.load()
    assert (stored.bins, dict(stored.labels)) == (bins, labels)
    file.close()


def test_saving_that_fails_after_its_project_was_left_is_told(
    window, session, sample, failing_disk, folder, tmp_path, qtbot
):
    title = session.desk.title
    session.add_bin("Mine", [])
    session.desk.save_as(str(tmp_path / "a.fewshot"))
    session.open_folder(str(folder))
    qtbot.waitUntil(lambda: folders(session) == [str(folder)])
    failing_disk.set()
    qtbot.waitUntil(lambda: "The disk is full" in texts(window))
    assert f"“{title}”" in texts(window)


def test_leaving_asks_while_a_file_is_being_made(
    window, session, sample, failing_disk, dialogs, tmp_path
):
    dialogs.leave_answer = Leave.STAY
    session.desk.save_as(str(tmp_path / "a.fewshot"))
    assert not window.files.may_leave()
    assert dialogs.asked[-1].startswith("leave")


def test_the_window_does_not_wait_for_what_was_done_while_saving():
    writing, gate = threading.Event(), threading.Event()
    heard = []

    class Slow:
        def undid(self, _edit):
            writing.set()
            assert gate.wait(120)
            heard.append("undid")

        def redid(self, _edit):
            heard.append("redid")

    waiting = opening.Waiting()
    waiting.undid(None)
    lane = threading.Thread(target=waiting.hand_over, args=(Slow(),))
    lane.start()
    assert writing.wait(120)
    window = threading.Thread(target=waiting.redid, args=(None,))
    window.start()
    window.join(10)
    assert not window.is_alive()
    gate.set()
    lane.join(10)
    assert heard == ["undid", "redid"]


def test_quitting_waits_for_all_projects_at_once(
    sorted_window, session, other, parts, monkeypatch, qtbot
):
    monkeypatch.setattr(desk_module, "CLOSE_S", 1.0)
    monkeypatch.setattr(leaving, "CLOSE_S", 1.0)
    full_disk(monkeypatch)
    ends = []
    real = Keeper.close
    monkeypatch.setattr(
        Keeper, "close", lambda self, timeout=5.0: (ends.append(timeout), real(self, timeout))[1]
    )
    session.add_bin("A", [])
    sorted_window.files.close()
    sorted_window.files.open(str(other))
    qtbot.waitUntil(lambda: folders(session) == [str(other)])
    session.add_bin("B", [])
    ends.clear()
    leave(parts)
    assert sum(ends) < 2 * desk_module.CLOSE_S


def test_recent_projects_ask_no_disk(sorted_window, parts, monkeypatch):
    parts.preferences.update(recent=("/dead/p.fewshot", "/dead/folder", "/dead/q-2.fewshot"))
    asked = []
    for name in ("lstat", "stat", "readlink"):
        real = getattr(os, name)

        def spy(path, *args, real=real, **kwargs):
            if "dead" in str(path):
                asked.append(path)
            return real(path, *args, **kwargs)

        monkeypatch.setattr(os, name, spy)
    assert len(sorted_window.files.recent()) == 3
    assert not asked
