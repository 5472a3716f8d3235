"""How images of one class spread, and classes as seen through it.

The model is that of linear discriminant analysis: every class is a cloud round its mean,
and all clouds have one shape. Few examples say little of a shape with a thousand
components, so what they say is completed by what is believed before seeing them:

- a few more deviations that point the way in which the class means differ. What most tells
  the classes of a folder apart (colour, say) also varies most within them; at one example
  a class this is all that is known of the shape, and the result is ridge regression.
- a little spread in every direction.

A class mean of few examples lies too far out, by its own noise. That would make small bins
look far away from everything, so the length of each mean is corrected for it, and pulled
towards that of the others where there are few examples (James & Stein 1961).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.learners.base import FloatArray, IntArray
from fewshot_gui.learners.centred import class_means
from fewshot_gui.learners.within import by_turns

BELIEVED = 2.0  # deviations that what is believed counts as
ALIKE = 0.3  # part of the spread within classes that is believed to be like that between
EVEN_BELIEVED = 0.02  # even spread that is believed, as a part of all spread
OWN_LENGTH = 1.0  # examples that outweigh what the other classes' means say of a length
NOISE_OF = 256  # examples that the noise of the means is told from, at most
FLAT = 1e-6  # spread within classes below this part of that between is rounding

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Clouds:
    """A support set as class means and deviations from them.

    Attributes:
        rows: Centred examples of length 1, float64 ``(n, d)``.
        labels: int64 ``(n,)``, from 0 to ``k`` - 1, none missing.
        counts: int64 ``(k,)`` examples of each class.
        means: float64 ``(k, d)``.
    """

    rows: Matrix
    labels: IntArray
    counts: IntArray
    means: Matrix

    @classmethod
    def of(cls, rows: FloatArray, labels: IntArray) -> Clouds:
        """From centred rows, float32 ``(n, d)``."""
        counts = np.bincount(labels)
        means = class_means(rows, labels, len(counts)).astype(np.float64)
        return cls(rows.astype(np.float64), labels, counts, means)

    def part(self, places: IntArray) -> Clouds:
        """Some of the examples only; classes that are left with none are left out."""
        if len(places) == len(self.labels):
            return self
        _kept, labels = np.unique(self.labels[places], return_inverse=True)
        return Clouds.of(self.rows[places].astype(np.float32), labels)

    @cached_property
    def paired(self) -> IntArray:
        """Places of the examples whose class has another one."""
        return np.flatnonzero(self.counts[self.labels] > 1)

    @cached_property
    def deviations(self) -> Matrix:
        """Of the paired examples from their class means, ``(p, d)``."""
        return self.rows[self.paired] - self.means[self.labels[self.paired]]

    @cached_property
    def freedom(self) -> float:
        """How many independent deviations there are."""
        return float((1.0 - 1.0 / self.counts[self.labels]).sum())

    @cached_property
    def directions(self) -> Matrix:
        """Rows ``D`` whose ``DᵀD`` is the spread but for its even part, ``(r, d)``."""
        between = self.means - self.means.mean(axis=0)
        between *= np.sqrt(BELIEVED * ALIKE * self.within / max(self._between, 1e-12))
        between /= np.sqrt(max(len(self.counts) - 1, 1))
        together = np.concatenate([self.deviations, between])
        return together / np.sqrt(self.freedom + BELIEVED)

    @cached_property
    def within(self) -> float:
        """Mean square of a deviation; as large as between the classes where none is known."""
        if not len(self.paired):
            return max(self._between, 1e-12)
        mean = float(np.square(self.deviations).sum()) / self.freedom
        return max(mean, FLAT * self._between, 1e-12)

    @cached_property
    def _between(self) -> float:
        spread = self.means - self.means.mean(axis=0)
        return float(np.square(spread).sum()) / max(len(self.counts) - 1, 1)

    def even(self, share: float) -> float:
        """Spread in every direction, of which ``share`` of all is known."""
        known = self.freedom * share + BELIEVED * EVEN_BELIEVED
        return known / (self.freedom + BELIEVED) * self.within


@dataclass(frozen=True)
class View:
    """Classes as seen through the spread.

    Attributes:
        clouds: The examples.
        even: Spread in every direction.
    """

    clouds: Clouds
    even: float

    def seen(self, rows: Matrix) -> Matrix:
        """Rows times the inverse of the spread, float64 ``(n, d)``."""
        directions = self.clouds.directions
        if len(directions) > directions.shape[1]:
            return rows @ self._inverse
        return (rows - rows @ directions.T @ self._inverse @ directions) / self.even

    @cached_property
    def _inverse(self) -> Matrix:
        """Of the spread among the directions or the components, whichever are fewer."""
        directions = self.clouds.directions
        count, width = directions.shape
        inner = directions.T @ directions if count > width else directions @ directions.T
        inner[np.diag_indices(len(inner))] += self.even
        return np.linalg.inv(inner)

    @cached_property
    def noise(self) -> float:
        """Square by which a mean of one example is too long, as seen."""
        clouds = self.clouds
        if not len(clouds.paired):
            return 0.0
        labels = clouds.labels[clouds.paired]
        some = np.lexsort((labels, by_turns(labels, len(clouds.counts))))[:NOISE_OF]
        deviations = clouds.deviations[some]
        squares = np.einsum("nd,nd->n", deviations, self.seen(deviations))
        return float(left_out_squares(clouds, squares, clouds.counts[labels[some]]).mean())


def left_out_squares(clouds: Clouds, squares: Matrix, counts: IntArray) -> Matrix:
    """Squares of single deviations as they would be seen had the example not been there.

    The example bent both its class mean and the spread towards itself (Sherman & Morrison
    1950 give the spread without it).
    """
    factor = counts / (counts - 1.0)
    part = factor * squares / (clouds.freedom + BELIEVED)
    return factor * squares / (1.0 - np.minimum(part, 0.999))


def corrected(squares: Matrix, noise: float, counts: NDArray[np.floating]) -> Matrix:
    """Squared lengths of class means, corrected for noise and pulled towards each other.

    Args:
        squares: ``(…, k)`` as seen.
        noise: Of a mean of one example.
        counts: ``(…, k)`` examples of each class.
    """
    lengths = squares - noise / counts
    trust = counts / (counts + OWN_LENGTH)
    return trust * lengths + (1.0 - trust) * lengths.mean(axis=-1, keepdims=True)
