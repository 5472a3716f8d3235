"""What a trained learner makes of its own embeddings: the algorithm that it was trained with.

Its answers are those of ``answer_from_units``, but for full contexts in plain sums that need
no torch; an inverse temperature makes confidences honest, see ``learners/sharpness.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import (
    FloatArray,
    IntArray,
    Scores,
    checked_support,
    class_sums,
    scores_of,
    unit,
)
from fewshot_gui.learners.sharpness import SharpnessLaw
from fewshot_gui.metatrain.learner_card import AlgorithmPart
from fewshot_gui.metatrain.learner_format import read_learner_bytes

if TYPE_CHECKING:
    from torch import nn

_LEAST_WEIGHT = 1e-38  # see ``Matching._matched``
_ALGORITHM = "algorithm."
_REMEMBERED = 8


@dataclass(frozen=True)
class OwnHead:
    """The head of a trained learner, from its file.

    Attributes:
        file: The learner file.
    """

    file: str

    def fit(
        self,
        support: FloatArray,
        labels: IntArray,
        job: Job,
        folder: FloatArray | None = None,
    ) -> FittedHead | FittedContexts:
        """See ``Learner.fit``. Raises ``UserError`` where the file is missing or damaged."""
        job.checkpoint()
        support, labels = checked_support(support, labels)
        return fitted_head(_facts_of(self.file), unit(support), labels)


@dataclass(frozen=True, eq=False)
class HeadFacts:
    """All that a head is made of.

    Attributes:
        part: The algorithm.
        arrays: Its tensors by name.
        law: Of its sharpness; None leaves the logits as they are.
    """

    part: AlgorithmPart
    arrays: dict[str, NDArray]
    law: SharpnessLaw | None = None

    @cached_property
    def scale(self) -> float:
        """What cosines and distances are multiplied by, as it was learned."""
        return float(np.exp(self.arrays["log_scale"]))

    def sharpness(self, counts: NDArray[np.int64]) -> float:
        """What the logits are multiplied by, for so many examples of each class."""
        return 1.0 if self.law is None else self.law(counts)


def _facts_of(file: str) -> HeadFacts:
    facts = Path(file)
    try:
        known = facts.stat()
    except OSError:
        return _read_facts(file, 0, 0)  # says what is wrong
    return _read_facts(file, known.st_mtime_ns, known.st_size)


@lru_cache(_REMEMBERED)
def _read_facts(file: str, _changed: int, _size: int) -> HeadFacts:
    """Of a file as long as it stays the same."""
    found = read_learner_bytes(Path(file))
    arrays = {
        name.removeprefix(_ALGORITHM): array.copy()
        for name, array in found.arrays().items()
        if name.startswith(_ALGORITHM)
    }
    law = None if found.card.sharpness is None else SharpnessLaw(*found.card.sharpness)
    return HeadFacts(found.card.algorithm, arrays, law)


def fitted_head(
    facts: HeadFacts, units: FloatArray, labels: IntArray
) -> FittedHead | FittedContexts:
    """The classifier for some examples.

    Args:
        facts: The head.
        units: float32 ``(n, d)``, of length 1.
        labels: int64 ``(n,)``, any class ids.
    """
    classes, owners = np.unique(labels, return_inverse=True)
    ids, sharpness = tuple(classes.tolist()), facts.sharpness(np.bincount(owners))
    if facts.part.kind == "matching-contexts":
        return FittedContexts(ids, facts, units, owners, sharpness)
    if facts.part.kind == "matching":
        return FittedHead(ids, units, _Attention(facts.scale, owners, len(ids)), sharpness)
    means = class_sums(units, owners, len(ids)) / np.bincount(owners)[:, None]
    means = means.astype(np.float32)
    if facts.part.kind == "meta-baseline":
        return FittedHead(ids, unit(means), _Scaled(facts.scale), sharpness)
    return FittedHead(ids, means, _Distances(facts.scale, np.square(means).sum(axis=1)), sharpness)


@dataclass(frozen=True)
class FittedHead:
    """A head that needs nothing but products of embeddings with some rows.

    Attributes:
        classes: ``k`` class ids, ascending.
        projection: See ``Fitted.projection``.
        said: Turns products into the logits that were trained, ``(k, n)``.
        sharpness: These are multiplied by it.
        explanation: See ``Fitted.explanation``.
    """

    classes: tuple[int, ...]
    projection: FloatArray
    said: Callable[[FloatArray], FloatArray]
    sharpness: float
    explanation: str = ""

    def predict(self, targets: FloatArray, job: Job) -> Scores:
        """See ``Fitted.predict``."""
        job.checkpoint()
        return scores_of(self, targets, self.projection.shape[1])

    def logits(self, products: FloatArray) -> FloatArray:
        """See ``Fitted.logits``."""
        logits = self.said(products)
        logits *= np.float32(self.sharpness)
        return logits


@dataclass(frozen=True)
class _Scaled:
    """Meta-Baseline: the cosines to the means' directions, times the scale."""

    scale: float

    def __call__(self, products: FloatArray) -> FloatArray:
        products *= np.float32(self.scale)
        return products


@dataclass(frozen=True, eq=False)
class _Distances:
    """Prototypical networks: 2 t·c - |c|², times the scale."""

    scale: float
    squares: FloatArray

    def __call__(self, products: FloatArray) -> FloatArray:
        products *= 2.0
        products -= self.squares[:, None]
        products *= np.float32(self.scale)
        return products


@dataclass(frozen=True, eq=False)
class _Attention:
    """Matching networks: the logarithm of the mean weight of a class's examples."""

    scale: float
    owners: IntArray
    ways: int

    def __call__(self, products: FloatArray) -> FloatArray:
        products *= np.float32(self.scale)
        nearest = products.max(axis=0)
        products -= nearest
        np.exp(products, out=products)
        attracted = self._means @ products
        np.maximum(attracted, np.float32(_LEAST_WEIGHT), out=attracted)
        np.log(attracted, out=attracted)
        attracted += nearest
        return attracted

    @cached_property
    def _means(self) -> FloatArray:
        members = self.owners[None, :] == np.arange(self.ways)[:, None]
        return (members / members.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class FittedContexts:
    """Matching with full contexts: what a target looks like depends on all examples.

    Attributes:
        classes: ``k`` class ids, ascending.
        facts: The head.
        units: The examples, float32 ``(n, d)``.
        owners: int64 ``(n,)``, position in ``classes`` of each.
        sharpness: The logits are multiplied by it.
        explanation: See ``Fitted.explanation``.
    """

    classes: tuple[int, ...]
    facts: HeadFacts
    units: FloatArray
    owners: IntArray
    sharpness: float
    explanation: str = ""

    def predict(self, targets: FloatArray, job: Job) -> Scores:
        """See ``Fitted.predict``."""
        job.checkpoint()
        return scores_of(self, targets, self.units.shape[1])

    @cached_property
    def projection(self) -> FloatArray:
        """See ``Fitted.projection``: all of an embedding counts."""
        return np.eye(self.units.shape[1], dtype=np.float32)

    def logits(self, products: FloatArray) -> FloatArray:
        """See ``Fitted.logits``. Imports torch."""
        import torch

        support, owners = torch.from_numpy(self.units), torch.from_numpy(self.owners)
        targets = torch.from_numpy(np.ascontiguousarray(products.T))
        logits = self._algorithm.answer_from_units(support, owners, targets).numpy().T
        return np.ascontiguousarray(logits) * np.float32(self.sharpness)

    @cached_property
    def _algorithm(self) -> nn.Module:
        import torch

        from fewshot_gui.metatrain.building import built_algorithm

        with torch.device("meta"):
            algorithm = built_algorithm(self.facts.part, self.units.shape[1])
        tensors = {name: torch.from_numpy(array) for name, array in self.facts.arrays.items()}
        algorithm.load_state_dict(tensors, assign=True)
        return algorithm.eval()
