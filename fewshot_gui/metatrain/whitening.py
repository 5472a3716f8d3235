"""How pictures of one class differ, learned from classes that there are many pictures of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.metatrain.classes import ClassRows

EVENNESS = 0.3  # how far the scatter is believed to be the same in all directions


def within_whitening(
    units: NDArray[np.floating], classes: ClassRows, evenness: float = EVENNESS
) -> NDArray[np.float32]:
    """The map after which pictures of one class differ equally in all directions.

    That is what linear discriminant analysis does, with the scatter within classes shrunk
    towards an even one. Light, pose and background move the pictures of every class about in
    much the same directions, so what is found in some classes holds for others.

    Args:
        units: ``(n, width)``.
        classes: Rows of ``units``; classes of one picture say nothing.
        evenness: 0 to 1, above 0.

    Returns:
        float32 ``(width, width)``, symmetric, with a mean square as the identity has; the
        identity itself where there is nothing to learn it from.
    """
    width = units.shape[1]
    scatter = np.zeros((width, width))
    for rows in classes.rows:
        if len(rows) > 1:
            own = units[rows].astype(np.float64)
            own -= own.mean(axis=0)
            scatter += own.T @ own
    mean = np.trace(scatter) / width
    if not mean > 0:
        return np.eye(width, dtype=np.float32)
    even = evenness * mean * np.eye(width)
    values, axes = np.linalg.eigh((1 - evenness) * scatter + even)
    scale = values**-0.5
    return ((axes * (scale / np.sqrt((scale**2).mean()))) @ axes.T).astype(np.float32)
