"""Cosine similarity seen from the middle of the support set.

Embeddings that come out of a ReLU all point into one corner of the space, so their raw
cosines differ little. Subtracting the mean of the class means first (the *centring* of
SimpleShot, Wang et al. 2019, arXiv:1911.04623, with the support set standing in for the
base classes) spreads them out; every bin weighs the same there, however full it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fewshot_gui.learners.base import FloatArray, IntArray, checked_targets, unit


@dataclass(frozen=True)
class CentredCosine:
    """Cosine to a set of anchors after centring.

    Attributes:
        centre: float32 ``(d,)``; zeros where there is only one class.
        anchors: float32 ``(m, d)``, centred and of length 1.
    """

    centre: FloatArray
    anchors: FloatArray

    def similarities(self, targets: FloatArray) -> FloatArray:
        """Cosine of each target to each anchor, float32 ``(n, m)``.

        Written as one matrix product: (t - c)·a = t·a - c·a, and the length of t - c
        follows from t·c, so that no centred copy of all targets is made.
        """
        targets = checked_targets(targets, self.anchors.shape[1])
        lengths = np.sqrt(np.einsum("nd,nd->n", targets, targets))
        lengths = np.maximum(lengths, 1e-12)[:, None]
        products = targets @ np.column_stack([self.anchors.T, self.centre]) / lengths
        along, to_centre = products[:, :-1], products[:, -1:]
        squared = 1.0 - 2.0 * to_centre + float(self.centre @ self.centre)
        offset = self.centre @ self.anchors.T
        cosines = (along - offset) / np.sqrt(np.maximum(squared, 1e-12))
        return np.clip(cosines, -1.0, 1.0).astype(np.float32, copy=False)


def class_means(rows: FloatArray, inverse: IntArray, ways: int) -> FloatArray:
    """Mean row of each class, float32 ``(ways, d)``; ``inverse`` holds 0..ways-1."""
    sums = np.zeros((ways, rows.shape[1]), np.float32)
    np.add.at(sums, inverse, rows)
    counts = np.bincount(inverse, minlength=ways).astype(np.float32)
    return sums / counts[:, None]


def support_centre(rows: FloatArray, inverse: IntArray, ways: int) -> FloatArray:
    """Mean of the class means of unit rows, float32 ``(d,)``."""
    if ways < 2:
        # The middle of one class is the class itself: nothing would be left of it.
        return np.zeros(rows.shape[1], np.float32)
    return class_means(rows, inverse, ways).mean(axis=0)


def centred_unit(support: FloatArray, centre: FloatArray) -> FloatArray:
    """Support rows as unit vectors seen from ``centre``, float32 ``(n, d)``."""
    return unit(unit(support) - centre)
