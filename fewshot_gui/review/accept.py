"""Agreeing to many predictions at once, and what that is likely to cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.learners.base import FloatArray


def acceptable(
    best: NDArray[np.int64],
    confidence: FloatArray,
    unknown: FloatArray,
    class_id: int,
    level: float,
    unknown_level: float = 1.0,
) -> NDArray[np.bool_]:
    """Which predictions of one class are sure enough to be agreed to without looking.

    Args:
        best: Predicted class ids, int64 ``(n,)``.
        confidence: Their probabilities, float32 ``(n,)``.
        unknown: Unknown scores, float32 ``(n,)``.
        class_id: The class.
        level: Lowest confidence that is accepted.
        unknown_level: Images with an unknown score above it wear no class of their own;
            1 leaves none out.

    Returns:
        bool ``(n,)``.
    """
    return (best == class_id) & (confidence >= level) & (unknown <= unknown_level)


def expected_errors(confidence: FloatArray, mask: NDArray[np.bool_]) -> float:
    """How many of the chosen predictions are probably wrong.

    Confidences are calibrated, so the sum of what is missing to 1 is the expected number.
    It speaks of mistaking one class for another: it does not count strangers.
    """
    return float((1.0 - confidence[mask]).sum(dtype=np.float64))
