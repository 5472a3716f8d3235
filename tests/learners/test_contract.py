"""What every learner must do. A new one is tested by being in the registry."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.base import unit
from fewshot_gui.learners.registry import DEFAULT_LEARNER, all_learners, learner_info, make_learner

KEYS = [info.key for info in all_learners()]
WIDTH = 24


def blobs(ids, shots, seed=0, spread=0.2):
    """Non-negative embeddings that scatter round one point a class, as a ReLU leaves them."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1234).random((max(ids) + 1, WIDTH)).astype(np.float32)
    labels = np.repeat(np.asarray(ids, np.int64), shots)
    noise = spread * rng.random((len(labels), WIDTH)).astype(np.float32)
    return centres[labels] + noise, labels


@pytest.fixture(params=KEYS)
def learner(request):
    return make_learner(request.param)


def test_the_default_is_listed_first():
    assert KEYS[0] == DEFAULT_LEARNER
    assert len(set(KEYS)) == len(KEYS)


def test_an_unknown_key_names_the_known_ones():
    with pytest.raises(UserError) as caught:
        learner_info("nonsense")
    assert all(key in caught.value.hint for key in KEYS)


@pytest.mark.parametrize("shots", [1, 2, 7])
@pytest.mark.parametrize("ids", [(0, 1), (0, 2), (7, 3, 90), tuple(range(200))])
def test_separable_classes_are_told_apart_whatever_their_ids(learner, ids, shots):
    support, labels = blobs(ids, shots)
    targets, answers = blobs(ids, 3, seed=9)
    scores = learner.fit(support, labels, Job()).predict(targets, Job())
    assert scores.classes == tuple(sorted(ids))
    assert scores.probs.shape == (len(targets), len(ids))
    assert scores.probs.dtype == np.float32
    np.testing.assert_allclose(scores.probs.sum(axis=1), 1.0, atol=1e-5)
    best = np.asarray(scores.classes)[scores.probs.argmax(axis=1)]
    assert (best == answers).mean() > 0.97


def test_one_class_takes_everything(learner):
    support, labels = blobs((5,), 3)
    scores = learner.fit(support, labels, Job()).predict(blobs((0, 5), 4)[0], Job())
    assert scores.classes == (5,)
    np.testing.assert_allclose(scores.probs, 1.0)


def test_the_order_of_the_support_set_does_not_matter(learner):
    support, labels = blobs((2, 4, 9), 5)
    targets, _ = blobs((2, 4, 9), 6, seed=3)
    order = np.random.default_rng(0).permutation(len(labels))
    straight = learner.fit(support, labels, Job()).predict(targets, Job())
    shuffled = learner.fit(support[order], labels[order], Job()).predict(targets, Job())
    np.testing.assert_allclose(straight.probs, shuffled.probs, atol=1e-5)


def test_a_full_bin_attracts_no_more_than_a_small_one(learner):
    """Many more copies of one class's examples leave the border between the two alone."""
    support, labels = blobs((0, 1), 2, spread=0.0)
    heavy = np.concatenate([support, np.repeat(support[:1], 40, axis=0)])
    heavy_labels = np.concatenate([labels, np.zeros(40, np.int64)])
    # The bisector of the two directions is as near to the one as to the other.
    between = (unit(support[:1]) + unit(support[-1:])) / 2
    even = learner.fit(support, labels, Job()).predict(between, Job()).probs[0, 0]
    uneven = learner.fit(heavy, heavy_labels, Job()).predict(between, Job()).probs[0, 0]
    assert even == pytest.approx(0.5, abs=0.001)
    assert uneven == pytest.approx(0.5, abs=0.001)


def test_inputs_are_left_alone_and_not_kept(learner):
    support, labels = blobs((0, 1), 3)
    targets, _ = blobs((0, 1), 3, seed=2)
    copies = support.copy(), labels.copy(), targets.copy()
    fitted = learner.fit(support, labels, Job())
    before = fitted.predict(targets, Job()).probs
    for array, copy in zip((support, labels, targets), copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    support[:] = 0
    labels[:] = 0
    np.testing.assert_array_equal(before, fitted.predict(targets, Job()).probs)


def test_same_seed_same_answer_and_predicting_twice_changes_nothing(learner):
    support, labels = blobs((0, 1, 2), 3)
    targets, _ = blobs((0, 1, 2), 3, seed=2)
    first = learner.fit(support, labels, Job())
    again = dataclasses.replace(learner).fit(support, labels, Job())
    np.testing.assert_array_equal(
        first.predict(targets, Job()).probs, again.predict(targets, Job()).probs
    )
    np.testing.assert_array_equal(
        first.predict(targets, Job()).probs, first.predict(targets, Job()).probs
    )


def test_a_batch_of_one_equals_the_batch(learner):
    support, labels = blobs((0, 1, 2), 3)
    targets, _ = blobs((0, 1, 2), 3, seed=2)
    fitted = learner.fit(support, labels, Job())
    whole = fitted.predict(targets, Job()).probs
    singles = [fitted.predict(targets[i : i + 1], Job()).probs for i in range(len(targets))]
    np.testing.assert_allclose(whole, np.concatenate(singles), atol=1e-5)


def test_no_targets_give_no_rows(learner):
    fitted = learner.fit(*blobs((0, 1), 3), Job())
    assert fitted.predict(np.zeros((0, WIDTH), np.float32), Job()).probs.shape == (0, 2)


def test_duplicate_images_and_zero_embeddings_stay_finite(learner):
    support, labels = blobs((0, 1), 3)
    support[labels == 0] = support[0]
    support[1] = 0
    targets = np.concatenate([support, np.zeros((1, WIDTH), np.float32)])
    probs = learner.fit(support, labels, Job()).predict(targets, Job()).probs
    assert np.isfinite(probs).all()


def test_the_same_example_in_two_classes_is_a_tie(learner):
    support = np.ones((2, WIDTH), np.float32)
    fitted = learner.fit(support, np.array([3, 8]), Job())
    np.testing.assert_allclose(fitted.predict(support, Job()).probs, 0.5, atol=1e-6)


@pytest.mark.parametrize(
    ("support", "labels"),
    [
        (np.zeros((0, WIDTH)), np.zeros(0, np.int64)),
        (np.ones((2, WIDTH)), np.array([1])),
        (np.ones(WIDTH), np.array([1])),
        (np.full((1, WIDTH), np.nan), np.array([1])),
        (np.ones((1, WIDTH)), np.array([1.5])),
    ],
)
def test_a_support_set_that_makes_no_sense_is_refused(learner, support, labels):
    with pytest.raises(ValueError, match=r"support|labels"):
        learner.fit(support, labels, Job())


@pytest.mark.parametrize("targets", [np.ones((2, WIDTH + 1)), np.full((2, WIDTH), np.inf)])
def test_targets_that_make_no_sense_are_refused(learner, targets):
    fitted = learner.fit(*blobs((0, 1), 3), Job())
    with pytest.raises(ValueError, match="targets"):
        fitted.predict(targets, Job())


def test_a_cancelled_job_stops_both(learner):
    job = Job()
    fitted = learner.fit(*blobs((0, 1), 3), job)
    job.cancel()
    with pytest.raises(Cancelled):
        learner.fit(*blobs((0, 1), 3), job)
    with pytest.raises(Cancelled):
        fitted.predict(np.ones((1, WIDTH), np.float32), job)


@given(
    seed=st.integers(0, 10_000),
    counts=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    key=st.sampled_from(KEYS),
)
def test_probabilities_are_probabilities(seed, counts, key):
    rng = np.random.default_rng(seed)
    ids = rng.choice(1000, size=len(counts), replace=False)
    labels = np.repeat(ids, counts).astype(np.int64)
    support = np.maximum(rng.normal(size=(len(labels), WIDTH)), 0).astype(np.float32)
    scores = make_learner(key).fit(support, labels, Job()).predict(support, Job())
    assert scores.classes == tuple(sorted(ids.tolist()))
    assert (scores.probs >= 0).all()
    np.testing.assert_allclose(scores.probs.sum(axis=1), 1.0, atol=1e-5)
