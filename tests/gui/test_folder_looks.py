"""Looks at the folders that overlap, hang, or come at an awkward moment."""

from __future__ import annotations

import os
import shutil
import threading
import time

import pytest

from fewshot_gui import listing as listing_module
from fewshot_gui.gui import lister as lister_module
from fewshot_gui.gui.reader import ReaderState
from tests.gui.conftest import path_of, sum_sorted
from tests.gui.test_folders import emptied_and_back, keys, label_of, look_again
from tests.gui.test_session import idle
from tests.pictures import make_classes, make_picture

pytestmark = pytest.mark.skipif(os.name == "nt", reason="open folders cannot be moved there")


@pytest.fixture
def gate(monkeypatch):
    """Holds every listing until it is set."""
    opened, scan = threading.Event(), listing_module.scan

    def slow(root, job, *rest):
        while not opened.wait(0.01):
            job.checkpoint()
        return scan(root, job, *rest)

    monkeypatch.setattr(listing_module, "scan", slow)
    return opened


def told(window) -> str:
    return " ".join(message.text for message in window.banners.messages)


def away_while_reading(window, session, folder, workbench, monkeypatch, qtbot):
    """The folder goes away under the reader, and nobody looks before the user does."""
    monkeypatch.setattr(lister_module, "LOOK_AGAIN_MS", 60_000)
    session.watch.lister._poll.setInterval(60_000)
    read = workbench._read
    monkeypatch.setattr(workbench, "_read", lambda *a: (time.sleep(0.03), read(*a))[1])
    workbench.gate.clear()
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.READING and session.listed)
    folder.rename(folder.with_name("hidden"))
    workbench.gate.set()
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.PAUSED)
    assert keys(window) == ["folder"]


def test_reading_goes_on_when_the_user_finds_the_folder_first(
    window, session, folder, workbench, monkeypatch, qtbot
):
    away_while_reading(window, session, folder, workbench, monkeypatch, qtbot)
    folder.with_name("hidden").rename(folder)
    look_again(window, session, qtbot)
    qtbot.waitUntil(lambda: session.collection.table.counts().ready == 24)
    assert keys(window) == []


def test_reading_goes_on_when_the_folder_that_is_away_is_taken_out(
    window, session, folder, workbench, tmp_path, monkeypatch, qtbot
):
    make_classes(tmp_path / "other", 2, first=70, flat=True)
    away_while_reading(window, session, folder, workbench, monkeypatch, qtbot)
    session.add_folder(str(tmp_path / "other"))
    qtbot.waitUntil(lambda: len(session.project.folders) == 2)
    session.remove_folder(session.project.folders[0].id)
    qtbot.waitUntil(lambda: session.collection.table.counts(session.collection.targets).ready == 6)


def test_a_look_that_was_overtaken_makes_nobody_believe(
    sorted_window, session, folder, gate, qtbot
):
    session.refresh()
    emptied_and_back(folder)
    session.watch.list(again=True)  # as when a folder is added
    gate.set()
    qtbot.waitUntil(lambda: keys(sorted_window) == ["folder"])
    assert session.collection.table.counts().failed == 0


def test_the_users_look_is_not_lost_on_the_programs_own(
    sorted_window, session, folder, gate, qtbot
):
    emptied_and_back(folder)
    gate.set()
    session.watch.look()
    qtbot.waitUntil(lambda: keys(sorted_window) == ["folder"])
    gate.clear()
    session.watch.look()
    session.refresh()
    gate.set()
    qtbot.waitUntil(lambda: keys(sorted_window) == ["missing"])


def test_a_dead_disk_in_one_project_does_not_keep_another_from_being_listed(
    window, session, folder, tmp_path, monkeypatch, qtbot
):
    dead, scan, gate = tmp_path / "dead", listing_module.scan, threading.Event()
    make_classes(dead, 2, first=70, flat=True)

    def hanging(root, *rest):
        if root == str(dead):
            assert gate.wait(120)
        return scan(root, *rest)

    monkeypatch.setattr(listing_module, "scan", hanging)
    window.files.open(str(dead))
    qtbot.waitUntil(lambda: session.collection is not None)
    window.files.open(str(folder))
    try:
        qtbot.waitUntil(lambda: len(session.collection.targets) == 24)
        qtbot.waitUntil(idle(session))
    finally:
        gate.set()


def test_a_probe_that_hangs_keeps_nobody_from_probing_another_project(
    window, session, folder, workbench, tmp_path, monkeypatch, qtbot
):
    away, gate = lister_module.away, threading.Event()
    make_classes(tmp_path / "dead", 4, first=70, flat=True)

    def hanging(folders, filled):
        if folders[0].path == str(tmp_path / "dead"):
            assert gate.wait(120)
        return away(folders, filled)

    monkeypatch.setattr(lister_module, "away", hanging)
    try:
        for place in (tmp_path / "dead", folder):
            workbench.gate.clear()
            window.files.open(str(place))
            qtbot.waitUntil(lambda at=place: [f.path for f in session.project.folders] == [str(at)])
            qtbot.waitUntil(lambda: session.reader.state is ReaderState.READING and session.listed)
            place.rename(place.with_name(f"{place.name} away"))
            workbench.gate.set()
            qtbot.wait(100)
        qtbot.waitUntil(lambda: "folder" in keys(window))
        assert session.collection.table.counts().failed == 0
    finally:
        gate.set()


@pytest.fixture
def reds(sorted_window, session, folder, qtbot):
    """Three labelled reds."""
    red = session.project.bin_named("Red").id
    session.put([path_of(session, name) for name in ("red1.png", "red2.png")], red)
    qtbot.waitUntil(lambda: not session.sorter.busy)
    return [folder / f"red{i}.png" for i in range(3)]


def test_all_changed_pictures_are_counted_until_there_are_none(
    sorted_window, session, reds, tmp_path, qtbot
):
    for number, red in enumerate(reds[:2]):
        shutil.copy2(red, tmp_path / red.name)
        make_picture(red, "blue", seed=90 + number)
        look_again(sorted_window, session, qtbot)
        qtbot.waitUntil(lambda n=number: session.collection.changed.sum() == n + 1)
    assert "2 pictures with labels" in told(sorted_window)
    for red in reds[:2]:
        shutil.copy2(tmp_path / red.name, red)
    look_again(sorted_window, session, qtbot)
    qtbot.waitUntil(lambda: "changed" not in keys(sorted_window))
    assert not session.collection.changed.any()


def test_pictures_that_swap_in_two_steps_leave_no_message(
    sorted_window, session, folder, tmp_path, qtbot
):
    red, blue = folder / "red0.png", folder / "blue0.png"
    shutil.copy2(red, tmp_path / "kept.png")
    shutil.copy(blue, red)
    look_again(sorted_window, session, qtbot)
    qtbot.waitUntil(lambda: "changed" in keys(sorted_window))
    shutil.copy(tmp_path / "kept.png", blue)
    look_again(sorted_window, session, qtbot)
    qtbot.waitUntil(lambda: "changed" not in keys(sorted_window))
    assert (label_of(session, red), label_of(session, blue)) == ("Blue", "Red")


def test_one_that_changed_and_went_elsewhere_disturbs_no_other(
    sorted_window, session, reds, folder, tmp_path, qtbot
):
    crashes = []
    session.crashed.connect(crashes.append)
    shutil.move(reds[1], tmp_path / "kept.png")
    make_picture(reds[1], "blue", seed=91)
    look_again(sorted_window, session, qtbot)
    qtbot.waitUntil(lambda: "changed" in keys(sorted_window))
    reds[1].unlink()
    shutil.move(tmp_path / "kept.png", folder / "crimson.png")
    look_again(sorted_window, session, qtbot)
    qtbot.waitUntil(lambda: label_of(session, folder / "crimson.png") == "Red")
    make_picture(reds[2], "blue", seed=92)
    look_again(sorted_window, session, qtbot)
    qtbot.waitUntil(lambda: session.collection.changed.sum() == 1)
    assert "1 picture with a label" in told(sorted_window)
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)
    assert not crashes
