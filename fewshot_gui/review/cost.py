"""What sending images to *Unknown* costs, at every level of the slider."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.learners.base import FloatArray
from fewshot_gui.review.strangers import right_chances, stranger_chances, stranger_share

STEPS = 100  # of the slider
FAIR = 0.5  # above it an image is likelier to be a stranger than not
KEPT = 0.95  # share of the examples that must stay in their bins
ENOUGH = 20  # examples; with fewer their share says too little
HIGHEST = 0.95


@dataclass(frozen=True)
class UnknownCurve:
    """One point a level.

    Attributes:
        levels: float64 ``(m,)`` from 0 to 1.
        sent: int64 ``(m,)`` images whose unknown score is above the level.
        error: float64 ``(m,)`` expected share of wrong labels among the other images;
            0 where there is none.
        suggested: A level that is a fair start.
    """

    levels: NDArray[np.float64]
    sent: NDArray[np.int64]
    error: NDArray[np.float64]
    suggested: float


def unknown_curve(
    unknown: FloatArray, confidence: FloatArray, left_out: FloatArray | None = None
) -> UnknownCurve:
    """The cost of each level.

    The label of an image that stays is right if it belongs to a bin at all and that bin
    is the predicted one. How many belong to none is told by all images together.

    Args:
        unknown: Unknown scores of the predicted images, float32 ``(n,)``.
        confidence: Confidence of the predicted class, float32 ``(n,)``.
        left_out: Unknown scores of the examples, each as if it were none
            (``UnknownScore.left_out``); None where they are not known.
    """
    levels = np.linspace(0.0, 1.0, STEPS + 1)
    # how many levels lie below a score: exactly those that send the image away
    above = np.searchsorted(levels.astype(np.float32), unknown, side="left")
    sent = _from_the_top(np.bincount(above, minlength=STEPS + 2))[1:]
    wrong = 1.0 - right_chances(confidence, stranger_chances(unknown, stranger_share(unknown)))
    wrong_sent = _from_the_top(np.bincount(above, wrong, minlength=STEPS + 2))[1:]
    kept = len(unknown) - sent
    error = np.maximum(wrong.sum() - wrong_sent, 0.0) / np.maximum(kept, 1)
    error[kept == 0] = 0.0
    return UnknownCurve(levels, sent.astype(np.int64), error, suggested_level(left_out))


def suggested_level(left_out: FloatArray | None = None) -> float:
    """A level to start with.

    Where images are sent away that are strangers rather than not, most is gained. If
    that cost more than one in twenty of the examples, the level is raised until it does
    not; too few examples cannot tell.
    """
    if left_out is None or len(left_out) < ENOUGH:
        return FAIR
    level = float(np.quantile(left_out, KEPT))
    return min(HIGHEST, max(FAIR, np.ceil(level * STEPS) / STEPS))


def _from_the_top(counts: NDArray) -> NDArray:
    return counts[::-1].cumsum()[::-1]
