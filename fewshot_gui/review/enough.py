"""Whether there are enough examples, found out by hiding each one in turn."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray
from fewshot_gui.learners.predictions import NO_CLASS, best_two
from fewshot_gui.learners.registry import make_learner
from fewshot_gui.learners.support import SupportSet
from fewshot_gui.learners.within import by_turns
from fewshot_gui.review.accept import expected_errors
from fewshot_gui.review.strangers import stranger_chances, stranger_share
from fewshot_gui.review.wilson import Rate

MOST_REFITS = 200  # of examples that are hidden one at a time
PARTIES = 10  # in which examples of many are hidden, one of each class together
FEWEST_TESTED = 10  # hidden examples; with fewer nothing can be said
GOAL = 0.9  # share of right labels that is called enough
DECAY = 0.7  # errors fall with the number of examples to this power; on the grocery data
MOST_WANTED = 10
SURE = 0.8  # what the share may be at worst where "enough" is said without reserve
PROOF = 3  # examples all put back rightly that are taken for enough


@dataclass(frozen=True)
class ClassEnough:
    """How one class fares.

    Attributes:
        class_id: Its id.
        examples: How many it has.
        rate: Hidden examples of it that were put back where they came from.
        wanted: Roughly how many more it needs; 0 where it does well.
    """

    class_id: int
    examples: int
    rate: Rate
    wanted: int


@dataclass(frozen=True)
class Mixed:
    """Two classes that are taken for each other.

    Attributes:
        class_ids: The two, the one that loses more first.
        rows: Examples of either that were taken for the other.
    """

    class_ids: tuple[int, int]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Outlook:
    """What to expect of the pictures that stay in the bins but are not decided.

    Examples say nothing of pictures that are unlike all of them; this does.

    Attributes:
        undecided: How many there are.
        wrong: How many of their labels are probably wrong.
        strange: How many of them probably belong to no bin; these are wrong as well.
    """

    undecided: int
    wrong: float
    strange: float

    @property
    def many_strange(self) -> bool:
        """Whether those that belong to no bin spoil the result by themselves."""
        return self.strange > (1.0 - GOAL) * self.undecided


def outlook(confidence: FloatArray, unknown: FloatArray, level: float) -> Outlook:
    """What to expect of the pictures that a limit of ``level`` leaves in the bins.

    Args:
        confidence: Of the undecided pictures, float32 ``(n,)``.
        unknown: Their unknown scores, float32 ``(n,)``.
        level: Pictures with a higher score go to *Unknown*.
    """
    strange = stranger_chances(unknown, stranger_share(unknown))
    stays = unknown <= level
    wrong = expected_errors(confidence[stays], strange[stays])
    return Outlook(int(stays.sum()), wrong, float(strange[stays].sum()))


@dataclass(frozen=True)
class Enough:
    """What hiding the examples showed.

    Attributes:
        classes: One entry a class, in the order of the support set.
        overall: All of them together.
        mixed: The two classes that are mixed up most; None where none are.
        neediest: Class that gains most from more examples; None where all do well.
        can_tell: Whether enough examples could be hidden to say anything.
        outlook: What to expect of the pictures that are not decided; None where nothing
            is known of them.
    """

    classes: tuple[ClassEnough, ...]
    overall: Rate
    mixed: Mixed | None
    neediest: int | None
    can_tell: bool
    outlook: Outlook | None = None

    @property
    def proven(self) -> bool:
        """Whether so many examples could be hidden that their share is to be relied on."""
        return self.overall.interval[0] >= SURE


def enough(table: EmbeddingTable, support: SupportSet, learner_key: str, job: Job) -> Enough:
    """Hide examples one at a time, learn from the others, and see where they are put.

    The only example of a class cannot be hidden. Where there are more than two hundred,
    up to ten of each class are hidden, one of each class at the same time.
    """
    hidden, found = _put_back(table, support, learner_key, job)
    answers = support.labels[hidden]
    right = found == answers
    classes = []
    for index, class_id in enumerate(support.class_ids):
        mine = answers == index
        rate = Rate(int(mine.sum()), int(right[mine].sum()))
        examples = int((support.labels == index).sum())
        classes.append(ClassEnough(class_id, examples, rate, _wanted(examples, rate)))
    needy = [c for c in classes if c.wanted]
    neediest = max(needy, key=lambda c: (c.wanted, -c.examples)).class_id if needy else None
    return Enough(
        tuple(classes),
        Rate(len(hidden), int(right.sum())),
        _mixed(support, hidden, found),
        neediest,
        len(hidden) >= FEWEST_TESTED,
    )


def _put_back(
    table: EmbeddingTable, support: SupportSet, learner_key: str, job: Job
) -> tuple[IntArray, IntArray]:
    """Places of the hidden examples, ascending, and the class that each was put into."""
    examples = table.units(support.rows)
    learner = make_learner(learner_key)
    found = np.full(len(examples), NO_CLASS)
    for party in _parties(support.labels):
        job.checkpoint()
        others = np.ones(len(examples), bool)
        others[party] = False
        fitted = learner.fit(examples[others], support.labels[others], job)
        best = best_two(fitted.logits(fitted.projection @ examples[party].T)).best
        found[party] = np.asarray(fitted.classes, np.int64)[best]
    hidden = np.flatnonzero(found != NO_CLASS)
    return hidden, found[hidden]


def _parties(labels: IntArray) -> list[IntArray]:
    """Places of the examples to hide together; no class loses its only example."""
    counts = np.bincount(labels)
    possible = counts[labels] > 1
    if possible.sum() <= MOST_REFITS:
        return [np.asarray([place]) for place in np.flatnonzero(possible)]
    turns = by_turns(labels, len(counts))
    parties = (np.flatnonzero(possible & (turns == turn)) for turn in range(PARTIES))
    return [party for party in parties if len(party)]


def _wanted(examples: int, rate: Rate) -> int:
    """How many more examples bring the errors down to what is called enough, roughly."""
    if not rate.tested:
        return PROOF - 1
    if rate.right == rate.tested:
        return max(0, PROOF - rate.tested)
    # half a wrong and half a right one more than seen: a few right ones prove little
    error = (rate.tested - rate.right + 0.5) / (rate.tested + 1)
    if error <= 1 - GOAL:
        return 0
    more = examples * ((error / (1 - GOAL)) ** (1 / DECAY) - 1)
    return min(MOST_WANTED, ceil(more))


def _mixed(support: SupportSet, hidden: IntArray, found: NDArray[np.int64]) -> Mixed | None:
    answers = support.labels[hidden]
    ways = len(support.class_ids)
    taken = np.zeros((ways, ways), np.int64)
    np.add.at(taken, (answers, found), 1)
    np.fill_diagonal(taken, 0)
    both = taken + taken.T
    if not both.any():
        return None
    a, b = (int(i) for i in np.unravel_index(both.argmax(), both.shape))
    if taken[b, a] > taken[a, b]:
        a, b = b, a
    shown = ((answers == a) & (found == b)) | ((answers == b) & (found == a))
    rows = tuple(support.rows[hidden[shown]].tolist())
    return Mixed((support.class_ids[a], support.class_ids[b]), rows)
