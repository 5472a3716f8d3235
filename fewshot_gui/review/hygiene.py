"""What may be wrong with the examples themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import class_sums
from fewshot_gui.learners.support import SupportSet
from fewshot_gui.project.model import Project

MOST_OF_A_BIN = 1500  # examples of a bin that are compared with each other
SAME = 0.97  # cosine of two shots of the same scene
FEWEST = 4  # examples of a bin before one of them can stand out
CLEARLY = 0.12  # how much closer to another bin a wrong example is
UNEVEN_BY = 3.0


class Kind(Enum):
    """What was found."""

    NEAR_DUPLICATES = "near_duplicates"
    SAME_PICTURE = "same_picture"
    OUTLIER = "outlier"
    UNEVEN = "uneven"


@dataclass(frozen=True)
class Finding:
    """Something about the examples that the user may want to mend.

    Attributes:
        kind: What.
        class_ids: The bins it is about; of an outlier its own and then the one it looks
            like, of uneven bins the smallest and then the largest.
        rows: The examples it is about; empty for uneven bins.
        severity: From 0 to 1; the list of findings is ordered by it.
    """

    kind: Kind
    class_ids: tuple[int, ...]
    rows: tuple[int, ...]
    severity: float


def hygiene(
    project: Project, table: EmbeddingTable, support: SupportSet, job: Job
) -> tuple[Finding, ...]:
    """All findings, the gravest first."""
    findings = [
        *_same_pictures(project, table, support),
        *_outliers(table, support, job),
        *_near_duplicates(table, support, job),
        *_uneven(support),
    ]
    return tuple(sorted(findings, key=lambda f: (-f.severity, f.kind.value, f.rows, f.class_ids)))


def _same_pictures(project: Project, table: EmbeddingTable, support: SupportSet) -> list[Finding]:
    found = []
    for paths in support.conflicts:
        labels = [project.label(path) for path in paths]
        class_ids = tuple(sorted({label.class_id for label in labels if label is not None}))
        rows = tuple(row for row in map(table.row, paths) if row is not None)
        found.append(Finding(Kind.SAME_PICTURE, class_ids, rows, 1.0))
    return found


def _near_duplicates(table: EmbeddingTable, support: SupportSet, job: Job) -> list[Finding]:
    found = []
    for index, class_id in enumerate(support.class_ids):
        job.checkpoint()
        rows = support.rows[support.labels == index][:MOST_OF_A_BIN]
        vectors = table.units(rows)
        for group in _groups(vectors @ vectors.T >= SAME):
            share = (len(group) - 1) / len(rows)
            found.append(
                Finding(Kind.NEAR_DUPLICATES, (class_id,), tuple(rows[group].tolist()), 0.5 * share)
            )
    return found


def _groups(same: np.ndarray) -> list[list[int]]:
    """Connected groups of two and more, by a walk over the pairs."""
    left = np.ones(len(same), bool)
    groups = []
    for start in range(len(same)):
        if not left[start]:
            continue
        left[start] = False
        group, edge = [start], [start]
        while edge:
            new = np.flatnonzero(same[edge.pop()] & left).tolist()
            left[new] = False
            group += new
            edge += new
        if len(group) > 1:
            groups.append(sorted(group))
    return groups


def _outliers(table: EmbeddingTable, support: SupportSet, job: Job) -> list[Finding]:
    ways = len(support.class_ids)
    if ways < 2:
        return []
    vectors = table.units(support.rows)
    sums = class_sums(vectors, support.labels, ways)
    counts = np.bincount(support.labels, minlength=ways)
    lengths = np.maximum(np.linalg.norm(sums, axis=1), 1e-12)
    others = vectors @ (sums / lengths[:, None]).T
    rest = sums[support.labels] - vectors
    own = np.einsum("nd,nd->n", vectors, rest) / np.maximum(np.linalg.norm(rest, axis=1), 1e-12)
    others[np.arange(len(vectors)), support.labels] = -np.inf
    best = others.argmax(axis=1)
    gap = others[np.arange(len(vectors)), best] - own
    clear = (gap > CLEARLY) & (counts[support.labels] >= FEWEST)
    job.checkpoint()
    return [
        Finding(
            Kind.OUTLIER,
            (support.class_ids[support.labels[i]], support.class_ids[best[i]]),
            (int(support.rows[i]),),
            float(min(0.99, 0.5 + gap[i])),
        )
        for i in np.flatnonzero(clear).tolist()
    ]


def _uneven(support: SupportSet) -> list[Finding]:
    counts = np.bincount(support.labels, minlength=len(support.class_ids))
    if len(counts) < 2 or counts.max() <= UNEVEN_BY * counts.min():
        return []
    order = np.argsort(counts, kind="stable")
    ratio = float(counts.max() / counts.min())
    ids = (support.class_ids[order[0]], support.class_ids[order[-1]])
    return [Finding(Kind.UNEVEN, ids, (), min(0.4, 0.1 * ratio / UNEVEN_BY))]
