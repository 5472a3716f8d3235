"""Training episodes hold what their plan says, and follow from their state alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.store import ImageStore
from fewshot_gui.metatrain.training_episodes import EpisodeSource, as_input
from fewshot_gui.metatrain.training_plan import BatchPlan
from tests.metatrain.toys import classes_of

CPU = torch.device("cpu")


def store_of(sizes, groups=(), side=4) -> ImageStore:
    """Pictures whose first pixel is their row, and which look different when turned."""
    data = classes_of(sizes, groups)
    pixels = np.zeros((sum(sizes), 1, side, side), np.uint8)
    pixels[:, 0, 0, 0] = np.arange(len(pixels))
    pixels[:, 0, 0, 1] = 255
    return ImageStore(pixels, data)


def source_of(store, plan, seed=0) -> EpisodeSource:
    return EpisodeSource(store, store.classes, plan, seed, CPU)


def rows_in(images: torch.Tensor) -> np.ndarray:
    """Rows of the pictures in a batch that was not turned."""
    return torch.round((1 - images[..., 0, 0, 0]) * 255).long().numpy()


def owner_of(data) -> dict[int, int]:
    return {row: c for c, rows in enumerate(data.rows) for row in rows.tolist()}


@given(
    st.lists(st.integers(0, 12), min_size=6, max_size=16),
    st.tuples(st.integers(2, 3), st.integers(0, 3)),
    st.tuples(st.integers(1, 2), st.integers(0, 1)),
    st.tuples(st.integers(1, 2), st.integers(0, 2)),
    st.integers(1, 3),
    st.booleans(),
    st.integers(0, 1000),
)
def test_episodes_hold_what_the_plan_says(sizes, ways, shots, targets, episodes, within, seed):
    store = store_of(sizes, [c % 2 for c in range(len(sizes))])
    ranges = [(low, low + more) for low, more in (ways, shots, targets)]
    plan = BatchPlan(*ranges, episodes=episodes, within_groups=within)
    needed = ranges[1][1] + ranges[2][1]
    able = [c for c, size in enumerate(sizes) if size >= needed]
    most = max(sum(c % 2 == g for c in able) for g in (0, 1)) if within else len(able)
    if most < ranges[0][0]:
        with pytest.raises(UserError, match="Too few"):
            source_of(store, plan, seed)
        return
    batch = source_of(store, plan, seed).draw()
    owner = owner_of(store.classes)
    assert len(batch) == episodes
    assert ranges[0][0] <= batch.ways <= ranges[0][1]
    for episode in range(episodes):
        support, target = rows_in(batch.support[episode]), rows_in(batch.targets[episode])
        classes = batch.classes[episode].numpy()
        assert len(set(classes.tolist())) == batch.ways
        assert [owner[r] for r in support] == classes[batch.labels.numpy()].tolist()
        assert [owner[r] for r in target] == classes[batch.answers.numpy()].tolist()
        assert len({*support, *target}) == len(support) + len(target)
        per_class = np.bincount(batch.labels.numpy())
        assert ranges[1][0] <= per_class.min() == per_class.max() <= ranges[1][1]
        per_class = np.bincount(batch.answers.numpy())
        assert ranges[2][0] <= per_class.min() == per_class.max() <= ranges[2][1]
        if within:
            assert len({c % 2 for c in classes.tolist()}) == 1


@given(st.integers(0, 1000), st.integers(0, 4))
def test_a_source_goes_on_from_its_state_exactly(seed, before):
    store = store_of([6] * 6)
    plan = BatchPlan((2, 4), (1, 2), (1, 3), episodes=2, turned=True, bend=1.0, mirror=True)
    unbroken = source_of(store, plan, seed)
    for _batch in range(before):
        unbroken.draw()
    resumed = source_of(store, plan, seed + 1)
    resumed.restore(json.loads(json.dumps(unbroken.state)))
    for _batch in range(3):
        one, other = unbroken.draw(), resumed.draw()
        assert torch.equal(one.support, other.support)
        assert torch.equal(one.targets, other.targets)
        assert torch.equal(one.classes, other.classes)


@pytest.mark.parametrize("state", [{}, {"bit_generator": "MT19937"}])
def test_the_state_of_something_else_is_refused(state):
    source = source_of(store_of([6] * 6), BatchPlan(targets=(1, 1)))
    with pytest.raises(ValueError):
        source.restore(state)


def test_turned_pictures_are_further_classes():
    store = store_of([4] * 3)
    source = source_of(store, BatchPlan((8, 8), (1, 1), (2, 2), episodes=5, turned=True))
    assert source.class_count == 12
    batch = source.draw()
    owner = owner_of(store.classes)
    for episode in range(len(batch)):
        for image, label in zip(batch.targets[episode], batch.answers, strict=True):
            turns, number = divmod(int(batch.classes[episode, label]), 3)
            upright = torch.rot90(image, -turns, (1, 2))
            assert upright[0, 0, 1] == 0  # the one pixel that is paper
            assert owner[int(rows_in(upright))] == number


def test_within_a_group_all_are_turned_alike():
    store = store_of([4] * 8, [0, 1] * 4)
    plan = BatchPlan((3, 3), (1, 1), (1, 1), episodes=20, within_groups=True, turned=True)
    turns = source_of(store, plan).draw().classes // 8
    assert (turns == turns[:, :1]).all()
    assert set(turns[:, 0].tolist()) == {0, 1, 2, 3}


@given(st.integers(2, 32), st.booleans(), st.integers(0, 1000))
def test_gathered_classes_are_of_as_few_groups_as_are_needed(ways, turned, seed):
    sizes = [4, 4, 1, 4] * 8  # one class in four has too few pictures
    store = store_of(sizes, [0, 1, 2, 3] * 8)
    ways = min(ways, 24)
    plan = BatchPlan((ways, ways), (1, 1), (1, 2), 3, gathered=1.0, turned=turned)
    batch = source_of(store, plan, seed).draw()
    for classes in batch.classes.tolist():
        assert len(set(classes)) == ways
        assert all(c % 4 != 2 for c in classes)
        groups = [(c // 32, c % 4) for c in classes]  # turn and group
        assert len(set(groups)) == -(-ways // 8)
        assert [groups.count(group) for group in dict.fromkeys(groups)][:-1] == [8] * (
            len(set(groups)) - 1
        )


def test_a_share_of_the_batches_is_gathered():
    store = store_of([4] * 40, [c % 10 for c in range(40)])
    source = source_of(store, BatchPlan((4, 4), (1, 1), (1, 1), 1, gathered=0.5))
    groups = [len(set((source.draw().classes % 10).flatten().tolist())) for _batch in range(60)]
    assert 20 < groups.count(1) < 40


def test_only_the_classes_that_were_given_are_drawn():
    store = store_of([4] * 10)
    some = classes_of([4] * 5)  # the first five of the ten
    source = EpisodeSource(store, some, BatchPlan((3, 3), targets=(3, 3), episodes=50), 0, CPU)
    assert set(np.unique(rows_in(source.draw().targets)).tolist()) == set(range(20))


def test_bending_changes_pictures_slightly_and_not_at_all_without_strength():
    rng = np.random.default_rng(0)
    pixels = np.zeros((20, 1, 28, 28), np.uint8) + 255
    pixels[:, :, 8:20, 8:20] = rng.integers(0, 30, (20, 1, 1, 1))
    store = ImageStore(pixels, classes_of([4] * 5))
    plans = [BatchPlan(targets=(2, 2), bend=bend) for bend in (0.0, 0.2, 1.0)]
    plain, slight, strong = (source_of(store, plan).draw().targets for plan in plans)
    held = as_input(torch.from_numpy(pixels))
    assert torch.isin(plain, held).all()
    distance = [float((bent - plain).square().mean()) for bent in (slight, strong)]
    assert 0 < distance[0] < distance[1] < float(plain.square().mean())


def test_colours_are_scaled_around_zero():
    pixels = torch.tensor([0, 255, 51], dtype=torch.uint8).view(1, 3, 1, 1)
    torch.testing.assert_close(as_input(pixels).flatten(), torch.tensor([-1.0, 1.0, -0.6]))


@pytest.mark.parametrize(
    "wrong",
    [{"ways": (1, 3)}, {"ways": (5, 3)}, {"shots": (0, 1)}, {"episodes": 0}, {"bend": 1.5}]
    + [{"gathered": 1.5}, {"gathered": 0.5, "within_groups": True}],
)
def test_plans_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        BatchPlan(**wrong)
