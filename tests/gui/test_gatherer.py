"""Files that are brought from elsewhere while disks hang, folders move and things fail."""

from __future__ import annotations

import os
import shutil
import threading

import pytest

from fewshot_gui.gui import gatherer as gatherer_module
from tests.gui.conftest import path_of
from tests.gui.test_folders import label_of
from tests.gui.test_projects import leave, open_in
from tests.pictures import make_picture


@pytest.fixture
def outside(tmp_path):
    """Two pictures that are in no folder of the project."""
    return [
        make_picture(tmp_path / name / "one.png", "red", seed=300 + number)
        for number, name in enumerate(("dead", "fine"))
    ]


@pytest.fixture
def dead(monkeypatch):
    """Looking at what lies in “dead” waits for the gate."""
    gate, asked, real = threading.Event(), threading.Event(), gatherer_module.image_file

    def hang(path, *rest):
        if "dead" in str(path):
            asked.set()
            assert gate.wait(120)
        return real(path, *rest)

    monkeypatch.setattr(gatherer_module, "image_file", hang)
    gate.asked = asked
    yield gate
    gate.set()


def red(session) -> int:
    return session.project.bins[0].id


def test_what_is_brought_from_a_dead_disk_holds_up_nothing_else(
    sorted_window, session, outside, dead, qtbot
):
    session.put_files([str(outside[0])], red(session))
    qtbot.waitUntil(dead.asked.is_set)
    session.put_files([str(outside[1])], red(session))
    qtbot.waitUntil(lambda: label_of(session, outside[1]) == "Red")
    assert label_of(session, outside[0]) == ""
    dead.set()
    qtbot.waitUntil(lambda: label_of(session, outside[0]) == "Red")


@pytest.mark.skipif(os.name == "nt", reason="open folders cannot be moved there")
def test_what_is_brought_while_a_folder_is_located_arrives(
    sorted_window, session, folder, outside, dead, tmp_path, qtbot
):
    inside = path_of(session, "red5.png")
    session.put_files([inside, str(outside[0])], red(session))
    qtbot.waitUntil(dead.asked.is_set)
    folder.rename(tmp_path / "moved")
    session.locate_folder(session.project.folders[0].id, str(tmp_path / "moved"))
    qtbot.waitUntil(lambda: session.project.folders[0].path == str(tmp_path / "moved"))
    dead.set()
    qtbot.waitUntil(lambda: label_of(session, outside[0]) == "Red")
    assert label_of(session, tmp_path / "moved" / "red5.png") == "Red"
    assert label_of(session, inside) == ""
    row = session.collection.table.row(str(outside[0]))
    qtbot.waitUntil(lambda: len(session.collection.table.ready([row])) == 1)


@pytest.mark.skipif(os.name == "nt", reason="open folders cannot be moved there")
def test_class_folders_that_are_brought_while_a_folder_is_located_arrive(
    sorted_window, session, folder, examples, tmp_path, monkeypatch, qtbot
):
    gate, asked, real = threading.Event(), threading.Event(), gatherer_module.find_class_folders

    def slow(*args):
        asked.set()
        assert gate.wait(120)
        return real(*args)

    monkeypatch.setattr(gatherer_module, "find_class_folders", slow)
    session.import_class_folders([str(examples)])
    qtbot.waitUntil(asked.is_set)
    folder.rename(tmp_path / "moved")
    session.locate_folder(session.project.folders[0].id, str(tmp_path / "moved"))
    qtbot.waitUntil(lambda: session.project.folders[0].path == str(tmp_path / "moved"))
    gate.set()
    qtbot.waitUntil(lambda: session.project.bin_named("green") is not None)


def test_one_folder_without_pictures_does_not_keep_the_others_out(
    sorted_window, session, examples, tmp_path, qtbot
):
    (tmp_path / "empty").mkdir()
    session.import_class_folders([str(tmp_path / "empty"), str(examples)])
    qtbot.waitUntil(lambda: session.project.bin_named("green") is not None)
    assert "empty" in sorted_window.banners.messages[0].text


def test_pictures_beside_the_class_folders_are_told_of(
    sorted_window, session, examples, outside, qtbot
):
    shutil.copy(outside[0], examples / "loose.png")
    session.import_class_folders([str(examples)])
    qtbot.waitUntil(lambda: session.project.bin_named("green") is not None)
    assert any("1 picture lies in no" in m.text for m in sorted_window.banners.messages)


@pytest.fixture
def with_example(sorted_window, session, outside, parts, qtbot):
    """A project that was left, with an example from elsewhere; its path."""
    session.put_files([str(outside[1])], red(session))
    qtbot.waitUntil(lambda: label_of(session, outside[1]) == "Red")
    leave(parts)
    return outside[1]


def is_used(session, path) -> bool:
    row = session.collection.table.row(str(path))
    if row is None or not len(session.collection.table.ready([row])):
        return False
    return bool(session.collection.is_support([row])[0])


def test_an_example_that_became_a_link_is_used(
    with_example, folder, another_window, tmp_path, qtbot
):
    with_example.rename(tmp_path / "kept.png")
    with_example.symlink_to(tmp_path / "kept.png")
    later = open_in(another_window(), folder, qtbot)
    qtbot.waitUntil(lambda: is_used(later, with_example))


def test_an_example_that_became_a_folder_is_told(with_example, folder, another_window, qtbot):
    with_example.unlink()
    make_picture(with_example / "inner.png", "red", seed=9)
    again = another_window()
    open_in(again, folder, qtbot)
    qtbot.waitUntil(lambda: any(m.key == "examples" for m in again.window.banners.messages))


def test_examples_are_looked_for_again_after_an_unexpected_failure(
    with_example, folder, another_window, monkeypatch, qtbot
):
    monkeypatch.setattr(gatherer_module, "AGAIN_MS", 50)
    real, failed, told = gatherer_module.image_file, [], []

    def fail(path, *rest):
        if len(failed) < 3:
            failed.append(path)
            raise ZeroDivisionError
        return real(path, *rest)

    monkeypatch.setattr(gatherer_module, "image_file", fail)
    again = another_window()
    again.session.crashed.disconnect()
    again.session.crashed.connect(told.append)
    later = open_in(again, folder, qtbot)
    qtbot.waitUntil(lambda: is_used(later, with_example))
    assert len(failed) == 3
    assert len(told) == 1
