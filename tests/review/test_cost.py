"""The price of a level, and of accepting many predictions at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fewshot_gui.jobs import Job
from fewshot_gui.learners.support import fit
from fewshot_gui.review.accept import expected_errors
from fewshot_gui.review.cost import suggested_level, unknown_curve
from fewshot_gui.review.strangers import stranger_chances, stranger_share
from tests.learners.test_calibration import held_out
from tests.learners.test_unknown import task

SHARES = st.floats(0, 1, width=32)


@st.composite
def predictions(draw):
    count = draw(st.integers(0, 40))
    return tuple(draw(arrays(np.float32, count, elements=SHARES)) for _ in range(2))


@given(predictions())
def test_a_curve_says_what_each_level_does(given_):
    unknown, confidence = given_
    curve = unknown_curve(unknown, confidence)
    assert len(curve.levels) == len(curve.sent) == len(curve.error)
    assert (curve.levels[0], curve.levels[-1], curve.sent[-1]) == (0.0, 1.0, 0)
    for level, sent, error in zip(curve.levels, curve.sent, curve.error, strict=True):
        away = unknown > float(level)
        assert sent == away.sum()
        strange = stranger_chances(unknown, stranger_share(unknown))[~away]
        wrong = np.maximum(1 - confidence[~away].astype(float), strange)
        assert error == pytest.approx(wrong.mean() if len(wrong) else 0.0, abs=1e-6)


def test_the_suggested_level_keeps_nearly_all_examples():
    scores = np.linspace(0.2, 0.8, 200).astype(np.float32)
    level = suggested_level(scores)
    assert level > 0.5
    assert (scores > level).mean() <= 0.05
    assert unknown_curve(scores, scores, scores).suggested == level


@pytest.mark.parametrize("scores", [None, np.full(5, 0.9, np.float32), np.zeros(50, np.float32)])
def test_the_law_alone_suggests_what_is_likelier_than_not(scores):
    assert suggested_level(scores) == 0.5


def test_even_hopeless_examples_leave_something_to_send():
    assert suggested_level(np.ones(100, np.float32)) < 1.0


@given(predictions())
def test_the_greater_doubt_of_each_is_expected_to_come_true(given_):
    unknown, confidence = given_
    wanted = sum(max(1 - float(c), float(u)) for u, c in zip(unknown, confidence, strict=True))
    assert expected_errors(confidence, unknown.astype(np.float64)) == pytest.approx(
        wanted, abs=1e-5
    )


@given(st.lists(SHARES, max_size=40), SHARES)
def test_chances_keep_the_order_and_are_probabilities(scores, share):
    unknown = np.sort(np.asarray(scores, np.float32))
    chances = stranger_chances(unknown, min(max(share, 0.01), 0.99))
    assert ((chances >= 0) & (chances <= 1)).all()
    assert (np.diff(chances) >= 0).all()


def test_the_usual_share_leaves_the_scores_as_they_are():
    scores = np.linspace(0.01, 0.99, 50, dtype=np.float32)
    np.testing.assert_allclose(stranger_chances(scores, 0.2), scores, atol=1e-6)


def test_no_images_have_the_usual_share():
    assert stranger_share(np.empty(0, np.float32)) == pytest.approx(0.2)


@pytest.mark.accuracy
@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
@pytest.mark.parametrize("shots", [2, 5])
def test_about_as_many_are_wrong_as_promised(grocery_table, shots, share):
    """Agreeing to what is at least 90 % sure, in folders with this share of strangers."""
    table, rows = grocery_table
    promised = wrong = accepted = blind = 0.0
    for seed in range(16):
        ways = (5, 10)[seed % 2]
        examples, targets, kind = task(rows, held_out(sorted(rows)), ways, shots, seed)
        drawn = folder(kind, share, np.random.default_rng(seed))
        targets, kind = targets[drawn], kind[drawn]
        found = fit("auto", examples, table, Job(), targets).predict(table, targets, Job())
        chances = stranger_chances(found.unknown, stranger_share(found.unknown))
        sure = found.confidence >= 0.9
        promised += expected_errors(found.confidence[sure], chances[sure])
        blind += float((1 - found.confidence[sure]).sum())
        wrong += float((found.best[sure] != kind[sure] + 1).sum())
        accepted += float(sure.sum())
    print(f"{shots} examples, {share:.0%} strangers: accepted {accepted:.0f}, ", end="")
    print(f"promised {promised:.0f} wrong, wrong {wrong:.0f}, by confidence alone {blind:.0f}")
    assert promised - wrong <= 0.1 * accepted
    assert promised >= 0.7 * wrong
    if share >= 0.2:
        assert abs(promised - wrong) < 0.5 * abs(blind - wrong)


def folder(kind, share, rng):
    """Places of some 150 targets, of which this share are strangers."""
    own, strange = np.flatnonzero(kind >= 0), np.flatnonzero(kind < 0)
    own = rng.choice(own, min(len(own), round(150 * (1 - share))), replace=False)
    count = min(len(strange), round(len(own) * share / (1 - share)))
    return np.concatenate([own, rng.choice(strange, count, replace=False)])
