"""Classes and embeddings made up for a test."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.backbones.units import to_units
from fewshot_gui.images.files import ImageFile
from fewshot_gui.metatrain.classes import ClassRows

WIDTH = 32


def classes_of(sizes: Sequence[int], groups: Sequence[int] = ()) -> ClassRows:
    """Classes of these sizes, their rows counted on from one to the next."""
    bounds = np.cumsum([0, *sizes])
    return ClassRows(
        names=tuple(f"class {i}" for i in range(len(sizes))),
        rows=tuple(np.arange(a, b) for a, b in pairwise(bounds)),
        groups=tuple(groups),
        group_names=tuple(f"group {g}" for g in range(max(groups, default=-1) + 1)),
    )


def files(count: int) -> list[ImageFile]:
    return [ImageFile(f"/p/{i}.png", f"{i}.png", 1, 1, 1) for i in range(count)]


def table_of(vectors: np.ndarray) -> EmbeddingTable:
    """A table that holds these embeddings, of pictures that all differ."""
    table = EmbeddingTable(vectors.shape[1])
    rows = np.asarray(table.add(files(len(vectors))), np.int64)
    table.store_units(
        rows,
        to_units(vectors),
        np.random.default_rng(0).integers(0, 256, (len(rows), 16), np.uint8),
    )
    return table


def directions(data: ClassRows, noise: float = 0.0) -> np.ndarray:
    """Embeddings that point along an axis of their own for each class, and a bit elsewhere."""
    rng = np.random.default_rng(1)
    vectors = noise * rng.normal(size=(int(data.sizes.sum()), WIDTH))
    for axis, rows in enumerate(data.rows):
        vectors[rows, axis] += 1.0
    return vectors.astype(np.float32)
