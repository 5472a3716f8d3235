"""Confidences are honest on classes that took no part in fitting the sharpness."""

from __future__ import annotations

import numpy as np
import pytest

from fewshot_gui.jobs import Job
from fewshot_gui.learners.registry import all_learners, make_learner

pytestmark = [pytest.mark.accuracy, pytest.mark.slow]


def held_out(names):
    """The half of the classes that the sharpness was not fitted on."""
    return np.random.default_rng(0).permutation(len(names))[len(names) // 2 :]


def ways_of_use():
    """Every learner, and those that look at the folder once with and once without it."""
    for info in all_learners():
        yield info.key, False
        if info.transductive:
            yield info.key, True


@pytest.mark.parametrize(("key", "looks"), list(ways_of_use()))
def test_confidence_is_as_often_right_as_it_says(grocery_table, key, looks):
    table, rows = grocery_table
    names = sorted(rows)
    classes = held_out(names)
    confidences, hits = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        ways, shots = int(rng.choice([2, 5, 10, 20])), int(rng.choice([1, 2, 5, 10]))
        support, targets = [], []
        for i in rng.choice(classes, ways, replace=False):
            order = rng.permutation(rows[names[i]])
            support.append(order[:shots])
            targets.append(order[shots:])
        labels = np.repeat(np.arange(ways), [len(s) for s in support])
        units = table.units(np.concatenate(targets))
        examples = table.units(np.concatenate(support))
        fitted = make_learner(key).fit(examples, labels, Job(), units if looks else None)
        probs = fitted.predict(units, Job()).probs
        answers = np.repeat(np.arange(ways), [len(t) for t in targets])
        confidences.append(probs.max(axis=1))
        hits.append(probs.argmax(axis=1) == answers)
    error = expected_calibration_error(np.concatenate(confidences), np.concatenate(hits))
    print(f"{key}{' with the folder' if looks else ''}: expected calibration error {error:.4f}")
    assert error <= 0.05


def expected_calibration_error(confidence, hit, bins=15):
    """Guo et al. 2017 (arXiv:1706.04599): mean gap between confidence and accuracy."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[place == b].mean() - hit[place == b].mean()) * (place == b).mean()
        for b in range(bins)
        if (place == b).any()
    ]
    return sum(gaps)
