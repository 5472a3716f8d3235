"""What to label next, so that the learner gains most from it.

With few labels typical and different images teach most, with many the doubtful ones do
(Hacohen et al. 2022, arXiv:2202.02794).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray
from fewshot_gui.learners.predictions import Predictions
from fewshot_gui.learners.support import SupportSet
from fewshot_gui.review.blocks import units
from fewshot_gui.review.clusters import spherical_kmeans

SAMPLE = 4000
MOST_CLUSTERS = 100
NEIGHBOURS = 20
SMALLEST = 3  # images of a cluster worth an own example


class Reason(Enum):
    """Why an image is worth a label."""

    TYPICAL = "typical"  # stands for many that look alike, none of them labelled
    UNSURE = "unsure"  # two classes fit about equally
    NEW = "new"  # looks like none of the bins, and is not alone


@dataclass(frozen=True)
class Suggestions:
    """Images to label, the most useful first.

    Attributes:
        rows: int64 ``(n,)``.
        reasons: Why, one each.
    """

    rows: NDArray[np.int64]
    reasons: tuple[Reason, ...]


def suggest(
    table: EmbeddingTable,
    candidates: NDArray[np.int64],
    support: SupportSet,
    predictions: Predictions | None,
    count: int,
    seed: int,
    job: Job,
) -> Suggestions:
    """Choose images to label.

    Args:
        table: Embeddings.
        candidates: Ready rows without a label, int64 ``(n,)``.
        support: The examples there are; may be empty.
        predictions: Of the candidates, in their order; None where nothing can be predicted.
        count: How many to choose at most.
        seed: The same seed chooses the same images.
        job: Asked for cancellation.
    """
    candidates = np.asarray(candidates, np.int64)
    if count < 1 or not len(candidates):
        return Suggestions(np.zeros(0, np.int64), ())
    rng = np.random.default_rng(seed)
    sample = np.arange(len(candidates))
    if len(sample) > SAMPLE:
        sample = np.sort(rng.choice(len(candidates), SAMPLE, replace=False))
    vectors = units(table, candidates[sample])
    chosen = _typical(table, vectors, support, count, rng, job)
    reasons = [Reason.TYPICAL] * len(chosen)
    if predictions is not None:
        strange = predictions.unknown[sample]
        reasons = [Reason.NEW if strange[i] > 0.5 else Reason.TYPICAL for i in chosen]
        margin = predictions.confidence - predictions.runner_up_confidence
        for i in np.argsort(margin[sample], kind="stable").tolist():
            if len(chosen) >= count:
                break
            if i not in chosen:
                chosen.append(i)
                reasons.append(Reason.UNSURE)
    return Suggestions(candidates[sample[chosen]], tuple(reasons))


def _typical(
    table: EmbeddingTable,
    vectors: FloatArray,
    support: SupportSet,
    count: int,
    rng: np.random.Generator,
    job: Job,
) -> list[int]:
    labelled = np.concatenate([support.rows, support.ignored])
    clusters = min(len(labelled) + count, MOST_CLUSTERS)
    centres, owners = spherical_kmeans(vectors, clusters, rng, job)
    covered = set()
    if len(labelled):
        covered = set((units(table, labelled) @ centres.T).argmax(axis=1).tolist())
    sizes = np.bincount(owners, minlength=len(centres))
    chosen = []
    for cluster in np.argsort(-sizes, kind="stable").tolist():
        if cluster in covered or sizes[cluster] < SMALLEST or len(chosen) >= count:
            continue
        members = np.flatnonzero(owners == cluster)
        near = np.sort(vectors[members] @ vectors[members].T, axis=1)[:, -NEIGHBOURS - 1 : -1]
        chosen.append(int(members[near.mean(axis=1).argmax()]))
    return chosen
