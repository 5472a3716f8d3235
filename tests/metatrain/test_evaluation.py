"""Evaluation on made-up embeddings whose results are known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.registry import all_learners
from fewshot_gui.learners.support import SupportSet, fit
from fewshot_gui.metatrain.classes import ClassRows
from fewshot_gui.metatrain.episodes import STRANGER, episode_sampler
from fewshot_gui.metatrain.evaluation import evaluate
from fewshot_gui.metatrain.plan import EpisodePlan, Mode, learning_curve
from tests.metatrain.toys import classes_of, directions, table_of

LEARNERS = [info.key for info in all_learners()]


@pytest.fixture
def data():
    return classes_of([14] * 8)


@pytest.fixture
def noisy(data):
    return table_of(directions(data, noise=0.25))


PLAN = EpisodePlan(ways=4, shots=2, targets=6)


@pytest.mark.parametrize("learner", LEARNERS)
def test_classes_that_lie_far_apart_are_all_told_apart(data, learner):
    table = table_of(directions(data, noise=0.01))
    (result,) = evaluate(data, {"toy": table}, [learner], [PLAN], 5, Job())
    assert (result.learner, result.backbone, result.episodes) == (learner, "toy", 5)
    assert (result.ways, result.targets) == (4, 24)
    assert (result.accuracy.mean, result.accuracy.interval95) == (1.0, 0.0)
    assert result.confusion.tested.sum() == result.confusion.right.sum() == 5 * 24
    assert result.unknown_auroc is None
    assert result.seconds_per_task > 0


@pytest.mark.parametrize("learner", LEARNERS)
def test_classes_that_do_not_differ_are_guessed(learner):
    data = classes_of([20] * 6)
    table = table_of(np.random.default_rng(3).normal(size=(120, 32)).astype(np.float32))
    (result,) = evaluate(data, {"toy": table}, [learner], [PLAN], 60, Job())
    assert abs(result.accuracy.mean - 0.25) <= 3 * result.accuracy.interval95


def test_a_picture_in_the_wrong_folder_is_found_in_the_confusion():
    """One picture of class 1 looks like class 0: wrong whenever it is a target."""
    data = classes_of([12, 12, 12])
    vectors = directions(data)
    vectors[15] = vectors[0]
    plan = EpisodePlan(shots=4, mode=Mode.FOLDER)
    (result,) = evaluate(data, {"toy": table_of(vectors)}, ["prototypes"], [plan], 12, Job())
    sampler = episode_sampler(data, plan, Job())
    times = sum(15 in sampler.episode(i).targets for i in range(12))
    assert 0 < times < 12
    assert result.confusion.matrix().tolist() == [[96, 0, 0], [times, 96 - times, 0], [0, 0, 96]]
    assert result.confusion.tested.tolist() == [96, 96, 96]
    assert result.confusion.right.tolist() == [96, 96 - times, 96]
    assert result.accuracy.mean == pytest.approx(1 - times / 288)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("learner", LEARNERS)
def test_a_task_is_solved_as_the_program_solves_it(data, noisy, learner, mode):
    plan = replace(PLAN, mode=mode)
    (result,) = evaluate(data, {"toy": noisy}, [learner], [plan], 6, Job())
    sampler = episode_sampler(data, plan, Job())
    accuracy, confidence = [], []
    for number in range(6):
        task = sampler.episode(number)
        support = SupportSet(tuple(task.classes.tolist()), task.support, task.labels)
        classifier = fit(learner, support, noisy, Job(), task.targets)
        found = classifier.predict(noisy, task.targets, Job())
        known = task.answers != STRANGER
        accuracy.append((found.best == task.classes[task.answers])[known].mean())
        confidence.extend(found.confidence[known])
    assert result.accuracy.mean == pytest.approx(np.mean(accuracy))
    told = np.nansum(result.calibration.confidence * result.calibration.counts)
    assert told == pytest.approx(np.sum(confidence), rel=1e-4)


def test_differences_are_paired(data, noisy):
    """A learner beside itself differs in nothing, however much the tasks differ."""
    results = evaluate(data, {"a": noisy, "b": noisy}, ["prototypes"], [PLAN], 10, Job())
    assert results[0].difference is None
    assert results[0].accuracy.interval95 > 0
    assert results[1].difference.mean == results[1].difference.interval95 == 0.0


def test_every_learner_is_tried_on_every_backbone_and_compared_with_the_first(data, noisy):
    clear = table_of(directions(data, noise=0.01))
    learners = ["matching", "prototypes"]
    results = evaluate(data, {"noisy": noisy, "clear": clear}, learners, [PLAN], 10, Job())
    assert [(r.backbone, r.learner) for r in results] == [
        ("noisy", "matching"),
        ("noisy", "prototypes"),
        ("clear", "matching"),
        ("clear", "prototypes"),
    ]
    for result in results[1:]:
        gap = result.accuracy.mean - results[0].accuracy.mean
        assert result.difference.mean == pytest.approx(gap)
    low = results[2].difference.mean - results[2].difference.interval95
    assert low > 0  # noise costs accuracy


def test_strangers_that_lie_elsewhere_are_told_from_targets():
    data = classes_of([14] * 6)
    table = table_of(directions(data, noise=0.02))
    plan = replace(PLAN, mode=Mode.STRANGERS)
    (result,) = evaluate(data, {"toy": table}, ["prototypes"], [plan], 5, Job())
    assert result.unknown_auroc.mean == pytest.approx(1.0)
    assert result.accuracy.mean == 1.0  # strangers are neither right nor wrong
    assert result.confusion.tested.sum() < 5 * result.targets


def test_calibration_is_of_all_targets(data, noisy):
    (result,) = evaluate(data, {"toy": noisy}, ["prototypes"], [PLAN], 8, Job())
    assert result.calibration.counts.sum() == result.confusion.tested.sum() == 8 * 24
    hits = np.nansum(result.calibration.accuracy * result.calibration.counts)
    assert hits == pytest.approx(result.confusion.right.sum())


def test_more_examples_make_it_better(data):
    table = table_of(directions(data, noise=0.35))
    plans = learning_curve(replace(PLAN, targets=4), (1, 4, 10))
    learners = ["prototypes", "matching"]
    results = evaluate(data, {"toy": table}, learners, plans, 60, Job())
    assert [(r.plan.shots, r.learner) for r in results] == [
        (shots, learner) for shots in (1, 4, 10) for learner in learners
    ]
    accuracy = [r.accuracy.mean for r in results[::2]]
    assert accuracy == sorted(accuracy)
    assert accuracy[-1] > accuracy[0] + 0.1
    assert [r.difference is None for r in results] == [True, False] * 3
    tested = {r.confusion.tested.tobytes() for r in results}
    assert len(tested) == 1  # the same targets for every number of examples


def test_the_last_progress_is_the_end_and_counts_targets(data, noisy):
    seen = []
    evaluate(data, {"toy": noisy}, LEARNERS[:2], [PLAN], 4, Job(seen.append))
    assert (seen[-1].done, seen[-1].total) == (192, 192)


def test_cancelling_stops_it(data, noisy):
    job = Job(lambda progress: job.cancel())
    with pytest.raises(Cancelled):
        evaluate(data, {"toy": noisy}, LEARNERS, [PLAN], 200, job)


def test_what_is_left_out_is_told_once():
    data = classes_of([14] * 6 + [3])
    notices = []
    plans = learning_curve(replace(PLAN, targets=4), (1, 2, 5))
    table = table_of(directions(data))
    evaluate(data, {"a": table, "b": table}, LEARNERS, plans, 1, Job(on_notice=notices.append))
    assert notices == ["1 class has fewer than 9 pictures and is left out: class 6."]


def test_no_task_is_an_error(data, noisy):
    with pytest.raises(UserError, match="At least one task"):
        evaluate(data, {"toy": noisy}, LEARNERS, [PLAN], 0, Job())


@pytest.mark.slow
@pytest.mark.accuracy
@pytest.mark.parametrize("learner", LEARNERS)
def test_photos_of_groceries(grocery_table, learner):
    """Five examples of five classes, in an uneven folder with strangers."""
    table, rows = grocery_table
    data = ClassRows(tuple(rows), tuple(rows.values()))
    plan = EpisodePlan(mode=Mode.STRANGERS)
    (result,) = evaluate(data, {"lite0": table}, [learner], [plan], 100, Job())
    print(f"{learner}: {result.accuracy}, unknown AUROC {result.unknown_auroc}")
    assert result.accuracy.mean >= 0.93
    assert result.unknown_auroc.mean >= 0.88
