"""From the bins of a project to a classifier that speaks of bins and table rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import READY, EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import Fitted
from fewshot_gui.learners.predictions import NO_CLASS, Predictions, top_two
from fewshot_gui.learners.registry import make_learner
from fewshot_gui.project.model import Project
from fewshot_gui.texts import _

# Rows are predicted in blocks, so that memory stays flat however many there are.
BLOCK = 4096


@dataclass(frozen=True)
class SupportSet:
    """Examples the learner can use now.

    Attributes:
        class_ids: Bin ids, ordered by the bins' names.
        rows: int64 ``(n,)`` table rows of the examples, in an order that depends on
            their content alone.
        labels: int64 ``(n,)`` index into ``class_ids``.
        conflicts: Groups of paths with the same content in different bins; left out.
    """

    class_ids: tuple[int, ...]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    conflicts: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Classifier:
    """A fitted learner that speaks of bins and table rows.

    Attributes:
        class_ids: Bin ids; the learner knows them as 0, 1, 2, …
        fitted: The learner's classifier.
    """

    class_ids: tuple[int, ...]
    fitted: Fitted

    def predict(self, table: EmbeddingTable, rows: NDArray[np.int64], job: Job) -> Predictions:
        """Predictions for ready rows, in their order; class ids are bin ids."""
        parts = [
            top_two(self.fitted.predict(table.vectors(rows[i : i + BLOCK]), job))
            for i in range(0, max(1, len(rows)), BLOCK)
        ]
        ids = np.asarray([*self.class_ids, NO_CLASS], np.int64)
        return Predictions(
            ids[np.concatenate([p.best for p in parts])],
            np.concatenate([p.confidence for p in parts]),
            ids[np.concatenate([p.runner_up for p in parts])],
            np.concatenate([p.runner_up_confidence for p in parts]),
        )


def support_set(project: Project, table: EmbeddingTable) -> SupportSet:
    """The examples among the project's labels that are embedded.

    The result does not depend on the order in which the user put them in: the same
    examples give the same classifier to the last bit, in the window and elsewhere.
    """
    bins = sorted(project.filled_bins, key=lambda b: b.name)
    state = table.state
    owners: dict[bytes, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, bin_ in enumerate(bins):
        rows = [table.row(path) for path in project.support(bin_.id)]
        ready = np.asarray([r for r in rows if r is not None and state[r] == READY], np.int64)
        for row, digest in zip(ready, table.digests(ready), strict=True):
            owners[digest.tobytes()][index].append(int(row))
    conflicts = tuple(
        tuple(table.file(row).path for rows in bins_of.values() for row in rows)
        for bins_of in owners.values()
        if len(bins_of) > 1
    )
    # One example of each content: a copy of an example teaches nothing more.
    chosen = sorted(
        (next(iter(bins_of)), digest, min(next(iter(bins_of.values()))))
        for digest, bins_of in owners.items()
        if len(bins_of) == 1
    )
    used = sorted({index for index, _digest, _row in chosen})
    return SupportSet(
        tuple(bins[index].id for index in used),
        np.asarray([row for _index, _digest, row in chosen], np.int64),
        np.asarray([used.index(index) for index, _digest, _row in chosen], np.int64),
        conflicts,
    )


def fit(learner: str, support: SupportSet, table: EmbeddingTable, job: Job) -> Classifier:
    """Fit a learner.

    Raises:
        UserError: Fewer than two classes have an example.
    """
    if len(support.class_ids) < 2:
        raise too_few_classes()
    fitted = make_learner(learner).fit(table.vectors(support.rows), support.labels, job)
    return Classifier(support.class_ids, fitted)


def too_few_classes() -> UserError:
    """What to say where there is nothing to choose between."""
    return UserError(
        _("Sorting needs at least two classes with an example that can be read."),
        _("Give one more class a picture."),
    )
