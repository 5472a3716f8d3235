"""The two best classes, and how a whole folder is predicted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.base import unit
from fewshot_gui.learners.predictions import NO_CLASS, best_two
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.learners.support import SupportSet, fit
from tests.review.tables import blobs, support_of, table_of

KEYS = [info.key for info in all_learners()]


@given(
    st.integers(1, 6).flatmap(
        lambda ways: st.integers(0, 8).flatmap(
            # few different values, so that there are many ties
            lambda count: arrays(np.float32, (ways, count), elements=st.sampled_from([-2, 0, 1, 9]))
        )
    )
)
def test_the_two_best_are_those_of_a_sort(logits):
    ways, count = logits.shape
    found = best_two(logits.copy())
    for i in range(count):
        column = logits[:, i]
        probs = np.exp(column - column.max())
        probs /= probs.sum()
        order = np.argsort(-column, kind="stable")  # of equal ones the first is the better
        assert found.best[i] == order[0]
        assert found.confidence[i] == pytest.approx(probs[order[0]], abs=1e-5)
        assert found.runner_up[i] == (order[1] if ways > 1 else NO_CLASS)
        second = probs[order[1]] if ways > 1 else 0.0
        assert found.runner_up_confidence[i] == pytest.approx(second, abs=1e-5)


@pytest.mark.parametrize("key", KEYS)
def test_a_folder_is_predicted_as_the_learner_says_in_the_order_asked_for(key):
    vectors, labels = blobs([9, 9, 9], spread=0.6)
    table, rows = table_of(vectors)
    support = SupportSet((30, 10, 20), rows[::3], labels[::3])
    classifier = fit(key, support, table, Job())
    mixed = np.random.default_rng(1).permutation(rows)
    found = classifier.predict(table, mixed, Job())
    probs = softmax(quick(classifier.fitted, table.units(mixed)))
    order = np.argsort(-probs, axis=1, kind="stable")
    ids = np.asarray(support.class_ids)
    assert found.best.tolist() == ids[order[:, 0]].tolist()
    assert found.runner_up.tolist() == ids[order[:, 1]].tolist()
    np.testing.assert_allclose(found.confidence, probs.max(axis=1), atol=1e-5)
    np.testing.assert_allclose(found.unknown, classifier.unknown(table.units(mixed)), atol=1e-5)


@pytest.mark.parametrize("key", KEYS)
def test_classes_first_and_unknown_scores_later_are_the_same_as_both_at_once(key):
    vectors, labels = blobs([9, 9, 9], spread=0.6)
    table, rows = table_of(vectors)
    support = SupportSet((30, 10, 20), rows[::3], labels[::3], ignored=rows[1:2])
    classifier = fit(key, support, table, Job())
    both = classifier.predict(table, rows, Job())
    first = classifier.predict_classes(table, rows, Job())
    assert first.best.tolist() == both.best.tolist()
    assert first.runner_up.tolist() == both.runner_up.tolist()
    np.testing.assert_allclose(first.confidence, both.confidence, atol=1e-5)
    scores = classifier.unknown_scores(table, rows, Job())
    assert scores.max() > scores.min()
    np.testing.assert_allclose(scores, both.unknown, atol=1e-5)


@pytest.mark.parametrize("key", KEYS)
def test_the_quick_way_says_the_same_as_the_checked_one(key):
    vectors, labels = blobs([9, 9, 9], spread=0.6)
    table, rows = table_of(vectors)
    fitted = fit(key, support_of(rows[::2], labels[::2]), table, Job()).fitted
    checked = fitted.predict(7.5 * vectors, Job()).probs
    np.testing.assert_allclose(checked, softmax(quick(fitted, unit(vectors))), atol=1e-5)


def quick(fitted, units):
    return fitted.logits(fitted.projection @ units.T)


def softmax(logits):
    """Rows of probabilities from columns of logits."""
    weights = np.exp(logits.astype(np.float64) - logits.max(axis=0))
    return (weights / weights.sum(axis=0)).T


def test_no_rows_give_no_predictions_and_a_cancelled_job_stops():
    vectors, labels = blobs([3, 3])
    table, rows = table_of(vectors)
    classifier = fit("prototypes", support_of(rows, labels), table, Job())
    assert len(classifier.predict(table, rows[:0], Job())) == 0
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        classifier.predict(table, rows, job)
