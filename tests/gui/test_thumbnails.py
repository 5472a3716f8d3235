"""Small pictures: asked for when they are needed, dropped when they are not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage

from fewshot_gui.gui.byte_lru import ByteLru
from fewshot_gui.gui.thumbnail_form import decoded, encoded
from fewshot_gui.gui.thumbnails import Thumbnails
from fewshot_gui.images.pool import DecodePool
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


def wait_for(thumbnails, paths, qtbot, owner="grid"):
    qtbot.waitUntil(lambda: all(thumbnails.pixmap(path, BOX, 1.0, owner) for path in paths))


class CountingPool:
    """A pool that notes what it is asked for."""

    def __init__(self, pool):
        self._pool = pool
        self.asked = []

    def submit(self, request, priority=0):
        self.asked.append((request.path, priority))
        return self._pool.submit(request, priority)


@pytest.fixture
def counting():
    with DecodePool(workers=1) as pool:
        yield CountingPool(pool)


@pytest.fixture
def sitting(qapp, counting, tmp_path):
    """Starts one window after another with the same thumbnails on disk."""
    open_ones = []

    def start():
        for thumbnails in open_ones:
            thumbnails.close()
        open_ones.append(Thumbnails(lambda: counting, folder=tmp_path / "kept"))
        return open_ones[-1]

    yield start
    for thumbnails in open_ones:
        thumbnails.close()


def pictures(tmp_path, count):
    return [
        str(make_picture(tmp_path / f"{i}.png", "red", size=(300, 150), seed=i))
        for i in range(count)
    ]


def test_the_next_window_decodes_nothing_again(sitting, counting, tmp_path, qtbot):
    paths = pictures(tmp_path, 12)
    first = sitting()
    wait_for(first, paths, qtbot)
    assert len(counting.asked) == 12
    before = first.pixmap(paths[3], BOX, 1.0, "grid").toImage()
    second = sitting()
    wait_for(second, paths, qtbot)
    assert len(counting.asked) == 12
    assert second.dimensions(paths[3]) == (300, 150)
    after = second.pixmap(paths[3], BOX, 1.0, "grid").toImage()
    assert after.size() == before.size()
    middle = after.rect().center()
    for channel in ("red", "green", "blue"):
        values = [getattr(image.pixelColor(middle), channel)() for image in (before, after)]
        assert abs(values[0] - values[1]) < 12


def test_a_picture_that_was_painted_over_is_decoded_again(sitting, counting, tmp_path, qtbot):
    (path,) = pictures(tmp_path, 1)
    wait_for(sitting(), [path], qtbot)
    make_picture(tmp_path / "0.png", "blue", size=(200, 200))
    second = sitting()
    wait_for(second, [path], qtbot)
    assert second.dimensions(path) == (200, 200)
    assert len(counting.asked) == 2


def test_a_spoilt_cache_costs_a_second_decoding_only(sitting, counting, tmp_path, qtbot):
    paths = pictures(tmp_path, 4)
    wait_for(sitting(), paths, qtbot)
    sitting().close()
    kept = tmp_path / "kept" / "thumbnails.sqlite"
    kept.write_bytes(b"nothing of ours" * 700)
    wait_for(sitting(), paths, qtbot)
    assert len(counting.asked) == 8


def test_what_is_in_sight_goes_before_what_may_be_soon(sitting, counting, tmp_path, qtbot):
    paths = pictures(tmp_path, 9)
    thumbnails = sitting()
    seen, ahead, behind = paths[:3], paths[3:6], paths[6:]
    thumbnails.expect("grid", seen, ahead, behind, BOX, 1.0)
    wait_for(thumbnails, seen, qtbot)
    qtbot.waitUntil(lambda: thumbnails.waiting == 0)
    priorities = dict(counting.asked)
    assert set(priorities) == {*seen, *ahead}
    assert max(priorities[path] for path in seen) < min(priorities[path] for path in ahead)
    for path in ahead:
        assert thumbnails.pixmap(path, BOX, 1.0, "grid") is not None  # it was there already
    assert len(counting.asked) == 6


def test_what_scrolled_far_away_is_not_waited_for(sitting, tmp_path, qtbot):
    paths = pictures(tmp_path, 40)
    thumbnails = sitting()
    for path in paths:
        thumbnails.pixmap(path, BOX, 1.0, "grid")
    thumbnails.expect("grid", paths[-2:], [], paths[-4:-2], BOX, 1.0)
    assert thumbnails.waiting <= 4
    wait_for(thumbnails, paths[-2:], qtbot)


def test_a_kept_thumbnail_is_read_as_it_was_and_nonsense_is_none():
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    image.fill(QColor(200, 40, 40))
    again = decoded(encoded(image))
    assert (again.width(), again.height()) == (64, 48)
    assert again.format() == QImage.Format.Format_RGB32
    assert abs(again.pixelColor(30, 20).red() - 200) < 5
    assert decoded(b"nonsense") is None
