"""How much of this folder belongs to no bin, and what that makes of the unknown scores.

The unknown score is calibrated for folders in which one image in five is a stranger. How
many there are in the folder at hand is told by all of its scores together: the share under
which they are likeliest, by expectation maximisation (Saerens et al. 2002, *Adjusting the
Outputs of a Classifier to New a Priori Probabilities*).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.learners.base import FloatArray
from fewshot_gui.learners.unknown import USUAL_SHARE

BELIEVED = 20.0  # images that count for the usual share, or a few scores would say it all
ROUNDS = 60  # of expectation maximisation; the share hardly moves any more
STEPS = 512  # between 0 and 1; as many scores as there may be are looked at as so many
LEAST = 1e-4  # no score counts as surer than this


def stranger_share(unknown: FloatArray) -> float:
    """The share of images that probably belong to no bin, from 0 to 1.

    Args:
        unknown: Unknown scores of all images in question, float32 ``(n,)``.
    """
    places = np.minimum((unknown * STEPS).astype(np.int64), STEPS - 1)
    counts = np.bincount(places, minlength=STEPS)
    scores = (np.arange(STEPS) + 0.5) / STEPS
    share = USUAL_SHARE
    for _round in range(ROUNDS):
        expected = float((counts * stranger_chances(scores, share)).sum())
        share = (expected + BELIEVED * USUAL_SHARE) / (len(unknown) + BELIEVED)
    return share


def stranger_chances(unknown: NDArray[np.floating], share: float) -> NDArray[np.float64]:
    """Probability that each image belongs to no bin, in a folder with this share of them."""
    score = np.clip(unknown.astype(np.float64), LEAST, 1.0 - LEAST)
    odds = score / (1.0 - score) * (share / (1.0 - share)) / (USUAL_SHARE / (1.0 - USUAL_SHARE))
    return odds / (1.0 + odds)


def right_chances(confidence: FloatArray, strange: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability that each prediction is right.

    It takes an image that belongs to some bin, and the right one of them. What makes an
    image look strange makes it look unlike its bin as well, so the two doubts are one and
    the same rather than two that add up: the greater one counts.
    """
    return np.minimum(confidence, 1.0 - strange)
