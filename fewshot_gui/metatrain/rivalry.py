"""Who is better on classes that nobody learned from: the new learner or the old one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.catalogue import backbone_card
from fewshot_gui.images.class_folders import ClassFolder
from fewshot_gui.images.pool import DecodePool
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.classes import tell_unreadable
from fewshot_gui.metatrain.episodes import Episode
from fewshot_gui.metatrain.final_test import (
    Rivals,
    Solver,
    TableSolver,
    TrainedSolver,
    compared,
    plans_for_test,
)
from fewshot_gui.metatrain.learner_card import OWN_HEAD
from fewshot_gui.metatrain.learner_file import LoadedLearner, load_learner
from fewshot_gui.metatrain.learning import Setting
from fewshot_gui.metatrain.preparing import Ready, embedded, prepared
from fewshot_gui.metatrain.split import subset
from fewshot_gui.metatrain.training_events import FinalTest
from fewshot_gui.plain_text import without_folders
from fewshot_gui.texts import _


def tested(
    setting: Setting, new: Solver, ready: Ready, pool: DecodePool, job: Job
) -> FinalTest | None:
    """The final test, as ordered; None where none was.

    Raises:
        UserError: What it is to be compared with is not there, or too few of the pictures are.
        Cancelled: The job was cancelled.
    """
    order, test = setting.order, setting.split.test
    if not order.test_episodes:
        return None
    with _old_solver(setting, ready, pool, job) as (old, readable):
        # Pictures may have gone since they were read for the new one.
        left = replace(test, rows=tuple(np.intersect1d(rows, readable) for rows in test.rows))
        tell_unreadable(int((test.sizes - left.sizes).sum()), job)
        test = subset(left, np.flatnonzero(left.sizes))
        plans = plans_for_test(test, order.within_groups, order.seed)
        rivals = Rivals(new, old, _old_name(setting))
        return compared(rivals, test, plans, order.test_episodes, job)


def _old_name(setting: Setting) -> str:
    order = setting.order
    if order.compared_file is not None:
        return f"“{Path(order.compare).name}”"
    return _("“{learner}” with {backbone}").format(
        learner=order.compare, backbone=without_folders(order.compare_backbone)
    )


@contextlib.contextmanager
def _old_solver(
    setting: Setting, ready: Ready, pool: DecodePool, job: Job
) -> Iterator[tuple[Solver, NDArray[np.int64]]]:
    """The old learner, and the rows of the test that it can read."""
    order, rows = setting.order, np.sort(np.concatenate(setting.split.test.rows))
    file = order.compared_file
    if file is not None:
        with _loaded_solver(load_learner(file), setting, ready, pool, job) as old:
            yield old
        return
    card = backbone_card(order.compare_backbone)
    table = ready.tables.get(card.identity)
    if table is None:
        table = embedded(card, ready.files, rows, setting.device.type, pool, job)
    yield TableSolver(order.compare, table), table.ready(rows)


@contextlib.contextmanager
def _loaded_solver(
    loaded: LoadedLearner, setting: Setting, ready: Ready, pool: DecodePool, job: Job
) -> Iterator[tuple[Solver, NDArray[np.int64]]]:
    """A learner of a file, with the test's pictures as its own network wants them."""
    test, card, device = setting.split.test, loaded.card, setting.device
    folders = [
        ClassFolder(name, tuple(ready.files[row] for row in rows.tolist()))
        for name, rows in zip(test.names, test.rows, strict=True)
    ]
    rows = np.concatenate(test.rows)
    numbers = np.full(len(ready.files), -1, np.int64)
    numbers[rows] = np.arange(len(rows))
    with prepared(folders, card.network, card.interpolation, device.type, pool, job) as theirs:
        network, algorithm = loaded.network.to(device), loaded.algorithm.to(device)
        solver: Solver = TrainedSolver(network, algorithm, theirs.material, device)
        if solver.prepare(np.arange(len(rows)), job) and card.head != OWN_HEAD:
            solver = TableSolver(card.head, solver.table(len(rows)))
        readable = np.concatenate(theirs.material.classes.rows)
        yield _Renumbered(solver, numbers), rows[readable]


class _Renumbered:
    """A solver that knows the pictures by other rows."""

    def __init__(self, solver: Solver, numbers: NDArray[np.int64]) -> None:
        self._solver = solver
        self._numbers = numbers

    def probabilities(self, task: Episode, job: Job) -> NDArray[np.float32]:
        """See ``Solver``."""
        support, targets = self._numbers[task.support], self._numbers[task.targets]
        return self._solver.probabilities(replace(task, support=support, targets=targets), job)
