"""Trainings that are made up, as quick as a click."""

from __future__ import annotations

import queue
from pathlib import Path

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled
from fewshot_gui.metatrain.measures import Estimate
from fewshot_gui.metatrain.training_events import (
    Comparison,
    Done,
    ExampleEpisode,
    FinalTest,
    Looked,
    Prepared,
    ShownPicture,
    Stepped,
    Stopped,
)

BETTER = "The new learner is better than the old one, by 7.1 points."
PREPARED = Prepared(("a", "b", "c"), ("d",), ("e", "f"), 120, 1, 0, "cpu", 400, 0)
TESTED = FinalTest(
    (
        Comparison(5, 1, 10, 600, *(Estimate(m, 0.006) for m in (0.812, 0.741, 0.071))),
        Comparison(5, 5, 10, 600, *(Estimate(m, 0.005) for m in (0.911, 0.909, 0.002))),
    ),
    "auto",
    True,
    BETTER,
)


def stepped(step: int, loss: float = 1.0) -> Stepped:
    return Stepped(step, 400, loss, 0.5, 31.0, 95.0)


def looked(step: int, share: float) -> Looked:
    return Looked(step, 1.0, Estimate(share, 0.02), True)


def episode(folder: Path, step: int) -> ExampleEpisode:
    """Of the first two class folders: the second target is wrong."""
    folders = sorted(p for p in folder.rglob("*") if any(p.glob("*.png")))[:2]
    pictures = [sorted(map(str, f.glob("*.png"))) for f in folders]
    return ExampleEpisode(
        step,
        tuple(f.name for f in folders),
        tuple(ShownPicture(files[0], label) for label, files in enumerate(pictures)),
        tuple(
            ShownPicture(files[1], label, 0, 0.8 - 0.2 * label)
            for label, files in enumerate(pictures)
        ),
    )


class ToyTrain:
    """Stands in for ``train_in_process``: tells what a test puts into ``events``.

    Attributes:
        orders: (order, resume) of each training.
        events: Told one after the other; an exception among them is raised. ``Done`` ends it.
        control, job: Of the last one.
    """

    def __init__(self):
        self.orders: list[tuple] = []
        self.events: queue.Queue = queue.Queue()
        self.control = self.job = None

    def __call__(self, order, job, on_event, control, resume):
        self.orders.append((order, resume))
        self.job, self.control = job, control
        while True:
            if job.cancelled:
                on_event(Stopped(str(order.checkpoint) if order.checkpoint.exists() else ""))
                raise Cancelled
            if control.finishing:
                return self._ended(order, on_event)
            try:
                event = self.events.get(timeout=0.005)
            except queue.Empty:
                continue
            if isinstance(event, Exception):
                raise event
            if event == "done":
                return self._ended(order, on_event)
            on_event(event)

    def _ended(self, order, on_event):
        try:
            Path(order.output).write_bytes(b"a learner")
        except OSError as error:
            raise UserError("It cannot be written.") from error
        on_event(TESTED)
        done = Done(order.output, 300, 250, Estimate(0.8, 0.02), "own", TESTED, 12.0)
        on_event(done)
        return done
