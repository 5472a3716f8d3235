"""Ridge regression: the straight line through the labels, in closed form.

Bertinetto et al. 2019, *Meta-learning with differentiable closed-form solvers*
(arXiv:1805.08136): least squares on one-hot labels with an L2 penalty, solved among the
examples. Every class carries the same weight, however many examples it has; see
`evening.py` for what else that takes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray, checked_support, unit
from fewshot_gui.learners.centred import centred_unit, support_centre
from fewshot_gui.learners.evening import evened
from fewshot_gui.learners.linear import FittedLinear, linear
from fewshot_gui.learners.sharpness import SharpnessLaw


@dataclass(frozen=True)
class Ridge:
    """The ridge learner.

    Attributes:
        penalty: Of the squared weights, beside squared errors that sum over the classes'
            means. The result depends little on it from 0.03 to 0.3.
        sharpness: Turns what the regression says into logits.
    """

    penalty: float = 0.1
    sharpness: SharpnessLaw = SharpnessLaw(base=2.202, ways=0.149, shots=0.062, both=0.037)

    def fit(
        self,
        support: FloatArray,
        labels: IntArray,
        job: Job,
        folder: FloatArray | None = None,
    ) -> FittedLinear:
        """See ``Learner.fit``."""
        job.checkpoint()
        support, labels = checked_support(support, labels)
        classes, inverse = np.unique(labels, return_inverse=True)
        ways, counts = len(classes), np.bincount(inverse)
        centre = support_centre(unit(support), inverse, ways)
        rows = centred_unit(support, centre)
        factors = evened(rows, inverse)
        shares = np.sqrt(1.0 / counts[inverse])[:, None].astype(np.float32)
        rows *= shares
        answers = (np.eye(ways, dtype=np.float32)[inverse] - 1.0 / ways) * shares
        weights = _solved(rows, answers, self.penalty)
        job.checkpoint()
        weights = self.sharpness(counts) * factors[:, None] * weights
        return linear(tuple(classes.tolist()), centre, weights, np.zeros(ways))


def _solved(rows: FloatArray, answers: FloatArray, penalty: float) -> FloatArray:
    """Weights with the least penalised squared error, float64 ``(k, d)``.

    Solved among the examples or among the components, whichever are fewer.
    """
    count, width = rows.shape
    if count <= width:
        gram = (rows @ rows.T).astype(np.float64)
        gram[np.diag_indices(count)] += penalty
        return np.linalg.solve(gram, answers.astype(np.float64)).T @ rows
    scatter = (rows.T @ rows).astype(np.float64)
    scatter[np.diag_indices(width)] += penalty
    return np.linalg.solve(scatter, (rows.T @ answers).astype(np.float64)).T
