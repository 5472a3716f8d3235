"""Jobs end in exactly one way, in the window's thread."""

from __future__ import annotations

import sys
import threading

import pytest
from PySide6.QtCore import QObject, Signal

from fewshot_gui.errors import UserError
from fewshot_gui.gui.job_runner import JobRunner


@pytest.fixture
def runner(qapp):
    runner = JobRunner()
    yield runner
    runner.shutdown()


@pytest.fixture
def start(runner):
    """Starts work on a lane and notes how it ends, and in which thread."""
    ends: list[tuple[str, object]] = []

    def note(how):
        def end(*what):
            assert threading.current_thread() is threading.main_thread()
            ends.append((how, what[0] if what else None))

        return end

    def run(work, lane="a"):
        return runner.start(
            lane, work, done=note("done"), failed=note("failed"), cancelled=note("cancelled")
        )

    run.ends = ends
    return run


def test_done(start, qtbot):
    start(lambda job: 42)
    qtbot.waitUntil(lambda: start.ends == [("done", 42)])


@pytest.mark.parametrize(
    "error", [UserError("no"), RuntimeError("CUDA out of memory"), SystemExit(3), MemoryError()]
)
def test_failed_whatever_it_is(start, qtbot, error):
    def work(job):
        raise error

    start(work)
    qtbot.waitUntil(lambda: start.ends == [("failed", error)])


def test_cancelled_before_and_during(start, qtbot):
    running, go = threading.Event(), threading.Event()

    def work(job):
        running.set()
        go.wait(120)
        job.checkpoint()

    first, second = start(work), start(lambda job: 1)
    running.wait(120)
    first.cancel()
    second.cancel()
    go.set()
    qtbot.waitUntil(lambda: start.ends == [("cancelled", None)] * 2)


def test_a_lane_is_one_after_the_other_and_lanes_are_apart(start, qtbot):
    order, gate = [], threading.Event()
    start(lambda job: (gate.wait(120), order.append(1)), "slow")
    start(lambda job: order.append(2), "slow")
    start(lambda job: order.append(3), "quick")
    qtbot.waitUntil(lambda: order == [3])
    gate.set()
    qtbot.waitUntil(lambda: order == [3, 1, 2])


def test_progress_and_notices_arrive_in_the_windows_thread(runner, qtbot):
    seen = []

    def work(job):
        job.report(1, 2)
        job.notice("The GPU is busy.")
        job.report(2, 2)

    runner.start(
        "a",
        work,
        failed=seen.append,
        progress=lambda p: seen.append((p.done, threading.current_thread().name)),
        notice=seen.append,
    )
    qtbot.waitUntil(lambda: len(seen) == 3)
    assert seen == [(1, "MainThread"), "The GPU is busy.", (2, "MainThread")]


def test_shutdown_waits_and_nothing_is_called_afterwards(start, runner, qtbot):
    def work(job):
        while True:
            job.checkpoint()

    start(work)
    runner.shutdown()
    assert not [t for t in threading.enumerate() if t.name.startswith("lane-")]
    qtbot.wait(10)
    assert start.ends == []
    assert runner.start("a", work, failed=lambda error: None).cancelled


def test_shutdown_leaves_a_thread_behind_that_hears_nothing(start, runner, qtbot):
    running, go = threading.Event(), threading.Event()
    start(lambda job: (running.set(), go.wait(120)))
    assert running.wait(120)
    runner.shutdown(0.2)
    left = [t for t in threading.enumerate() if t.name == "lane-a"]
    assert left  # it was not waited for
    assert all(t.daemon for t in left)  # none keeps the program alive
    go.set()
    for thread in left:
        thread.join(5)
    qtbot.wait(10)
    assert start.ends == []


class _Source(QObject):
    told = Signal(bool)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="True is immortal there")
def test_emitting_does_not_wear_out_true(qapp):
    """PySide6 6.12.0 took a reference from ``True`` at every emit, until Python aborted."""
    source = _Source()
    heard = []
    source.told.connect(lambda value: heard.append(1))
    before = sys.getrefcount(True)
    for _ in range(5000):
        source.told.emit(True)
    assert len(heard) == 5000
    assert sys.getrefcount(True) > before - 100
