"""The unknown score: its law on classes that took no part in fitting it, and its rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.jobs import Job
from fewshot_gui.learners.base import unit
from fewshot_gui.learners.support import SupportSet, fit
from fewshot_gui.learners.unknown import fit_unknown
from tests.learners.test_calibration import expected_calibration_error, held_out

STRANGE = 0.2  # share of strangers that the score is calibrated for


def task(rows, classes, ways, shots, seed, kinds=0, per_kind=0):
    """A support set, its ignored examples, and targets with their kind.

    The kind of a target is its class, -1 for a stranger of an ignored kind and -2 for
    one of another kind.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(classes)
    names = sorted(rows)
    support, ignored, targets, kind = [], [], [], []
    for place, index in enumerate(order):
        mixed = rng.permutation(rows[names[index]])
        shown = shots if place < ways else per_kind if place < ways + kinds else 0
        if place < ways:
            support.append(mixed[:shown])
        else:
            ignored.append(mixed[:shown])
        targets.append(mixed[shown:])
        told = place if place < ways else -1 if place < ways + kinds else -2
        kind.append(np.full(len(mixed) - shown, told))
    labels = np.repeat(np.arange(ways), [len(part) for part in support])
    examples = SupportSet(
        tuple(range(1, ways + 1)), np.concatenate(support), labels, (), np.concatenate(ignored)
    )
    return examples, np.concatenate(targets), np.concatenate(kind)


def auroc(score, strange):
    """How often a stranger has a higher score than an image of a bin."""
    ranks = np.empty(len(score))
    ranks[np.argsort(score, kind="stable")] = np.arange(len(score))
    positive = int(strange.sum())
    above = ranks[strange].sum() - positive * (positive - 1) / 2
    return above / (positive * (len(score) - positive))


def predict(table, examples, targets):
    return fit("prototypes", examples, table, Job()).predict(table, targets, Job())


@pytest.mark.accuracy
@pytest.mark.slow
@pytest.mark.parametrize(
    ("ways", "shots", "floor"),
    [(5, 1, 0.77), (5, 5, 0.895), (10, 5, 0.85), (20, 5, 0.81), (5, 10, 0.91)],
)
def test_strangers_of_the_same_sort_are_told_from_images_of_the_bins(
    grocery_table, ways, shots, floor
):
    table, rows = grocery_table
    found, nearest = [], []
    for seed in range(40):
        examples, targets, kind = task(rows, held_out(sorted(rows)), ways, shots, seed)
        found.append(auroc(predict(table, examples, targets).unknown, kind < 0))
        sums = [table.units(examples.rows[examples.labels == i]).sum(axis=0) for i in range(ways)]
        cosines = table.units(targets) @ unit(np.asarray(sums)).T
        nearest.append(auroc(-cosines.max(axis=1), kind < 0))
    print(f"{ways} classes, {shots} examples: AUROC {np.mean(found):.3f}, ", end="")
    print(f"of the cosine to the nearest prototype {np.mean(nearest):.3f}")
    assert np.mean(found) >= floor
    if shots > 1:
        assert np.mean(found) > np.mean(nearest) + 0.02


@pytest.mark.accuracy
@pytest.mark.slow
@pytest.mark.parametrize(("ways", "floor"), [(5, 0.9), (10, 0.86)])
def test_strangers_among_all_82_classes(grocery_table, ways, floor):
    table, rows = grocery_table
    found = []
    for seed in range(40):
        examples, targets, kind = task(rows, np.arange(len(rows)), ways, 5, seed)
        found.append(auroc(predict(table, examples, targets).unknown, kind < 0))
    print(f"{ways} of all 82 classes, 5 examples: AUROC {np.mean(found):.3f}")
    assert np.mean(found) >= floor


@pytest.mark.accuracy
@pytest.mark.slow
def test_the_score_is_as_often_right_as_it_says(grocery_table):
    table, rows = grocery_table
    rng = np.random.default_rng(5)
    scores, strange = [], []
    for seed in range(60):
        ways, shots = int(rng.choice([2, 5, 10, 20])), int(rng.choice([1, 2, 5, 10]))
        examples, targets, kind = task(rows, held_out(sorted(rows)), ways, shots, seed)
        unknown = predict(table, examples, targets).unknown
        # draws with one stranger in five, which is what the score is calibrated for
        own, other = np.flatnonzero(kind >= 0), np.flatnonzero(kind < 0)
        drawn = [rng.choice(own, 400), rng.choice(other, int(400 * STRANGE / (1 - STRANGE)))]
        scores.append(unknown[np.concatenate(drawn)])
        strange.append(np.repeat([False, True], [len(part) for part in drawn]))
    error = expected_calibration_error(np.concatenate(scores), np.concatenate(strange))
    print(f"unknown score: expected calibration error {error:.4f}")
    assert error <= 0.04


@pytest.mark.accuracy
@pytest.mark.slow
@pytest.mark.parametrize("ways", [5, 10])
def test_three_strangers_shown_send_their_kind_away_and_cost_the_bins_little(grocery_table, ways):
    table, rows = grocery_table
    before, after, cost, right = [], [], [], []
    for seed in range(40):
        classes = held_out(sorted(rows))
        examples, targets, kind = task(rows, classes, ways, 5, seed, kinds=1, per_kind=3)
        without = SupportSet(examples.class_ids, examples.rows, examples.labels)
        plain, taught = (predict(table, s, targets) for s in (without, examples))
        before.append((plain.unknown[kind == -1] > 0.5).mean())
        after.append((taught.unknown[kind == -1] > 0.5).mean())
        own = kind >= 0
        newly = (taught.unknown > 0.5) & (plain.unknown <= 0.5)
        cost.append(newly[own].mean())
        right.append((newly[own] & (plain.best[own] == kind[own] + 1)).mean())
    print(f"{ways} classes: sent away of the kind {np.mean(before):.3f} -> {np.mean(after):.3f}, ")
    print(f"of the bins {np.mean(cost):.4f} more, {np.mean(right):.4f} rightly sorted before")
    assert np.mean(after) >= 0.8
    assert np.mean(after) > np.mean(before) + 0.3
    assert np.mean(cost) <= 0.015


# -- rules, on made-up embeddings ----------------------------------------------------------

WIDTH = 48


def blobs(ids, shots, seed=0, spread=0.3):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(77).random((12, WIDTH)).astype(np.float32)
    labels = np.repeat(np.arange(len(ids)), shots)
    noise = spread * rng.random((len(labels), WIDTH)).astype(np.float32)
    return unit(centres[np.asarray(ids)[labels]] + noise), labels


NOBODY = np.zeros((0, WIDTH), np.float32)


@pytest.mark.parametrize("shots", [1, 2, 6])
@pytest.mark.parametrize("ways", [1, 2, 6])
def test_members_score_low_and_strangers_high(ways, shots):
    support, labels = blobs(range(ways), shots)
    score = fit_unknown(support, labels, NOBODY)
    members, strangers = blobs(range(ways), 4, seed=5)[0], blobs(range(8, 12), 4, seed=5)[0]
    assert score(members).max() < score(strangers).min()
    assert score(members).dtype == np.float32


def test_a_copy_of_an_ignored_example_is_unknown_however_well_a_class_fits():
    support, labels = blobs((0, 1, 2), 4)
    near, _ = blobs((0,), 1, seed=9)
    assert fit_unknown(support, labels, NOBODY)(near)[0] < 0.5
    assert fit_unknown(support, labels, near)(near)[0] > 0.95


def test_ignored_examples_never_lower_a_score():
    support, labels = blobs((0, 1, 2), 4)
    targets, _ = blobs(range(12), 5, seed=3)
    ignored, _ = blobs((8, 9), 2, seed=4)
    plain, taught = (fit_unknown(support, labels, rows)(targets) for rows in (NOBODY, ignored))
    assert (taught >= plain - 1e-6).all()
    assert (taught[40:50] > plain[40:50]).all()  # those of classes 8 and 9


def test_examples_left_out_score_like_other_members():
    support, labels = blobs((0, 1, 2, 3), 6)
    score = fit_unknown(support, labels, NOBODY)
    members = score(blobs((0, 1, 2, 3), 30, seed=8)[0])
    assert len(score.left_out) == len(support)
    assert np.median(score.left_out) == pytest.approx(np.median(members), abs=0.1)
    # what every example would say of itself is no measure of what is usual
    assert np.median(score.left_out) > np.median(score(support))


def test_nothing_can_be_left_out_of_classes_of_one():
    support, labels = blobs((0, 1, 2), 1)
    assert len(fit_unknown(support, labels, NOBODY).left_out) == 0


@given(
    seed=st.integers(0, 10_000),
    counts=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    ignored=st.integers(0, 3),
    odd=st.sampled_from(["none", "equal", "zero"]),
)
def test_scores_are_probabilities_whatever_the_examples(seed, counts, ignored, odd):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    support = unit(np.maximum(rng.normal(size=(len(labels), WIDTH)), 0).astype(np.float32))
    if odd == "equal":
        support[:] = support[0]
    if odd == "zero":
        support[0] = 0
    others = unit(rng.random((ignored, WIDTH)).astype(np.float32))
    score = fit_unknown(support, labels, others)
    for values in (score(support), score.left_out, score(np.zeros((2, WIDTH), np.float32))):
        assert ((values >= 0) & (values <= 1)).all()
