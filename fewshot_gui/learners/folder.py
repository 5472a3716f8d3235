"""A sample of what is to be classified, for learners that look at it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.learners.base import FloatArray

USED = 1024  # images of the folder; for few classes more take longer and tell no more
USED_EACH = 12  # for many classes: so many images for each of them
MOST = 4096  # however many classes there are

Rows = NDArray[np.int64]


def sample_size(ways: int) -> int:
    """How many images of the folder are worth looking at for so many classes."""
    return min(max(USED, USED_EACH * ways), MOST)


def looked_at(folder: FloatArray, ways: int) -> FloatArray:
    """Those rows of a folder that are looked at for so many classes, from all over it."""
    return folder[:: max(1, -(-len(folder) // sample_size(ways)))]


def folder_sample(
    table: EmbeddingTable, targets: Rows, examples: Rows, most: int = MOST
) -> FloatArray:
    """Embeddings of some of the targets, float32 ``(m, d)`` of length 1.

    Each content once, in the order of the contents' digests, and the first of them where
    there are very many: digests are as good as random, so this is a fair draw, and the same
    images give the same sample wherever and in whichever order they are listed.

    Args:
        table: Where the embeddings are; only ready ones are taken.
        targets: int64 rows.
        examples: int64 rows that the user labelled; their contents are left out.
        most: Images to take at most.
    """
    ready = table.ready(targets)
    keys, shown = _keys(table, ready), _keys(table, examples)
    count = most + len(shown)
    while True:
        places = _smallest(keys, count)
        contents, first = np.unique(keys[places], return_index=True)
        new = places[first[~np.isin(contents, shown)]]
        if len(new) >= most or len(places) == len(keys):
            return np.ascontiguousarray(table.units(ready[new[:most]]))
        count *= 2  # there are copies among them


def _smallest(keys: NDArray[np.uint64], count: int) -> Rows:
    """Places of the smallest keys, ascending: so many, and all that equal the last of them.

    Sorting all keys of a large folder would be felt each time an example is given.
    """
    if count >= len(keys):
        return np.arange(len(keys))
    return np.flatnonzero(keys <= np.partition(keys, count - 1)[count - 1])


def _keys(table: EmbeddingTable, rows: Rows) -> NDArray[np.uint64]:
    """The first half of each row's digest: enough to tell contents apart."""
    return np.ascontiguousarray(table.digests(rows)).view(np.uint64)[:, 0]
