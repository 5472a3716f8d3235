"""What to label next, so that the learner gains most from it.

With few labels typical images, each from another cluster, teach most (*TypiClust*,
Hacohen et al. 2022, arXiv:2202.02794); once every class has a few, half of the images are
doubtful ones, which then teach more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray
from fewshot_gui.learners.predictions import Predictions
from fewshot_gui.learners.support import SupportSet
from fewshot_gui.review.clusters import spherical_kmeans

SAMPLE = 2000  # candidates that are compared with each other
MOST_CLUSTERS = 100
SMALLEST = 2  # images of a cluster worth an example of its own
NEIGHBOURS = 20  # that a typical image is near to
FEW = 2.0  # examples a class; below it doubts say little
SHORTLIST = 4  # doubtful images among which one different from the others is chosen


class Reason(Enum):
    """Why an image is worth a label."""

    TYPICAL = "typical"  # stands for many that look alike, none of them labelled
    UNSURE = "unsure"  # two classes fit about equally
    NEW = "new"  # looks like none of the bins


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
    labelled = np.concatenate([support.rows, support.ignored])
    count = min(count, len(candidates))
    if count < 1:
        return Suggestions(np.zeros(0, np.int64), ())
    rng = np.random.default_rng(seed)
    doubts = _share_of_doubts(support, predictions, count)
    typical = _typical(table, candidates, labelled, count - doubts, rng, job)
    wanted = count - len(typical)
    if predictions is None:
        others = _different(table, candidates, labelled, typical, wanted, rng, job)
        reason = Reason.NEW
    else:
        others = _doubtful(table, candidates, predictions, typical, wanted, rng, job)
        reason = Reason.UNSURE
    chosen = [(place, _why_typical(place, predictions)) for place in typical]
    both = _by_turns(chosen, [(place, reason) for place in others])
    rows = candidates[np.asarray([place for place, _reason in both], np.int64)]
    return Suggestions(rows, tuple(reason for _place, reason in both))


def _share_of_doubts(support: SupportSet, predictions: Predictions | None, count: int) -> int:
    """How many of the images are to be doubtful ones."""
    if predictions is None or len(support.rows) < FEW * len(support.class_ids):
        return 0
    return count - count // 2 if count > 1 else len(support.rows) % 2


def _why_typical(place: int, predictions: Predictions | None) -> Reason:
    strange = predictions is not None and predictions.unknown[place] > 0.5
    return Reason.NEW if strange else Reason.TYPICAL


def _by_turns(
    first: list[tuple[int, Reason]], second: list[tuple[int, Reason]]
) -> list[tuple[int, Reason]]:
    """One of each by turns, so that whoever stops early has had some of both."""
    turns = zip_longest(first, second)
    return [item for pair in turns for item in pair if item is not None]


def _typical(
    table: EmbeddingTable,
    candidates: IntArray,
    labelled: IntArray,
    count: int,
    rng: np.random.Generator,
    job: Job,
) -> list[int]:
    """Places of images in the middle of large clusters that hold no example (TypiClust)."""
    sample = _sample(len(candidates), rng)
    vectors = table.units(candidates[sample])
    clusters = min(len(labelled) + count, MOST_CLUSTERS)
    centres, owners = spherical_kmeans(vectors, clusters, rng, job)
    covered = set((table.units(labelled) @ centres.T).argmax(axis=1).tolist())
    sizes = np.bincount(owners, minlength=len(centres))
    chosen: list[int] = []
    for cluster in np.argsort(-sizes, kind="stable").tolist():
        if len(chosen) >= count or sizes[cluster] < SMALLEST:
            break
        if cluster not in covered:
            job.checkpoint()
            members = np.flatnonzero(owners == cluster)
            chosen.append(int(sample[members[_middle(vectors[members])]]))
    return chosen


def _middle(vectors: FloatArray) -> int:
    """The one with the most alike neighbours."""
    near = vectors @ vectors.T
    np.fill_diagonal(near, -np.inf)
    count = min(NEIGHBOURS, len(vectors) - 1)
    nearest = np.partition(near, len(vectors) - count, axis=1)[:, len(vectors) - count :]
    return int(nearest.mean(axis=1).argmax())


def _doubtful(
    table: EmbeddingTable,
    candidates: IntArray,
    predictions: Predictions,
    taken: list[int],
    count: int,
    rng: np.random.Generator,
    job: Job,
) -> list[int]:
    """Places of images between two classes, each in doubt for another reason."""
    if count < 1:
        return []
    margin = predictions.confidence - predictions.runner_up_confidence
    margin[taken] = np.inf
    short = min(SHORTLIST * count, len(candidates) - len(taken))
    closest = np.argsort(margin, kind="stable")[:short]
    vectors = table.units(candidates[closest])
    centres, owners = spherical_kmeans(vectors, count, rng, job)
    alike = vectors @ centres.T
    chosen = []
    for cluster in range(len(centres)):
        members = np.flatnonzero(owners == cluster)
        chosen.append(int(members[alike[members, cluster].argmax()]))
    # where there were fewer clusters than wanted, the most doubtful ones that are left
    rest = [place for place in range(short) if place not in set(chosen)]
    chosen = sorted((chosen + rest)[:count])
    return closest[chosen].tolist()


def _different(
    table: EmbeddingTable,
    candidates: IntArray,
    labelled: IntArray,
    taken: list[int],
    count: int,
    rng: np.random.Generator,
    job: Job,
) -> list[int]:
    """Places of images unlike all that have a label or were taken, one after the other."""
    sample = np.setdiff1d(_sample(len(candidates), rng), taken)
    if count < 1 or not len(sample):
        return []
    vectors = table.units(candidates[sample])
    known = table.units(np.concatenate([labelled, candidates[np.asarray(taken, np.int64)]]))
    nearest = np.full(len(sample), -np.inf, np.float32)
    if len(known):
        nearest = (vectors @ known.T).max(axis=1)
    chosen: list[int] = []
    for _turn in range(min(count, len(sample))):
        job.checkpoint()
        new = int(nearest.argmin())
        chosen.append(int(sample[new]))
        np.maximum(nearest, vectors @ vectors[new], out=nearest)
        nearest[new] = np.inf
    return chosen


def _sample(count: int, rng: np.random.Generator) -> IntArray:
    """Places to look at: all, or as many as can be compared with each other, ascending."""
    if count <= SAMPLE:
        return np.arange(count)
    return np.sort(rng.choice(count, SAMPLE, replace=False))
