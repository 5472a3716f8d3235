"""Known answers of the measures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fewshot_gui.metatrain.measures import auroc, calibration, confusion, estimate, student95


def test_the_interval_is_that_of_a_t_test():
    """By hand: mean 0.7, standard deviation 0.1, four values."""
    values = [0.6, 0.6, 0.8, 0.8]
    found = estimate(values)
    assert found.mean == pytest.approx(0.7)
    assert found.interval95 == pytest.approx(3.182446 * np.std(values, ddof=1) / 2)


def test_one_task_has_no_interval():
    assert estimate([0.5]).interval95 is None


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.706), (4, 2.776), (5, 2.571), (6, 2.447), (9, 2.262), (29, 2.045), (599, 1.964)],
)
def test_quantiles_of_students_t(freedom, quantile):
    assert student95(freedom) == pytest.approx(quantile, abs=0.001)


def test_the_interval_holds_the_true_mean_nineteen_times_in_twenty():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        found = estimate(rng.normal(0.5, 0.1, 6))
        held += abs(found.mean - 0.5) <= found.interval95
    assert 0.935 <= held / 2000 <= 0.965


def test_honest_confidences_have_no_error_and_false_ones_their_gap():
    right = np.tile([True, True, True, False], 25)
    honest = calibration(np.full(100, 0.75), right)
    assert honest.ece == pytest.approx(0.0)
    assert calibration(np.full(100, 0.95), right).ece == pytest.approx(0.2)


def test_the_curve_says_how_many_how_sure_and_how_often_right():
    found = calibration(np.array([0.0, 0.1, 0.11, 1.0]), np.array([False, True, False, True]))
    assert found.counts.tolist() == [1, 2, *[0] * 12, 1]
    assert found.confidence[[0, 1, 14]] == pytest.approx([0.0, 0.105, 1.0])
    assert found.accuracy[[0, 1, 14]] == pytest.approx([0.0, 0.5, 1.0])
    assert np.isnan(found.accuracy[2:14]).all()
    assert found.ece == pytest.approx((0.0 + 2 * abs(0.105 - 0.5) + 0.0) / 4)


scores = st.lists(st.integers(0, 6), min_size=1, max_size=12)


@settings(deadline=None)
@given(scores, scores)
def test_auroc_is_the_share_of_pairs_in_the_right_order(high, low):
    wins = sum((a > b) + 0.5 * (a == b) for a in high for b in low)
    values = np.array(high + low, np.float32)
    positive = np.arange(len(values)) < len(high)
    assert auroc(values, positive) == pytest.approx(wins / (len(high) * len(low)))


def test_the_confusion_counts_pairs():
    found = confusion(np.array([3, 0, 0, 1, 0]), np.array([3, 0, 2, 0, 2]), 4)
    assert found.matrix().tolist() == [[1, 0, 2, 0], [1, 0, 0, 0], [0] * 4, [0, 0, 0, 1]]
    assert found.tested.tolist() == [3, 1, 0, 1]
    assert found.right.tolist() == [1, 0, 0, 1]


def test_the_confusion_of_very_many_classes_is_small():
    found = confusion(np.array([999_999, 7]), np.array([999_998, 7]), 1_000_000)
    assert found.true.tolist() == [7, 999_999]
    assert found.taken_for.tolist() == [7, 999_998]
    assert found.tested.sum() == 2
