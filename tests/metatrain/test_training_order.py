"""Orders, and the advice that they come from."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.advice import advise, with_algorithm, with_network
from fewshot_gui.metatrain.choices import Freedom, SplitBy, all_algorithms, all_networks
from fewshot_gui.metatrain.folder_report import FolderReport, PictureKind, tasks_in_words
from fewshot_gui.metatrain.plain import from_plain
from fewshot_gui.metatrain.training_order import TrainingOrder, checked
from tests.metatrain.toys import classes_of

ORDER = TrainingOrder("/pictures", "/out/learner.safetensors")


def report(sizes, kind=PictureKind.PHOTOS, groups=()) -> FolderReport:
    return FolderReport("/pictures", classes_of(sizes, groups), kind, 10, 0)


def test_an_order_survives_json():
    order = replace(ORDER, ways=(3, 7), split=SplitBy.GROUP, freedom=Freedom.LAST, minutes=2.0)
    assert from_plain(TrainingOrder, json.loads(json.dumps(asdict(order)))) == order


@pytest.mark.parametrize(
    "change",
    [
        {"ways": [5]},
        {"ways": ["5", "5"]},
        {"steps": "many"},
        {"steps": True},
        {"rate": float("nan")},
        {"freedom": "all"},
        {"split": None},
        {"unknown": 1},
    ],
)
def test_what_is_no_order_is_refused(change):
    with pytest.raises(ValueError):
        from_plain(TrainingOrder, {**asdict(ORDER), **change})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"algorithm": "magic"}, "magic"),
        ({"network": "magic"}, "magic"),
        ({"compare": "magic"}, "magic"),
        ({"compare_backbone": "magic"}, "magic"),
        ({"network": "conv4"}, "adapter"),
        ({"algorithm": "maml", "freedom": Freedom.WHOLE}, "too slow"),
        ({"algorithm": "reptile"}, "from scratch"),
        ({"algorithm": "matching-contexts"}, "from scratch"),
        ({"turned": True}, "Turned"),
        ({"classifying": 10}, "meta-baseline"),
        ({"ways": (1, 5)}, "classes"),
        ({"shots": (5, 1)}, "examples"),
        ({"rate": 0.0}, "rate"),
        ({"steps": 0}, "steps"),
        ({"minutes": float("nan")}, "minutes"),
        ({"seed": -1}, "seed"),
        ({"validation": 0.5, "test": 0.5}, "shares"),
        ({"split": SplitBy.FILE}, "file"),
        ({"output": "learner.pt"}, "safetensors"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(change, words):
    assert checked(ORDER) == ORDER
    with pytest.raises(UserError, match=words):
        checked(replace(ORDER, **change))


@pytest.mark.parametrize("network", [choice.key for choice in all_networks()])
@pytest.mark.parametrize("algorithm", [choice.key for choice in all_algorithms()])
@pytest.mark.parametrize("kind", PictureKind)
def test_every_choice_gives_an_order_that_can_be_met(network, algorithm, kind):
    order = advise(report([20] * 60, kind), "learner.safetensors").order
    checked(with_algorithm(with_network(order, network), algorithm))


def test_four_classes_are_too_few_and_the_number_of_tasks_is_told():
    advice = advise(report([20] * 4), "learner.safetensors")
    assert "4 classes" in advice.obstacle
    assert "6 different tasks of 2" in advice.obstacle


def test_small_gray_pictures_get_a_network_of_their_own():
    drawn = advise(report([20] * 100, PictureKind.DRAWINGS), "learner.safetensors").order
    assert (drawn.network, drawn.gray, drawn.turned) == ("conv4", True, True)
    photos = advise(report([20] * 100), "learner.safetensors").order
    assert (photos.network, photos.freedom, photos.turned) == ("lite0", Freedom.ADAPTER, False)


@pytest.mark.parametrize(
    ("classes", "accelerated", "freedom"),
    [
        (40, True, Freedom.ADAPTER),
        (400, True, Freedom.LAST),
        (4000, True, Freedom.WHOLE),
        (4000, False, Freedom.ADAPTER),
    ],
)
def test_more_of_a_backbone_learns_where_there_are_many_classes(classes, accelerated, freedom):
    found = advise(report([20] * classes), "learner.safetensors", accelerated)
    assert found.order.freedom == freedom
    checked(found.order)


def test_few_classes_and_small_ones_are_warned_of():
    found = advise(report([20] * 18 + [2] * 2), "learner.safetensors")
    assert any("20 classes are few" in text for text in found.warnings)
    assert any(text.startswith("2 classes have less than") for text in found.warnings)
    assert advise(report([20] * 60), "learner.safetensors").warnings == ()


def test_episodes_suit_small_classes():
    order = advise(report([4] * 40), "learner.safetensors").order
    assert order.shots[1] + order.targets[1] <= 4


def test_a_report_counts_classes_and_tasks():
    found = report([3, 5, 10, 20], groups=(0, 0, 1, 1))
    assert (found.pictures, found.least, found.median, found.most) == (38, 3, 7.5, 20)
    assert found.grouped
    assert found.tasks(2, 1) == 6
    assert found.tasks(2, 5, 5) == 1  # only two classes have ten pictures
    assert "4 classes with 38 pictures: 3 in the smallest, 20 in the largest" in found.lines()


def test_large_numbers_of_tasks_are_rounded():
    assert tasks_in_words(6) == "6"
    assert tasks_in_words(27_285_336) == "2.7 × 10^7"
