"""The store of decoded pictures: what it holds, leaves out and tells."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from fewshot_gui.images.class_folders import find_class_folders
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.store import PictureShape, load_store

SHAPE = PictureShape(20)
COLOURS = {"blue": (0, 0, 200), "green": (0, 200, 0), "red": (200, 0, 0)}


@pytest.fixture(scope="module")
def pool():
    with DecodePool(workers=1) as pool:
        yield pool


@pytest.fixture
def root(tmp_path):
    """Three classes in two groups, of plain pictures that all differ."""
    for number, (name, colour) in enumerate(COLOURS.items()):
        folder = tmp_path / "classes" / ("a" if number < 2 else "b") / name
        folder.mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (40, 30), tuple(c + i for c in colour)).save(folder / f"{i}.png")
    return tmp_path / "classes"


def load(root, pool, shape=SHAPE, job=None, **more):
    job = job or Job()
    return load_store(find_class_folders(root, job), shape, pool, job, **more)


def test_the_store_holds_every_picture_in_its_class_and_group(root, pool):
    store = load(root, pool)
    assert store.classes.names == ("blue", "green", "red")
    assert store.classes.group_names == ("a", "b")
    assert store.classes.groups == (0, 0, 1)
    for name, rows in zip(store.classes.names, store.classes.rows, strict=True):
        assert len(rows) == 3
        for i, row in enumerate(rows):
            expected = np.asarray(COLOURS[name], np.uint8)[:, None, None] + i
            assert np.array_equal(store.pixels[row], np.broadcast_to(expected, (3, 20, 20)))


def test_gray_pictures_are_as_light_as_the_eye_sees_them(root, pool):
    store = load(root, pool, PictureShape(16, gray=True))
    assert store.pixels.shape == (9, 1, 16, 16)
    first = [int(store.pixels[rows[0]].mean()) for rows in store.classes.rows]
    assert first == [23, 117, 60]


def test_a_damaged_picture_and_a_copy_are_left_out_and_told(root, pool):
    (root / "a" / "blue" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    shutil.copy(root / "a" / "green" / "0.png", root / "a" / "green" / "copy.png")
    notices = []
    store = load(root, pool, job=Job(on_notice=notices.append))
    assert store.classes.sizes.tolist() == [2, 3, 3]
    assert len(notices) == 2
    assert "cannot be read" in notices[0]
    assert "more than once" in notices[1]


def test_what_is_large_is_mapped_from_a_file_and_the_same(root, pool, tmp_path):
    file = tmp_path / "pixels.npy"
    mapped = load(root, pool, file=file, in_memory=1000)
    assert isinstance(mapped.pixels, np.memmap)
    assert np.array_equal(mapped.pixels, load(root, pool).pixels)
    mapped.pixels.flush()
    assert np.array_equal(np.load(file), mapped.pixels)


def test_what_is_small_needs_no_file(root, pool, tmp_path):
    load(root, pool, file=tmp_path / "pixels.npy")
    assert not (tmp_path / "pixels.npy").exists()


def test_loading_can_be_cancelled_on_the_way(root, pool):
    job = Job(on_progress=lambda _progress: job.cancel())
    folders = find_class_folders(root, Job())
    with pytest.raises(Cancelled):
        load_store(folders, PictureShape(20), pool, job)
