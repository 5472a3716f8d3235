"""A sample of what is to be classified, for learners that look at it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.learners.base import FloatArray

MOST = 4096  # images; more would tell no more

Rows = NDArray[np.int64]


def folder_sample(table: EmbeddingTable, targets: Rows, examples: Rows) -> FloatArray:
    """Embeddings of some of the targets, float32 ``(m, d)`` of length 1.

    Each content once, in the order of the contents' digests, and the first of them where
    there are very many: digests are as good as random, so this is a fair draw, and the same
    images give the same sample wherever and in whichever order they are listed.

    Args:
        table: Where the embeddings are; only ready ones are taken.
        targets: int64 rows.
        examples: int64 rows that the user labelled; their contents are left out.
    """
    ready = table.ready(targets)
    contents, first = np.unique(_keys(table, ready), return_index=True)
    new = ~np.isin(contents, _keys(table, examples))
    return np.ascontiguousarray(table.units(ready[first[new][:MOST]]))


def _keys(table: EmbeddingTable, rows: Rows) -> NDArray[np.uint64]:
    """The first half of each row's digest: enough to tell contents apart."""
    return np.ascontiguousarray(table.digests(rows)).view(np.uint64)[:, 0]
