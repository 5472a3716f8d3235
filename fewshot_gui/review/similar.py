"""Images that look alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import READY, EmbeddingTable
from fewshot_gui.learners.base import FloatArray, IntArray


def neighbours(
    table: EmbeddingTable, rows: NDArray[np.int64], row: int, count: int
) -> tuple[IntArray, FloatArray]:
    """The images most similar to one, most similar first.

    Args:
        table: Embeddings.
        rows: Where to look; rows without embedding and ``row`` itself are left out.
        row: The image to compare with.
        count: How many at most.

    Returns:
        Rows, int64 ``(n,)``, and their cosines, float32 ``(n,)``; both empty where
        ``row`` has no embedding. Of equal cosines the one that was given first is first.
    """
    if not len(table.ready([row])):
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    rows = table.ready(rows)
    rows = rows[rows != row]
    cosines = cosines_to(table, rows, row)
    first = np.argsort(-cosines, kind="stable")[: max(0, count)]
    return rows[first], cosines[first]


def by_similarity(table: EmbeddingTable, rows: NDArray[np.int64], row: int) -> IntArray:
    """``rows`` in another order: the most similar to ``row`` first, itself before all.

    Rows without embedding come last, in the given order; where ``row`` has none, the
    given order stays.
    """
    rows = np.asarray(rows, np.int64)
    if not len(table.ready([row])):
        return rows.copy()
    ready = table.state_of(rows) == READY
    keys = np.full(len(rows), np.inf, np.float32)
    keys[ready] = -cosines_to(table, rows[ready], row)
    keys[rows == row] = -np.inf  # a copy of it may be nearer by a rounding error
    return rows[np.argsort(keys, kind="stable")]


def cosines_to(table: EmbeddingTable, rows: NDArray[np.int64], row: int) -> FloatArray:
    """Cosine of each ready row to one ready row, float32 ``(n,)``."""
    anchor = table.units([row])[0]
    cosines = np.empty(len(rows), np.float32)
    for place, units in table.unit_blocks(rows):
        cosines[place] = units @ anchor
    return np.clip(cosines, -1.0, 1.0, out=cosines)
