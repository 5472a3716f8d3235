"""Matching: each target attends to all support images, and takes their labels.

Vinyals et al. 2016, *Matching Networks for One Shot Learning* (arXiv:1606.04080):
a softmax over cosine similarities to the support images. Raw cosines make that softmax
nearly flat, so it has an inverse temperature.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, IntArray, Scores, checked_support, scores_of, unit
from fewshot_gui.learners.centred import CentredCosine, centred_unit, support_centre
from fewshot_gui.learners.sharpness import SharpnessLaw

Matrix = NDArray[np.float64]

NOTHING = 1e-30  # attention so small that only its logarithm would matter


@dataclass(frozen=True)
class Matching:
    """The matching learner.

    Attributes:
        attention: Inverse temperature of the attention over support images. 10 is where
            the published learnable scales start, and was best on the grocery data.
        sharpness: Exponent that turns the attention a class gets into a probability.
    """

    attention: float = 10.0
    sharpness: SharpnessLaw = SharpnessLaw(base=-0.324, ways=0.165, shots=0.450, both=-0.009)

    def fit(
        self,
        support: FloatArray,
        labels: IntArray,
        job: Job,
        folder: FloatArray | None = None,
    ) -> FittedMatching:
        """See ``Learner.fit``."""
        job.checkpoint()
        support, labels = checked_support(support, labels)
        classes, inverse = np.unique(labels, return_inverse=True)
        centre = support_centre(unit(support), inverse, len(classes))
        space = CentredCosine(centre, centred_unit(support, centre))
        scale = self.sharpness(np.bincount(inverse))
        return FittedMatching(tuple(classes.tolist()), space, inverse, self.attention, scale)


@dataclass(frozen=True)
class FittedMatching:
    """All support images, each with its class.

    Attributes:
        classes: ``k`` class ids, ascending.
        space: The centred space with the ``n`` support images as anchors.
        owners: int64 ``(n,)`` position in ``classes`` of each anchor.
        attention: Inverse temperature of the attention.
        scale: Exponent of the attention that a class gets.
        explanation: See ``Fitted.explanation``.
    """

    classes: tuple[int, ...]
    space: CentredCosine
    owners: IntArray
    attention: float
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
        weights = self.space.similarities(products)
        weights -= 1.0
        weights *= np.float32(self.attention)
        np.exp(weights, out=weights)
        # The mean, not the sum, so that a fuller bin attracts no more than a small one.
        attracted = self._means @ weights
        np.log(attracted, out=attracted)
        attracted *= np.float32(self.scale)
        return attracted

    @cached_property
    def _means(self) -> FloatArray:
        """Takes the mean over the images of each class, float32 ``(k, n)``."""
        members = self.owners[None, :] == np.arange(len(self.classes))[:, None]
        return (members / members.sum(axis=1, keepdims=True)).astype(np.float32)


def left_out_attraction(rows: Matrix, labels: IntArray, attention: float) -> Matrix:
    """Logarithm of what each class gives to each example that it does not hold, ``(n, k)``.

    Args:
        rows: Centred examples of length 1, float64 ``(n, d)``.
        labels: int64 ``(n,)``, from 0 to ``k`` - 1; an only example of its class gets
            nothing of it.
        attention: Inverse temperature.
    """
    weights = np.exp(attention * (rows @ rows.T - 1.0))
    np.fill_diagonal(weights, 0.0)
    members = labels[:, None] == np.arange(int(labels.max()) + 1)
    others = members.sum(axis=0) - members
    return np.log(np.maximum(weights @ members / np.maximum(others, 1), NOTHING))
