"""What is said of a learner that was tried on many tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

CALIBRATION_BINS = 15
Z95 = 1.959964
# Student's t for few degrees of freedom, where the expansion below is not good enough.
_T95 = {1: 12.706205, 2: 4.302653, 3: 3.182446, 4: 2.776445}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """A mean over tasks.

    Attributes:
        mean: Of all tasks.
        interval95: The true mean lies within ``mean`` ± this with 95 % confidence (Student's
            t); None where one task cannot tell.
    """

    mean: float
    interval95: float | None


def estimate(values: Sequence[float] | Floats) -> Estimate:
    """The mean of one value a task, with its interval."""
    values = np.asarray(values, np.float64)
    if len(values) < 2:
        return Estimate(float(values.mean()), None)
    error = float(values.std(ddof=1)) / sqrt(len(values))
    return Estimate(float(values.mean()), student95(len(values) - 1) * error)


def student95(freedom: int) -> float:
    """97.5 % quantile of Student's t (Abramowitz & Stegun 26.7.5, to 0.001)."""
    if freedom in _T95:
        return _T95[freedom]
    z, n = Z95, freedom
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / n + second / n**2 + third / n**3 + fourth / n**4


@dataclass(frozen=True)
class Calibration:
    """How often confidences are right: the reliability curve.

    Confidences are sorted into intervals of equal width from 0 to 1, as many as the arrays
    are long.

    Attributes:
        counts: int64 ``(b,)``, confidences in each interval.
        confidence: float64 ``(b,)``, their mean; NaN where there is none.
        accuracy: float64 ``(b,)``, how many of them were right, 0 to 1; NaN likewise.
    """

    counts: NDArray[np.int64]
    confidence: Floats
    accuracy: Floats

    @property
    def ece(self) -> float:
        """Expected calibration error (Guo et al. 2017, arXiv:1706.04599), 0 to 1."""
        used = self.counts > 0
        gaps = np.abs(self.confidence[used] - self.accuracy[used])
        return float((gaps * self.counts[used]).sum() / self.counts.sum())


def calibration(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> Calibration:
    """The reliability curve of confidences, 0 to 1, ``(n,)`` and whether each was right."""
    places = np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    counts = np.bincount(places, minlength=CALIBRATION_BINS)
    divisor = np.where(counts > 0, counts, np.nan)
    sums = np.bincount(places, confidence, CALIBRATION_BINS)
    return Calibration(
        counts, sums / divisor, np.bincount(places, right, CALIBRATION_BINS) / divisor
    )


@dataclass(frozen=True)
class Confusion:
    """Which of ``n`` classes were taken for which; sparse, for there may be thousands.

    Attributes:
        classes: ``n``.
        true: int64 ``(m,)``, and
        taken_for: int64 ``(m,)``: pairs of classes from 0 to n - 1, no pair twice.
        counts: int64 ``(m,)``, targets of the one that were put into the other; not 0.
    """

    classes: int
    true: Ints
    taken_for: Ints
    counts: Ints

    @property
    def tested(self) -> Ints:
        """Targets of each class, int64 ``(n,)``."""
        return self._sums(np.full(len(self.true), True))

    @property
    def right(self) -> Ints:
        """Those of them that were put into their class, int64 ``(n,)``."""
        return self._sums(self.true == self.taken_for)

    def matrix(self) -> Ints:
        """All of it, int64 ``(n, n)``: the true class down, what it was taken for across."""
        full = np.zeros((self.classes, self.classes), np.int64)
        full[self.true, self.taken_for] = self.counts
        return full

    def _sums(self, chosen: NDArray[np.bool_]) -> Ints:
        sums = np.zeros(self.classes, np.int64)
        np.add.at(sums, self.true[chosen], self.counts[chosen])
        return sums


def confusion(true: Ints, taken_for: Ints, classes: int) -> Confusion:
    """Counts the pairs of true and predicted classes of targets, both int64 ``(t,)``."""
    codes, counts = np.unique(true * classes + taken_for, return_counts=True)
    return Confusion(classes, codes // classes, codes % classes, counts)


def auroc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """How likely a positive has a higher score than a negative; equal scores count half.

    Args:
        scores: ``(n,)``.
        positive: ``(n,)``; some are, and some are not.
    """
    _values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]  # equal ones share their ranks
    hits = int(np.count_nonzero(positive))
    misses = len(scores) - hits
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))
