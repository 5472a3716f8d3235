"""Nearest prototype: a class is the mean of its examples.

Snell, Swersky & Zemel 2017, *Prototypical Networks for Few-shot Learning*
(arXiv:1703.05175), with cosine similarity on centred embeddings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray, Scores, checked_support, scores_of, unit
from fewshot_gui.learners.centred import CentredCosine, centred_unit, class_means, support_centre
from fewshot_gui.learners.sharpness import SharpnessLaw


@dataclass(frozen=True)
class Prototypes:
    """The nearest-prototype learner.

    Attributes:
        sharpness: Inverse temperature of the softmax over cosines.
    """

    sharpness: SharpnessLaw = SharpnessLaw(base=1.962, ways=0.177, shots=0.166, both=0.050)

    def fit(
        self,
        support: FloatArray,
        labels: IntArray,
        job: Job,
        folder: FloatArray | None = None,
    ) -> FittedPrototypes:
        """See ``Learner.fit``."""
        job.checkpoint()
        support, labels = checked_support(support, labels)
        classes, inverse = np.unique(labels, return_inverse=True)
        centre = support_centre(unit(support), inverse, len(classes))
        anchors = unit(class_means(centred_unit(support, centre), inverse, len(classes)))
        scale = self.sharpness(np.bincount(inverse))
        return FittedPrototypes(tuple(classes.tolist()), CentredCosine(centre, anchors), scale)


@dataclass(frozen=True)
class FittedPrototypes:
    """One prototype a class.

    Attributes:
        classes: ``k`` class ids, ascending.
        space: The centred space with the ``k`` prototypes as anchors.
        scale: Inverse temperature.
        explanation: See ``Fitted.explanation``.
    """

    classes: tuple[int, ...]
    space: CentredCosine
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
        similarities = self.space.similarities(products)
        similarities *= np.float32(self.scale)
        return similarities
