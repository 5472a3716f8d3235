"""Judging a learner by the examples, each left out in turn.

An example that took part in fitting says nothing about how well a fit does. What a learner
says of examples that it has not seen tells which of several learners suits these classes,
and how sure their words may be taken to be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.learners.base import IntArray
from fewshot_gui.learners.sharpness import SharpnessLaw
from fewshot_gui.learners.within import by_turns

MOST = 400  # examples that are left out, as many of each class as can be; more take long
FEWEST = 6  # examples that were left out; fewer tell nothing
SHOTS = 3  # examples of a class, of which one is left out; of two, the rest is too unlike both
TRUST = 0.2  # how far the right sharpness is from its law, as a factor's logarithm
CLEARLY = 2.0  # standard errors that a learner must be better by to be chosen instead
FACTORS = np.exp(np.linspace(-1.5, 1.5, 31))  # that a law is multiplied by

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """What a learner says of examples that it has not seen.

    Attributes:
        scores: float64 ``(p, k)``, to be multiplied by the sharpness.
        answers: int64 ``(p,)``, where they belong.
        counts: int64 ``(k,)`` examples of each class, none left out.
        law: Of the learner's sharpness.
    """

    scores: Matrix
    answers: IntArray
    counts: IntArray
    law: SharpnessLaw

    def verdict(self) -> Verdict:
        """How well the learner does, and what its law is to be multiplied by."""
        scales = self._scales()
        losses = np.asarray([self._losses(factor * scales) for factor in FACTORS])
        total = losses.sum(axis=1) + np.square(np.log(FACTORS) / TRUST) / 2.0
        best = int(total.argmin())
        right = self.scores.argmax(axis=1) == self.answers
        return Verdict(losses[best], float(FACTORS[best]), int(right.sum()), len(right))

    def _scales(self) -> Matrix:
        """Sharpness by the law for each left-out example: its class had one fewer."""
        scales = np.empty(len(self.counts))
        for index in np.unique(self.answers).tolist():
            left = self.counts.copy()
            left[index] -= 1
            scales[index] = self.law(left)
        return scales[self.answers][:, None]

    def _losses(self, scales: Matrix) -> Matrix:
        """Logarithmic losses ``(p,)``, weighted so that every class weighs the same."""
        logits = scales * self.scores
        logits -= logits.max(axis=1, keepdims=True)
        own = logits[np.arange(len(self.answers)), self.answers]
        losses = np.log(np.exp(logits).sum(axis=1)) - own
        tested = np.bincount(self.answers, minlength=len(self.counts))
        return losses / tested[self.answers] * len(losses) / np.count_nonzero(tested)


@dataclass(frozen=True)
class Verdict:
    """How well a learner does on examples that it has not seen.

    Attributes:
        losses: Logarithmic losses of the ``p`` examples, float64; lower is better.
        factor: What the law of its sharpness is to be multiplied by.
        right: Examples that it put where they belong.
        tested: Examples that were left out.
    """

    losses: Matrix
    factor: float
    right: int
    tested: int

    def clearly_better(self, other: Verdict) -> bool:
        """Whether this is better on the same examples by more than chance would have it."""
        gains = other.losses - self.losses
        if len(gains) < 2:
            return False
        return bool(gains.mean() > CLEARLY * gains.std(ddof=1) / np.sqrt(len(gains)) + 1e-9)


def tried(labels: IntArray) -> IntArray:
    """Places of the examples a trial is made with, ascending: a fair share of each class."""
    if len(labels) <= MOST:
        return np.arange(len(labels))
    turns = by_turns(labels, int(labels.max()) + 1)
    return np.sort(np.lexsort((labels, turns))[:MOST])
