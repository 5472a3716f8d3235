"""Rows, states, growth and embeddings of the embedding table."""

from __future__ import annotations

import numpy as np
import pytest

from fewshot_gui.backbones import table as table_module
from fewshot_gui.backbones.table import FAILED, PENDING, READY, EmbeddingTable
from fewshot_gui.backbones.units import to_units, widen
from fewshot_gui.images.files import FailureKind, ImageFailure, ImageFile


def files(count, start=0, folder="/p", **facts):
    facts = {"size": 1, "mtime_ns": 1, "inode": 1} | facts
    return [ImageFile(f"{folder}/{i}", str(i), **facts) for i in range(start, start + count)]


def vectors_of(rows, width=4):
    """Different directions and lengths."""
    rows = np.asarray(rows, np.float64)[:, None]
    return (np.cos(rows * (1 + np.arange(width))) * (1 + rows % 7)).astype(np.float16)


def digests(count):
    return np.zeros((count, 16), np.uint8)


def store(table, rows):
    table.store_units(np.asarray(rows), to_units(vectors_of(rows, table.width)), digests(len(rows)))


def expected(rows, width=4):
    return to_units(vectors_of(rows, width)).astype(np.float32)


@pytest.fixture
def small_chunks(monkeypatch):
    """A table that changes from float32 to float16 within a few rows."""
    monkeypatch.setattr(table_module, "CHUNK", 32)
    monkeypatch.setattr(table_module, "BLOCK", 16)
    monkeypatch.setattr(table_module, "WIDE_CHUNKS", 2)
    table = EmbeddingTable(4)
    table.add(files(200))
    store(table, np.arange(200))
    return table


def test_a_path_has_one_row_for_ever():
    table = EmbeddingTable(4)
    first = table.add(files(3))
    assert table.add(files(5)) == [*first, 3, 4]
    assert table.row("/p/4") == 4
    assert table.row("/p/9") is None
    assert table.row("/q/4") is None
    assert table.file(4).relative == "4"
    assert table.path(4) == "/p/4"


@pytest.mark.parametrize(
    "file",
    [
        ImageFile("/p/a/b.png", "a/b.png", 3, 4, 5),
        ImageFile("/p/b.png", "first/b.png", 3, -4, 0),
        ImageFile("/p/gro\udcdf.png", "gro\udcdf.png", 1, 1, 1),
        ImageFile("/p/b.png", "other.png", 3, 4, 5),
        ImageFile("/p/b.png", "", 3, 4, 5),
        ImageFile("/p/b.png", "b.png", 3, 1 << 70, 5),
        ImageFile("/p/b.png", "b.png", 1 << 64, 1, 5),
    ],
)
def test_a_file_comes_back_as_it_was(file):
    table = EmbeddingTable(4)
    table.add([*files(1), file])
    assert table.file(1) == file
    assert table.path(1) == file.path
    assert table.row(file.path) == 1
    assert table.renew([file]) == []


def test_targets_tell_their_own_relative_path():
    table = EmbeddingTable(4)
    table.add([ImageFile("/p/a/1.png", "1.png", 1, 1, 1)])
    assert table.add([ImageFile("/p/a/1.png", "b/1.png", 1, 1, 1)]) == [0]
    assert table.file(0).relative == "1.png"
    table.add([ImageFile("/p/a/1.png", "a/1.png", 1, 1, 1)], as_targets=True)
    assert table.file(0).relative == "a/1.png"


def test_states_and_counts():
    table = EmbeddingTable(4)
    table.add(files(4))
    store(table, [1, 2])
    why = ImageFailure(FailureKind.DAMAGED)
    table.fail(3, why)
    assert table.state.tolist() == [PENDING, READY, READY, FAILED]
    assert table.state_of([3, 1]).tolist() == [FAILED, READY]
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
    np.testing.assert_array_equal(table.units(np.arange(200)), expected(np.arange(200)))
    assert table.units(np.arange(3)).dtype == np.float32
    assert table.counts().pending == 4800


def test_embeddings_have_length_one_whatever_came_in():
    table = EmbeddingTable(4)
    table.add(files(3))
    huge = np.asarray([[60000, 60000, 0, 0], [1e-6, 0, 0, 0], [0, 0, 0, 0]], np.float16)
    table.store_units(np.arange(3), to_units(huge), digests(3))
    lengths = np.linalg.norm(table.units(np.arange(3)), axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 0], atol=1e-3)


def test_the_value_does_not_depend_on_where_it_is_kept(small_chunks):
    table = small_chunks
    everywhere = np.asarray([0, 31, 32, 63, 64, 65, 150, 199])
    table.store_units(everywhere, to_units(np.repeat(vectors_of([5]), 8, axis=0)), digests(8))
    found = table.units(everywhere)
    np.testing.assert_array_equal(found, np.repeat(expected([5]), 8, axis=0))


@pytest.mark.parametrize(
    "rows",
    [
        np.arange(200),
        np.arange(10, 20),
        np.arange(60, 70),
        np.arange(64, 96),
        np.arange(200)[::-1],
        np.arange(0, 200, 2),
        np.random.default_rng(0).permutation(200),
        np.asarray([199, 3, 3, 64, 3]),
        np.setdiff1d(np.arange(200), [40, 41, 90]),
        np.empty(0, np.int64),
    ],
    ids=lambda rows: f"{len(rows)} rows",
)
def test_units_and_blocks_give_every_row_its_own(small_chunks, rows):
    np.testing.assert_array_equal(small_chunks.units(rows), expected(rows).reshape(-1, 4))
    out = np.full((len(rows), 4), np.nan, np.float32)
    for place, block in small_chunks.unit_blocks(rows):
        assert block.dtype == np.float32
        assert 0 < len(block) <= table_module.BLOCK
        out[place] = block
    np.testing.assert_array_equal(out, expected(rows).reshape(-1, 4))


def test_rows_side_by_side_are_not_copied_and_cannot_be_changed(small_chunks):
    view = small_chunks.units(np.arange(3, 9))
    small_chunks.store_units(np.asarray([4]), to_units(vectors_of([77])), digests(1))
    np.testing.assert_array_equal(view[1:2], expected([77]))
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 0


def test_stopping_early_leaves_no_work_behind(small_chunks):
    blocks = small_chunks.unit_blocks(np.arange(199, -1, -1))
    next(blocks)
    blocks.close()
    with pytest.raises(StopIteration):
        next(blocks)


def test_widening_is_exact_for_every_finite_half():
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)].reshape(-1, 2)
    wide = np.empty(finite.shape, np.float32)
    widen(finite, wide)
    np.testing.assert_array_equal(wide.view(np.uint32), finite.astype(np.float32).view(np.uint32))


def test_scaling_does_not_depend_on_the_neighbours():
    vectors = vectors_of(np.arange(50), 37)
    together = to_units(vectors)
    alone = np.concatenate([to_units(vectors[i : i + 1]) for i in range(50)])
    np.testing.assert_array_equal(together, alone)


def test_a_failure_can_be_tried_again():
    table = EmbeddingTable(4)
    table.add(files(2))
    table.fail(0, ImageFailure(FailureKind.MISSING))
    table.retry([0, 1])
    assert table.failure(0) is None
    assert table.counts().pending == 2


@pytest.mark.parametrize("change", [{"size": 2}, {"mtime_ns": 2}, {"inode": 2}])
def test_files_that_were_written_again_are_pending_again(change):
    table = EmbeddingTable(4)
    table.add(files(4))
    store(table, [0, 1])
    table.fail(2, ImageFailure(FailureKind.DAMAGED))
    again = files(4, **change)
    assert table.renew([again[1], again[2], *files(4)[3:], *files(1, start=9)]) == [1, 2]
    assert table.state.tolist() == [READY, PENDING, PENDING, PENDING]
    assert table.failure(2) is None
    assert table.file(1) == again[1]
    assert len(table) == 4
