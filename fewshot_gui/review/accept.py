"""Agreeing to many predictions at once, and what that is likely to cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.learners.base import FloatArray
from fewshot_gui.review.strangers import right_chances


def expected_errors(confidence: FloatArray, strange: NDArray[np.float64]) -> float:
    """How many of the predictions are probably wrong.

    Args:
        confidence: Calibrated, of the predicted classes, float32 ``(n,)``.
        strange: Probability that each image belongs to no bin (``stranger_chances``),
            float64 ``(n,)``.
    """
    return float((1.0 - right_chances(confidence, strange)).sum())
