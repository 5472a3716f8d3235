"""What is chosen where the user left it open."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fewshot_gui.metatrain.fitting import MOST, fitting_shots, fitting_targets
from fewshot_gui.metatrain.plan import EpisodePlan, Mode

SHOTS = (1, 2, 5, 10, 20)


@pytest.mark.parametrize(
    ("sizes", "targets"),
    [
        ([100] * 8, 15),
        ([12] * 8, 7),
        ([12] * 19 + [6], 7),  # one small class in twenty does not make all tasks small
        ([12] * 4 + [6] * 4, 1),
        ([12] * 3, 1),  # too few classes for any number
        ([5] * 8, 1),
    ],
)
def test_as_many_targets_as_most_classes_have(sizes, targets):
    assert fitting_targets(np.array(sizes), EpisodePlan(ways=5, shots=5)) == targets


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), min_size=2, max_size=30), st.integers(1, 9))
def test_most_classes_with_a_target_take_part(sizes, shots):
    sizes = np.array(sizes)
    plan = EpisodePlan(ways=2, shots=shots)
    targets = fitting_targets(sizes, plan)
    able = np.count_nonzero(sizes > shots)
    assert 1 <= targets <= plan.targets
    if able >= 2:
        assert np.count_nonzero(sizes >= shots + targets) >= max(2, MOST * able)


@pytest.mark.parametrize(
    ("sizes", "mode", "shots"),
    [
        ([30] * 10, Mode.BALANCED, SHOTS),
        ([24] * 10, Mode.BALANCED, SHOTS),
        ([23] * 10, Mode.BALANCED, SHOTS[:4]),
        ([23] * 10, Mode.FOLDER, SHOTS),
        ([30] * 5 + [7] * 5, Mode.UNEVEN, SHOTS[:2]),
        ([30] * 4, Mode.BALANCED, ()),
        ([1] * 10, Mode.FOLDER, ()),
    ],
)
def test_the_curve_goes_as_far_as_most_classes(sizes, mode, shots):
    plan = EpisodePlan(ways=5, mode=mode)
    assert fitting_shots(np.array(sizes), SHOTS, plan, least_targets=4) == shots
