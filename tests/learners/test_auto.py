"""The learner that chooses: what it takes when, and what it says of it."""

from __future__ import annotations

import numpy as np

from fewshot_gui.jobs import Job
from fewshot_gui.learners.auto import Auto
from fewshot_gui.learners.matching import FittedMatching, left_out_attraction
from fewshot_gui.learners.refine import Refine

WIDTH = 40


def clouds(shots, ways=4, seed=0):
    """One cloud a class."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(ways, WIDTH))
    labels = np.repeat(np.arange(ways), shots)
    return (centres[labels] + 0.8 * rng.normal(size=(len(labels), WIDTH))).astype("f4"), labels


def collections(shots, seed=0):
    """Two classes of sixteen kinds each, so that no straight line parts them."""
    rng = np.random.default_rng(seed)
    kinds = np.random.default_rng(98).normal(size=(32, 6))
    places = np.repeat(np.arange(32), shots // 16)
    rows = np.zeros((len(places), WIDTH))
    rows[:, :6] = kinds[places]
    return (rows + 0.05 * rng.normal(size=rows.shape)).astype("f4"), places % 2


def test_clouds_are_compared_by_their_average_and_it_says_how_it_did():
    fitted = Auto().fit(*clouds(5), Job())
    assert not isinstance(fitted, FittedMatching)
    assert "of 20 examples, each hidden in turn" in fitted.explanation
    assert "folder" not in fitted.explanation


def test_of_one_example_a_class_it_says_that_nothing_can_be_chosen():
    assert "so few examples" in Auto().fit(*clouds(1), Job()).explanation


def test_loose_collections_are_compared_example_by_example():
    support, labels = collections(64)
    targets, answers = collections(16, seed=5)
    fitted = Auto().fit(support, labels, Job())
    assert isinstance(fitted, FittedMatching)
    assert "every single example" in fitted.explanation
    said = fitted.predict(targets, Job()).probs.argmax(axis=1)
    other = Refine().fit(support, labels, Job()).predict(targets, Job()).probs.argmax(axis=1)
    assert (said == answers).mean() > (other == answers).mean() + 0.1


def test_the_folder_is_looked_at_and_named():
    folder = clouds(9, seed=3)[0]
    folder /= np.linalg.norm(folder, axis=1, keepdims=True)
    fitted = Auto().fit(*clouds(1), Job(), folder)
    assert "36 images of the folder" in fitted.explanation
    alone = Auto().fit(*clouds(1), Job())
    targets, _ = clouds(10, seed=4)
    assert (fitted.predict(targets, Job()).probs != alone.predict(targets, Job()).probs).any()


def test_what_an_example_attracts_of_its_own_class_leaves_itself_out():
    rows = np.eye(3, 4)[[0, 0, 1, 2]].astype(np.float64)
    found = np.exp(left_out_attraction(rows, np.array([0, 1, 1, 0]), 1.0))
    near, far = 1.0, np.exp(-1.0)
    np.testing.assert_allclose(found[0], [far, (near + far) / 2])
    np.testing.assert_allclose(found[1], [(near + far) / 2, far])
