"""Whether there are enough examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.review.enough import enough, outlook
from fewshot_gui.review.wilson import Rate
from tests.learners.test_unknown import predict, task
from tests.review.tables import blobs, support_of, table_of

KEYS = [info.key for info in all_learners()]


@pytest.mark.parametrize("key", KEYS)
def test_clear_classes_need_nothing(key):
    vectors, labels = blobs([6, 6, 6], spread=0.05)
    table, rows = table_of(vectors)
    found = enough(table, support_of(rows, labels), key, Job())
    assert [c.class_id for c in found.classes] == [1, 2, 3]
    assert [(c.examples, c.rate.tested, c.rate.right) for c in found.classes] == [(6, 6, 6)] * 3
    assert (found.overall.tested, found.overall.share) == (18, 1.0)
    assert (found.mixed, found.neediest, found.can_tell) == (None, None, True)


@pytest.mark.parametrize("key", KEYS)
def test_classes_that_look_the_same_are_named_with_their_examples(key):
    vectors, labels = blobs([8, 8, 8], spread=0.05)
    vectors[8:16] = blobs([8], seed=3, spread=0.05)[0]  # class 1 looks like class 0
    table, rows = table_of(vectors)
    found = enough(table, support_of(rows, labels), key, Job())
    assert set(found.mixed.class_ids) == {1, 2}
    assert set(found.mixed.rows) <= set(range(16))
    wrong = [c.rate.tested - c.rate.right for c in found.classes]
    assert len(found.mixed.rows) == sum(wrong)
    assert wrong[2] == 0
    assert found.neediest in (1, 2)
    assert all(c.wanted > 0 for c in found.classes[:2])


def test_a_single_example_cannot_be_hidden_and_says_nothing():
    vectors, labels = blobs([1, 1])
    table, rows = table_of(vectors)
    found = enough(table, support_of(rows, labels), "prototypes", Job())
    assert not found.can_tell
    assert found.overall.share is None
    assert found.overall.interval == (0.0, 1.0)
    assert all(c.wanted > 0 for c in found.classes)
    assert found.neediest is not None


@pytest.mark.parametrize(("each", "proven"), [(4, False), (10, True)])
def test_a_few_right_ones_are_no_proof(each, proven):
    vectors, labels = blobs([each] * 3, spread=0.05)
    table, rows = table_of(vectors)
    found = enough(table, support_of(rows, labels), "prototypes", Job())
    assert (found.overall.share, found.neediest, found.proven) == (1.0, None, proven)


def test_the_outlook_counts_what_belongs_to_no_bin_and_stays_in_one():
    sure = np.full(200, 0.99, np.float32)
    scores = np.where(np.arange(200) < 100, 0.02, 0.9).astype(np.float32)
    off, on = (outlook(sure, scores, level) for level in (1.0, 0.5))
    assert (off.undecided, on.undecided) == (200, 100)
    assert off.strange == pytest.approx(100, abs=15)
    assert off.wrong >= off.strange
    assert off.many_strange
    assert not on.many_strange
    assert on.wrong < 15


@pytest.mark.parametrize("sizes", [[], [1], [4]])
def test_fewer_than_two_classes_are_no_error(sizes):
    table, rows = table_of(blobs([5])[0])
    labels = np.repeat(np.arange(len(sizes)), sizes)
    found = enough(table, support_of(rows[: len(labels)], labels), "prototypes", Job())
    assert len(found.classes) == len(sizes)
    assert found.mixed is None


def test_of_very_many_examples_some_of_each_class_are_hidden():
    vectors, labels = blobs([400, 30, 2], spread=0.05)
    table, rows = table_of(vectors)
    found = enough(table, support_of(rows, labels), "prototypes", Job())
    assert [c.rate.tested for c in found.classes] == [10, 10, 2]
    assert found.overall.share == 1.0


def test_it_can_be_stopped():
    vectors, labels = blobs([3, 3])
    table, rows = table_of(vectors)
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        enough(table, support_of(rows, labels), "prototypes", job)


@pytest.mark.accuracy
@pytest.mark.slow
def test_the_expected_accuracy_is_the_true_one(grocery_table):
    table, rows = grocery_table
    expected, true, inside = [], [], []
    for seed in range(30):
        support, targets, kind = task(rows, np.arange(len(rows)), 10, 5, seed)
        own = kind >= 0
        accuracy = (predict(table, support, targets[own]).best == kind[own] + 1).mean()
        overall = enough(table, support, "prototypes", Job()).overall
        low, high = overall.interval
        expected.append(overall.share)
        true.append(accuracy)
        inside.append(low <= accuracy <= high)
    print(f"expected accuracy {np.mean(expected):.3f}, true {np.mean(true):.3f}, ", end="")
    print(f"inside the interval {np.mean(inside):.2f}")
    assert np.mean(expected) == pytest.approx(np.mean(true), abs=0.05)
    assert np.mean(inside) >= 0.8


@given(tested=st.integers(0, 500), data=st.data())
def test_an_interval_holds_the_share_and_narrows(tested, data):
    right = data.draw(st.integers(0, tested))
    low, high = Rate(tested, right).interval
    assert 0.0 <= low <= high <= 1.0
    if tested:
        assert low - 1e-9 <= right / tested <= high + 1e-9
        more = Rate(tested * 4, right * 4).interval
        assert more[1] - more[0] < high - low


def test_an_interval_known_from_the_books():
    # Newcombe 1998, table I: 81 of 263
    assert Rate(263, 81).interval == pytest.approx((0.2553, 0.3662), abs=1e-4)
