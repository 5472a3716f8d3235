"""How to meta-train, and what is told of it. Imports nothing heavy: front ends offer these."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.measures import Estimate

Range = tuple[int, int]

_PAUSE_LOOK = 0.1  # seconds


@dataclass(frozen=True)
class BatchPlan:
    """What the episodes are like. Ranges include both ends; every batch draws from them.

    Attributes:
        ways: Classes of an episode.
        shots: Examples of each class.
        targets: Targets of each class.
        episodes: Episodes of a batch.
        within_groups: All classes of an episode are of one group.
        gathered: Share of the batches whose episodes are of few groups, as many as are
            needed: classes that are hard to tell apart, and others. Not with
            ``within_groups``.
        turned: Pictures turned by 90, 180 and 270 degrees are further classes; within
            groups, and when gathered, a whole group is turned together. Right for
            characters, wrong for photos.
        bend: Strength of slight turns, stretches and shifts of each picture, 0 to 1.
        mirror: Half of the pictures are mirrored; right for most photos.
    """

    ways: Range = (5, 5)
    shots: Range = (1, 1)
    targets: Range = (15, 15)
    episodes: int = 4
    within_groups: bool = False
    gathered: float = 0.0
    turned: bool = False
    bend: float = 0.0
    mirror: bool = False

    def __post_init__(self) -> None:
        for low, high in (self.ways, self.shots, self.targets):
            if not 1 <= low <= high:
                raise ValueError(f"{low} to {high} is not a range of positive numbers")
        if self.ways[0] < 2 or self.episodes < 1 or not 0 <= self.bend <= 1:
            raise ValueError("two ways, one episode and a bend from 0 to 1 are the least")
        if not 0 <= self.gathered <= 1 or (self.gathered and self.within_groups):
            raise ValueError("gathered is a share, of batches that are not within groups")


class Schedule(StrEnum):
    """How the learning rate falls: along a cosine to nothing, or halved again and again."""

    COSINE = "cosine"
    HALVED = "halved"


@dataclass(frozen=True)
class TrainerPlan:
    """How long and how fast to learn.

    Attributes:
        steps: Steps at most; each one learns from one batch of episodes.
        rate: Adam's learning rate at the beginning.
        schedule: How it falls.
        halve_every: Steps between two halvings.
        watch_every: Steps between two looks at the watching episodes, each put down.
        watch_episodes: Episodes of a look, always the same ones.
        patience: Looks in a row without a better result after which it ends; 0 for never.
        seconds: It ends after so much time, and the rate falls accordingly; 0 for no limit.
        precision: ``auto`` is bfloat16 where that pays, for algorithms that bear it.
    """

    steps: int = 10_000
    rate: float = 1e-3
    schedule: Schedule = Schedule.COSINE
    halve_every: int = 2000
    watch_every: int = 500
    watch_episodes: int = 200
    patience: int = 0
    seconds: float = 0.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"

    def rate_at(self, step: int, spent: float = 0.0) -> float:
        """Learning rate of a step, from 0, after so many seconds."""
        if self.schedule is Schedule.HALVED:
            return self.rate * 0.5 ** (step // self.halve_every)
        gone = max(step / self.steps, spent / self.seconds if self.seconds else 0.0)
        return self.rate * 0.5 * (1 + math.cos(math.pi * min(gone, 1.0)))


@dataclass(frozen=True)
class Look:
    """The state of learning after some steps: mean loss since the last look, and accuracy."""

    step: int
    loss: float
    accuracy: Estimate


@dataclass(frozen=True)
class Trained:
    """How it ended. The network and the algorithm are as they were at the best look.

    Attributes:
        looks: All of them.
        best: The one with the highest accuracy.
        steps: Steps made.
    """

    looks: tuple[Look, ...]
    best: Look
    steps: int


class Control:
    """Holds training up between two steps, or ends it early. Safe from any thread."""

    def __init__(self) -> None:
        self._going = threading.Event()
        self._going.set()
        self._finishing = threading.Event()

    def hold(self) -> None:
        """Wait before the next step."""
        self._going.clear()

    def release(self) -> None:
        """Go on."""
        self._going.set()

    def finish(self) -> None:
        """Learn no more and keep what was learned, as if this were the end; releases, too."""
        self._finishing.set()
        self._going.set()

    @property
    def held(self) -> bool:
        return not self._going.is_set()

    @property
    def finishing(self) -> bool:
        return self._finishing.is_set()

    def wait(self, job: Job) -> None:
        """Return once it is not held, or the job was cancelled."""
        while not self._going.wait(_PAUSE_LOOK) and not job.cancelled:
            pass
