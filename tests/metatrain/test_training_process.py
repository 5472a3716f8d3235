"""The process that trains for the window: the same training, steered from here."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.metatrain.choices import Freedom
from fewshot_gui.metatrain.measures import Estimate
from fewshot_gui.metatrain.resuming import resumable
from fewshot_gui.metatrain.training_events import (
    Comparison,
    Done,
    ExampleEpisode,
    Failed,
    FinalTest,
    Looked,
    Noticed,
    Prepared,
    Preparing,
    ShownPicture,
    Stepped,
    Stopped,
    event_from_plain,
    event_to_plain,
)
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.metatrain.training_plan import Control
from fewshot_gui.metatrain.training_process import train_in_process
from tests.metatrain.drawings import SIDE, draw_classes

MANY = 1_000_000


@pytest.fixture
def order(tmp_path) -> TrainingOrder:
    return TrainingOrder(
        folder=str(draw_classes(tmp_path / "drawings", 10, 4)),
        output=str(tmp_path / "learner.safetensors"),
        network="conv4",
        freedom=Freedom.WHOLE,
        ways=(2, 2),
        shots=(1, 1),
        targets=(2, 2),
        steps=MANY,
        watch_every=MANY,
        watch_episodes=2,
        side=SIDE,
        gray=True,
        device="cpu",
        test_episodes=0,
    )


def test_it_is_held_let_go_on_and_ended_with_what_it_learned(order):
    control, events = Control(), []
    steps_while_held: list[int] = []
    control.hold()

    def release():
        steps_while_held.extend(e.step for e in events if isinstance(e, Stepped))
        control.release()

    def tell(event):
        events.append(event)
        if isinstance(event, ExampleEpisode) and event.step == 0:
            threading.Timer(0.5, release).start()
        elif isinstance(event, Stepped):
            control.finish()

    done = train_in_process(order, Job(), tell, control)
    kinds = [type(event) for event in events]
    assert kinds[0] is Preparing
    for kind in (Noticed, Prepared, Looked, ExampleEpisode, Stepped):
        assert kind in kinds
    assert not steps_while_held
    assert events[-1] == done
    assert 0 < done.steps < MANY
    assert Path(order.output).exists()


def test_a_cancelled_one_is_put_down(order):
    job, events = Job(), []

    def tell(event):
        events.append(event)
        if isinstance(event, Stepped):
            job.cancel()

    with pytest.raises(Cancelled):
        train_in_process(order, job, tell)
    assert events[-1] == Stopped(str(order.checkpoint))
    assert resumable(order.output) == replace(order, device="auto")


def test_what_the_user_can_put_right_comes_as_such(order):
    with pytest.raises(UserError, match="rate"):
        train_in_process(replace(order, rate=0.0), Job(), lambda _event: None)
    events = []
    with pytest.raises(UserError, match="does not exist"):
        train_in_process(replace(order, folder="/no/such/folder"), Job(), events.append)
    assert isinstance(events[-1], Failed)


@pytest.mark.parametrize(
    "event",
    [
        Preparing("Reading", 3, None, None),
        Noticed("note"),
        Prepared(("a", "b"), ("c",), (), 3, 1, 0, "cpu", 5, 0),
        Stepped(1, 5, 0.5, 0.25, 12.0, None),
        Looked(2, 0.5, Estimate(0.5, None), True),
        ExampleEpisode(0, ("a",), (ShownPicture("/p.png", 0),), (ShownPicture("/q", 0, 0, 0.5),)),
        FinalTest(
            (Comparison(5, 1, 15, 2, *(Estimate(0.5, 0.25),) * 3),), "the old one", False, "no"
        ),
        Done("/l", 5, 3, Estimate(1.0, 0.0), "own", None, 2.5),
        Stopped(""),
        Failed("message", "hint"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_every_event_travels(event):
    assert event_from_plain(event_to_plain(event)) == event


def test_what_is_no_event_is_refused():
    with pytest.raises(ValueError):
        event_from_plain(["Exploded", {}])
    with pytest.raises(ValueError):
        event_from_plain(["Stopped", {"checkpoint": 3}])


def test_it_needs_no_torch_here():
    rooms = "fewshot_gui.metatrain."
    names = ("training_process", "folder_report", "advice", "parts", "resuming", "outputs")
    imports = ", ".join(rooms + name for name in names)
    code = f"import sys, {imports}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
