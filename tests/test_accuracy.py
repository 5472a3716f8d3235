"""How well real photos are sorted: means over fixed random draws.

``pytest tests/test_accuracy.py -rP`` prints the numbers.
"""

from __future__ import annotations

import numpy as np
import pytest

from fewshot_gui.jobs import Job
from fewshot_gui.learners.registry import DEFAULT_LEARNER, all_learners
from fewshot_gui.learners.support import SupportSet, fit

pytestmark = [pytest.mark.accuracy, pytest.mark.slow]


def draw(rows, ways, shots, seed):
    """A task as a user sets it: ``ways`` classes, ``shots`` examples each, all else to sort."""
    rng = np.random.default_rng(seed)
    names = sorted(rows)
    chosen = rng.choice(len(names), size=ways, replace=False) if ways < len(names) else None
    classes = [names[i] for i in (chosen if chosen is not None else range(len(names)))]
    support, targets = [], []
    for name in classes:
        order = rng.permutation(rows[name])
        support.append(order[:shots])
        targets.append(order[shots:])
    return support, targets


def accuracy(table, rows, ways, shots, seed, learner, most=None, looks=False):
    """Share of the targets put rightly; at most so many of each class, drawn at random."""
    support, targets = draw(rows, ways, shots, seed)
    targets = [part[:most] for part in targets]
    labels = np.repeat(np.arange(ways), [len(s) for s in support])
    examples = SupportSet(tuple(range(ways)), np.concatenate(support), labels)
    answers = np.repeat(np.arange(ways), [len(t) for t in targets])
    asked = np.concatenate(targets)
    classifier = fit(learner, examples, table, Job(), asked if looks else None)
    return (classifier.predict(table, asked, Job()).best == answers).mean()


def mean_accuracy(grocery_table, ways, shots, draws, learner=DEFAULT_LEARNER, **how):
    table, rows = grocery_table
    found = [accuracy(table, rows, ways, shots, seed, learner, **how) for seed in range(draws)]
    error = np.std(found) / np.sqrt(draws)
    print(f"{learner} {how or ''}, {ways} classes, {shots} examples, {draws} draws: ", end="")
    print(f"{100 * np.mean(found):.2f} % ± {196 * error:.2f}")
    return np.mean(found)


@pytest.mark.parametrize(
    ("ways", "shots", "draws", "floor"),
    [(5, 1, 600, 0.84), (5, 5, 600, 0.96), (20, 5, 100, 0.89), (10, 5, 60, 0.925)],
)
def test_fifteen_of_each_class_are_sorted_by_their_examples_alone(
    grocery_table, ways, shots, draws, floor
):
    assert mean_accuracy(grocery_table, ways, shots, draws, most=15) >= floor


@pytest.mark.parametrize(
    ("ways", "shots", "draws", "floor"),
    [(5, 1, 600, 0.92), (5, 5, 300, 0.965), (20, 1, 60, 0.74), (20, 5, 100, 0.91)],
)
def test_fifteen_of_each_class_are_sorted_better_with_the_folder(
    grocery_table, ways, shots, draws, floor
):
    assert mean_accuracy(grocery_table, ways, shots, draws, most=15, looks=True) >= floor


@pytest.mark.parametrize("shots", [1, 5])
def test_no_other_learner_is_better_than_the_default(grocery_table, shots):
    """Ten classes and their whole folder; half a point is within chance."""
    default = mean_accuracy(grocery_table, 10, shots, 60, looks=True)
    for info in all_learners()[1:]:
        other = mean_accuracy(grocery_table, 10, shots, 60, info.key, looks=True)
        assert default >= other - 0.005, info.key


def test_all_82_classes_at_once(grocery_table):
    _table, rows = grocery_table
    assert len(rows) == 82
    assert mean_accuracy(grocery_table, ways=82, shots=5, draws=3) >= 0.78


def test_every_photo_of_the_data_is_read(grocery_table):
    table, rows = grocery_table
    counts = table.counts()
    assert (counts.ready, counts.failed) == (sum(map(len, rows.values())), 0)
