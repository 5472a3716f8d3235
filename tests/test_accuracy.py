"""How well real photos are sorted: means over fixed random draws.

``pytest tests/test_accuracy.py -rP`` prints the numbers.
"""

from __future__ import annotations

import numpy as np
import pytest

from fewshot_gui.jobs import Job
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


def accuracy(table, rows, ways, shots, seed, learner):
    support, targets = draw(rows, ways, shots, seed)
    labels = np.repeat(np.arange(ways), [len(s) for s in support])
    examples = SupportSet(tuple(range(ways)), np.concatenate(support), labels)
    answers = np.repeat(np.arange(ways), [len(t) for t in targets])
    classifier = fit(learner, examples, table, Job())
    found = classifier.predict(table, np.concatenate(targets), Job()).best
    return (found == answers).mean()


def mean_accuracy(grocery_table, ways, shots, draws, learner="prototypes"):
    table, rows = grocery_table
    found = [accuracy(table, rows, ways, shots, seed, learner) for seed in range(draws)]
    error = np.std(found) / np.sqrt(draws)
    print(f"{learner}, {ways} classes, {shots} examples, {draws} draws: ", end="")
    print(f"{100 * np.mean(found):.2f} % ± {196 * error:.2f}")
    return np.mean(found)


def test_ten_classes_with_five_examples_each(grocery_table):
    assert mean_accuracy(grocery_table, ways=10, shots=5, draws=20) >= 0.91


def test_the_default_learner_is_the_better_one(grocery_table):
    default = mean_accuracy(grocery_table, ways=10, shots=5, draws=60)
    other = mean_accuracy(grocery_table, ways=10, shots=5, draws=60, learner="matching")
    assert default >= other


def test_all_82_classes_at_once(grocery_table):
    _table, rows = grocery_table
    assert len(rows) == 82
    assert mean_accuracy(grocery_table, ways=82, shots=5, draws=3) >= 0.70


def test_every_photo_of_the_data_is_read(grocery_table):
    table, rows = grocery_table
    counts = table.counts()
    assert (counts.ready, counts.failed) == (sum(map(len, rows.values())), 0)
