"""What a cache knows, all at once."""

from __future__ import annotations

import numpy as np

from fewshot_gui.backbones.cache import CacheHits


def looked_up(cache, files, width=32) -> CacheHits:
    """All that a cache knows of these files, in their order.

    ``width`` is that of the embeddings; it matters where none is found.
    """
    blocks = list(cache.found(files))
    if not blocks:
        nothing = np.zeros(0, np.int64)
        return CacheHits(nothing, np.zeros((0, width), np.float16), np.zeros((0, 16), np.uint8), {})
    embedded = np.concatenate([block.embedded for block in blocks])
    order = np.argsort(embedded)
    return CacheHits(
        embedded[order],
        np.concatenate([block.vectors for block in blocks])[order],
        np.concatenate([block.digests for block in blocks])[order],
        {place: why for block in blocks for place, why in block.failures.items()},
    )
