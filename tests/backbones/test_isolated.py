"""The runtime in another process: answers, deaths, cancellation, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fewshot_gui.backbones import isolated
from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.backbones.isolated import IsolatedRuntime
from fewshot_gui.backbones.runtime import InProcessRuntime
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job

FAKE = Path(__file__).with_name("fake_engine.py")


def pixels(count, value=7):
    return np.full((count, 4, 4, 3), value, np.uint8)


@contextlib.contextmanager
def engine(behaviour, counter=None):
    command = [sys.executable, str(FAKE), behaviour, *([str(counter)] if counter else [])]
    with contextlib.closing(
        IsolatedRuntime(backbone_card("lite0"), command=tuple(command))
    ) as runtime:
        yield runtime


def a_job():
    notices = []
    return Job(on_notice=notices.append), notices


def test_embeddings_come_back_and_the_device_is_known():
    with engine("good") as runtime:
        job, notices = a_job()
        assert runtime.device == ""
        runtime.start(job)
        assert runtime.device == "cuda"
        np.testing.assert_array_equal(runtime.embed(pixels(3, 9), job), np.full((3, 3), 9.0))
        np.testing.assert_array_equal(runtime.embed(pixels(1, 2), job), np.full((1, 3), 2.0))
        assert notices == []


def test_printing_libraries_do_not_garble_the_answers():
    with engine("print") as runtime:
        np.testing.assert_array_equal(runtime.embed(pixels(2), Job()), np.full((2, 3), 7.0))


def test_notices_and_user_errors_come_through():
    with engine("notice") as runtime:
        job, notices = a_job()
        runtime.start(job)
        assert notices == ["by the way"]
    with engine("user-error") as runtime, pytest.raises(UserError) as caught:
        runtime.start(Job())
    assert (caught.value.message, caught.value.hint) == ("No.", "Yes.")


def test_a_bug_in_the_engine_keeps_its_traceback():
    with engine("bug") as runtime, pytest.raises(RuntimeError, match="an engine bug"):
        runtime.start(Job())


def test_an_engine_that_dies_is_started_again_on_the_processor(tmp_path):
    with engine("die-once", tmp_path / "starts") as runtime:
        job, notices = a_job()
        np.testing.assert_array_equal(runtime.embed(pixels(2), job), np.full((2, 3), 7.0))
        assert runtime.device == "cpu"
        assert len(notices) == 1
        assert (tmp_path / "starts").read_text() == "2"


def test_an_engine_that_always_dies_is_given_up(tmp_path):
    with engine("die", tmp_path / "starts") as runtime:
        with pytest.raises(UserError, match="again and again"):
            runtime.embed(pixels(2), Job())
        assert (tmp_path / "starts").read_text() == "2"


def test_cancelling_returns_at_once_and_the_late_answer_is_not_mistaken(tmp_path):
    with engine("slow", tmp_path / "file") as runtime:
        runtime.start(Job())
        job = Job()
        threading.Timer(0.1, job.cancel).start()
        with pytest.raises(Cancelled):
            runtime.embed(pixels(1, 255), job)
        (tmp_path / "file").write_text("go on")  # no answer comes before
        np.testing.assert_array_equal(runtime.embed(pixels(1, 3), Job()), np.full((1, 3), 3.0))


def test_closing_ends_the_process_and_the_runtime_can_be_used_again():
    with engine("good") as runtime:
        runtime.start(Job())
        process = runtime._process
        runtime.close()
        runtime.close()
        assert process.poll() is not None
        assert runtime.device == ""
        assert runtime.embed(pixels(1), Job()).shape == (1, 3)


OWNER = """
import sys, time
from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.backbones.isolated import IsolatedRuntime
from fewshot_gui.jobs import Job
card = backbone_card("lite0")
runtime = IsolatedRuntime(card, command=(sys.executable, sys.argv[1], "good"))
runtime.start(Job())
print(runtime._process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals and /proc are POSIX's")
def test_a_cancelled_job_starts_no_engine(monkeypatch):
    started = []
    monkeypatch.setattr(isolated.subprocess, "Popen", lambda *_, **__: started.append(1))
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        IsolatedRuntime(backbone_card("lite0")).start(job)
    assert not started


def test_an_engine_that_is_closed_while_it_starts_is_not_forgotten(monkeypatch):
    job, started, closing = Job(), [], []
    really = subprocess.Popen

    def closed_meanwhile(*arguments, **named):
        started.append(really(*arguments, **named))
        job.cancel()
        closing.append(threading.Thread(target=runtime.close))
        closing[0].start()
        closing[0].join(0.2)  # time for doing it wrong
        return started[0]

    with engine("good") as runtime:
        monkeypatch.setattr(isolated.subprocess, "Popen", closed_meanwhile)
        with pytest.raises(Cancelled):
            runtime.start(job)
        closing[0].join()
        assert started[0].returncode is not None
        monkeypatch.undo()


def test_no_engine_outlives_a_killed_owner():
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(FAKE)], stdout=subprocess.PIPE, text=True
    )
    child = int(owner.stdout.readline())
    owner.kill()
    owner.communicate()
    deadline = time.monotonic() + 120
    while _alive(child):
        assert time.monotonic() < deadline, "the engine is an orphan"
        time.sleep(0.05)


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_the_real_engine_gives_the_same_embeddings_as_this_process():
    images = np.random.default_rng(3).integers(0, 256, (3, 224, 224, 3)).astype(np.uint8)
    with contextlib.closing(IsolatedRuntime(backbone_card("lite0"), "cpu")) as runtime:
        there = runtime.embed(images, Job())
        assert runtime.device == "cpu"
    here = InProcessRuntime(backbone_card("lite0"), "cpu").embed(images, Job())
    np.testing.assert_array_equal(here, there)
