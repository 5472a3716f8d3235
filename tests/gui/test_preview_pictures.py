"""Large pictures: the one that is looked at before all, what is not wanted any more not at all."""

from __future__ import annotations

import pytest

from fewshot_gui.gui import large_pictures
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.gui.large_pictures import AHEAD, FULL_SIDE, NOW, LargePictures, Wish
from fewshot_gui.gui.thumbnails import PRIORITIES
from fewshot_gui.images.pool import DecodePool
from tests.gui.preview_pool import SlowPool
from tests.pictures import make_picture


@pytest.fixture
def pool():
    pool = SlowPool()
    yield pool
    pool.close()


@pytest.fixture
def runner(qapp):
    runner = JobRunner()
    yield runner
    runner.shutdown()


@pytest.fixture
def large(pool, runner):
    large = LargePictures(lambda: pool, runner)
    yield large
    large.forget()


@pytest.fixture
def paths(tmp_path):
    return [str(make_picture(tmp_path / f"{i}.png", seed=i, size=(900, 600))) for i in range(6)]


def test_a_picture_of_the_size_asked_for(large, paths, qtbot):
    with qtbot.waitSignal(large.ready) as ready:
        large.want([Wish(paths[0], 300)])
    assert ready.args == [paths[0]]
    picture = large.picture(paths[0])
    assert (picture.image.width(), picture.image.height()) == (300, 200)
    assert (picture.width, picture.height) == (900, 600)
    assert large.waiting == 0


def test_it_goes_before_the_thumbnails_and_what_is_read_ahead_too(large, pool, paths, qtbot):
    large.want([Wish(paths[0], 300, NOW), Wish(paths[1], 300, AHEAD)])
    qtbot.waitUntil(lambda: large.waiting == 0)
    priorities = {path: priority for path, _side, priority in pool.requests}
    assert priorities[paths[0]] < priorities[paths[1]] < min(PRIORITIES)


def test_what_is_here_is_not_asked_for_again(large, pool, paths, qtbot):
    large.want([Wish(paths[0], 300)])
    qtbot.waitUntil(lambda: large.picture(paths[0]) is not None)
    large.want([Wish(paths[0], 250)])
    assert large.waiting == 0
    large.want([Wish(paths[0], 2000)])
    qtbot.waitUntil(lambda: large.picture(paths[0]).image.width() == 900)
    large.want([Wish(paths[0], 4000)])  # there is no more to see in it
    assert large.waiting == 0
    assert [side for _path, side, _priority in pool.requests] == [300, 2000]


def test_nothing_larger_than_the_cap_is_asked_for(large, pool, paths, qtbot):
    large.want([Wish(paths[0], 50_000)])
    qtbot.waitUntil(lambda: large.waiting == 0)
    assert pool.requests[0][1] == FULL_SIDE


def test_what_was_passed_by_is_never_opened(large, pool, paths, qtbot):
    pool.gate.clear()
    for path in paths:  # a held arrow key
        large.want([Wish(path, 300)])
        qtbot.waitUntil(lambda path=path: path in [r[0] for r in pool.requests])
    assert large.waiting == 1
    pool.gate.set()
    qtbot.waitUntil(lambda: large.picture(paths[-1]) is not None)
    assert pool.opened == [paths[0], paths[-1]]  # the first one had begun


def test_the_next_picture_that_becomes_the_current_one_overtakes(large, pool, paths, qtbot):
    pool.gate.clear()
    large.want([Wish(paths[0], 300), Wish(paths[1], 300, AHEAD)])
    qtbot.waitUntil(lambda: len(pool.requests) == 2)
    large.want([Wish(paths[1], 300), Wish(paths[2], 300, AHEAD)])
    qtbot.waitUntil(lambda: len(pool.requests) == 4)
    assert (paths[1], 300, NOW) in pool.requests
    pool.gate.set()
    qtbot.waitUntil(lambda: large.waiting == 0)
    assert pool.opened.count(paths[1]) == 1


def test_a_late_smaller_copy_does_not_replace_a_larger_one(runner, paths, qtbot):
    pool = SlowPool(threads=2)
    large = LargePictures(lambda: pool, runner)
    pool.held = {300}
    pool.gate.clear()
    large.want([Wish(paths[0], 300)])
    qtbot.waitUntil(lambda: pool.opened == [paths[0]])
    large.want([Wish(paths[0], 800)])
    qtbot.waitUntil(lambda: large.picture(paths[0]) is not None)
    with qtbot.waitSignal(large.ready):
        pool.gate.set()
    assert large.picture(paths[0]).image.width() == 800
    pool.close()


def test_a_bad_file_tells_its_reason_once(large, pool, tmp_path, qtbot):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"?")
    with qtbot.waitSignal(large.ready):
        large.want([Wish(str(bad), 300)])
    assert "damaged" in large.failure(str(bad)).describe()
    large.want([Wish(str(bad), 900)])
    assert len(pool.requests) == 1


def test_only_so_many_bytes_are_held(monkeypatch, pool, runner, paths, qtbot):
    monkeypatch.setattr(large_pictures, "HELD_BYTES", 3 * 300 * 200 * 4)
    large = LargePictures(lambda: pool, runner)
    for path in paths:
        large.want([Wish(path, 300)])
        qtbot.waitUntil(lambda path=path: large.picture(path) is not None)
    assert [large.picture(path) is not None for path in paths] == [False] * 3 + [True] * 3
    large.forget()


def test_what_comes_after_forgetting_is_dropped(large, pool, runner, paths, qtbot):
    pool.gate.clear()
    large.want([Wish(paths[0], 300)])
    qtbot.waitUntil(lambda: pool.opened == [paths[0]])
    large.forget()
    with qtbot.assertNotEmitted(large.ready, wait=150):
        pool.gate.set()
    assert large.picture(paths[0]) is None
    assert large.waiting == 0


def test_with_the_real_decoders(runner, paths, tmp_path, qtbot):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0 and no picture")
    with DecodePool(1) as pool:
        large = LargePictures(lambda: pool, runner)
        large.want([Wish(paths[0], 300), Wish(str(bad), 300, AHEAD)])
        qtbot.waitUntil(lambda: large.waiting == 0)
        assert large.picture(paths[0]).image.width() == 300
        assert large.picture(paths[0]).width == 900
        assert "damaged" in large.failure(str(bad)).describe()
        large.forget()
