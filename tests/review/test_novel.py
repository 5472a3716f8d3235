"""Groups that may be a class nobody has made a bin for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.base import unit
from fewshot_gui.review.clusters import average_linkage, cohesion, spherical_kmeans
from fewshot_gui.review.novel import possible_classes
from tests.learners.test_unknown import predict, task
from tests.review.tables import blobs, support_of, table_of


def test_strange_groups_are_found_the_larger_first_and_odd_ones_left_out():
    vectors, labels = blobs([20, 20, 6, 9, 1, 1], spread=0.1)
    table, rows = table_of(vectors)
    support = support_of([*range(5), *range(20, 25)], np.repeat([0, 1], 5))
    others = np.setdiff1d(rows, support.rows)
    unknown = predict(table, support, others).unknown
    first, second, *more = possible_classes(table, others, support, unknown, Job())
    assert set(first.rows.tolist()) == set(np.flatnonzero(labels == 3).tolist())
    assert set(second.rows.tolist()) == set(np.flatnonzero(labels == 2).tolist())
    assert more == []
    assert 0.8 < first.cohesion <= 1.0


def test_no_strangers_no_groups():
    table, rows = table_of(blobs([10])[0])
    found = possible_classes(table, rows, support_of([], []), np.zeros(10, np.float32), Job())
    assert found == ()


def test_the_search_can_be_stopped():
    table, rows = table_of(blobs([10])[0])
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        possible_classes(table, rows, support_of([], []), np.ones(10, np.float32), job)


@pytest.mark.accuracy
@pytest.mark.slow
def test_two_hidden_classes_of_ten_are_the_first_two_groups(grocery_table):
    table, rows = grocery_table
    hidden, strange = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        ten = rng.choice(len(rows), 10, replace=False)
        support, targets, _kind = task(rows, ten, 8, 5, seed)
        names, order = sorted(rows), np.random.default_rng(seed).permutation(ten)
        owner = {int(row): int(place) for place in order for row in rows[names[place]]}
        unknown = predict(table, support, targets).unknown
        groups = possible_classes(table, targets, support, unknown, Job())[:2]
        found = set()
        for group in groups:
            own = [owner[row] for row in group.rows.tolist()]
            most = max(set(own), key=own.count)
            strange.append(most in order[8:])
            if most in order[8:] and own.count(most) > len(own) / 2:
                found.add(most)
        hidden.append(len(found) / 2)
    print(f"hidden classes found {np.mean(hidden):.2f}, groups of strangers {np.mean(strange):.2f}")
    assert np.mean(hidden) >= 0.78
    assert np.mean(strange) >= 0.85


# -- the grouping itself -----------------------------------------------------------------


def naive_linkage(units, cosine):
    """Average linkage by looking at all pairs of groups again and again."""
    groups = [[i] for i in range(len(units))]
    while len(groups) > 1:
        best, pair = -2.0, None
        for a in range(len(groups)):
            for b in range(a):
                near = float((units[groups[a]] @ units[groups[b]].T).mean())
                if near > best:
                    best, pair = near, (a, b)
        if best < cosine:
            break
        a, b = pair
        groups[b] += groups.pop(a)
    return sorted(sorted(group) for group in groups)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    cosine=st.floats(0.3, 0.99),
)
def test_chains_give_the_same_groups_as_looking_at_all_pairs(seed, sizes, cosine):
    units = unit(blobs(sizes, seed, spread=0.4)[0])
    found = average_linkage(units, cosine, Job())
    assert sorted(group.tolist() for group in found) == naive_linkage(units, cosine)
    assert [len(group) for group in found] == sorted(map(len, found), reverse=True)


def test_copies_are_one_group():
    units = unit(np.repeat(blobs([1, 1])[0], 5, axis=0))
    assert [g.tolist() for g in average_linkage(units, 0.999, Job())] == [
        [0, 1, 2, 3, 4],
        [5, 6, 7, 8, 9],
    ]


@given(seed=st.integers(0, 100), count=st.integers(1, 12))
def test_clusters_are_never_empty_and_own_what_is_nearest(seed, count):
    units = unit(blobs([8, 5, 3], seed, spread=0.1)[0])
    centres, owners = spherical_kmeans(units, count, np.random.default_rng(seed), Job())
    assert 1 <= len(centres) <= count
    assert set(owners.tolist()) == set(range(len(centres)))
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1.0, atol=1e-5)


def test_cohesion_is_the_mean_cosine_of_two_members():
    units = unit(blobs([7])[0])
    pairs = [float(units[i] @ units[j]) for i in range(7) for j in range(i)]
    assert cohesion(units) == pytest.approx(np.mean(pairs), abs=1e-5)
    assert cohesion(units[:1]) == 1.0
