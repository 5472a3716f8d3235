"""Classifiers that weigh the components of an embedding and add up.

Many learners end up there, however they get there: a score of each class that is linear in
the embedding as it is seen from the middle of the support set. One product with all
images of a folder is then all that a prediction takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import FloatArray, Scores, scores_of
from fewshot_gui.learners.centred import products_from


@dataclass(frozen=True)
class FittedLinear:
    """A score for each class, linear in centred embeddings of length 1.

    Attributes:
        classes: ``k`` class ids, ascending.
        centre: float32 ``(d,)``, where embeddings are seen from.
        weights: float32 ``(k, d)``.
        offsets: float32 ``(k,)``, added to the products with the weights.
        explanation: See ``Fitted.explanation``.
    """

    classes: tuple[int, ...]
    centre: FloatArray
    weights: FloatArray
    offsets: FloatArray
    explanation: str = ""

    def predict(self, targets: FloatArray, job: Job) -> Scores:
        """See ``Fitted.predict``."""
        job.checkpoint()
        return scores_of(self, targets, len(self.centre))

    @cached_property
    def projection(self) -> FloatArray:
        """See ``Fitted.projection``: the weights, then the centre."""
        return np.concatenate([self.weights, self.centre[None, :]])

    def logits(self, products: FloatArray) -> FloatArray:
        """See ``Fitted.logits``."""
        scores = products_from(self.centre, self.weights, products)
        scores += self.offsets[:, None]
        return scores


def linear(
    classes: tuple[int, ...],
    centre: FloatArray,
    weights: FloatArray,
    offsets: FloatArray,
    explanation: str = "",
) -> FittedLinear:
    """A ``FittedLinear`` of values in any precision.

    What is the same for all classes decides nothing; without it the logits stay small, and
    rounding with them.
    """
    weights = weights - weights.mean(axis=0)
    offsets = offsets - offsets.mean()
    return FittedLinear(
        classes,
        np.ascontiguousarray(centre, np.float32),
        np.ascontiguousarray(weights, np.float32),
        np.ascontiguousarray(offsets, np.float32),
        explanation,
    )
