"""Whether there are enough examples, found out by hiding each one in turn."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import IntArray
from fewshot_gui.learners.registry import make_learner
from fewshot_gui.learners.support import SupportSet
from fewshot_gui.review.wilson import Rate

MOST_REFITS = 200
FEWEST_TESTED = 10  # hidden examples; with fewer nothing can be said
GOAL = 0.95  # share of right labels that is called enough
DECAY = 0.6  # errors fall with the number of examples to this power
MOST_WANTED = 20


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
class Enough:
    """What hiding the examples showed.

    Attributes:
        classes: One entry a class, in the order of the support set.
        overall: All of them together.
        mixed: The two classes that are mixed up most; None where none are.
        neediest: Class that gains most from more examples; None where all do well.
        can_tell: Whether enough examples could be hidden to say anything.
    """

    classes: tuple[ClassEnough, ...]
    overall: Rate
    mixed: Mixed | None
    neediest: int | None
    can_tell: bool


def enough(table: EmbeddingTable, support: SupportSet, learner_key: str, job: Job) -> Enough:
    """Hide examples one at a time, learn from the others, and see where they are put.

    The only example of a class cannot be hidden. Above a few hundred examples a fixed
    choice of them is hidden, the same number of each class as far as there are.
    """
    hidden = _hidden(support.labels)
    found = _put_back(table, support, learner_key, hidden, job)
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


def _hidden(labels: IntArray) -> IntArray:
    """Positions of the examples to hide, by turns one of each class, ascending."""
    counts = np.bincount(labels, minlength=1)
    turn = np.zeros(len(labels), np.int64)
    for index in range(len(counts)):
        turn[labels == index] = np.arange(counts[index])
    order = np.lexsort((labels, turn))
    order = order[counts[labels[order]] > 1]
    return np.sort(order[:MOST_REFITS])


def _put_back(
    table: EmbeddingTable, support: SupportSet, learner_key: str, hidden: IntArray, job: Job
) -> IntArray:
    examples = table.units(support.rows)
    learner = make_learner(learner_key)
    found = np.zeros(len(hidden), np.int64)
    others = np.ones(len(examples), bool)
    for place, position in enumerate(hidden.tolist()):
        job.checkpoint()
        others[position] = False
        fitted = learner.fit(examples[others], support.labels[others], job)
        others[position] = True
        scores = fitted.predict(examples[position : position + 1], job)
        found[place] = scores.classes[int(scores.probs[0].argmax())]
    return found


def _wanted(examples: int, rate: Rate) -> int:
    """How many more examples bring the errors down to what is called enough, roughly."""
    if not rate.tested:
        return 2
    # one wrong and one right more than seen: a few right ones prove little
    error = (rate.tested - rate.right + 0.5) / (rate.tested + 1)
    if rate.right == rate.tested:
        return 0 if rate.tested >= 4 else 4 - rate.tested
    more = examples * ((error / (1 - GOAL)) ** (1 / DECAY) - 1)
    return int(min(MOST_WANTED, max(1, ceil(more))))


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
