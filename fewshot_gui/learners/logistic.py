"""Logistic regression: the softmax that gives the examples their own labels.

Tian et al. 2020, *Rethinking Few-Shot Image Classification: a Good Embedding Is All You
Need?* (arXiv:2003.11539): L2-regularised multinomial logistic regression on normalised
frozen embeddings. Every class carries the same weight, however many examples it has; see
`evening.py` for what else that takes.

It is solved by L-BFGS (Liu & Nocedal 1989) that starts from a bound of the curvature
(Böhning 1992, *Multinomial logistic regression algorithm*): with that bound a full step
never overshoots, and some dozen steps do.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray, checked_support, unit
from fewshot_gui.learners.centred import centred_unit, support_centre
from fewshot_gui.learners.evening import evened
from fewshot_gui.learners.linear import FittedLinear, linear
from fewshot_gui.learners.sharpness import SharpnessLaw

MEMORY = 8  # steps that L-BFGS remembers
STEPS = 30
CLOSE = 1e-2  # part of the first gradient that counts as nothing left
JITTER = 1e-6  # keeps the factor of examples that lie in one plane

Matrix = NDArray[np.floating]


@dataclass(frozen=True)
class Logistic:
    """The logistic learner.

    Attributes:
        penalty: Of half the squared weights, beside log-losses that sum over the classes'
            means. The result depends little on it from 0.003 to 0.03.
        sharpness: What the regression's own logits are multiplied by: fitted to few
            examples, they promise too much or too little.
    """

    penalty: float = 0.01
    sharpness: SharpnessLaw = SharpnessLaw(base=0.971, ways=-0.109, shots=0.103, both=0.010)

    def fit(
        self,
        support: FloatArray,
        labels: IntArray,
        job: Job,
        folder: FloatArray | None = None,
    ) -> FittedLinear:
        """See ``Learner.fit``."""
        job.checkpoint()
        support, labels = checked_support(support, labels)
        classes, inverse = np.unique(labels, return_inverse=True)
        ways, counts = len(classes), np.bincount(inverse)
        centre = support_centre(unit(support), inverse, ways)
        rows = centred_unit(support, centre)
        factors = evened(rows, inverse)
        problem = _Problem.of(rows, inverse, ways, self.penalty)
        weights = problem.in_space_of(rows, _minimised(problem, job))
        weights = self.sharpness(counts) * factors[:, None] * weights
        return linear(tuple(classes.tolist()), centre, weights, np.zeros(ways))


@dataclass(frozen=True)
class _Problem:
    """What is minimised, in as few coordinates as there are examples or components.

    Attributes:
        rows: Examples ``(n, r)``.
        factor: Lower triangle ``(n, n)`` whose rows are the examples in coordinates of
            their own; None where the coordinates are the embedding's.
        answers: One-hot ``(n, k)``.
        shares: Weight of each example ``(n, 1)``; those of a class sum to 1.
        penalty: Of half the squared weights.
        inverse_bound: Inverse of a bound of the curvature, ``(r, r)``.
    """

    rows: Matrix
    factor: Matrix | None
    answers: Matrix
    shares: Matrix
    penalty: float
    inverse_bound: Matrix

    @classmethod
    def of(cls, rows: FloatArray, inverse: IntArray, ways: int, penalty: float) -> _Problem:
        count, width = rows.shape
        factor = None
        if count <= width:
            precise = rows.astype(np.float64)
            gram = precise @ precise.T
            gram[np.diag_indices(count)] += JITTER
            factor = np.linalg.cholesky(gram)
        coordinates = rows if factor is None else factor.astype(np.float32)
        shares = (1.0 / np.bincount(inverse)[inverse])[:, None].astype(np.float32)
        bound = coordinates.T @ (shares * coordinates) / np.float32(2.0)
        bound[np.diag_indices(len(bound))] += penalty
        answers = np.eye(ways, dtype=np.float32)[inverse]
        return cls(coordinates, factor, answers, shares, penalty, np.linalg.inv(bound))

    def at(self, weights: Matrix) -> tuple[float, Matrix]:
        """Loss and gradient at weights ``(r, k)``."""
        logits = self.rows @ weights
        logits -= logits.max(axis=1, keepdims=True)
        own = np.einsum("nk,nk->n", logits, self.answers)
        np.exp(logits, out=logits)
        sums = logits.sum(axis=1, keepdims=True)
        losses = self.shares[:, 0] * (np.log(sums[:, 0]) - own)
        squares = float(np.einsum("rk,rk->", weights, weights, dtype=np.float64))
        logits /= sums
        logits -= self.answers
        logits *= self.shares
        gradient = self.rows.T @ logits
        gradient += np.float32(self.penalty) * weights
        return float(losses.sum(dtype=np.float64)) + self.penalty / 2.0 * squares, gradient

    def in_space_of(self, rows: FloatArray, weights: Matrix) -> Matrix:
        """Weights ``(k, d)`` for the components of the embedding."""
        if self.factor is None:
            return weights.T
        return np.linalg.solve(self.factor.T, weights.astype(np.float64)).T @ rows


def _minimised(problem: _Problem, job: Job) -> Matrix:
    """Weights ``(r, k)`` with the least loss."""
    weights = np.zeros((problem.rows.shape[1], problem.answers.shape[1]), np.float32)
    loss, gradient = problem.at(weights)
    enough = CLOSE * float(np.linalg.norm(gradient))
    past: deque[tuple[Matrix, Matrix]] = deque(maxlen=MEMORY)
    for _step in range(STEPS):
        job.checkpoint()
        if np.linalg.norm(gradient) <= enough:
            break
        direction = _direction(problem, gradient, past)
        found = _step_along(problem, weights, loss, gradient, direction)
        if found is None:
            break
        moved, loss, next_gradient = found
        change = next_gradient - gradient
        if np.vdot(moved, change) > 0.0:
            past.append((moved, change))
        weights = weights + moved
        gradient = next_gradient
    return weights


def _direction(problem: _Problem, gradient: Matrix, past: deque[tuple[Matrix, Matrix]]) -> Matrix:
    """Where L-BFGS goes: downhill by the curvature that the last steps met."""
    rest = gradient.copy()
    factors = []
    for moved, change in reversed(past):
        factor = np.vdot(moved, rest) / np.vdot(moved, change)
        rest -= factor * change
        factors.append(factor)
    rest = problem.inverse_bound @ rest
    for (moved, change), factor in zip(past, reversed(factors), strict=True):
        rest += (factor - np.vdot(change, rest) / np.vdot(moved, change)) * moved
    return -rest


def _step_along(
    problem: _Problem, weights: Matrix, loss: float, gradient: Matrix, direction: Matrix
) -> tuple[Matrix, float, Matrix] | None:
    """The first of ever shorter steps that gains: ``(step, loss, gradient)``; None if none."""
    slope = float(np.vdot(gradient, direction))
    length = 1.0
    for _halving in range(10):
        moved = np.float32(length) * direction
        there, next_gradient = problem.at(weights + moved)
        if there <= loss + 1e-4 * length * slope:
            return moved, there, next_gradient
        length /= 2.0
    return None
