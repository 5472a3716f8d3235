"""What would go wrong in the end is said before pictures are read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.choices import Freedom
from fewshot_gui.metatrain.final_test import plans_for_test
from fewshot_gui.metatrain.foreseeing import check_parts, check_team
from fewshot_gui.metatrain.learning import watched
from fewshot_gui.metatrain.split import ClassSplit
from fewshot_gui.metatrain.team import Team
from fewshot_gui.metatrain.training_order import TrainingOrder
from fewshot_gui.metatrain.training_run import train
from tests.metatrain.drawings import draw_classes
from tests.metatrain.toys import classes_of

ORDER = TrainingOrder("/pictures", "learner.safetensors", ways=(3, 5), shots=(1, 2), targets=(2, 2))
ENOUGH = classes_of([10] * 12)


def test_the_last_test_has_as_many_classes_as_a_folder_holds():
    plans = plans_for_test(classes_of([20] * 12, [0, 0, 0, 1, 1, 1] * 2), True, 0)
    assert {plan.ways for plan in plans} == {5}
    plans = plans_for_test(classes_of([20] * 9, [0, 1, 2] * 3), True, 0)
    assert {plan.ways for plan in plans} == {3}


@pytest.mark.parametrize("sizes", [[2, 2], [1, 1, 1, 1, 1, 2, 2], [2] * 30, [1] * 20 + [9] * 4])
def test_any_two_classes_with_two_pictures_can_be_tested_with(sizes):
    for plan in plans_for_test(classes_of(sizes), False, 0):
        able = sum(size >= plan.needed for size in sizes)
        assert 2 <= plan.ways <= able


def test_small_classes_do_not_count_where_it_is_watched():
    split = ClassSplit(ENOUGH, classes_of([10, 1, 10, 1]), ENOUGH)
    assert watched(ORDER, split).ways == (2, 2)
    check_parts(ORDER, split)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (([10, 10, 3], [10] * 4, [10] * 4), "to learn from"),
        (([10] * 9, [10, 3, 3], [10] * 4), "to watch by"),
        (([10] * 9, [10] * 4, [10, 1, 1]), "none|has at least 2 pictures"),
    ],
)
def test_every_part_must_have_what_is_done_with_it(sizes, words):
    with pytest.raises(UserError, match=words):
        check_parts(ORDER, ClassSplit(*map(classes_of, sizes)))


def test_there_is_an_episode_for_every_process():
    check_team(replace(ORDER, episodes=2), Team(size=2))
    with pytest.raises(UserError, match="1 episodes a step are too few for 2 processes"):
        check_team(replace(ORDER, episodes=1), Team(size=2))


def test_nothing_is_read_of_pictures_that_are_too_few(tmp_path):
    folder = draw_classes(tmp_path / "drawings", 8, 3)
    order = replace(ORDER, folder=str(folder), output=str(tmp_path / "l.safetensors"), device="cpu")
    order = replace(order, network="conv4", freedom=Freedom.WHOLE, shots=(2, 2))
    done = []
    job = Job(on_progress=lambda progress: done.append(progress.text))
    with pytest.raises(UserError, match="Too few classes"):
        train(order, job, lambda _event: None)
    assert "Reading pictures" not in done
