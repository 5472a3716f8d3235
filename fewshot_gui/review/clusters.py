"""Groups of unit vectors that lie close together. Small samples only; see the callers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray, unit
from fewshot_gui.learners.centred import class_means

ROUNDS = 8  # of k-means; what moves after that is not worth waiting for


def spherical_kmeans(
    units: FloatArray, count: int, rng: np.random.Generator, job: Job
) -> tuple[FloatArray, IntArray]:
    """Split unit vectors into groups by cosine.

    Args:
        units: float32 ``(n, d)``, at least one.
        count: Groups wanted; at most ``n`` are made, and none is empty.
        rng: Where randomness comes from.
        job: Asked for cancellation.

    Returns:
        Unit centres, float32 ``(k, d)``, and the group of each vector, int64 ``(n,)``.
    """
    centres = _spread_starts(units, min(count, len(units)), rng, job)
    owners = np.full(len(units), -1)
    for _round in range(ROUNDS):
        job.checkpoint()
        closest = (units @ centres.T).argmax(axis=1)
        used, closest = np.unique(closest, return_inverse=True)
        if np.array_equal(closest, owners):
            break
        owners = closest
        centres = unit(class_means(units, owners, len(used)))
    return centres, owners.astype(np.int64)


def _spread_starts(units: FloatArray, count: int, rng: np.random.Generator, job: Job) -> FloatArray:
    """Starts of k-means++ (Arthur & Vassilvitskii 2007): far from each other, not outliers.

    Of a few that are drawn each time, the one that leaves the others nearest is taken:
    a single draw often puts two starts into one group and none into another.
    """
    trials = 2 + int(np.log(count))
    chosen = [int(rng.integers(len(units)))]
    far = _distances(units, chosen)[0]
    while len(chosen) < count and far.sum() > 1e-6:
        job.checkpoint()
        drawn = np.searchsorted(far.cumsum(), rng.random(trials) * far.sum())
        drawn = np.minimum(drawn, len(units) - 1).tolist()
        left = np.minimum(far, _distances(units, drawn))
        best = int(left.sum(axis=1).argmin())
        chosen.append(drawn[best])
        far = left[best]
    return units[chosen]


def _distances(units: FloatArray, places: list[int]) -> NDArray[np.float64]:
    """1 - cosine of some of the vectors to all, ``(len(places), n)``."""
    return np.maximum(1.0 - units[places] @ units.T, 0.0).astype(np.float64)


def average_linkage(units: FloatArray, cosine: float, job: Job) -> list[IntArray]:
    """Groups whose members have at least this mean cosine to the group they joined.

    Agglomerative clustering with average linkage by nearest-neighbour chains
    (Murtagh 1983): exact, deterministic, quadratic in time and memory.

    Args:
        units: float32 ``(n, d)``.
        cosine: Groups with a lower mean cosine to each other stay apart.
        job: Asked for cancellation.

    Returns:
        Positions of each group's members, ascending; the largest group first.
    """
    near = units @ units.T
    np.fill_diagonal(near, -np.inf)
    sizes = np.ones(len(units))
    members: dict[int, list[int]] = {i: [i] for i in range(len(units))}
    waiting = list(range(len(units)))[::-1]
    done: list[list[int]] = []
    chain: list[int] = []
    while members:
        if not chain:
            start = waiting.pop()
            if start not in members:
                continue
            chain = [start]
        job.checkpoint()
        last = chain[-1]
        closest = int(near[last].argmax())
        if len(chain) > 1 and near[last, chain[-2]] >= near[last, closest]:
            closest = chain[-2]
        if near[last, closest] < cosine:
            # nobody is near enough to the end of the chain: it is a group of its own
            done.append(members.pop(last))
            near[last], near[:, last] = -np.inf, -np.inf
            chain.pop()
        elif len(chain) > 1 and closest == chain[-2]:
            _merge(near, sizes, closest, last)
            members[closest] += members.pop(last)
            del chain[-2:]
            waiting.append(closest)
        else:
            chain.append(closest)
    groups = [np.asarray(sorted(group), np.int64) for group in done]
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _merge(near: FloatArray, sizes: np.ndarray, kept: int, gone: int) -> None:
    total = sizes[kept] + sizes[gone]
    merged = (sizes[kept] * near[kept] + sizes[gone] * near[gone]) / total
    near[kept], near[:, kept] = merged, merged
    near[gone], near[:, gone] = -np.inf, -np.inf
    near[kept, kept] = -np.inf
    sizes[kept] = total


def cohesion(units: FloatArray) -> float:
    """Mean cosine between two different members of a group; 1 for a single one."""
    count = len(units)
    if count < 2:
        return 1.0
    total = float(np.square(units.sum(axis=0, dtype=np.float64)).sum())
    own = float(np.square(units, dtype=np.float64).sum())
    return (total - own) / (count * (count - 1))
