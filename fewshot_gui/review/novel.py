"""Groups of images that may be a class nobody has made a bin for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray
from fewshot_gui.learners.support import SupportSet
from fewshot_gui.review.clusters import average_linkage, cohesion

LOOKED_AT = 1500  # images with the highest unknown scores; more would take seconds
LOWEST = 0.2  # unknown score; below it an image hardly is a stranger
SMALLEST = 3  # images of a group
LOOSER = 0.92  # strangers may lie as close as this part of what examples of a bin do
FALLBACK = 0.6  # cosine within a group where the examples do not tell


@dataclass(frozen=True)
class Cluster:
    """Images that look alike and like none of the bins.

    Attributes:
        rows: int64 ``(n,)``, the most typical first.
        cohesion: Mean cosine between two of them.
    """

    rows: NDArray[np.int64]
    cohesion: float


def possible_classes(
    table: EmbeddingTable,
    candidates: NDArray[np.int64],
    support: SupportSet,
    unknown: FloatArray,
    job: Job,
) -> tuple[Cluster, ...]:
    """Groups of strangers that lie as close together as the examples of a bin do.

    Args:
        table: Embeddings.
        candidates: Ready rows without a label, int64 ``(n,)``.
        support: The examples; they say how close a group has to be.
        unknown: Unknown scores of the candidates, float32 ``(n,)``.
        job: Asked for cancellation.

    Returns:
        Groups of three images and more; those that are large, close and strange first.
        Of very many candidates only the strangest are looked at.
    """
    candidates = np.asarray(candidates, np.int64)
    strangest = np.argsort(-unknown, kind="stable")[:LOOKED_AT]
    strangest = strangest[unknown[strangest] >= LOWEST]
    if len(strangest) < SMALLEST:
        return ()
    vectors = table.units(candidates[strangest])
    groups = average_linkage(vectors, LOOSER * _closeness(table, support), job)
    found = []
    for group in groups:
        if len(group) < SMALLEST:
            break
        members = vectors[group]
        typical = np.argsort(-(members @ members.sum(axis=0)), kind="stable")
        tight = cohesion(members)
        worth = len(group) * tight * float(unknown[strangest[group]].mean())
        rows = candidates[strangest[group[typical]]]
        found.append((worth, Cluster(rows, tight)))
    found.sort(key=lambda pair: (-pair[0], int(pair[1].rows[0])))
    return tuple(cluster for _worth, cluster in found)


def _closeness(table: EmbeddingTable, support: SupportSet) -> float:
    """How close the examples of one bin are to each other: the median over the bins."""
    found = []
    for index in range(len(support.class_ids)):
        rows = support.rows[support.labels == index][:50]
        if len(rows) > 1:
            found.append(cohesion(table.units(rows)))
    return float(np.median(found)) if found else FALLBACK
