"""Refining on the folder: what it gains, and what it must not do to uneven folders."""

from __future__ import annotations

import numpy as np
import pytest

from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.base import unit
from fewshot_gui.learners.discriminant import Discriminant, prepared
from fewshot_gui.learners.refine import Refine, moved
from fewshot_gui.learners.spread import View
from tests.learners.test_calibration import held_out

WIDTH, WAYS = 64, 5


def drawn(rng, centres, labels, noise=1.0):
    """Images of these classes, of length 1."""
    return unit((centres[labels] + noise * rng.normal(size=(len(labels), WIDTH))).astype("f4"))


def right(shots, mix, seeds=12, strangers=0):
    """Share of all classes put rightly without and with a folder of this mix, ``(2,)``."""
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        centres = 0.6 * rng.normal(size=(WAYS + 10, WIDTH))
        labels, answers = np.repeat(np.arange(WAYS), shots), np.repeat(np.arange(WAYS), 40)
        support, targets = drawn(rng, centres, labels), drawn(rng, centres, answers)
        there = np.repeat(np.arange(WAYS), mix)
        others = rng.integers(WAYS, WAYS + 10, strangers)
        folder = drawn(rng, centres, np.concatenate([there, others]))
        said = [
            learner.fit(support, labels, Job(), folder).predict(targets, Job()).probs
            for learner in (Discriminant(), Refine())
        ]
        found.append([(probs.argmax(axis=1) == answers).mean() for probs in said])
    return np.mean(found, axis=0)


def test_one_example_and_the_folder_say_far_more_than_one_example():
    plain, refined = right(shots=1, mix=(30, 30, 30, 30, 30))
    assert refined > plain + 0.08


def test_an_uneven_folder_with_strangers_still_helps_at_one_example():
    plain, refined = right(shots=1, mix=(50, 5, 20, 10, 40), strangers=30)
    assert refined > plain + 0.03


@pytest.mark.parametrize(
    ("mix", "strangers"),
    [((60, 60, 0, 0, 0), 20), ((120, 5, 5, 5, 5), 20), ((3, 1, 1, 0, 0), 1), ((2, 2, 2, 2, 2), 2)],
)
def test_classes_that_are_rare_or_missing_in_the_folder_lose_nothing(mix, strangers):
    plain, refined = right(shots=5, mix=mix, strangers=strangers)
    assert refined > plain - 0.005


def test_without_a_folder_it_is_discriminant_analysis():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(WAYS), 3)
    support = drawn(rng, rng.normal(size=(WAYS, WIDTH)), labels)
    targets = drawn(rng, rng.normal(size=(WAYS, WIDTH)), labels)
    plain, refined = (
        learner.fit(support, labels, Job()).predict(targets, Job()).probs
        for learner in (Discriminant(), Refine())
    )
    np.testing.assert_array_equal(plain, refined)


def counts_after(shots, folder):
    """What stands behind each class once a folder has been taken in."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(WAYS), shots)
    centres = np.random.default_rng(2).normal(size=(WAYS, WIDTH))
    task = prepared(drawn(rng, centres, labels), labels, Job())
    view = View(task.clouds, task.clouds.even(1e-3))
    law = Refine().sharpness
    return moved(task, view, law, 1.0, drawn(rng, centres, folder), Job())[1]


@pytest.mark.parametrize("shots", [1, 4, 12])
def test_images_of_the_folder_hardly_outweigh_the_examples(shots):
    counts = counts_after(shots, np.repeat(np.arange(WAYS), 300))
    assert (counts <= 2 * shots + 1).all()
    assert (counts > shots + 0.5).all()


def test_a_class_that_is_not_in_the_folder_takes_next_to_nothing_in():
    counts = counts_after(5, np.repeat([0, 1], 100))
    assert (counts[:2] > 8.0).all()
    assert (counts[2:] < 5.5).all()


def test_a_cancelled_job_stops_it_while_it_looks_at_the_folder():
    class Soon(Job):
        asked = 0

        def checkpoint(self):
            self.asked += 1
            if self.asked > 4:
                raise Cancelled

    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(WAYS), 1)
    support = drawn(rng, rng.normal(size=(WAYS, WIDTH)), labels)
    with pytest.raises(Cancelled):
        Refine().fit(support, labels, Soon(), support)


@pytest.mark.accuracy
@pytest.mark.slow
@pytest.mark.parametrize(
    ("ways", "shots", "gain"), [(5, 1, 0.03), (5, 2, 0.0), (5, 5, -0.005), (10, 5, -0.005)]
)
def test_an_uneven_folder_of_photos_with_one_stranger_in_five(grocery_table, ways, shots, gain):
    """A mix drawn from a Dirichlet distribution (α = 2), as Veilleux et al. 2021 do it."""
    table, rows = grocery_table
    names = sorted(rows)
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        order = rng.permutation(held_out(names))
        mixed = [rng.permutation(rows[names[i]]) for i in order]
        support = np.concatenate([part[:shots] for part in mixed[:ways]])
        labels = np.repeat(np.arange(ways), shots)
        sizes = np.round(rng.dirichlet([2.0] * ways) * 12 * ways).astype(int)
        parts = [part[shots : shots + n] for part, n in zip(mixed, sizes, strict=False)]
        answers = np.repeat(np.arange(ways), [len(part) for part in parts])
        known = table.units(np.concatenate(parts))
        strange = table.units(rng.choice(np.concatenate(mixed[ways:]), len(known) // 4))
        folder = np.concatenate([known, strange])
        examples = table.units(support)
        said = [
            learner.fit(examples, labels, Job(), folder).predict(known, Job()).probs
            for learner in (Discriminant(), Refine())
        ]
        found.append([(probs.argmax(axis=1) == answers).mean() for probs in said])
    plain, refined = np.mean(found, axis=0)
    print(f"{ways} classes, {shots} examples: {100 * plain:.2f} -> {100 * refined:.2f} %")
    assert refined >= plain + gain
