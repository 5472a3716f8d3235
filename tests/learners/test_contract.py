"""What every learner must do. A new one is tested by being in the registry."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.base import Learner, unit
from fewshot_gui.learners.registry import DEFAULT_LEARNER, all_learners, learner_info, make_learner

KEYS = [info.key for info in all_learners()]
LOOKING = [info.key for info in all_learners() if info.transductive]
WIDTH = 24


def blobs(ids, shots, seed=0, spread=0.2):
    """Non-negative embeddings that scatter round one point a class, as a ReLU leaves them."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1234).random((max(ids) + 1, WIDTH)).astype(np.float32)
    labels = np.repeat(np.asarray(ids, np.int64), shots)
    noise = spread * rng.random((len(labels), WIDTH)).astype(np.float32)
    return centres[labels] + noise, labels


@dataclasses.dataclass(frozen=True)
class WithFolder:
    """A learner that looks at a folder with images of its classes and some strangers."""

    inner: Learner

    def fit(self, support, labels, job):
        width = np.shape(support)[1] if np.ndim(support) == 2 else WIDTH
        ids = (*np.unique(labels).astype(int).tolist(), 300, 301)
        folder = unit(blobs(ids, 4, seed=77)[0]) if width == WIDTH else None
        return self.inner.fit(support, labels, job, folder)


def plain_and_looking():
    """Every learner, and those that look at the folder once more with one."""
    return [*KEYS, *(f"{key} with a folder" for key in LOOKING)]


@pytest.fixture(params=plain_and_looking())
def learner(request):
    key, _with, folder = request.param.partition(" with ")
    made = make_learner(key)
    return WithFolder(made) if folder else made


@pytest.fixture(params=KEYS)
def plain(request):
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


def test_a_full_bin_attracts_no_more_than_a_small_one(plain):
    """Many more copies of one class's examples leave the border between the two alone."""
    support, labels = blobs((0, 1), 2, spread=0.0)
    heavy = np.concatenate([support, np.repeat(support[:1], 40, axis=0)])
    heavy_labels = np.concatenate([labels, np.zeros(40, np.int64)])
    # The bisector of the two directions is as near to the one as to the other.
    between = (unit(support[:1]) + unit(support[-1:])) / 2
    even = plain.fit(support, labels, Job()).predict(between, Job()).probs[0, 0]
    uneven = plain.fit(heavy, heavy_labels, Job()).predict(between, Job()).probs[0, 0]
    assert even == pytest.approx(0.5, abs=0.001)
    assert uneven == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("key", ["auto", "ridge", "logistic", "lda", "refine"])
def test_one_example_holds_its_own_against_twelve(key):
    """Of one example most is its own; that must not cost its class the border."""
    counts = np.array([1, 1, 1, 12, 12, 12])
    labels, answers = np.repeat(np.arange(6), counts), np.repeat(np.arange(6), 40)
    said = []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        centres = 0.7 * rng.normal(size=(6, 48))
        support = centres[labels] + rng.normal(size=(len(labels), 48))
        targets = centres[answers] + rng.normal(size=(len(answers), 48))
        fitted = make_learner(key).fit(support.astype(np.float32), labels, Job())
        probs = fitted.predict(targets.astype(np.float32), Job()).probs
        said.append((counts[probs.argmax(axis=1)] == 1).mean())
    assert 0.4 < np.mean(said) < 0.6


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


def test_examples_without_anything_in_them_stay_finite(learner):
    """All embeddings zero, as those of a black image can be, or all the same."""
    labels = np.array([1, 1, 4, 4])
    for support in (np.zeros((4, WIDTH), np.float32), np.full((4, WIDTH), 0.3, np.float32)):
        scores = learner.fit(support, labels, Job()).predict(blobs((0, 1), 3)[0], Job())
        assert np.isfinite(scores.probs).all()
        np.testing.assert_allclose(scores.probs.sum(axis=1), 1.0, atol=1e-5)


def test_more_examples_than_components(learner):
    support, labels = blobs((0, 1, 2), 3 * WIDTH)
    targets, answers = blobs((0, 1, 2), 5, seed=4)
    scores = learner.fit(support, labels, Job()).predict(targets, Job())
    assert (scores.probs.argmax(axis=1) == answers).all()


def test_what_was_chosen_is_told_in_a_sentence_or_not_at_all(learner):
    told = learner.fit(*blobs((0, 1, 2), 5), Job()).explanation
    assert told == "" or (told[0].isupper() and told.endswith("."))


def test_an_empty_folder_is_none(plain):
    support, labels = blobs((0, 1, 2), 3)
    targets, _ = blobs((0, 1, 2), 3, seed=2)
    empty = np.zeros((0, WIDTH), np.float32)
    without, with_empty = (plain.fit(support, labels, Job(), f) for f in (None, empty))
    np.testing.assert_array_equal(
        without.predict(targets, Job()).probs, with_empty.predict(targets, Job()).probs
    )
    assert without.explanation == with_empty.explanation


@pytest.mark.parametrize("key", [key for key in KEYS if key not in LOOKING])
def test_only_those_that_say_so_look_at_the_folder(key):
    support, labels = blobs((0, 1, 2), 3)
    targets, _ = blobs((0, 1, 2), 3, seed=2)
    looking = make_learner(key).fit(support, labels, Job(), unit(targets))
    np.testing.assert_array_equal(
        looking.predict(targets, Job()).probs,
        make_learner(key).fit(support, labels, Job()).predict(targets, Job()).probs,
    )


@pytest.mark.parametrize("key", LOOKING)
@pytest.mark.parametrize("folder", [np.ones((2, WIDTH + 1)), np.full((2, WIDTH), np.nan)])
def test_a_folder_that_makes_no_sense_is_refused(key, folder):
    with pytest.raises(ValueError, match="targets"):
        make_learner(key).fit(*blobs((0, 1), 3), Job(), folder.astype(np.float32))


def test_the_same_example_in_two_classes_is_a_tie(plain):
    support = np.ones((2, WIDTH), np.float32)
    fitted = plain.fit(support, np.array([3, 8]), Job())
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
