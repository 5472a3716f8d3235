"""The best and second-best class of each target, cut out of all that the learner says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_CLASS = -1


@dataclass(frozen=True)
class Predictions:
    """What the learner says of ``n`` targets.

    Attributes:
        best: int64 ``(n,)`` class ids.
        confidence: float32 ``(n,)`` calibrated probability of ``best``.
        runner_up: int64 ``(n,)`` class ids, ``NO_CLASS`` where there is only one class.
        runner_up_confidence: float32 ``(n,)``, 0 where there is none.
        unknown: float32 ``(n,)``, from 0 to 1: how likely the target belongs to no class.
    """

    best: NDArray[np.int64]
    confidence: NDArray[np.float32]
    runner_up: NDArray[np.int64]
    runner_up_confidence: NDArray[np.float32]
    unknown: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.best)


@dataclass(frozen=True)
class BestTwo:
    """The best and second-best class of ``n`` targets, by position.

    Attributes:
        best: int64 ``(n,)``.
        confidence: float32 ``(n,)`` its probability.
        runner_up: int64 ``(n,)``, ``NO_CLASS`` where there is only one class.
        runner_up_confidence: float32 ``(n,)``, 0 where there is none.
    """

    best: NDArray[np.int64]
    confidence: NDArray[np.float32]
    runner_up: NDArray[np.int64]
    runner_up_confidence: NDArray[np.float32]


def best_two(logits: NDArray[np.float32]) -> BestTwo:
    """The two likeliest classes; of equal ones the first is the better.

    One pass over the classes, each a row, is several times as quick as sorting columns.

    Args:
        logits: float32 ``(k, n)``; overwritten.
    """
    count = logits.shape[1]
    best, second = np.zeros(count, np.int64), np.full(count, NO_CLASS, np.int64)
    high, next_high = logits[0].copy(), np.full(count, -np.inf, np.float32)
    for index, row in enumerate(logits[1:], 1):
        wins = row > high
        places = ~wins & (row > next_high)
        second[places] = index
        np.copyto(second, best, where=wins)
        best[wins] = index
        np.maximum(next_high, np.minimum(row, high), out=next_high)
        np.maximum(high, row, out=high)
    logits -= high
    np.exp(logits, out=logits)
    confidence = 1.0 / logits.sum(axis=0)
    return BestTwo(best, confidence, second, np.exp(next_high - high) * confidence)
