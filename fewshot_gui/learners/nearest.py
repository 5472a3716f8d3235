"""Nearest example: a target belongs where the example most like it belongs.

Cover & Hart 1967, *Nearest neighbor pattern classification* (IEEE Transactions on
Information Theory 13), with one neighbour and cosine similarity on centred embeddings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray, Scores, checked_support, scores_of, unit
from fewshot_gui.learners.centred import CentredCosine, centred_unit, support_centre
from fewshot_gui.learners.sharpness import SharpnessLaw


@dataclass(frozen=True)
class Nearest:
    """The nearest-example learner.

    Attributes:
        sharpness: Inverse temperature of the softmax over each class's best cosine.
    """

    sharpness: SharpnessLaw = SharpnessLaw(base=2.207, ways=0.100, shots=0.337, both=-0.003)

    def fit(
        self,
        support: FloatArray,
        labels: IntArray,
        job: Job,
        folder: FloatArray | None = None,
    ) -> FittedNearest:
        """See ``Learner.fit``."""
        job.checkpoint()
        support, labels = checked_support(support, labels)
        classes, inverse = np.unique(labels, return_inverse=True)
        centre = support_centre(unit(support), inverse, len(classes))
        order = np.argsort(inverse, kind="stable")  # so that each class is one run of rows
        space = CentredCosine(centre, centred_unit(support[order], centre))
        counts = np.bincount(inverse)
        starts = np.concatenate([[0], counts.cumsum()[:-1]])
        return FittedNearest(tuple(classes.tolist()), space, starts, self.sharpness(counts))


@dataclass(frozen=True)
class FittedNearest:
    """All support images, class after class.

    Attributes:
        classes: ``k`` class ids, ascending.
        space: The centred space with the ``n`` support images as anchors.
        starts: int64 ``(k,)``, place of the first anchor of each class.
        scale: Inverse temperature.
        explanation: See ``Fitted.explanation``.
    """

    classes: tuple[int, ...]
    space: CentredCosine
    starts: IntArray
    scale: float
    explanation: str = ""

    def predict(self, targets: FloatArray, job: Job) -> Scores:
        """See ``Fitted.predict``."""
        job.checkpoint()
        return scores_of(self, targets, len(self.space.centre))

    @property
    def projection(self) -> FloatArray:
        """See ``Fitted.projection``."""
        return self.space.projection

    def logits(self, products: FloatArray) -> FloatArray:
        """See ``Fitted.logits``."""
        best = np.maximum.reduceat(self.space.similarities(products), self.starts, axis=0)
        best *= np.float32(self.scale)
        return best
