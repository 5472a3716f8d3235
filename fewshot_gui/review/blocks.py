"""Products over many rows of a table without a copy of them all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.learners.base import FloatArray, unit

BLOCK = 4096


def units(table: EmbeddingTable, rows: NDArray[np.int64]) -> FloatArray:
    """Embeddings of ready rows, scaled to length 1, float32 ``(n, width)``."""
    return unit(table.vectors(np.asarray(rows, np.int64)))


def unit_blocks(
    table: EmbeddingTable, rows: NDArray[np.int64]
) -> Iterator[tuple[slice, FloatArray]]:
    """Where a block of ready rows lies among ``rows``, and its unit embeddings."""
    for start in range(0, len(rows), BLOCK):
        part = slice(start, min(start + BLOCK, len(rows)))
        yield part, units(table, rows[part])


def cosines_to(table: EmbeddingTable, rows: NDArray[np.int64], row: int) -> FloatArray:
    """Cosine of each ready row to one ready row, float32 ``(n,)``."""
    anchor = units(table, np.asarray([row], np.int64))[0]
    cosines = np.empty(len(rows), np.float32)
    for part, block in unit_blocks(table, rows):
        np.matmul(block, anchor, out=cosines[part])
    return np.clip(cosines, -1.0, 1.0, out=cosines)
