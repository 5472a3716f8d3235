"""Tables of made-up embeddings, for rules that need no photos."""

from __future__ import annotations

import numpy as np

from fewshot_gui.backbones.table import EmbeddingTable
from fewshot_gui.backbones.units import to_units
from fewshot_gui.images.files import FailureKind, ImageFailure, ImageFile
from fewshot_gui.learners.support import SupportSet

WIDTH = 32


def table_of(vectors, unread=0):
    """A table with these embeddings, and after them some images that cannot be read."""
    vectors = np.asarray(vectors, np.float32)
    table = EmbeddingTable(vectors.shape[1])
    total = len(vectors) + unread
    rows = np.asarray(
        table.add(ImageFile(f"/p/{i}.jpg", f"{i}.jpg", 1, 1, 1) for i in range(total))
    )
    ready = rows[: len(vectors)]
    digests = np.zeros((len(vectors), 16), np.uint8)
    digests[:, :8] = np.arange(1, len(vectors) + 1, dtype=np.int64)[:, None].view(np.uint8)
    table.store_units(ready, to_units(vectors.astype(np.float16)), digests)
    for row in rows[len(vectors) :].tolist():
        table.fail(row, ImageFailure(FailureKind.DAMAGED))
    return table, rows


def blobs(sizes, seed=0, spread=0.25):
    """Embeddings round one point a class: ``(vectors, class of each)``."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(4321).random((20, WIDTH))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    noise = spread * rng.normal(size=(len(labels), WIDTH))
    return np.maximum(centres[labels] + noise, 0).astype(np.float32), labels


def support_of(rows, labels, ignored=()):
    """A support set with bins 1, 2, 3, … for labels 0, 1, 2, …"""
    labels = np.asarray(labels, np.int64)
    ids = tuple(range(1, int(labels.max()) + 2)) if len(labels) else ()
    return SupportSet(ids, np.asarray(rows, np.int64), labels, (), np.asarray(ignored, np.int64))
