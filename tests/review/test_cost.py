"""The price of a level, and of accepting many predictions at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fewshot_gui.review.accept import expected_errors
from fewshot_gui.review.cost import suggested_level, unknown_curve
from tests.learners.test_calibration import held_out
from tests.learners.test_unknown import predict, task

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
        wrong = 1 - (1 - unknown[~away].astype(float)) * confidence[~away]
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
def test_what_is_missing_to_certainty_is_expected_to_be_wrong(given_):
    _unknown, confidence = given_
    wanted = sum(1 - float(c) for c in confidence)
    assert expected_errors(confidence) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.accuracy
@pytest.mark.slow
def test_as_many_are_wrong_as_expected(grocery_table):
    """Accepting what is at least 80 % sure, in tasks without strangers."""
    table, rows = grocery_table
    rng = np.random.default_rng(1)
    expected = wrong = accepted = 0
    for seed in range(40):
        ways, shots = int(rng.choice([2, 5, 10, 20])), int(rng.choice([1, 2, 5, 10]))
        support, targets, kind = task(rows, held_out(sorted(rows)), ways, shots, seed)
        own = kind >= 0
        found = predict(table, support, targets[own])
        for class_id in support.class_ids:
            mask = (found.best == class_id) & (found.confidence >= 0.8)
            expected += expected_errors(found.confidence[mask])
            wrong += int((kind[own][mask] + 1 != class_id).sum())
            accepted += int(mask.sum())
    print(f"accepted {accepted}, expected to be wrong {expected:.0f}, wrong {wrong}")
    # rather too many are expected than too few
    assert -0.005 <= (expected - wrong) / accepted <= 0.03
