"""Looks at folders and runs one training at a time for the page “Train a learner”."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from fewshot_gui.errors import UserError
from fewshot_gui.gui.evaluate_job import prepare_charts
from fewshot_gui.gui.job_runner import JobRunner
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.advice import Advice, advise
from fewshot_gui.metatrain.folder_report import FolderReport, look_at_folder
from fewshot_gui.metatrain.resuming import resumable
from fewshot_gui.metatrain.shelf import plain_name
from fewshot_gui.metatrain.training_events import Done, OnEvent
from fewshot_gui.metatrain.training_order import ENDING, TrainingOrder, checkpoint_of
from fewshot_gui.metatrain.training_plan import Control
from fewshot_gui.metatrain.training_process import train_in_process
from fewshot_gui.texts import _

Train = Callable[[TrainingOrder, Job, OnEvent, Control, bool], Done]

LOOK_LANE = "train-look"
LANE = "train"


@dataclass(frozen=True)
class Found:
    """What a folder holds, and what can be done with it.

    Attributes:
        report: What it holds.
        advice: What suits it.
        earlier: A training of this folder that was stopped and can be gone on with, or None.
    """

    report: FolderReport
    advice: Advice
    earlier: TrainingOrder | None


class Trainings(QObject):
    """What the page lets run. The training itself goes on in a process of its own.

    Signals:
        looked: A ``Found``.
        not_looked: A ``UserError`` that says why a folder cannot be used.
        looking_at: A ``Progress`` of the look.
        told: An event of ``training_events``.
        refused: A ``UserError`` that ended a training.
        broke: An exception that ended it: its process died, or has a bug.
        changed: It began, is held, goes on or has ended.
        crashed: An exception that should not have happened.
    """

    looked = Signal(object)
    not_looked = Signal(object)
    looking_at = Signal(object)
    told = Signal(object)
    refused = Signal(object)
    broke = Signal(object)
    changed = Signal()
    crashed = Signal(object)

    def __init__(
        self,
        runner: JobRunner,
        learners: Path,
        train: Train = train_in_process,
        parent: QObject | None = None,
    ) -> None:
        """``learners`` is the folder that learner files are written to; it need not exist."""
        super().__init__(parent)
        self._runner, self._learners, self._train = runner, learners, train
        self._look: object | None = None  # of the newest look, None while there is none
        self._look_job: Job | None = None
        self._job: Job | None = None
        self._control = Control()

    @property
    def looking(self) -> bool:
        """Whether a folder is being looked at."""
        return self._look is not None

    @property
    def busy(self) -> bool:
        """Whether a training goes on."""
        return self._job is not None

    @property
    def held(self) -> bool:
        """Whether it waits for the user."""
        return self.busy and self._control.held

    @property
    def finishing(self) -> bool:
        """Whether it learns no more, and keeps what was learned."""
        return self.busy and self._control.finishing

    @property
    def stopping(self) -> bool:
        """Whether it is being put down for later."""
        return self._job is not None and self._job.cancelled

    def look(self, folder: str) -> None:
        """Look at a folder; earlier looks are dropped."""
        self.stop_looking()
        token = self._look = object()

        def if_current(then: Callable[[Any], None], last: bool = True) -> Callable[[Any], None]:
            def call(value: Any) -> None:
                if self._look is token:
                    self._look = None if last else token
                    then(value)

            return call

        self._look_job = self._runner.start(
            LOOK_LANE,
            lambda job: self._found(folder, job),
            done=if_current(self.looked.emit),
            failed=if_current(lambda error: self._tell(error, self.not_looked, self.crashed)),
            progress=if_current(self.looking_at.emit, last=False),
        )

    def stop_looking(self) -> None:
        """Forget the folder that is being looked at."""
        if self._look_job is not None:
            self._look_job.cancel()
        self._look = self._look_job = None

    def start(self, order: TrainingOrder, resume: bool = False) -> None:
        """Begin a training, or go on with one, unless one goes on."""
        if self.busy:
            return
        control = self._control = Control()

        def tell(event: object) -> None:
            self._runner.call(lambda: self.told.emit(event))

        def work(job: Job) -> Done:
            # Another window may have trained this folder since it was looked at.
            where = order if resume else replace(order, output=self._still_free(order))
            _make_room(Path(where.output))
            prepare_charts()
            return self._train(where, job, tell, control, resume)

        def failed(error: BaseException) -> None:
            self._tell(error, self.refused, self.broke)
            self._end()

        self._job = self._runner.start(
            LANE,
            work,
            done=lambda _done: self._end(),
            failed=failed,
            cancelled=self._end,
        )
        self.changed.emit()

    def hold(self) -> None:
        """Pause."""
        self._control.hold()
        self.changed.emit()

    def release(self) -> None:
        """Go on."""
        self._control.release()
        self.changed.emit()

    def finish(self) -> None:
        """Learn no more; what was learned is tested and kept."""
        self._control.finish()
        self.changed.emit()

    def stop(self) -> None:
        """Put it down, so that it can be gone on with another time."""
        if self._job is not None:
            self._job.cancel()
            self.changed.emit()

    def _found(self, folder: str, job: Job) -> Found:
        report = look_at_folder(folder, job)
        advice = advise(report, str(_free(self._learners, folder)))
        return Found(report, advice, _earlier(self._learners, folder))

    def _still_free(self, order: TrainingOrder) -> str:
        place = Path(order.output)
        return str(_free(self._learners, order.folder) if _taken(place) else place)

    def _end(self) -> None:
        self._job = None
        self.changed.emit()

    def _tell(self, error: BaseException, user: Any, other: Any) -> None:
        (user if isinstance(error, UserError) else other).emit(error)


def _places(learners: Path, folder: str) -> Iterator[Path]:
    """Where learners of a folder may be, one after the other."""
    name = plain_name(Path(folder).resolve().name) or "learner"
    yield learners / f"{name}{ENDING}"
    for number in count(2):
        yield learners / f"{name}-{number}{ENDING}"


def _taken(place: Path) -> bool:
    return place.exists() or checkpoint_of(place).exists()


def _free(learners: Path, folder: str) -> Path:
    """Where the next learner goes: over no other one, nor over one that was begun."""
    return next(place for place in _places(learners, folder) if not _taken(place))


def _earlier(learners: Path, folder: str) -> TrainingOrder | None:
    """The last training of this folder that can be gone on with."""
    found = None
    for place in takewhile(_taken, _places(learners, folder)):
        order = resumable(place)
        if order is not None and Path(order.folder).resolve() == Path(folder).resolve():
            found = order
    return found


def _make_room(output: Path) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            _("The folder {folder} cannot be made.").format(folder=output.parent),
            error.strerror or "",
        ) from error
