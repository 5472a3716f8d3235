"""Which classes are learned from, watched by and tested with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.choices import SplitBy
from fewshot_gui.metatrain.parts import LEAST_CLASSES, split_as_ordered
from fewshot_gui.metatrain.training_order import TrainingOrder
from tests.metatrain.toys import classes_of

ORDER = TrainingOrder("/pictures", "learner.safetensors")


def names(split):
    return [set(part.names) for part in (split.training, split.validation, split.test)]


@pytest.mark.parametrize("count", [LEAST_CLASSES, 30, 100])
def test_no_class_is_in_two_parts_and_each_part_can_make_a_task(count):
    data = classes_of([5] * count)
    training, validation, test = names(split_as_ordered(data, ORDER))
    assert training | validation | test == set(data.names)
    assert len(training) + len(validation) + len(test) == count
    assert min(len(training), len(validation), len(test)) >= 2


def test_other_seeds_give_other_parts_and_equal_ones_the_same():
    data = classes_of([5] * 40)
    first = names(split_as_ordered(data, ORDER))
    assert names(split_as_ordered(data, ORDER)) == first
    assert names(split_as_ordered(data, replace(ORDER, seed=1))) != first


def test_whole_groups_are_dealt_out():
    groups = [number % 10 for number in range(60)]
    data = classes_of([5] * 60, groups)
    split = split_as_ordered(data, replace(ORDER, split=SplitBy.GROUP))
    parts = (split.training, split.validation, split.test)
    found = [set(part.groups) for part in parts]
    assert set.union(*found) == set(range(10))
    assert sum(map(len, found)) == 10


def test_too_few_classes_or_groups_are_refused():
    with pytest.raises(UserError, match="too few to learn from"):
        split_as_ordered(classes_of([5] * (LEAST_CLASSES - 1)), ORDER)
    # Classes without a picture that can be read are none.
    with pytest.raises(UserError, match="too few to learn from"):
        split_as_ordered(classes_of([5] * (LEAST_CLASSES - 1) + [0]), ORDER)
    order = replace(ORDER, split=SplitBy.GROUP)
    with pytest.raises(UserError, match="in 2 folders: too few"):
        split_as_ordered(classes_of([5] * 20, [0, 1] * 10), order)


def listed(tmp_path, text: str) -> TrainingOrder:
    file = tmp_path / "classes.csv"
    file.write_text(text, encoding="utf-8-sig")
    return replace(ORDER, split=SplitBy.FILE, classes_file=str(file))


def test_a_file_says_which_is_which_and_the_rest_takes_no_part(tmp_path):
    lines = ["class,part"]
    parts = ["training", "validation", "test"]
    lines += [f"class {number},{parts[number % 3]}" for number in range(7)]
    split = split_as_ordered(classes_of([5] * 9), listed(tmp_path, "\n".join(lines)))
    assert names(split) == [
        {"class 0", "class 3", "class 6"},
        {"class 1", "class 4"},
        {"class 2", "class 5"},
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("class 0,learning\n", "Line 1"),
        ("class,part\nclass 0\n", "Line 2"),
        ("class 0,test\nclass 0,training\n", "Line 2"),
        ("class 77,test\n", "class 77"),
        ("class 0,training\nclass 1,training\nclass 2,test\nclass 3,test\n", "validation"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path, text, words):
    with pytest.raises(UserError, match=words):
        split_as_ordered(classes_of([5] * 9), listed(tmp_path, text))


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    order = replace(ORDER, split=SplitBy.FILE, classes_file=str(tmp_path / "none.csv"))
    with pytest.raises(UserError, match="cannot be read"):
        split_as_ordered(classes_of([5] * 9), order)
