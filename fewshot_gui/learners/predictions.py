"""The best and second-best class of each target, cut out of the full scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.learners.base import Scores

NO_CLASS = -1


@dataclass(frozen=True)
class Predictions:
    """What the learner says of ``n`` targets.

    Attributes:
        best: int64 ``(n,)`` class ids.
        confidence: float32 ``(n,)`` calibrated probability of ``best``.
        runner_up: int64 ``(n,)`` class ids, ``NO_CLASS`` where there is only one class.
        runner_up_confidence: float32 ``(n,)``, 0 where there is none.
    """

    best: NDArray[np.int64]
    confidence: NDArray[np.float32]
    runner_up: NDArray[np.int64]
    runner_up_confidence: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.best)


def top_two(scores: Scores) -> Predictions:
    """The two likeliest classes of each row; equal probabilities go to the lower id."""
    classes = np.asarray(scores.classes, dtype=np.int64)
    rows = np.arange(len(scores.probs))
    first = scores.probs.argmax(axis=1)
    confidence = scores.probs[rows, first]
    if len(classes) < 2:
        nobody = np.full(len(rows), NO_CLASS, dtype=np.int64)
        return Predictions(classes[first], confidence, nobody, np.zeros(len(rows), np.float32))
    rest = scores.probs.copy()
    rest[rows, first] = -1.0
    second = rest.argmax(axis=1)
    return Predictions(classes[first], confidence, classes[second], rest[rows, second])
