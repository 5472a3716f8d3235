"""Class folders: what becomes a class, and what it is called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.jobs import Cancelled, Job


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def names(root: Path) -> list[str]:
    return [found.name for found in find_class_folders(root, Job())]


def test_each_folder_that_holds_pictures_is_a_class(tmp_path):
    make(tmp_path, "cat10/a.jpg", "cat9/b.jpg", "cat9/a.jpg", "empty/readme.txt")
    found = find_class_folders(tmp_path, Job())
    assert [one.name for one in found] == ["cat9", "cat10"]
    assert [file.relative for file in found[0].files] == ["cat9/a.jpg", "cat9/b.jpg"]


def test_a_class_folder_may_lie_deep(tmp_path):
    make(tmp_path, "train/pets/cat/a.jpg", "train/pets/dog/b.jpg")
    assert names(tmp_path) == ["cat", "dog"]


def test_folders_of_the_same_name_are_told_apart_by_their_paths(tmp_path):
    make(tmp_path, "fruit/Apple/a.jpg", "brands/apple/b.jpg", "fruit/pear/c.jpg")
    assert names(tmp_path) == ["brands/apple", "fruit/Apple", "pear"]


def test_a_folder_holds_only_its_own_pictures(tmp_path):
    make(tmp_path, "cat/a.jpg", "cat/wild/b.jpg")
    found = {one.name: [file.relative for file in one.files] for one in _found(tmp_path)}
    assert found == {"cat": ["cat/a.jpg"], "wild": ["cat/wild/b.jpg"]}


def _found(root: Path):
    return find_class_folders(root, Job())


def test_loose_pictures_beside_class_folders_belong_to_no_class(tmp_path):
    make(tmp_path, "loose.jpg", "cat/a.jpg")
    told: list[str] = []
    (found,) = find_class_folders(tmp_path, Job(on_notice=told.append))
    assert found.name == "cat"
    (text,) = told
    assert "1 picture lies in no sub-folder" in text


def test_a_folder_of_loose_pictures_is_one_class(tmp_path):
    make(tmp_path / "tulips", "a.jpg", "b.jpg")
    told: list[str] = []
    (found,) = find_class_folders(tmp_path / "tulips", Job(on_notice=told.append))
    assert not told
    assert found.name == "tulips"
    assert len(found.files) == 2


def test_hidden_folders_are_no_classes(tmp_path):
    make(tmp_path, "cat/a.jpg", ".cache/b.jpg")
    assert names(tmp_path) == ["cat"]


def test_no_pictures_is_the_users_error(tmp_path):
    make(tmp_path, "cat/notes.txt")
    with pytest.raises(UserError) as caught:
        find_class_folders(tmp_path, Job())
    assert caught.value.hint


def test_can_be_cancelled(tmp_path):
    make(tmp_path, "cat/a.jpg")
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        find_class_folders(tmp_path, job)


def test_folders_that_cannot_be_opened_are_told_of(tmp_path, monkeypatch):
    make(tmp_path, "cat/a.jpg", "dog/b.jpg", "locked/c.jpg")
    listed = os.scandir

    def failing(path):
        if os.path.basename(path) == "locked":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", failing)
    notices = []
    found = find_class_folders(tmp_path, Job(on_notice=notices.append))
    assert [one.name for one in found] == ["cat", "dog"]
    assert notices == ["1 folder cannot be opened and is left out: locked."]
