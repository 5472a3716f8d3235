"""Discriminant analysis: leaving out by formula, and what many or uneven examples do."""

from __future__ import annotations

import numpy as np
import pytest

from fewshot_gui.jobs import Job
from fewshot_gui.learners.discriminant import chosen, left_out, prepared, scorer
from fewshot_gui.learners.sharpness import SharpnessLaw
from fewshot_gui.learners.spread import BELIEVED, View, corrected

LAW = SharpnessLaw(base=2.0, ways=0.0, shots=0.0, both=0.0)
SHARE = 5e-3


def task(counts, width=30, noise=1.0, seed=0):
    """Clouds with these numbers of examples, stretched more in some directions."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    stretch = np.linspace(2.0, 0.2, width)
    centres = rng.normal(size=(len(counts), width))
    support = centres[labels] + noise * stretch * rng.normal(size=(len(labels), width))
    return prepared(support.astype(np.float32), labels, Job())


@pytest.mark.parametrize("counts", [(4, 4, 4), (2, 5, 9), (1, 3, 6)])
def test_leaving_out_by_formula_is_fitting_without_the_example(counts):
    clouds = task(counts).clouds
    (found,) = left_out(clouds, (SHARE,))
    view = View(clouds, clouds.even(SHARE))
    spread = clouds.directions.T @ clouds.directions + view.even * np.eye(30)
    for i, place in enumerate(clouds.paired.tolist()):
        own, shots = clouds.labels[place], clouds.counts[clouds.labels[place]]
        gone = clouds.rows[place] - clouds.means[own]
        part = shots / (shots - 1.0) / (clouds.freedom + BELIEVED)
        inverse = np.linalg.inv(spread - part * np.outer(gone, gone))
        means = clouds.means.copy()
        means[own] = (shots * means[own] - clouds.rows[place]) / (shots - 1.0)
        left = clouds.counts.astype(float)
        left[own] -= 1.0
        squares = np.einsum("kd,de,ke->k", means, inverse, means)
        scores = means @ inverse @ clouds.rows[place]
        scores -= corrected(squares, view.noise, left) / 2.0
        np.testing.assert_allclose(found[i], scores / squares.mean(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("counts", [(3, 3), (40, 40)])
def test_the_spread_is_undone_among_examples_and_among_components_alike(counts):
    clouds = task(counts).clouds
    view = View(clouds, clouds.even(SHARE))
    spread = clouds.directions.T @ clouds.directions + view.even * np.eye(30)
    np.testing.assert_allclose(view.seen(clouds.means) @ spread, clouds.means, atol=1e-6)


def test_a_mean_of_few_examples_is_not_taken_for_a_far_one():
    """Its own noise makes it longer; the correction takes that back, on average."""
    found = []
    for seed in range(20):
        clouds = task((2,) * 6 + (20,) * 6, seed=seed).clouds
        view = View(clouds, clouds.even(SHARE))
        squares = np.einsum("kd,kd->k", view.seen(clouds.means), clouds.means)
        found.append((squares, corrected(squares, view.noise, clouds.counts)))
    raw, true = np.mean(found, axis=0).reshape(2, 2, 6).mean(axis=2)
    assert raw[0] > 1.1 * raw[1]
    assert abs(true[0] - true[1]) < 0.3 * abs(raw[0] - raw[1])


def test_nothing_is_chosen_from_two_examples_a_class():
    choice = chosen(task((2, 2, 2, 2)).clouds, (SHARE, 1.0), LAW, Job())
    assert (choice.evenness, choice.factor, choice.verdict) == (SHARE, 1.0, None)


def test_much_even_spread_is_chosen_where_the_little_that_is_known_misleads():
    """Even clouds in many directions: a spread learnt from few examples is all chance."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 5)
    support = 1.5 * rng.normal(size=(4, 60))[labels] + rng.normal(size=(20, 60))
    clouds = prepared(support.astype(np.float32), labels, Job()).clouds
    choice = chosen(clouds, (1e-5, 0.1), LAW, Job())
    assert choice.evenness == 0.1
    assert choice.verdict is not None
    assert choice.verdict.tested == 20


def test_of_very_many_examples_a_fair_share_is_tried():
    clouds = task((300, 300, 5)).clouds
    choice = chosen(clouds, (SHARE,), LAW, Job())
    assert choice.verdict is not None
    assert 300 < choice.verdict.tested <= 400


def test_every_class_mean_scores_highest_for_its_own_class():
    clouds = task((6, 6, 6), noise=0.3).clouds
    weights, offsets = scorer(View(clouds, clouds.even(SHARE)), clouds.means, clouds.counts)
    scores = clouds.means @ weights.T + offsets
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
