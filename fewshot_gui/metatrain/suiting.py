"""How a trained learner is used best: found out on the classes that it was watched by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.final_test import (
    Solver,
    TableSolver,
    TrainedSolver,
    accuracies,
    beyond,
    plans_for_test,
)
from fewshot_gui.metatrain.learner_card import OWN_HEAD
from fewshot_gui.metatrain.learning import Learned, Setting
from fewshot_gui.metatrain.measures import estimate
from fewshot_gui.metatrain.networks import Turned
from fewshot_gui.texts import _

SIDES = 4
OTHER_HEADS = ("auto",)
_OF_ANY_WIDTH = ("prototypical", "meta-baseline", "matching")


@dataclass(frozen=True)
class Suited:
    """A trained learner, ready for the test and for its file.

    Attributes:
        network: As it is to be used.
        views: From how many sides it looks at a picture.
        head: What sorts by its features: ``OWN_HEAD``, or the key of a learner.
        solver: Solves episodes of the classes to watch by and to test with.
    """

    network: nn.Module
    views: int
    head: str
    solver: Solver


def suited(setting: Setting, learned: Learned, pictures: int, job: Job) -> Suited:
    """The learner in the way of use that is best, and better than a plainer one beyond doubt.

    A network that learned turned pictures as classes of their own may look at every picture
    from all sides, which takes longer. And its features may serve another learner better than
    the algorithm that they were learned with: one that looks at the folder, say.

    Args:
        setting: Says which classes may be looked at.
        learned: What came out of the training.
        pictures: How many rows there are.
        job: Progress and cancellation.

    Raises:
        Cancelled: The job was cancelled.
    """
    order = setting.order
    solver = _seen(learned.network, learned, setting, job)
    if solver is None:
        plain = TrainedSolver(learned.network, learned.algorithm, setting.material, setting.device)
        return Suited(learned.network, 1, OWN_HEAD, plain)
    best = Suited(learned.network, 1, OWN_HEAD, solver)
    shares = _shares(best, setting, job)
    if order.turned and order.algorithm in _OF_ANY_WIDTH:
        turned = Turned(learned.network, SIDES)
        rival = Suited(turned, SIDES, OWN_HEAD, _seen(turned, learned, setting, job))
        best, shares = _better(best, shares, rival, setting, job)
    table = best.solver.table(pictures)
    for head in OTHER_HEADS:
        rival = Suited(best.network, best.views, head, TableSolver(head, table))
        best, shares = _better(best, shares, rival, setting, job)
    return best


def _seen(network: nn.Module, learned: Learned, setting: Setting, job: Job) -> TrainedSolver | None:
    """A solver that has seen all pictures once; None where the algorithm needs them again."""
    solver = TrainedSolver(network, learned.algorithm, setting.material, setting.device)
    parts = setting.split.validation.rows, setting.split.test.rows
    rows = np.sort(np.concatenate([rows for part in parts for rows in part]))
    return solver if solver.prepare(rows, job) else None


def _better(
    best: Suited, shares: NDArray[np.float64], rival: Suited, setting: Setting, job: Job
) -> tuple[Suited, NDArray[np.float64]]:
    """The rival where it is better beyond the interval, with its accuracies."""
    theirs = _shares(rival, setting, job)
    if beyond(estimate((theirs - shares).mean(axis=0))) > 0:
        return rival, theirs
    return best, shares


def _shares(way: Suited, setting: Setting, job: Job) -> NDArray[np.float64]:
    order, validation = setting.order, setting.split.validation
    plans = plans_for_test(validation, order.within_groups, order.seed)
    doing = _("Finding out how it is used best")
    return accuracies(way.solver, validation, plans, order.watch_episodes // 2, job, doing)
