"""Small bins and full ones on an equal footing.

A regression gives each example its own label, whether by what it has in common with its
class or by what is its own. Of one example most is its own, so other images of its class
score low, and those of a full bin next to it high; giving the classes equal weight in the
regression does not help. What part is in common shows in how alike two examples of a
class are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.learners.base import FloatArray, IntArray, class_sums

LEAST_ALIKE = 0.05  # mean cosine of two examples of a class; less is chance


def evened(rows: FloatArray, labels: IntArray) -> NDArray[np.float64]:
    """What to multiply the weights of each class by, float64 ``(k,)``; 1 for equal bins.

    Args:
        rows: Centred examples of length 1, float32 ``(n, d)``.
        labels: int64 ``(n,)``, from 0 to ``k`` - 1, none missing.
    """
    counts = np.bincount(labels).astype(np.float64)
    pairs = (counts * (counts - 1.0)).sum()
    if pairs == 0.0 or (counts == counts[0]).all():
        return np.ones(len(counts))
    squares = np.square(class_sums(rows, labels, len(counts))).sum(axis=1, dtype=np.float64)
    alike = float(np.clip((squares - counts).sum() / pairs, LEAST_ALIKE, 1.0))
    lengths = alike + (1.0 - alike) / counts  # expected squares of the class means
    return lengths / lengths.mean()
