"""Why an image was put where it was: the examples that are most like it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.learners.support import SupportSet
from fewshot_gui.project.values import UNKNOWN
from fewshot_gui.review.similar import neighbours


@dataclass(frozen=True)
class Cause:
    """An example that speaks for a class.

    Attributes:
        row: The example.
        cosine: Its cosine to the image, from -1 to 1.
        class_id: Its class.
    """

    row: int
    cosine: float
    class_id: int


def causes(
    table: EmbeddingTable, support: SupportSet, row: int, class_id: int, count: int
) -> tuple[Cause, ...]:
    """The examples of a class that are most similar to an image, most similar first.

    Args:
        table: Embeddings.
        support: The examples.
        row: The image; it never causes itself.
        class_id: A bin that the support set knows, or ``UNKNOWN`` for the examples of
            what belongs to no bin; other ids have no examples.
        count: How many at most.
    """
    rows, cosines = neighbours(table, _examples(support, class_id), row, count)
    return tuple(
        Cause(found, cosine, class_id)
        for found, cosine in zip(rows.tolist(), cosines.tolist(), strict=True)
    )


def _examples(support: SupportSet, class_id: int) -> np.ndarray:
    if class_id == UNKNOWN:
        return support.ignored
    if class_id not in support.class_ids:
        return np.zeros(0, np.int64)
    return support.rows[support.labels == support.class_ids.index(class_id)]
