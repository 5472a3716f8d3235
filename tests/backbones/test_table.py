"""Rows, states and growth of the embedding table."""

from __future__ import annotations

import numpy as np

from fewshot_gui.backbones.table import FAILED, PENDING, READY, EmbeddingTable
from fewshot_gui.images.files import FailureKind, ImageFailure, ImageFile


def files(count, start=0):
    return [ImageFile(f"/p/{i}", str(i), 1, 1, 1) for i in range(start, start + count)]


def store(table, rows):
    vectors = np.repeat(np.asarray(rows, np.float16)[:, None], table.width, axis=1)
    table.store(np.asarray(rows), vectors, np.zeros((len(rows), 16), np.uint8))


def test_a_path_has_one_row_for_ever():
    table = EmbeddingTable(4)
    first = table.add(files(3))
    assert table.add(files(5)) == [*first, 3, 4]
    assert table.row("/p/4") == 4
    assert table.row("/p/9") is None
    assert table.file(4).relative == "4"


def test_states_and_counts():
    table = EmbeddingTable(4)
    table.add(files(4))
    store(table, [1, 2])
    why = ImageFailure(FailureKind.DAMAGED)
    table.fail(3, why)
    assert table.state.tolist() == [PENDING, READY, READY, FAILED]
    counts = table.counts()
    assert (counts.pending, counts.ready, counts.failed) == (1, 2, 1)
    assert table.counts([1, 3]).failed == 1
    assert table.failure(3) == why
    assert table.ready([3, 2, 0, 1]).tolist() == [2, 1]


def test_growing_keeps_what_is_there():
    table = EmbeddingTable(4)
    table.add(files(200))
    store(table, list(range(200)))
    table.add(files(5000))
    assert len(table) == 5000
    np.testing.assert_array_equal(table.vectors(np.arange(200))[:, 0], np.arange(200))
    assert table.vectors(np.arange(3)).dtype == np.float32
    assert table.counts().pending == 4800


def test_a_failure_can_be_tried_again():
    table = EmbeddingTable(4)
    table.add(files(2))
    table.fail(0, ImageFailure(FailureKind.MISSING))
    table.retry([0, 1])
    assert table.failure(0) is None
    assert table.counts().pending == 2
