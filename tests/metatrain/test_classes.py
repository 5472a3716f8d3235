"""Which pictures of class folders are used, and what is said of the others."""

from __future__ import annotations

import numpy as np

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.backbones.units import to_units
from fewshot_gui.images.class_folders import ClassFolder
from fewshot_gui.images.files import FailureKind, ImageFailure, ImageFile
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.classes import ClassRows, listed_classes, usable_classes


def folder(name: str, count: int) -> ClassFolder:
    relative = [f"{name}/{i}.png" for i in range(count)]
    files = tuple(ImageFile(f"/p/{path}", path, 1, 1, 1) for path in relative)
    return ClassFolder(name.rpartition("/")[2], files)


def table_of(folders: list[ClassFolder], contents: list[int], broken: tuple[int, ...] = ()):
    """A table of all pictures; pictures with equal contents are copies."""
    table = EmbeddingTable(4)
    rows = table.add(file for one in folders for file in one.files)
    for row, content in zip(rows, contents, strict=True):
        if row in broken:
            table.fail(row, ImageFailure(FailureKind.DAMAGED))
        else:
            digest = np.full((1, 16), content, np.uint8)
            table.store_units(np.array([row]), to_units(np.ones((1, 4), np.float32)), digest)
    return table


def used(folders, *tables) -> tuple[list[list[int]], list[str], ClassRows]:
    notices = []
    found = usable_classes(folders, tables, Job(on_notice=notices.append))
    return [rows.tolist() for rows in found.rows], notices, found


def test_classes_keep_their_names_and_the_folders_they_lie_in():
    folders = [folder("greek/alpha", 2), folder("greek/beta", 1), folder("latin/a", 1)]
    rows, notices, found = used(folders, table_of(folders, [1, 2, 3, 4]))
    assert rows == [[0, 1], [2], [3]]
    assert notices == []
    assert found.names == ("alpha", "beta", "a")
    assert found.group_of.tolist() == [0, 0, 1]
    assert found.group_names == ("greek", "latin")


def test_classes_side_by_side_are_one_group():
    folders = [folder("cat", 1), folder("dog", 1)]
    _rows, _notices, found = used(folders, table_of(folders, [1, 2]))
    assert found.group_of.tolist() == [0, 0]
    assert found.group_names == ("",)


def test_what_one_of_the_tables_cannot_read_is_left_out():
    folders = [folder("cat", 3), folder("dog", 2)]
    contents = [1, 2, 3, 4, 5]
    rows, notices, _found = used(
        folders,
        table_of(folders, contents, broken=(1,)),
        table_of(folders, contents, broken=(3,)),
    )
    assert rows == [[0, 2], [4]]
    assert notices == ["2 pictures cannot be read and are left out."]


def test_of_copies_in_one_class_the_first_is_used():
    folders = [folder("cat", 4), folder("dog", 1)]
    rows, notices, _found = used(folders, table_of(folders, [1, 2, 1, 1, 5]))
    assert rows == [[0, 1], [4]]
    assert len(notices) == 1
    assert notices[0].startswith("2 pictures are there more than once and are left out")


def test_a_picture_in_two_classes_belongs_to_neither():
    folders = [folder("cat", 2), folder("dog", 3)]
    rows, notices, _found = used(folders, table_of(folders, [1, 2, 2, 3, 2]))
    assert rows == [[0], [3]]
    assert notices[0].startswith("3 pictures are there more than once")


def test_before_anything_is_read_all_pictures_count():
    found = listed_classes([folder("greek/alpha", 2), folder("latin/a", 3)])
    assert [rows.tolist() for rows in found.rows] == [[0, 1], [2, 3, 4]]
    assert found.names == ("alpha", "a")
    assert found.group_names == ("greek", "latin")
