"""From the bins of a project to a classifier that speaks of bins and table rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import READY, EmbeddingTable
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import Fitted, FloatArray, Learner
from fewshot_gui.learners.folder import folder_sample, sample_size
from fewshot_gui.learners.predictions import NO_CLASS, Predictions, best_two
from fewshot_gui.learners.registry import learner_info, make_learner
from fewshot_gui.learners.unknown import UnknownScore, fit_unknown
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import UNKNOWN
from fewshot_gui.texts import _


@dataclass(frozen=True)
class SupportSet:
    """Examples the learner can use now.

    Attributes:
        class_ids: Bin ids, ordered by the bins' names.
        rows: int64 ``(n,)`` table rows of the examples, in an order that depends on
            their content alone.
        labels: int64 ``(n,)`` index into ``class_ids``.
        conflicts: Groups of paths with the same content in different bins; left out.
        ignored: int64 ``(m,)`` table rows of the examples of what belongs to no bin.
    """

    class_ids: tuple[int, ...]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    conflicts: tuple[tuple[str, ...], ...] = ()
    ignored: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True)
class Classifier:
    """A fitted learner that speaks of bins and table rows.

    Attributes:
        class_ids: Bin ids; the learner knows them as 0, 1, 2, …
        fitted: The learner's classifier.
        examples: What it was learnt from, float32 ``(n, d)`` of length 1.
        labels: int64 ``(n,)`` index into ``class_ids``.
        ignored: Examples of what belongs to no bin, float32 ``(m, d)``.
    """

    class_ids: tuple[int, ...]
    fitted: Fitted
    examples: FloatArray
    labels: NDArray[np.int64]
    ignored: FloatArray

    @cached_property
    def unknown(self) -> UnknownScore:
        """Says how likely an image belongs to none of the bins; learnt when first asked for."""
        return fit_unknown(self.examples, self.labels, self.ignored)

    @property
    def explanation(self) -> str:
        """What the learner chose for these examples and why; "" where it had no choice."""
        return self.fitted.explanation

    def predict(self, table: EmbeddingTable, rows: NDArray[np.int64], job: Job) -> Predictions:
        """Predictions for ready rows, in their order; class ids are bin ids."""
        return self._predicted(table, rows, job, self.unknown)

    def predict_classes(
        self, table: EmbeddingTable, rows: NDArray[np.int64], job: Job
    ) -> Predictions:
        """The same in about half the time, with 0 for every unknown score."""
        return self._predicted(table, rows, job, None)

    def unknown_scores(
        self, table: EmbeddingTable, rows: NDArray[np.int64], job: Job
    ) -> FloatArray:
        """How likely each of these ready rows belongs to none of the bins, float32 ``(n,)``."""
        scores = np.zeros(len(rows), np.float32)
        matrix = self.unknown.space.matrix.T
        for place, units in table.unit_blocks(rows):
            job.checkpoint()
            scores[place] = self.unknown.of_products(_turned(units @ matrix))
        job.checkpoint()
        return scores

    def _predicted(
        self,
        table: EmbeddingTable,
        rows: NDArray[np.int64],
        job: Job,
        unknown: UnknownScore | None,
    ) -> Predictions:
        rows = np.asarray(rows, np.int64)
        best, runner_up = np.zeros((2, len(rows)), np.int64)
        confidence, second_confidence, scores = np.zeros((3, len(rows)), np.float32)
        own = self.fitted.projection
        # one product for both questions: reading all embeddings is what takes the time
        both = own if unknown is None else np.concatenate([own, unknown.space.matrix])
        for place, units in table.unit_blocks(rows):
            job.checkpoint()
            products = _turned(units @ both.T)
            found = best_two(self.fitted.logits(products[: len(own)]))
            best[place], confidence[place] = found.best, found.confidence
            runner_up[place] = found.runner_up
            second_confidence[place] = found.runner_up_confidence
            if unknown is not None:
                scores[place] = unknown.of_products(products[len(own) :])
        job.checkpoint()
        ids = np.asarray([*self.class_ids, NO_CLASS], np.int64)  # NO_CLASS is the last place
        return Predictions(ids[best], confidence, ids[runner_up], second_confidence, scores)


def _turned(products: FloatArray) -> FloatArray:
    """Products ``(n, p)`` as ``(p, n)``: that way round they are computed sooner."""
    return np.ascontiguousarray(products.T)


def support_set(project: Project, table: EmbeddingTable) -> SupportSet:
    """The examples among the project's labels that are embedded and not doubted.

    The result does not depend on the order in which the user put them in: the same
    examples give the same classifier to the last bit, in the window and elsewhere.
    """
    bins = sorted(project.filled_bins, key=lambda b: b.name)
    class_ids = [*(b.id for b in bins), UNKNOWN]
    state = table.state
    owners: dict[bytes, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, class_id in enumerate(class_ids):
        paths = (p for p in project.support(class_id) if p not in project.doubted)
        rows = table.rows(paths)
        rows = rows[(rows >= 0) & (rows < len(state))]  # others may be added meanwhile
        ready = rows[state[rows] == READY]
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
    ignored = [row for index, _digest, row in chosen if class_ids[index] == UNKNOWN]
    chosen = chosen[: len(chosen) - len(ignored)]  # they sort last
    used = sorted({index for index, _digest, _row in chosen})
    return SupportSet(
        tuple(class_ids[index] for index in used),
        np.asarray([row for _index, _digest, row in chosen], np.int64),
        np.asarray([used.index(index) for index, _digest, _row in chosen], np.int64),
        conflicts,
        np.asarray(ignored, np.int64),
    )


def fit(
    learner: str | Learner,
    support: SupportSet,
    table: EmbeddingTable,
    job: Job,
    targets: NDArray[np.int64] | None = None,
) -> Classifier:
    """Fit a learner.

    Args:
        learner: Key in the registry, or a learner itself.
        support: The examples.
        table: Where their embeddings are.
        job: Asked for cancellation.
        targets: int64 table rows of all that is to be classified, for learners that look
            at it; None keeps them from looking.

    Raises:
        UserError: Fewer than two classes have an example.
    """
    if len(support.class_ids) < 2:
        raise too_few_classes()
    examples = table.units(support.rows)
    folder = None
    chosen = make_learner(learner) if isinstance(learner, str) else learner
    looks = isinstance(learner, str) and learner_info(learner).transductive
    if targets is not None and looks:
        shown = np.concatenate([support.rows, support.ignored])
        most = sample_size(len(support.class_ids))
        folder = folder_sample(table, np.asarray(targets, np.int64), shown, most)
    fitted = chosen.fit(examples, support.labels, job, folder)
    ignored = table.units(support.ignored)
    return Classifier(support.class_ids, fitted, examples, support.labels, ignored)


def too_few_classes() -> UserError:
    """What to say where there is nothing to choose between."""
    return UserError(
        _("Sorting needs at least two classes with an example that can be read."),
        _("Give one more class a picture."),
    )
