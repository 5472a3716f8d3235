"""Likeness to a class, blind to how pictures of one class differ among each other.

Light, pose and background move the pictures of every class about in much the same
directions. The few strongest of them, found in the examples, are damped as linear
discriminant analysis would damp them (the within-class scatter, its spectrum cut off and
the rest taken as even), and cosines are taken of what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fewshot_gui.learners.base import FloatArray, IntArray, class_sums

DIRECTIONS = 16
DEVIATIONS = 128  # examples that the directions are found in; more would change little
EVEN_SHARE = 4  # the rest of the scatter counts as spread over a quarter of the components
LEAST = 1e-6


@dataclass(frozen=True)
class Damping:
    """Directions in which pictures of one class differ, and how far they are damped.

    Attributes:
        directions: float32 ``(r, d)``, orthogonal and of length 1.
        cut: float32 ``(r,)``, share of the square along each that is taken away.
    """

    directions: FloatArray
    cut: FloatArray

    def anchors(self, rows: FloatArray) -> FloatArray:
        """Rows ``a`` with ``a·t`` the damped product of ``rows`` and ``t``, ``(n, d)``."""
        return rows - (rows @ self.directions.T * self.cut) @ self.directions

    def lengths(self, squares: FloatArray, along: FloatArray) -> FloatArray:
        """Damped lengths of vectors.

        Args:
            squares: Their squared lengths, ``(n,)``, or 1 for all.
            along: Their products with the directions, ``(r, n)``.
        """
        return np.sqrt(np.maximum(squares - self.cut @ np.square(along), LEAST))

    def unit_anchors(self, rows: FloatArray) -> FloatArray:
        """Anchors whose products with a vector are cosines times its damped length."""
        squares = np.einsum("nd,nd->n", rows, rows)
        lengths = self.lengths(squares, self.directions @ rows.T)
        return self.anchors(rows / lengths[:, None])


@dataclass(frozen=True)
class WithinSpace:
    """Distances, 1 - cosine, to a set of anchors after damping.

    Attributes:
        damping: The directions that do not count.
        matrix: float32 ``(m + r, d)``: the anchors, then the directions, so that one
            product gives both.
    """

    damping: Damping
    matrix: FloatArray

    def distances(self, units: FloatArray) -> FloatArray:
        """Distance of each anchor to each row of length 1, float32 ``(m, n)``."""
        return self.distances_of(self.matrix @ units.T)

    def distances_of(self, products: FloatArray) -> FloatArray:
        """The same from the products of ``matrix`` with the rows, ``(m + r, n)``; written into."""
        anchors = len(self.matrix) - len(self.damping.cut)
        lengths = self.damping.lengths(np.float32(1.0), products[anchors:])
        distances = products[:anchors]
        distances /= -lengths
        distances += 1.0
        return np.maximum(distances, 0.0, out=distances)


def within_space(
    support: FloatArray, labels: IntArray, ways: int, others: FloatArray
) -> WithinSpace:
    """The space of a support set, with the class means and ``others`` as anchors.

    Args:
        support: Rows of length 1, float32 ``(n, d)``.
        labels: int64 ``(n,)``, from 0 to ``ways`` - 1; a class without examples lies at
            distance 1 from everything.
        ways: Number of classes.
        others: More anchors of length 1, float32 ``(m, d)``.
    """
    damping = _damping(support, labels, ways)
    along = damping.directions @ support.T
    weighted = support / damping.lengths(np.float32(1.0), along)[:, None]
    sums = class_sums(weighted, labels, ways)
    anchors = damping.unit_anchors(np.concatenate([sums, others]))
    matrix = np.concatenate([anchors, damping.directions])
    # in double precision the product with all images would take seven times as long
    return WithinSpace(damping, np.ascontiguousarray(matrix, np.float32))


def by_turns(labels: IntArray, ways: int) -> IntArray:
    """How many of its class come before each example, int64 ``(n,)``."""
    order = np.argsort(labels, kind="stable")
    starts = np.bincount(labels, minlength=ways).cumsum()
    starts = np.concatenate([[0], starts[:-1]])
    turns = np.empty(len(labels), np.int64)
    turns[order] = np.arange(len(labels)) - starts[labels[order]]
    return turns


def _damping(support: FloatArray, labels: IntArray, ways: int) -> Damping:
    counts = np.bincount(labels, minlength=ways)
    order = np.lexsort((labels, by_turns(labels, ways)))
    chosen = order[counts[labels[order]] > 1][:DEVIATIONS]
    width = support.shape[1]
    none = Damping(np.zeros((0, width), np.float32), np.zeros(0, np.float32))
    if not len(chosen):
        return none
    means = class_sums(support, labels, ways) / np.maximum(counts, 1)[:, None]
    deviations = support[chosen] - means[labels[chosen]]
    # a mean that an example had a part in lies nearer to it than the true one
    freedom = (1.0 - 1.0 / counts[labels[chosen]]).sum()
    squares, vectors = np.linalg.eigh((deviations @ deviations.T).astype(np.float64))
    squares, vectors = squares[::-1][:DIRECTIONS], vectors[:, ::-1][:, :DIRECTIONS]
    found = squares > LEAST
    if not found.any():
        return none
    squares, vectors = squares[found], vectors[:, found]
    directions = (vectors / np.sqrt(squares)).T.astype(np.float32) @ deviations
    even = np.square(deviations).sum() / freedom * EVEN_SHARE / width
    cut = 1.0 - 1.0 / (1.0 + squares / freedom / even)
    return Damping(directions, cut.astype(np.float32))
