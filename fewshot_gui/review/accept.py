"""Agreeing to many predictions at once, and what that is likely to cost."""

from __future__ import annotations

import numpy as np

from fewshot_gui.learners.base import FloatArray


def expected_errors(confidence: FloatArray) -> float:
    """How many of the predictions with these confidences are probably wrong.

    Confidences are calibrated, so the sum of what is missing to 1 is the expected number.
    It speaks of mistaking one class for another: it does not count strangers.
    """
    return float((1.0 - confidence).sum(dtype=np.float64))
