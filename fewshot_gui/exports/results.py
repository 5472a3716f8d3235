"""From a sorted table to result rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.exports.rows import ResultRow, safe_path
from fewshot_gui.jobs import Job
from fewshot_gui.learners.predictions import NO_CLASS, Predictions
from fewshot_gui.learners.support import Classifier, SupportSet
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import UNKNOWN, Label, Source

UNKNOWN_NAME = "unknown"  # in every language: programs read it


def build_rows(
    project: Project,
    table: EmbeddingTable,
    targets: NDArray[np.int64],
    support: SupportSet,
    classifier: Classifier,
    learner: str,
    job: Job,
) -> list[ResultRow]:
    """One row for each target, sorted by path. Images not yet read have no result."""
    ordered = sorted(targets.tolist(), key=lambda row: safe_path(table.file(row).relative))
    ready = table.ready(ordered)
    predictions = classifier.predict(table, ready, job)
    strangers = predictions.unknown > project.options.unknown
    nearest = _nearest_support(table, support, ready, predictions, job)
    teller = _Teller(
        learner=learner,
        names={b.id: b.name for b in project.bins} | {NO_CLASS: "", UNKNOWN: UNKNOWN_NAME},
        shown=_display_paths(table, support, ready),
        labels=_labels_by_content(project, table, support, ready),
        strangers=frozenset(ready[strangers].tolist()),
    )
    position = {row: i for i, row in enumerate(ready.tolist())}
    return [
        teller.row(table, row, predictions, nearest, position[row])
        if row in position
        else _row_without_result(project, table, row)
        for row in ordered
    ]


@dataclass(frozen=True)
class _Teller:
    """What all rows have in common."""

    learner: str
    names: Mapping[int, str]
    shown: Mapping[int, str]
    labels: Mapping[int, Label]
    strangers: frozenset[int]

    def row(
        self,
        table: EmbeddingTable,
        row: int,
        predictions: Predictions,
        nearest: NDArray[np.int64],
        i: int,
    ) -> ResultRow:
        label = self.labels.get(row)
        predicted = self.names[int(predictions.best[i])]
        return ResultRow(
            path=table.file(row).relative,
            label=self._label(row, predicted),
            predicted=predicted,
            confidence=float(predictions.confidence[i]),
            runner_up=self.names[int(predictions.runner_up[i])],
            runner_up_confidence=float(predictions.runner_up_confidence[i]),
            source=(label.source if label else Source.PREDICTED).value,
            nearest_support=self.shown[int(nearest[i])],
            learner=self.learner,
        )

    def _label(self, row: int, predicted: str) -> str:
        """The user's word is worth more than the unknown score, and that than the class."""
        label = self.labels.get(row)
        if label is not None:
            return self.names[label.class_id]
        return UNKNOWN_NAME if row in self.strangers else predicted


def _row_without_result(project: Project, table: EmbeddingTable, row: int) -> ResultRow:
    """An image that could not be read, or not yet. A label given by hand is still told."""
    file = table.file(row)
    failure = table.failure(row)
    error = failure.for_export() if failure else "not read yet"
    label = project.label(file.path)
    if label is None:
        return ResultRow(path=file.relative, error=error)
    unknown = label.class_id == UNKNOWN
    name = UNKNOWN_NAME if unknown else project.bin(label.class_id).name
    return ResultRow(path=file.relative, label=name, source=label.source.value, error=error)


def _labels_by_content(
    project: Project, table: EmbeddingTable, support: SupportSet, ready: NDArray[np.int64]
) -> dict[int, Label]:
    """The user's label of each target; a copy of an example counts as that example."""
    owners = np.asarray(support.class_ids, np.int64)[support.labels]
    examples = np.concatenate([support.rows, support.ignored])
    owners = np.concatenate([owners, np.full(len(support.ignored), UNKNOWN, np.int64)])
    copies = {
        digest.tobytes(): Label(int(owner), Source.SUPPORT)
        for digest, owner in zip(table.digests(examples), owners, strict=True)
    }
    found = {}
    for row, digest in zip(ready.tolist(), table.digests(ready), strict=True):
        label = project.label(table.file(row).path) or copies.get(digest.tobytes())
        if label is not None:
            found[row] = label
    return found


def _nearest_support(
    table: EmbeddingTable,
    support: SupportSet,
    rows: NDArray[np.int64],
    predictions: Predictions,
    job: Job,
) -> NDArray[np.int64]:
    """For each row the example of its predicted class with the highest cosine, as a row."""
    examples = table.units(support.rows)
    owners = np.asarray(support.class_ids, np.int64)[support.labels]
    nearest = np.zeros(len(rows), np.int64)
    for place, units in table.unit_blocks(rows):
        job.checkpoint()
        cosines = units @ examples.T
        cosines[predictions.best[place][:, None] != owners[None, :]] = -np.inf
        nearest[place] = support.rows[cosines.argmax(axis=1)]
    return nearest


def _display_paths(
    table: EmbeddingTable, support: SupportSet, targets: NDArray[np.int64]
) -> dict[int, str]:
    """How each example is named: as a target where it is (a copy of) one."""
    targets_of: dict[bytes, str] = {}
    for row, digest in zip(targets.tolist(), table.digests(targets), strict=True):
        targets_of.setdefault(digest.tobytes(), table.file(row).relative)
    return {
        row: targets_of.get(digest.tobytes(), table.file(row).path)
        for row, digest in zip(support.rows.tolist(), table.digests(support.rows), strict=True)
    }
