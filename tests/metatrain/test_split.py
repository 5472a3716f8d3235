"""Splitting by class: everything is dealt out, and nothing twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.metatrain.split import split_classes
from tests.metatrain.toys import classes_of

grouped = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=8, max_size=40
)  # size and group of each class


@given(grouped, st.floats(0, 0.4), st.floats(0, 0.4), st.integers(0, 100))
def test_no_class_and_no_picture_is_in_two_parts_and_none_is_lost(made, validation, test, seed):
    sizes, groups = zip(*made, strict=True)
    data = classes_of(sizes, groups)
    split = split_classes(data, validation, test, seed=seed)
    parts = (split.training, split.validation, split.test)
    assert sorted(name for part in parts for name in part.names) == sorted(data.names)
    rows = np.concatenate([r for part in parts for r in part.rows])
    assert sorted(rows.tolist()) == list(range(sum(sizes)))
    where = dict(zip(data.names, zip(data.rows, data.group_of, strict=True), strict=True))
    for part in parts:
        for name, own, group in zip(part.names, part.rows, part.group_of, strict=True):
            assert np.array_equal(own, where[name][0])
            assert group == where[name][1]


@given(st.integers(3, 8), st.integers(0, 100))
def test_whole_groups_stay_together(groups, seed):
    data = classes_of([2] * groups * 3, [c % groups for c in range(groups * 3)])
    split = split_classes(data, 0.2, 0.2, by_group=True, seed=seed)
    parts = (split.training, split.validation, split.test)
    held = [set(part.groups) for part in parts]
    assert sum(map(len, held)) == len(set.union(*held)) == groups
    assert all(len(part) == 3 * len(own) for part, own in zip(parts, held, strict=True))


def test_the_same_seed_splits_the_same_way_and_another_does_not():
    data = classes_of([2] * 30)
    assert split_classes(data, seed=1) == split_classes(data, seed=1)
    assert split_classes(data, seed=1).test.names != split_classes(data, seed=2).test.names


@pytest.mark.parametrize(("validation", "test"), [(0.5, 0.5), (-0.1, 0.2), (0.2, -0.1)])
def test_shares_that_leave_nothing_to_learn_from_are_refused(validation, test):
    with pytest.raises(ValueError, match="nothing to learn"):
        split_classes(classes_of([2] * 10), validation, test)
