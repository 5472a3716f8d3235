"""What to label next: rules, and that it teaches more than chance does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.support import SupportSet, fit
from fewshot_gui.review.suggest import Reason, suggest
from tests.review.tables import blobs, support_of, table_of

NOTHING = support_of([], [])


def predicted(table, support, rows):
    return fit("prototypes", support, table, Job()).predict(table, rows, Job())


def test_the_first_suggestions_come_from_different_groups_the_largest_first():
    vectors, labels = blobs([30, 20, 10, 5], spread=0.1)
    table, rows = table_of(vectors)
    found = suggest(table, rows, NOTHING, None, 4, 0, Job())
    assert labels[found.rows].tolist() == [0, 1, 2, 3]
    assert found.reasons == (Reason.TYPICAL,) * 4


def test_groups_with_an_example_are_left_alone():
    vectors, labels = blobs([30, 20, 10, 5], spread=0.1)
    table, rows = table_of(vectors)
    support = support_of([0, 30], [0, 1], ignored=[50])
    others = np.setdiff1d(rows, [0, 30, 50])
    found = suggest(table, others, support, predicted(table, support, others), 1, 0, Job())
    assert labels[found.rows].tolist() == [3]
    assert found.reasons == (Reason.NEW,)


def test_with_a_few_examples_a_class_half_are_doubtful():
    vectors, _labels = blobs([20, 20], spread=0.2)
    between = (vectors[:3] + vectors[20:23]) / 2
    table, rows = table_of([*vectors, *between])
    examples = [0, 1, 2, 20, 21, 22]
    support = support_of(examples, [0, 0, 0, 1, 1, 1])
    others = np.setdiff1d(rows, examples)
    predictions = predicted(table, support, others)
    found = suggest(table, others, support, predictions, 6, 0, Job())
    unsure = [
        row for row, why in zip(found.rows, found.reasons, strict=True) if why is Reason.UNSURE
    ]
    assert len(unsure) >= 3
    margin = predictions.confidence - predictions.runner_up_confidence
    of = dict(zip(others.tolist(), margin.tolist(), strict=True))
    assert max(of[row] for row in unsure) < np.median(margin)
    assert {40, 41, 42} & set(found.rows.tolist())


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 100),
    sizes=st.lists(st.integers(1, 8), min_size=1, max_size=5),
    labelled=st.integers(0, 12),
    count=st.integers(0, 50),
)
def test_suggestions_are_candidates_each_once_as_many_as_there_are(seed, sizes, labelled, count):
    vectors, labels = blobs(sizes, seed)
    table, rows = table_of(vectors)
    known = np.sort(np.random.default_rng(seed).permutation(rows)[:labelled])
    classes, indices = np.unique(labels[known], return_inverse=True)
    support = SupportSet(tuple(range(1, len(classes) + 1)), known, indices)
    others = np.setdiff1d(rows, known)
    enough = len(classes) > 1 and len(others)
    predictions = predicted(table, support, others) if enough else None
    found = suggest(table, others, support, predictions, count, seed, Job())
    again = suggest(table, others, support, predictions, count, seed, Job())
    assert found.rows.tolist() == again.rows.tolist()
    assert len(found.rows) == len(found.reasons) == min(count, len(others))
    assert len(set(found.rows.tolist())) == len(found.rows)
    assert set(found.rows.tolist()) <= set(others.tolist())


def test_a_cancelled_job_stops():
    table, rows = table_of(blobs([20])[0])
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        suggest(table, rows, NOTHING, None, 3, 0, job)


# -- on real photos: a user who labels what is suggested, and one who picks blindly --------


def world(rows, seed, ways=10, each=20):
    """Images to label, and others to be tested on, each with its class."""
    rng = np.random.default_rng(seed)
    names = [name for name in sorted(rows) if len(rows[name]) > each]
    chosen = rng.choice(len(names), ways, replace=False)
    mixed = [rng.permutation(rows[names[i]]) for i in chosen]
    answers = {int(row): place for place, part in enumerate(mixed) for row in part}
    pool = np.concatenate([part[:each] for part in mixed])
    return rng.permutation(pool), np.concatenate([part[each:] for part in mixed]), answers


def taught(table, pool, tests, answers, choose, rounds, batch):
    """Accuracy on the test images, and classes seen, after each round."""
    known, accuracy, seen = [], [], []
    for number in range(rounds):
        support = shown(known, answers)
        others = np.asarray([row for row in pool.tolist() if row not in set(known)])
        predictions = predicted(table, support, others) if len(support.class_ids) > 1 else None
        known += choose(others, support, predictions, batch, number).tolist()
        support = shown(known, answers)
        seen.append(len(support.class_ids))
        best = predicted(table, support, tests).best
        accuracy.append(np.mean(best == [answers[row] + 1 for row in tests.tolist()]))
    return accuracy, seen


def shown(known, answers):
    known = sorted(known)
    classes, labels = np.unique([answers[row] for row in known], return_inverse=True)
    ids = tuple(int(c) + 1 for c in classes)
    return SupportSet(ids, np.asarray(known, np.int64), labels.astype(np.int64))


@pytest.mark.accuracy
@pytest.mark.slow
def test_suggestions_teach_more_than_random_choice_and_find_all_classes_sooner(grocery_table):
    table, rows = grocery_table
    rounds, batch, draws = 6, 10, 12
    curves = {"suggested": [], "random": []}
    for seed in range(draws):
        pool, tests, answers = world(rows, seed)
        rng = np.random.default_rng(seed)

        def suggested(others, support, predictions, count, number):
            return suggest(table, others, support, predictions, count, number, Job()).rows

        def blindly(others, support, predictions, count, number, rng=rng):
            return rng.choice(others, count, replace=False)

        for name, choose in (("suggested", suggested), ("random", blindly)):
            curves[name].append(taught(table, pool, tests, answers, choose, rounds, batch))
    mean = {name: np.mean(found, axis=0) for name, found in curves.items()}
    for name, (accuracy, seen) in mean.items():
        print(f"{name}: labels {[batch * (i + 1) for i in range(rounds)]}")
        print(f"  accuracy {np.round(accuracy, 3)}, classes seen {np.round(seen, 1)}")
    better = mean["suggested"][0] - mean["random"][0]
    assert (better >= 0).all()
    assert (better[:3] >= 0.04).all()
    assert mean["suggested"][1][1] >= 9.7
    assert mean["suggested"][1][1] > mean["random"][1][1] + 0.5
    # what random choice reaches with sixty labels takes two thirds of them
    assert mean["suggested"][0][3] >= mean["random"][0][5] - 0.01
