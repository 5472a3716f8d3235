"""Cosine similarity seen from the middle of the support set.

Embeddings that come out of a ReLU all point into one corner of the space, so their raw
cosines differ little. Subtracting the mean of the class means first (the *centring* of
SimpleShot, Wang et al. 2019, arXiv:1911.04623, with the support set standing in for the
base classes) spreads them out; every bin weighs the same there, however full it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fewshot_gui.learners.base import FloatArray, IntArray, class_sums, unit

ROUNDING = 1e-6  # squared distances from the centre below are float16's rounding


@dataclass(frozen=True)
class CentredCosine:
    """Cosine to a set of anchors after centring.

    Attributes:
        centre: float32 ``(d,)``; zeros where there is only one class.
        anchors: float32 ``(m, d)``, centred and of length 1.
    """

    centre: FloatArray
    anchors: FloatArray

    @cached_property
    def projection(self) -> FloatArray:
        """The anchors and the centre, float32 ``(m + 1, d)``."""
        return np.concatenate([self.anchors, self.centre[None, :]])

    def similarities(self, products: FloatArray) -> FloatArray:
        """Cosine of each anchor to each row of length 1, float32 ``(m, n)``.

        Args:
            products: float32 ``(m + 1, n)``, of ``projection`` with the rows; written into.
        """
        cosines = products_from(self.centre, self.anchors, products)
        return np.clip(cosines, -1.0, 1.0, out=cosines)


def products_from(centre: FloatArray, rows: FloatArray, products: FloatArray) -> FloatArray:
    """Products of ``rows`` with targets seen from ``centre`` as unit vectors, ``(m, n)``.

    Written with plain products: (t - c)·a = t·a - c·a, and the length of t - c follows
    from t·c, so that no centred copy of all targets is made.

    Args:
        centre: float32 ``(d,)``.
        rows: float32 ``(m, d)``.
        products: float32 ``(m + 1, n)``, of the rows and then the centre with targets of
            length 1; written into.
    """
    seen, to_centre = products[:-1], products[-1]
    squared = np.float32(1.0 + centre @ centre) - 2.0 * to_centre
    seen -= (rows @ centre)[:, None]
    seen /= np.sqrt(np.maximum(squared, np.float32(ROUNDING)))
    return seen


def class_means(rows: FloatArray, inverse: IntArray, ways: int) -> FloatArray:
    """Mean row of each class, float32 ``(ways, d)``.

    ``inverse`` holds every number from 0 to ``ways`` - 1.
    """
    counts = np.bincount(inverse, minlength=ways).astype(np.float32)
    return class_sums(rows, inverse, ways) / counts[:, None]


def support_centre(rows: FloatArray, inverse: IntArray, ways: int) -> FloatArray:
    """Mean of the class means of unit rows, float32 ``(d,)``."""
    if ways < 2:
        # The middle of one class is the class itself: nothing would be left of it.
        return np.zeros(rows.shape[1], np.float32)
    return class_means(rows, inverse, ways).mean(axis=0)


def centred_unit(support: FloatArray, centre: FloatArray) -> FloatArray:
    """Support rows as unit vectors seen from ``centre``, float32 ``(n, d)``.

    A row that lies on the centre points nowhere, and becomes zero.
    """
    seen = unit(support) - centre
    squares = np.einsum("nd,nd->n", seen, seen)
    return unit(seen) * (squares > ROUNDING).astype(np.float32)[:, None]
