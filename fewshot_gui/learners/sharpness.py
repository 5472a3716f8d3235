"""How sharply similarities are turned into probabilities, so that these are honest.

The right inverse temperature grows with the number of classes (a softmax spreads over
all of them) and with the shots (better anchors deserve more trust). A learner states it
as a log-linear law, fitted by maximum likelihood on episodes of 2 to 40 ways and 1 to 15
shots drawn from one half of the classes of the Grocery Store data (Klasson et al. 2019)
and checked on the other half; `tests/learners/test_calibration.py` repeats the check. The
laws of the regressions and of discriminant analysis are fitted on the background alphabets
of Omniglot (Lake et al. 2015) as well: these learners are nearly as sure of drawn
characters as of photos when they are as often right, the others are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SharpnessLaw:
    """``exp(base + ways·ln N + shots·ln k + both·ln N·ln k)`` for N ways and k shots."""

    base: float
    ways: float
    shots: float
    both: float

    def __call__(self, counts: NDArray[np.number]) -> float:
        """Inverse temperature for classes with these numbers of examples, ``(N,)``.

        The shots are their harmonic mean: the error of a class mean goes with 1/k, so one
        very full bin does not make up for a nearly empty one.
        """
        log_ways = float(np.log(len(counts)))
        log_shots = float(np.log(len(counts) / (1.0 / counts).sum()))
        exponent = self.base + self.ways * log_ways + self.shots * log_shots
        return float(np.exp(exponent + self.both * log_ways * log_shots))
