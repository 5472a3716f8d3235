"""Neighbours, orders by similarity, and the examples behind a prediction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.project.values import UNKNOWN
from fewshot_gui.review.causes import causes
from fewshot_gui.review.similar import by_similarity, neighbours
from tests.review.tables import blobs, support_of, table_of


def cosines(table, rows, row):
    return table.units(rows) @ table.units([row])[0]


@given(seed=st.integers(0, 1000), count=st.integers(0, 40), row=st.integers(0, 29))
def test_neighbours_are_the_nearest_others_in_order(seed, count, row):
    table, rows = table_of(blobs([10, 10, 10], seed)[0], unread=3)
    mixed = np.random.default_rng(seed).permutation(rows)
    found, similar = neighbours(table, mixed, row, count)
    assert len(found) == min(count, 29)
    assert row not in found
    assert len(set(found.tolist())) == len(found)
    assert (np.diff(similar) <= 0).all()
    np.testing.assert_allclose(similar, cosines(table, found, row), atol=1e-5)
    left = np.setdiff1d(rows[:30], [*found.tolist(), row])
    if len(found) and len(left):
        assert cosines(table, left, row).max() <= similar[-1] + 1e-5


def test_an_image_without_embedding_has_no_neighbours():
    table, rows = table_of(blobs([5])[0], unread=1)
    found, similar = neighbours(table, rows, int(rows[-1]), 3)
    assert (found.tolist(), similar.tolist()) == ([], [])


@given(seed=st.integers(0, 1000), row=st.integers(0, 32))
def test_an_order_by_similarity_is_a_permutation(seed, row):
    table, rows = table_of(blobs([15, 15], seed)[0], unread=3)
    mixed = np.random.default_rng(seed).permutation(rows)
    ordered = by_similarity(table, mixed, row)
    assert sorted(ordered.tolist()) == rows.tolist()
    if row >= 30:  # it cannot be compared with anything
        assert ordered.tolist() == mixed.tolist()
        return
    assert ordered[0] == row
    assert (np.diff(cosines(table, ordered[:30], row)) <= 1e-5).all()
    assert ordered[30:].tolist() == [r for r in mixed.tolist() if r >= 30]


def test_a_copy_does_not_come_before_the_image_itself():
    vectors = blobs([4])[0]
    table, rows = table_of([*vectors, vectors[2]])
    assert by_similarity(table, rows[::-1], 2)[:2].tolist() == [2, 4]


def test_causes_are_examples_of_the_class_alone_the_most_similar_first():
    vectors, labels = blobs([6, 6, 6])
    table, rows = table_of(vectors)
    examples = np.flatnonzero(np.arange(18) % 6 < 4)
    support = support_of(rows[examples], labels[examples], ignored=[17])
    found = causes(table, support, 5, 2, 3)
    assert len(found) == 3
    assert all(cause.class_id == 2 and labels[cause.row] == 1 for cause in found)
    expected = cosines(table, rows[6:10], 5)
    assert [c.cosine for c in found] == pytest.approx(sorted(expected, reverse=True)[:3], abs=1e-5)
    assert [c.row for c in causes(table, support, 5, UNKNOWN, 3)] == [17]
    assert causes(table, support, 5, 99, 3) == ()


def test_an_example_is_not_its_own_cause():
    vectors, labels = blobs([4, 4])
    table, rows = table_of(vectors)
    assert 0 not in [c.row for c in causes(table, support_of(rows, labels), 0, 1, 9)]
