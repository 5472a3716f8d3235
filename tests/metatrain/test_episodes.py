"""Episodes: what is promised of every one, whatever the classes and the plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.episodes import STRANGER, Episode, episode_sampler
from fewshot_gui.metatrain.plan import EpisodePlan, Mode
from tests.metatrain.toys import classes_of


def draw(data, plan, number=0) -> Episode:
    return episode_sampler(data, plan, Job()).episode(number)


def same(one: Episode, other: Episode) -> bool:
    names = ("classes", "support", "labels", "targets", "answers")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def class_of(data) -> np.ndarray:
    """Class of each row."""
    return np.repeat(np.arange(len(data)), data.sizes)


@st.composite
def tasks(draw_value, modes=tuple(Mode)):
    """Classes, some too small, and a plan that they can meet."""
    plan = EpisodePlan(
        ways=draw_value(st.integers(2, 6)),
        shots=draw_value(st.integers(1, 5)),
        targets=draw_value(st.integers(1, 8)),
        mode=draw_value(st.sampled_from(modes)),
        reserve=draw_value(st.integers(0, 6)),
        seed=draw_value(st.integers(0, 2**40)),
    )
    large = st.integers(plan.needed, plan.needed + 12)
    sizes = draw_value(st.lists(large, min_size=plan.ways + 1, max_size=10))
    small = draw_value(st.lists(st.integers(0, plan.needed - 1), max_size=3))
    return classes_of(draw_value(st.permutations(sizes + small))), plan


@settings(deadline=None)
@given(tasks(), st.integers(0, 1000))
def test_every_episode_is_a_task_with_true_answers(task, number):
    data, plan = task
    episode = draw(data, plan, number)
    ways, owner = len(episode.classes), class_of(data)
    large = np.flatnonzero(data.sizes >= plan.needed)
    assert ways == (len(large) if plan.mode is Mode.FOLDER else plan.ways)
    assert (np.diff(episode.classes) > 0).all()
    assert np.isin(episode.classes, large).all()
    used = np.concatenate([episode.support, episode.targets])
    assert len(np.unique(used)) == len(used)
    assert (np.bincount(episode.labels, minlength=ways) == plan.shots).all()
    assert (owner[episode.support] == episode.classes[episode.labels]).all()
    known = episode.answers != STRANGER
    answers = episode.classes[episode.answers[known]]
    assert (owner[episode.targets[known]] == answers).all()
    assert not np.isin(owner[episode.targets[~known]], episode.classes).any()
    assert known.any()
    for array in vars(episode).values():
        assert array.dtype == np.int64


@settings(deadline=None)
@given(tasks(modes=[Mode.BALANCED]))
def test_a_balanced_episode_has_as_many_targets_of_each_class(task):
    data, plan = task
    episode = draw(data, plan)
    assert (np.bincount(episode.answers) == plan.targets).all()


@settings(deadline=None)
@given(tasks(modes=[Mode.FOLDER]))
def test_a_folder_episode_leaves_nothing_over(task):
    data, plan = task[0], replace(task[1], reserve=0)
    episode = draw(data, plan)
    wanted = np.concatenate([data.rows[c] for c in episode.classes])
    used = np.concatenate([episode.support, episode.targets])
    assert sorted(used) == sorted(wanted)


def test_the_mix_of_an_uneven_episode_is_a_dirichlet_draw():
    """Shares of 5 classes have the mean 1/5 and, with all parameters 2, the variance 4/275."""
    data = classes_of([2000] * 5)
    plan = EpisodePlan(ways=5, shots=1, targets=100, mode=Mode.UNEVEN)
    sampler = episode_sampler(data, plan, Job())
    counts = np.stack([np.bincount(sampler.episode(i).answers, minlength=5) for i in range(600)])
    assert (counts.sum(axis=1) >= 499).all()
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert np.allclose(shares.mean(axis=0), 0.2, atol=0.02)
    assert np.allclose(shares.var(axis=0), 4 / 275, rtol=0.15)


def test_a_class_with_few_pictures_makes_an_uneven_task_smaller_and_not_more_even():
    plan = EpisodePlan(ways=4, shots=1, targets=15, mode=Mode.UNEVEN)
    for number in range(50):
        ample = np.bincount(draw(classes_of([500] * 4), plan, number).answers, minlength=4)
        scarce = np.bincount(draw(classes_of([16] * 4), plan, number).answers, minlength=4)
        expected = ample * min(1.0, 15 / ample.max())
        assert (np.abs(scarce - expected) <= 1.5).all()


def test_one_target_in_five_is_a_stranger():
    data = classes_of([60] * 12)
    sampler = episode_sampler(data, EpisodePlan(mode=Mode.STRANGERS, targets=20), Job())
    for number in range(30):
        answers = sampler.episode(number).answers
        strangers = np.count_nonzero(answers == STRANGER)
        assert abs(strangers - 0.2 * len(answers)) <= 0.5


def test_strangers_may_be_of_classes_that_are_too_small_for_examples():
    data = classes_of([30, 30, 2])
    episode = draw(data, EpisodePlan(ways=2, mode=Mode.STRANGERS))
    assert set(episode.targets[episode.answers == STRANGER]) == {60, 61}


@settings(deadline=None)
@given(tasks(), st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_an_episode_does_not_depend_on_what_else_is_drawn(task, numbers):
    data, plan = task
    sampler = episode_sampler(data, plan, Job())
    drawn = {number: sampler.episode(number) for number in numbers}
    for number, episode in drawn.items():
        assert same(episode, draw(data, plan, number))


def test_episodes_and_seeds_differ():
    data, plan = classes_of([40] * 20), EpisodePlan()
    first = draw(data, plan, 0)
    assert not same(first, draw(data, plan, 1))
    assert not same(first, draw(data, replace(plan, seed=1), 0))


def test_all_classes_and_all_pictures_take_part():
    data = classes_of([12] * 8)
    sampler = episode_sampler(data, EpisodePlan(ways=3, shots=2, targets=4), Job())
    drawn = [sampler.episode(i) for i in range(200)]
    everything = set(range(int(data.sizes.sum())))
    assert {row for episode in drawn for row in episode.support} == everything
    assert {row for episode in drawn for row in episode.targets} == everything


def test_modes_share_classes_and_examples():
    data = classes_of([40] * 9)
    drawn = [draw(data, EpisodePlan(mode=mode), 3) for mode in Mode if mode is not Mode.FOLDER]
    for other in drawn[1:]:
        assert np.array_equal(other.classes, drawn[0].classes)
        assert np.array_equal(other.support, drawn[0].support)


@pytest.mark.parametrize("mode", Mode)
def test_with_a_reserve_more_shots_only_add_examples(mode):
    data = classes_of([30] * 9)
    few = EpisodePlan(shots=1, targets=7, mode=mode, reserve=10)
    for number in range(10):
        one = draw(data, few, number)
        five = draw(data, replace(few, shots=5), number)
        assert np.array_equal(one.classes, five.classes)
        assert np.array_equal(one.targets, five.targets)
        assert np.array_equal(one.answers, five.answers)
        assert set(one.support) < set(five.support)


def test_within_groups_all_classes_are_of_one_group():
    data = classes_of([20] * 12, groups=[0, 1, 2] * 4)
    plan = EpisodePlan(ways=3, mode=Mode.STRANGERS, within_groups=True)
    seen = set()
    for number in range(60):
        episode = draw(data, plan, number)
        groups = data.group_of[episode.classes]
        assert len(set(groups)) == 1
        seen.add(int(groups[0]))
        strangers = class_of(data)[episode.targets[episode.answers == STRANGER]]
        assert (data.group_of[strangers] == groups[0]).all()
    assert seen == {0, 1, 2}


def test_where_a_group_has_no_other_class_strangers_come_from_elsewhere():
    data = classes_of([20] * 4, groups=[0, 0, 1, 1])
    plan = EpisodePlan(ways=2, mode=Mode.STRANGERS, within_groups=True)
    for number in range(10):
        episode = draw(data, plan, number)
        strangers = class_of(data)[episode.targets[episode.answers == STRANGER]]
        assert len(strangers)
        assert not np.isin(strangers, episode.classes).any()


def test_classes_and_groups_that_are_too_small_are_left_out_with_a_notice():
    notices = []
    data = classes_of([20] * 4 + [19, 3, 0, 1] + [20], groups=[0] * 8 + [1])
    plan = EpisodePlan(ways=3, within_groups=True)
    sampler = episode_sampler(data, plan, Job(on_notice=notices.append))
    drawn = np.concatenate([sampler.episode(i).classes for i in range(30)])
    assert set(drawn) == {0, 1, 2, 3}
    assert notices == [
        "4 classes have fewer than 20 pictures and are left out: class 4, class 5, class 6, ….",
        "1 folder holds fewer than 3 such classes and is left out.",
    ]


def test_nothing_is_said_where_nothing_is_left_out():
    notices = []
    episode_sampler(classes_of([20] * 5), EpisodePlan(), Job(on_notice=notices.append))
    assert notices == []


@pytest.mark.parametrize(
    ("sizes", "plan", "words"),
    [
        ([20] * 4, EpisodePlan(), "There are only 4 classes; 5 are needed for a task."),
        ([20] * 4 + [9], EpisodePlan(), "Of 5 classes that are needed, 4 have at least 20 "
         "pictures. It would do with 4 targets of each class instead of 15."),
        ([20] + [12] * 9, EpisodePlan(), "Of 5 classes that are needed, 1 has at least 20 "
         "pictures. It would do with 7 targets of each class instead of 15."),
        ([20] * 4 + [5], EpisodePlan(), "It would do with 4 classes."),
        ([6] * 9, EpisodePlan(), "Of 5 classes that are needed, none have at least 20 pictures. "
         "It would do with 1 target of each class instead of 15."),
        ([5] * 9, EpisodePlan(), "Ask for fewer examples, or add pictures."),
        ([2, 1], EpisodePlan(shots=1, mode=Mode.FOLDER), "1 has at least 2 pictures"),
        ([2], EpisodePlan(shots=1, mode=Mode.FOLDER), "only 1 classes; 2 are needed"),
        ([20] * 5, EpisodePlan(mode=Mode.STRANGERS), "all 5 have examples"),
        ([20] * 5, EpisodePlan(ways=1), "at least two classes"),
        ([20] * 5, EpisodePlan(shots=0), "at least one example"),
        ([20] * 5, EpisodePlan(targets=0), "at least one target"),
        ([20] * 5, EpisodePlan(seed=-1), "seed must not be negative"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_met_is_explained(sizes, plan, words):
    with pytest.raises(UserError) as caught:
        episode_sampler(classes_of(sizes), plan, Job())
    assert words in str(caught.value)


def test_groups_that_are_all_too_small_are_explained():
    data = classes_of([20] * 6, groups=[0, 0, 1, 1, 2, 2])
    with pytest.raises(UserError, match="No folder holds 5 classes of at least 20 pictures"):
        episode_sampler(data, EpisodePlan(within_groups=True), Job())
