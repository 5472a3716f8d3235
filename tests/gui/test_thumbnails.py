"""Small pictures: asked for when they are needed, dropped when they are not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize

from fewshot_gui.gui.thumbnails import ByteLru, Thumbnails
from tests.gui.fakes import FakePool
from tests.pictures import make_picture

BOX = QSize(80, 60)


@pytest.fixture
def pool():
    pool = FakePool()
    yield pool
    pool.close()


@pytest.fixture
def thumbnails(qapp, pool):
    thumbnails = Thumbnails(lambda: pool)
    yield thumbnails
    thumbnails.close()


def test_nothing_first_then_the_picture(thumbnails, tmp_path, qtbot):
    path = str(make_picture(tmp_path / "a.png", size=(300, 150)))
    with qtbot.waitSignal(thumbnails.ready) as ready:
        assert thumbnails.pixmap(path, BOX, 1.0, "grid") is None
    assert ready.args == [path]
    pixmap = thumbnails.pixmap(path, BOX, 1.0, "grid")
    assert pixmap.size() == QSize(80, 40)  # fits
    assert thumbnails.pixmap(path, BOX, 1.0, "grid") is pixmap  # scaled once
    assert thumbnails.dimensions(path) == (300, 150)
    assert thumbnails.waiting == 0


def test_filled_and_for_sharp_screens(thumbnails, tmp_path, qtbot):
    path = str(make_picture(tmp_path / "a.png", size=(300, 150)))
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.pixmap(path, QSize(44, 44), 2.0, "bins", fill=True)
    pixmap = thumbnails.pixmap(path, QSize(44, 44), 2.0, "bins", fill=True)
    assert pixmap.size() == QSize(88, 88)
    assert pixmap.deviceIndependentSize().toSize() == QSize(44, 44)


def test_a_bad_file_is_asked_for_once(thumbnails, pool, tmp_path, qtbot):
    (tmp_path / "bad.png").write_bytes(b"?")
    path = str(tmp_path / "bad.png")
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.pixmap(path, BOX, 1.0, "grid")
    for _ in range(3):
        assert thumbnails.pixmap(path, BOX, 1.0, "grid") is None
    assert pool.asked == [path]
    assert "damaged" in thumbnails.failure(path).describe()


def test_what_scrolled_away_is_dropped_and_can_be_asked_for_again(thumbnails, tmp_path, qtbot):
    paths = [str(make_picture(tmp_path / f"{i}.png", seed=i)) for i in range(20)]
    for path in paths:
        thumbnails.pixmap(path, BOX, 1.0, "grid")
    thumbnails.pixmap(str(make_picture(tmp_path / "bin.png")), BOX, 1.0, "bins")
    thumbnails.keep_only("grid", paths[-2:])
    assert thumbnails.waiting <= 3
    qtbot.waitUntil(lambda: thumbnails.waiting == 0)
    assert thumbnails.pixmap(paths[-1], BOX, 1.0, "grid") is not None
    thumbnails.pixmap(paths[0], BOX, 1.0, "grid")
    qtbot.waitUntil(lambda: thumbnails.pixmap(paths[0], BOX, 1.0, "grid") is not None)


def test_the_cache_holds_so_many_bytes():
    cache = ByteLru(100)
    for i in range(5):
        cache.put(i, f"v{i}", 40)
    assert len(cache) == 2
    assert cache.get(4) == "v4"
    assert cache.get(0) is None
    cache.get(3)
    cache.put(5, "v5", 40)
    assert cache.get(3) == "v3"  # used last
    assert cache.get(4) is None
