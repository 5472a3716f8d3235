"""Progress, its pace, and cancelling."""

from __future__ import annotations

import pytest

from fewshot_gui import jobs
from fewshot_gui.jobs import Cancelled, Job, Progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [100.0]
    monkeypatch.setattr(jobs.time, "monotonic", lambda: now[0])
    return now


def test_a_cancelled_job_stops_at_its_next_report():
    job = Job()
    job.report(1, 2)
    job.cancel()
    assert job.cancelled
    for stop in (job.checkpoint, lambda: job.report(2, 2)):
        with pytest.raises(Cancelled):
            stop()


def test_reports_are_few_but_the_last_one_always_comes(clock):
    seen = []
    job = Job(seen.append)
    for done in range(1, 1001):
        clock[0] += 0.001
        job.report(done, 1000)
    assert len(seen) <= 21
    assert seen[-1].done == 1000


def test_the_pace_is_that_of_the_present_stage(clock):
    seen = []
    job = Job(seen.append)
    job.report(0, None, "looking")
    clock[0] += 1
    job.report(400, None, "looking")
    clock[0] += 5
    job.report(0, 100, "reading")
    clock[0] += 2
    job.report(20, 100, "reading")
    assert seen[-1].rate == pytest.approx(10)
    assert seen[-1].seconds_left == pytest.approx(8)


def test_no_pace_no_estimate():
    assert Progress(1, 10).seconds_left is None
    assert Progress(1, None, rate=5).seconds_left is None
    assert Progress(12, 10, rate=5).seconds_left == 0


def test_notices_come_through_and_nobody_need_listen():
    heard = []
    Job(on_notice=heard.append).notice("by the way")
    Job().notice("nobody listens")
    assert heard == ["by the way"]


def test_a_silent_job_is_cancelled_with_the_other_one_and_tells_nothing():
    told = []
    job = Job(told.append, told.append)
    silent = job.silent()
    silent.notice("by the way")
    silent.report(1, 1, "looking")
    assert told == []
    job.cancel()
    with pytest.raises(Cancelled):
        silent.checkpoint()
