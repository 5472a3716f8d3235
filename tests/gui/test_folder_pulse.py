"""What happens in a folder while its window is in front, and what leaves the project."""

from __future__ import annotations

import os
import shutil
import threading
import time

import pytest

from fewshot_gui import listing as listing_module
from fewshot_gui.gui import folder_pulse as pulse_module
from fewshot_gui.gui import lister as lister_module
from fewshot_gui.gui.reader import ReaderState
from tests.gui.conftest import path_of
from tests.gui.test_folders import emptied_and_back, keys, label_of, names
from tests.gui.test_session import idle
from tests.pictures import make_classes, make_picture


@pytest.fixture
def quick(monkeypatch):
    """Looks often; counts the listings, and the threads that looked."""
    monkeypatch.setattr(pulse_module, "EVERY_MS", 40)
    monkeypatch.setattr(pulse_module, "REST", 1)
    monkeypatch.setattr(lister_module, "LOOK_AGAIN_MS", 40)
    listings, threads = [], set()
    scan, trace = listing_module.scan, pulse_module._trace

    def counted(*args):
        listings.append(args[0])
        return scan(*args)

    def seen(place):
        threads.add(threading.current_thread())
        return trace(place)

    monkeypatch.setattr(listing_module, "scan", counted)
    monkeypatch.setattr(pulse_module, "_trace", seen)
    return listings, threads


@pytest.fixture
def other(tmp_path):
    make_classes(tmp_path / "other", 2, first=70, flat=True)
    return tmp_path / "other"


def wait_for_looks(session, qtbot):
    """Until the folders were looked at twice from now on: how they are is known."""
    looks = []
    session.watch._pulse.felt.connect(looks.append)
    qtbot.waitUntil(lambda: len(looks) >= 2 and idle(session)())


# -- nobody asks, nobody comes back to the window ---------------------------------------------


def test_pictures_that_come_and_go_are_noticed(quick, sorted_window, session, folder, qtbot):
    wait_for_looks(session, qtbot)
    make_picture(folder / "new.png", "red", seed=400)
    qtbot.waitUntil(lambda: "new.png" in names(session))
    os.unlink(folder / "new.png")
    qtbot.waitUntil(lambda: "missing" in keys(sorted_window))


def test_pictures_that_come_into_a_folder_below_are_noticed(quick, window, session, folder, qtbot):
    make_picture(folder / "a" / "b" / "one.png", "red", seed=400)
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())
    wait_for_looks(session, qtbot)
    make_picture(folder / "a" / "b" / "two.png", "red", seed=401)
    qtbot.waitUntil(lambda: "a/b/two.png" in names(session))
    make_picture(folder / "a" / "c" / "three.png", "red", seed=402)
    qtbot.waitUntil(lambda: "a/c/three.png" in names(session))


def test_a_folder_that_is_emptied_or_swapped_is_noticed(
    quick, sorted_window, session, folder, tmp_path, qtbot
):
    wait_for_looks(session, qtbot)
    back = emptied_and_back(folder)
    qtbot.waitUntil(lambda: keys(sorted_window) == ["folder"])
    assert session.collection.table.counts().failed == 0
    back()
    qtbot.waitUntil(lambda: keys(sorted_window) == [])
    qtbot.waitUntil(idle(session))
    wait_for_looks(session, qtbot)
    folder.rename(tmp_path / "before")
    shutil.copytree(tmp_path / "before", folder)
    make_picture(folder / "swapped.png", "red", seed=400)
    qtbot.waitUntil(lambda: "swapped.png" in names(session))


def test_a_folder_that_vanished_is_away_and_its_pictures_are_not_deleted(
    quick, sorted_window, session, folder, tmp_path, qtbot
):
    wait_for_looks(session, qtbot)
    folder.rename(tmp_path / "hidden")
    qtbot.waitUntil(lambda: keys(sorted_window) == ["folder"])
    assert len(session.collection.targets) == 24
    assert session.collection.table.counts().failed == 0
    assert label_of(session, folder / "red0.png") == "Red"
    (tmp_path / "hidden").rename(folder)
    qtbot.waitUntil(lambda: keys(sorted_window) == [])


def test_nothing_is_listed_while_nothing_happens_and_never_in_the_windows_thread(
    quick, sorted_window, session, qtbot
):
    listings, threads = quick
    wait_for_looks(session, qtbot)
    count = len(listings)
    qtbot.wait(400)
    assert len(listings) == count
    assert threads
    assert threading.main_thread() not in threads


def test_looks_at_a_hung_disk_do_not_pile_up(
    quick, sorted_window, session, other, monkeypatch, qtbot
):
    gate, waiting, trace = threading.Event(), [], pulse_module._trace

    def hang(place):
        if place.endswith("targets"):
            waiting.append(place)
            assert gate.wait(120)
        return trace(place)

    monkeypatch.setattr(pulse_module, "_trace", hang)
    qtbot.waitUntil(lambda: bool(waiting))
    qtbot.wait(400)
    assert len(waiting) == 1
    sorted_window.files.open(str(other))  # whose disk is well
    qtbot.waitUntil(lambda: session.desk.title == "other" and idle(session)())
    wait_for_looks(session, qtbot)
    make_picture(other / "new.png", "red", seed=400)
    qtbot.waitUntil(lambda: "new.png" in names(session))
    gate.set()


def test_a_slow_disk_has_its_rest(quick, sorted_window, session, monkeypatch, qtbot):
    looks = []

    def slow(_place):
        looks.append(time.monotonic())
        time.sleep(0.1)
        return (0, 0)

    monkeypatch.setattr(pulse_module, "REST", 5)
    monkeypatch.setattr(pulse_module, "_trace", slow)
    qtbot.waitUntil(lambda: len(looks) >= 3)
    assert looks[-1] - looks[-2] > 0.4


# -- what leaves the project ----------------------------------------------------------------------


def test_folders_that_are_dropped_together_are_one_action(
    sorted_window, session, other, tmp_path, qtbot
):
    shutil.copytree(other, tmp_path / "third")
    sorted_window.files.drop([str(other), str(tmp_path / "third"), str(tmp_path / "none")])
    qtbot.waitUntil(lambda: len(session.project.folders) == 3)
    assert "none" in " ".join(m.text for m in sorted_window.banners.messages)
    session.undo()
    assert len(session.project.folders) == 1
    session.redo()
    assert len(session.project.folders) == 3


def test_folders_that_are_dropped_on_the_welcome_page_join_as_one_action(
    window, session, folder, other, tmp_path, qtbot
):
    shutil.copytree(other, tmp_path / "third")
    window.files.drop([str(folder), str(other), str(tmp_path / "third"), str(other)])
    qtbot.waitUntil(lambda: len(session.project.folders) == 3)
    session.undo()
    assert [f.path for f in session.project.folders] == [str(folder)]


def test_class_folders_that_are_dropped_together_are_one_action(
    sorted_window, session, tmp_path, qtbot
):
    for name in ("one", "two"):
        make_picture(tmp_path / name / "a.png", "red", seed=500)
    session.import_class_folders([str(tmp_path / "one"), str(tmp_path / "two")])
    qtbot.waitUntil(lambda: len(session.project.bins) == 4)
    session.undo()
    assert len(session.project.bins) == 2


def test_examples_that_are_taken_back_are_not_read_any_more(
    sorted_window, session, workbench, examples, qtbot
):
    workbench.gate.clear()
    session.import_class_folders([str(examples)])
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.READING)
    assert session.reader.counts == (24, 30)
    session.undo()
    assert session.reader.counts == (24, 24)
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.IDLE)
    workbench.gate.set()
    session.resume()
    qtbot.wait(200)
    assert not [path for path in workbench.embedded if f"{os.sep}examples{os.sep}" in path]
    session.redo()
    qtbot.waitUntil(lambda: session.reader.counts == (30, 30))


def test_a_folder_that_is_taken_out_is_not_read_or_counted_any_more(
    sorted_window, session, workbench, other, folder, monkeypatch, qtbot
):
    workbench.gate.clear()
    session.add_folder(str(other))
    qtbot.waitUntil(lambda: session.reader.counts == (24, 30) and not session.scanning)
    held, scan = threading.Event(), listing_module.scan

    def slow(root, job, *rest):  # the folder that stays is on a slow disk
        while not held.wait(0.01):
            job.checkpoint()
        return scan(root, job, *rest)

    monkeypatch.setattr(listing_module, "scan", slow)
    session.remove_folder(session.project.folders[1].id)
    qtbot.waitUntil(lambda: session.reader.counts == (24, 24))
    assert len(session.collection.targets) == 24
    assert "24 images" in sorted_window.status.facts.text()
    assert session.scanning
    workbench.gate.set()
    held.set()
    qtbot.waitUntil(lambda: not session.scanning and session.reader.state is ReaderState.IDLE)
    qtbot.waitUntil(lambda: sorted_window.model.rowCount() == 24)
    assert not [path for path in workbench.embedded if f"{os.sep}other{os.sep}" in path]
    assert path_of(session, "red0.png") == str(folder / "red0.png")
    assert sorted(names(session))[0] == "blue0.png"
