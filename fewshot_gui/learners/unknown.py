"""How likely an image belongs to none of the bins, apart from which bin fits best.

What counts is how far an image lies from the nearest class, measured by how far that
class's own examples lie from it when each is left out in turn. An image that lies as near
to a second class is a little less strange than its distance says. Distances are those of
``within.py``; they are *not* seen from the middle of the support set as the learners'
are, because strangers and bins have that corner of the space in common.

The score is a probability. It is calibrated against folders in which one image in five
belongs to no bin, the strangers being other things of the same sort (other groceries
among groceries): the law below was fitted by maximum likelihood on such episodes of 2 to
26 ways and 1 to 10 shots drawn from one half of the classes of the Grocery Store data
(Klasson et al. 2019), and checked on the other half; `tests/learners/test_unknown.py`
repeats the check. Where more of a folder is strange, the score is too low, and where less
is, too high; the order of the images stays right, and `review/strangers.py` puts the
level right where a whole folder can be looked at.

Examples of what belongs to no bin teach as well: an image that lies nearer to one of them
than to its best class gets a high score, however well that class fits. That law was
fitted likewise, one image in ten being of an ignored kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fewshot_gui.learners.base import FloatArray, IntArray, class_sums, unit
from fewshot_gui.learners.within import WithinSpace, by_turns, within_space

USUAL_SHARE = 0.2  # of strangers in the folders that the law was fitted for
FOLDS = 8  # examples are left out in so many parties
LEFT_OUT = 1024  # examples that are left out at most, the same number of each class
COMPARED = 128  # classes they are chosen from; more would take long and tell no more
IGNORED = 256  # examples of what belongs to no bin that are compared with; see support_set
SECOND = 0.2  # what the second-nearest class counts
NEAREST = 1e-3  # distances below are rounding
TYPICAL = 0.6  # usual distance to the own class, as a part of that to the nearest other one
TRUST = 4  # examples left out that outweigh what is usual
TIGHTEST = 0.25  # no class counts as tighter than this part of all classes


@dataclass(frozen=True)
class UnknownLaw:
    """From distances to log-odds, for N ways and k shots (their harmonic mean).

    Attributes:
        level: Constant, and factors of ln N, ln k and ln N·ln k.
        slope: Constant, and factors of ln N and ln k: what the distance is multiplied by.
        ignored: Constant, and factors of ln k, of the logarithm of the number of ignored
            examples, and of the difference of log-distances.
    """

    level: tuple[float, float, float, float] = (-1.532, -0.141, -0.508, 0.22)
    slope: tuple[float, float, float] = (3.763, -0.296, 1.165)
    ignored: tuple[float, float, float, float] = (-0.15, 1.498, -0.983, 8.496)


@dataclass(frozen=True)
class UnknownScore:
    """What a support set says of strangers.

    Attributes:
        space: Distances to the ``k`` classes, and then to the ignored examples.
        usual: float32 ``(k,)``, how far a class's own images lie from it.
        counts: int64 ``(k,)`` examples of each class.
        law: Turns distances into probabilities.
        left_out: Scores of examples, each as if it were none; empty where every class
            has one example only.
    """

    space: WithinSpace
    usual: FloatArray
    counts: IntArray
    law: UnknownLaw = field(default_factory=UnknownLaw)
    left_out: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))

    def __call__(self, units: FloatArray) -> FloatArray:
        """Unknown scores of images, from 0 to 1, float32 ``(n,)``.

        Args:
            units: Embeddings of length 1, float32 ``(n, d)``.
        """
        return self.of_distances(self.space.distances(units))

    def of_products(self, products: FloatArray) -> FloatArray:
        """Unknown scores from the products of ``space.matrix`` with rows of length 1."""
        return self.of_distances(self.space.distances_of(products))

    def of_distances(self, distances: FloatArray) -> FloatArray:
        """Unknown scores where the distances to all anchors are known, ``(k + m, n)``."""
        ways = len(self.usual)
        first, second = _two_smallest(distances[:ways], self.usual)
        odds = self._odds(_log(first), _log(second))
        if len(distances) > ways:
            odds = np.maximum(odds, self._odds_ignored(_log(first), distances[ways:]))
        return (1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0)))).astype(np.float32)

    def _odds(self, first: FloatArray, second: FloatArray) -> FloatArray:
        ways, shots = self._sizes()
        level = np.dot(self.law.level, (1.0, ways, shots, ways * shots))
        slope = max(0.0, float(np.dot(self.law.slope, (1.0, ways, shots))))
        return np.float32(level) + np.float32(slope) * (first - np.float32(SECOND) * second)

    def _odds_ignored(self, first: FloatArray, distances: FloatArray) -> FloatArray:
        _ways, shots = self._sizes()
        level = np.dot(self.law.ignored[:3], (1.0, shots, np.log(len(distances))))
        nearest = _log(distances.min(axis=0) / self.usual.mean())
        return np.float32(level) + np.float32(self.law.ignored[3]) * (first - nearest)

    def _sizes(self) -> tuple[float, float]:
        """Logarithms of the number of classes and of their examples."""
        shots = len(self.counts) / (1.0 / self.counts).sum()
        return float(np.log(len(self.counts))), float(np.log(shots))


def fit_unknown(support: FloatArray, labels: IntArray, ignored: FloatArray) -> UnknownScore:
    """Learn what is usual within the classes.

    Args:
        support: Examples of length 1, float32 ``(n, d)``, in an order that depends on
            their content alone: of very many, the first ones of each class are used.
        labels: int64 ``(n,)``, from 0 without a gap.
        ignored: Examples of what belongs to no bin, likewise, float32 ``(m, d)``.
    """
    counts = np.bincount(labels)
    ways = len(counts)
    ignored = ignored[:IGNORED]
    places, distances = _left_out_distances(support, labels, ways, ignored)
    usual = _usual(support, labels, ways, distances[labels[places], np.arange(len(places))], places)
    score = UnknownScore(within_space(support, labels, ways, ignored), usual, counts)
    return UnknownScore(score.space, usual, counts, score.law, score.of_distances(distances))


def _left_out_distances(
    support: FloatArray, labels: IntArray, ways: int, ignored: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Distances of examples to all anchors of a support set that they have no part in.

    Returns:
        Places of the examples that could be left out, int64 ``(p,)``, and the distances,
        float32 ``(ways + m, p)``.
    """
    compared = min(ways, COMPARED)
    few = np.flatnonzero(labels < compared)
    turns = by_turns(labels[few], compared)
    used = np.sort(few[np.lexsort((labels[few], turns))[:LEFT_OUT]])
    rows, owners = support[used], labels[used]
    # the next example of a class is always in the next party
    party = (by_turns(owners, compared) + owners) % FOLDS
    counts = np.bincount(labels, minlength=ways)
    places, found = [], []
    for number in range(FOLDS):
        others = party != number
        left = np.bincount(owners[others], minlength=compared)
        hidden = np.flatnonzero(~others & (left[owners] > 0))
        if len(hidden):
            space = within_space(rows[others], owners[others], compared, ignored)
            distances = space.distances(rows[hidden])
            own = owners[hidden]
            distances[own, np.arange(len(own))] *= _nearer(left[own], counts[own])
            places.append(used[hidden])
            found.append(distances)
    if not found:
        return np.zeros(0, np.int64), np.zeros((ways + len(ignored), 0), np.float32)
    distances = np.concatenate(found, axis=1)
    unseen = np.full((ways - compared, distances.shape[1]), 2.0, np.float32)
    parts = [distances[:compared], unseen, distances[compared:]]
    return np.concatenate(places), np.concatenate(parts)


def _nearer(left: IntArray, counts: IntArray) -> FloatArray:
    """By how much a mean of ``counts`` examples lies nearer to an image than one of ``left``.

    A mean of n examples is off by its own noise, an nth of that of a single image.
    """
    return ((1.0 + 1.0 / counts) / (1.0 + 1.0 / left)).astype(np.float32)


def _usual(
    support: FloatArray, labels: IntArray, ways: int, own: FloatArray, places: IntArray
) -> FloatArray:
    """How far images of each class lie from it, float32 ``(ways,)``.

    Half of what its own examples say and half of what those of all classes say, and where
    these are few, what is usual for classes that lie as far apart as these.
    """
    typical = TYPICAL * _apart(support, labels, ways)
    tested = np.bincount(labels[places], minlength=ways)
    means = np.bincount(labels[places], own, minlength=ways) / np.maximum(tested, 1)
    of_all = float(means[tested > 0].mean()) if (tested > 0).any() else 0.0
    general = (tested.sum() * of_all + TRUST * typical) / (tested.sum() + TRUST)
    usual = np.where(tested > 0, (means + general) / 2.0, general)
    return np.maximum(usual, max(TIGHTEST * general, NEAREST)).astype(np.float32)


def _apart(support: FloatArray, labels: IntArray, ways: int) -> float:
    """Mean distance of a class's mean to the nearest other one; 1 for a single class."""
    means = unit(class_sums(support, labels, ways))
    cosines = means @ means.T
    np.fill_diagonal(cosines, -np.inf)
    return float((1.0 - cosines.max(axis=1)).mean()) if ways > 1 else 1.0


def _two_smallest(distances: FloatArray, usual: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The smallest and second-smallest distance of each column, by what is usual."""
    first = distances[0] / usual[0]
    second = np.full_like(first, np.inf)
    for row, scale in zip(distances[1:], usual[1:], strict=True):
        scaled = row / scale
        np.minimum(second, np.maximum(first, scaled), out=second)
        np.minimum(first, scaled, out=first)
    return first, second if len(usual) > 1 else first


def _log(distances: FloatArray) -> FloatArray:
    return np.log(np.maximum(distances, np.float32(NEAREST)))
