"""Folders that change while they are open: added, removed, renamed, away and back."""

from __future__ import annotations

import csv
import os
import shutil
import threading
import time

import numpy as np
import pytest

from fewshot_gui import listing as listing_module
from fewshot_gui.gui import folder_watch as watch_module
from fewshot_gui.gui import lister as lister_module
from fewshot_gui.gui.arrangement import Show
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.images.files import FailureKind
from tests.gui.conftest import path_of, put, sum_sorted
from tests.gui.test_session import idle
from tests.pictures import make_classes, make_picture


def names(session) -> list[str]:
    table = session.collection.table
    return [table.file(row).relative for row in session.collection.targets.tolist()]


def failure(session, name: str) -> FailureKind | None:
    table = session.collection.table
    found = table.failure(table.row(path_of(session, name)))
    return found.kind if found else None


def label_of(session, path) -> str:
    label = session.project.label(str(path))
    return session.project.class_name(label.class_id) if label else ""


def keys(window) -> list[str]:
    return [message.key for message in window.banners.messages]


def look_again(window, session, qtbot) -> None:
    window.actions_by_name["refresh"].trigger()
    assert session.scanning
    qtbot.waitUntil(idle(session))


@pytest.fixture
def quick_poll(monkeypatch):
    monkeypatch.setattr(lister_module, "LOOK_AGAIN_MS", 40)


@pytest.fixture
def other(tmp_path):
    make_classes(tmp_path / "other", 2, first=70, flat=True)
    return tmp_path / "other"


def test_two_folders_are_one_task_and_one_undo_takes_the_second_away(
    sorted_window, session, other, qtbot
):
    session.add_folder(str(other))
    qtbot.waitUntil(lambda: len(session.collection.targets) == 30)
    qtbot.waitUntil(idle(session))
    assert {name.partition("/")[0] for name in names(session)} == {"targets", "other"}
    assert sum_sorted(session) == 30
    assert sorted_window.model.rowCount() == 30
    session.undo()
    qtbot.waitUntil(lambda: len(session.collection.targets) == 24)
    assert "red0.png" in names(session)
    session.redo()
    qtbot.waitUntil(lambda: len(session.collection.targets) == 30)


def test_folders_of_the_same_name_are_told_apart(sorted_window, session, tmp_path, qtbot):
    make_picture(tmp_path / "elsewhere" / "targets" / "red0.png", "red", seed=4)
    session.add_folder(str(tmp_path / "elsewhere" / "targets"))
    qtbot.waitUntil(lambda: len(session.collection.targets) == 25)
    assert len(set(names(session))) == 25
    assert "targets (2)/red0.png" in names(session)


def test_a_folder_inside_one_that_is_open_is_not_added(sorted_window, session, folder, qtbot):
    make_picture(folder / "inner" / "new.png", "red", seed=4)
    for path in (folder / "inner", folder, folder.parent):
        session.add_folder(str(path))
        qtbot.waitUntil(
            lambda: any("already part" in m.text for m in sorted_window.banners.messages)
        )
        sorted_window.banners.clear()
    assert len(session.project.folders) == 1


def test_a_dropped_folder_joins_the_open_project(sorted_window, session, other, qtbot):
    sorted_window.files.drop([str(other)])
    qtbot.waitUntil(lambda: len(session.collection.targets) == 30)
    assert len(session.project.folders) == 2


def test_files_that_vanish_are_shown_as_such_and_come_back(
    sorted_window, session, folder, tmp_path, qtbot
):
    shutil.move(folder / "red0.png", tmp_path / "red0.png")
    shutil.move(folder / "green1.png", tmp_path / "green1.png")
    look_again(sorted_window, session, qtbot)
    assert len(session.collection.targets) == 24
    assert failure(session, "red0.png") is FailureKind.MISSING
    assert label_of(session, folder / "red0.png") == "Red"
    message = next(m for m in sorted_window.banners.messages if m.key == "missing")
    assert "2 pictures are no longer there" in message.text
    message.run()
    assert sorted_window.model.rowCount() == 2
    shutil.move(tmp_path / "red0.png", folder / "red0.png")
    shutil.move(tmp_path / "green1.png", folder / "green1.png")
    look_again(sorted_window, session, qtbot)
    assert failure(session, "red0.png") is None
    assert "missing" not in keys(sorted_window)
    assert sum_sorted(session) == 24


@pytest.mark.parametrize("copied", [False, True], ids=["renamed", "copied and deleted"])
def test_a_renamed_picture_keeps_its_label(sorted_window, session, folder, qtbot, copied):
    """The same file is known by its number on the disk, a copy by its content."""
    if copied:
        shutil.copyfile(folder / "red0.png", folder / "crimson.png")
        (folder / "red0.png").unlink()
    else:
        (folder / "red0.png").rename(folder / "crimson.png")
    look_again(sorted_window, session, qtbot)
    qtbot.waitUntil(lambda: label_of(session, folder / "crimson.png") == "Red")
    assert label_of(session, folder / "red0.png") == ""
    assert "red0.png" not in names(session)
    assert len(session.collection.targets) == 24
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)
    session.undo()  # the second bin
    session.undo()  # the first, whose example has another name now
    assert label_of(session, folder / "crimson.png") == ""
    session.redo()
    assert label_of(session, folder / "crimson.png") == "Red"


def test_a_changed_picture_is_read_again_and_its_label_is_doubted(
    sorted_window, session, folder, qtbot
):
    make_picture(folder / "red1.png", "blue", seed=78)
    look_again(sorted_window, session, qtbot)
    blue = session.project.bin_named("Blue").id
    row = session.collection.table.row(path_of(session, "red1.png"))
    qtbot.waitUntil(lambda: session.collection.best[row] == blue)
    assert "changed" not in keys(sorted_window)
    make_picture(folder / "red0.png", "blue", seed=77)
    look_again(sorted_window, session, qtbot)
    assert label_of(session, folder / "red0.png") == "Red"
    assert "changed" in keys(sorted_window)
    sorted_window.page.show_only(Show.CHANGED)
    assert sorted_window.model.rowCount() == 1
    session.put([str(folder / "red0.png")], blue)
    qtbot.waitUntil(lambda: not session.collection.changed.any())


def test_a_touched_picture_is_the_same_picture(sorted_window, session, folder, qtbot):
    os.utime(folder / "red0.png", ns=(1, 1))
    look_again(sorted_window, session, qtbot)
    assert "changed" not in keys(sorted_window)
    assert session.collection.table.counts().ready == 24


def test_a_folder_that_is_away_costs_nothing(quick_poll, window, session, folder, tmp_path, qtbot):
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())
    put(session, window, "Red", "red0.png")
    put(session, window, "Blue", "blue0.png")
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)
    labels = dict(session.project.labels)
    folder.rename(tmp_path / "hidden")
    look_again(window, session, qtbot)
    assert "folder" in keys(window)
    assert len(session.collection.targets) == 24
    assert session.collection.table.counts().failed == 0
    assert dict(session.project.labels) == labels
    (tmp_path / "hidden").rename(folder)
    qtbot.waitUntil(lambda: "folder" not in keys(window))
    qtbot.waitUntil(idle(session))
    assert len(session.collection.targets) == 24


def test_reading_goes_on_by_itself_when_the_folder_is_back(
    quick_poll, window, session, folder, workbench, tmp_path, qtbot
):
    workbench.gate.clear()
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.READING)
    folder.rename(tmp_path / "hidden")
    workbench.gate.set()
    qtbot.waitUntil(lambda: "folder" in keys(window))
    assert session.collection.table.counts().failed == 0
    (tmp_path / "hidden").rename(folder)
    qtbot.waitUntil(lambda: session.collection.table.counts().ready == 24)
    assert "folder" not in keys(window)


def test_a_folder_that_moved_is_located(sorted_window, session, folder, tmp_path, dialogs, qtbot):
    moved = tmp_path / "new place" / "pictures"
    moved.parent.mkdir()
    folder.rename(moved)
    dialogs.folder_answer = str(moved)
    sorted_window.files.locate()
    qtbot.waitUntil(lambda: session.project.folders[0].path == str(moved))
    qtbot.waitUntil(lambda: len(session.collection.targets) == 24)
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)
    assert label_of(session, moved / "red0.png") == "Red"
    session.undo()
    session.undo()
    assert not session.project.labels


def test_ten_thousand_files_come_and_go(window, session, tmp_path, qtbot):
    folder = tmp_path / "many"
    make_picture(folder / "a.png", "red", seed=1)
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())
    put(session, window, "Red", "a.png")
    for number in range(10_000):
        os.link(folder / "a.png", folder / f"{number}.png")
    session.refresh()
    qtbot.waitUntil(lambda: len(session.collection.targets) == 10_001)
    assert window.model.rowCount() == 10_001
    session.reader.pause()
    for number in range(10_000):
        (folder / f"{number}.png").unlink()
    session.refresh()
    qtbot.waitUntil(lambda: "missing" in keys(window))
    assert label_of(session, folder / "a.png") == "Red"
    assert len(session.collection.targets) == 10_001


@pytest.mark.skipif(os.name == "nt", reason="these names need a file system that allows them")
def test_every_odd_name_is_listed_labelled_and_exported(window, session, tmp_path, qtbot):
    odd = [
        "new\nline.png",
        "tab\t.png",
        "quo\"te's.png",
        "rtl\u202egnp.png",
        "-dash.png",
        "=1+1.png",
        "emoji 🍋.png",
        "<b>bold.png",
        "percent%20.png",
        "a" * 250 + ".png",
        os.fsdecode(b"caf\xe9.png"),
        " space .png",
        "back\\slash.png",
    ]
    folder = tmp_path / "odd"
    for seed, name in enumerate(odd):
        make_picture(folder / "x.png", "red" if seed % 2 else "blue", seed=seed)
        (folder / "x.png").rename(folder / name)
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())
    assert sorted(names(session)) == sorted(odd)
    session.add_bin("=danger", [path_of(session, odd[1])])
    session.add_bin("<i>x</i>", [path_of(session, odd[0])])
    session.put([path_of(session, name) for name in odd[2:]], session.project.bins[0].id)
    qtbot.waitUntil(idle(session))
    with qtbot.waitSignal(session.exported):
        session.export_csv(str(tmp_path / "out.csv"))
    with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["path"] for row in rows}) == len(odd)
    assert {row["label"] for row in rows} == {"'=danger", "<i>x</i>"}
    rows = np.flatnonzero(session.collection.is_support(slice(None)))
    assert len(rows) == len(odd)


def test_coming_back_to_the_window_looks_again_but_not_every_time(
    sorted_window, session, folder, monkeypatch, qtbot
):
    make_picture(folder / "late.png", "red", seed=99)
    session.look_again()
    assert not session.scanning  # a moment ago is soon enough
    monkeypatch.setattr(watch_module, "LOOK_AGAIN_S", 0.0)
    session.look_again()
    qtbot.waitUntil(lambda: len(session.collection.targets) == 25)


def test_a_look_that_finds_nothing_new_disturbs_nothing(sorted_window, session, qtbot):
    listed = []
    session.images_listed.connect(lambda: listed.append(True))
    look_again(sorted_window, session, qtbot)
    assert not listed
    assert sum_sorted(session) == 24


def test_a_folder_that_is_brought_back_brings_its_missing_pictures_back(
    sorted_window, session, folder, other, qtbot
):
    (folder / "red0.png").unlink()
    look_again(sorted_window, session, qtbot)
    session.add_folder(str(other))
    qtbot.waitUntil(lambda: len(session.collection.targets) == 30)
    session.remove_folder(session.project.folders[0].id)
    qtbot.waitUntil(lambda: len(session.collection.targets) == 6)
    session.undo()
    qtbot.waitUntil(lambda: len(session.collection.targets) == 30)
    assert "missing" in keys(sorted_window)
    assert label_of(session, folder / "red0.png") == "Red"


def test_a_changed_picture_is_shown_as_it_is_now(sorted_window, session, parts, folder, qtbot):
    path = str(folder / "red5.png")
    qtbot.waitUntil(lambda: parts.thumbnails.dimensions(path) is not None)
    make_picture(folder / "red5.png", "blue", seed=5, size=(300, 200))
    look_again(sorted_window, session, qtbot)
    qtbot.waitUntil(lambda: parts.thumbnails.dimensions(path) == (300, 200))


def test_labels_follow_pictures_that_swap_their_names(sorted_window, session, folder, qtbot):
    spare = folder.parent / "spare.png"
    os.rename(folder / "red0.png", spare)
    os.rename(folder / "blue0.png", folder / "red0.png")
    os.rename(spare, folder / "blue0.png")
    look_again(sorted_window, session, qtbot)
    qtbot.waitUntil(lambda: label_of(session, folder / "red0.png") == "Blue")
    assert label_of(session, folder / "blue0.png") == "Red"
    assert "changed" not in keys(sorted_window)
    assert not session.collection.changed.any()
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)


def test_a_label_given_meanwhile_outweighs_one_that_was_found_again(
    sorted_window, session, folder, qtbot
):
    red0, red1 = str(folder / "red0.png"), str(folder / "red1.png")
    blue = session.project.bin_named("Blue").id
    session.put([red1], blue)
    session.watch.tracker.moved.emit({red0: red1})
    assert (label_of(session, red0), label_of(session, red1)) == ("Red", "Blue")


def emptied_and_back(folder):
    """Takes all out of a folder, as when its disk is not mounted; returns what puts it back."""
    hidden = folder.with_name("hidden")
    folder.rename(hidden)
    folder.mkdir()

    def back():
        folder.rmdir()
        hidden.rename(folder)

    return back


def test_an_empty_mount_point_is_no_folder_whose_pictures_were_deleted(
    quick_poll, sorted_window, session, folder, qtbot, monkeypatch
):
    monkeypatch.setattr(watch_module, "LOOK_AGAIN_S", 0.0)
    labels = dict(session.project.labels)
    back = emptied_and_back(folder)
    session.look_again()
    qtbot.waitUntil(lambda: keys(sorted_window) == ["folder"])
    assert "disk" in sorted_window.banners.messages[0].text
    assert len(session.collection.targets) == 24
    assert session.collection.table.counts().failed == 0
    qtbot.wait(150)  # some more looks at the empty folder
    assert keys(sorted_window) == ["folder"]
    back()
    qtbot.waitUntil(lambda: keys(sorted_window) == [])
    assert dict(session.project.labels) == labels
    assert sum_sorted(session) == 24


def test_who_looks_again_at_an_empty_folder_is_believed(
    quick_poll, sorted_window, session, folder, qtbot, monkeypatch
):
    monkeypatch.setattr(watch_module, "LOOK_AGAIN_S", 0.0)
    back = emptied_and_back(folder)
    look_again(sorted_window, session, qtbot)
    assert keys(sorted_window) == ["folder"]  # first the user hears what it may be
    assert session.collection.table.counts().failed == 0
    look_again(sorted_window, session, qtbot)
    assert keys(sorted_window) == ["missing"]
    assert session.collection.table.counts().failed == 24
    session.look_again()
    qtbot.waitUntil(idle(session))
    assert keys(sorted_window) == ["missing"]
    back()
    session.look_again()
    qtbot.waitUntil(idle(session))
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)
    assert keys(sorted_window) == []


def test_a_second_look_leaves_what_is_known_complete_and_stops_for_nobody(
    sorted_window, session, folder, qtbot, monkeypatch
):
    gate, scan = threading.Event(), listing_module.scan

    def slow(*arguments):
        assert gate.wait(120)
        return scan(*arguments)

    monkeypatch.setattr(listing_module, "scan", slow)
    session.refresh()
    assert session.scanning
    assert session.listed
    assert not sorted_window.actions_by_name["cancel"].isEnabled()
    gate.set()
    qtbot.waitUntil(idle(session))


def test_listing_a_folder_that_was_added_can_be_cancelled(
    sorted_window, session, other, qtbot, monkeypatch
):
    scan = listing_module.scan

    def endless(path, job, on_batch):
        while path == str(other):
            job.checkpoint()
            time.sleep(0.01)
        return scan(path, job, on_batch)

    monkeypatch.setattr(listing_module, "scan", endless)
    session.add_folder(str(other))
    qtbot.waitUntil(lambda: len(session.project.folders) == 2)
    assert not session.listed
    cancel = sorted_window.actions_by_name["cancel"]
    assert cancel.isEnabled()
    cancel.trigger()
    qtbot.waitUntil(lambda: not session.scanning)
    assert session.listing_stopped
