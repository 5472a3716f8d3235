"""A hundred thousand class folders are listed, told of, split and drawn from all the same.

What took the square of their number took hours or all of the memory: none of this would end.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from fewshot_gui.images.class_folders import ClassFolder
from fewshot_gui.images.files import ImageFile
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.advice import advise, tasks_line
from fewshot_gui.metatrain.choices import SplitBy
from fewshot_gui.metatrain.classes import listed_classes
from fewshot_gui.metatrain.episodes import episode_sampler
from fewshot_gui.metatrain.folder_report import FolderReport, PictureKind, tasks_in_words
from fewshot_gui.metatrain.foreseeing import check_parts
from fewshot_gui.metatrain.parts import split_as_ordered
from fewshot_gui.metatrain.plan import EpisodePlan
from fewshot_gui.metatrain.store import ImageStore
from fewshot_gui.metatrain.training_episodes import EpisodeSource
from fewshot_gui.metatrain.training_plan import BatchPlan
from tests.metatrain.toys import classes_of

MANY = 100_000


@pytest.fixture(scope="module")
def report():
    """Each class folder, of two pictures, lies in a folder of its own."""
    folders = [
        ClassFolder(f"c{i}", tuple(_file(f"g{i}/c{i}/{k}") for k in "ab")) for i in range(MANY)
    ]
    return FolderReport("/p", listed_classes(folders), PictureKind.DRAWINGS, 48, 0)


def _file(relative: str) -> ImageFile:
    return ImageFile(f"/p/{relative}.png", f"{relative}.png", 1, 1, 1)


def test_they_are_told_of_and_split(report):
    assert len(set(report.data.groups)) == MANY
    assert "100000 classes with 200,000 pictures" in report.lines()[0]
    order = advise(report, "/o/l.safetensors").order
    for by in (SplitBy.CLASS, SplitBy.GROUP):
        split = split_as_ordered(report.data, replace(order, split=by))
        check_parts(order, split)
        parts = [split.training, split.validation, split.test]
        assert [len(part) for part in parts] == [65_000, 15_000, 20_000]
    assert "× 10^" in tasks_line(report, replace(order, ways=(5000, 5000)))


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (999_999, "999,999"),
        (1_000_000, "1.0 × 10^6"),
        (10**18 - 1, "9.9 × 10^17"),
        (10**18, "1.0 × 10^18"),
        (37 * 10**9998, "3.7 × 10^9999"),
    ],
    ids=["plain", "a million", "just below", "a power", "very large"],
)
def test_the_number_of_tasks_is_told_however_large_it_is(count, words):
    assert tasks_in_words(count) == words


def test_tasks_are_drawn_from_them(report):
    pixels = np.zeros((2 * MANY, 1, 1, 1), np.uint8)
    plan = BatchPlan(ways=(100, 100), targets=(1, 1), episodes=2, gathered=0.5)
    store = ImageStore(pixels, report.data)
    source = EpisodeSource(store, report.data, plan, 0, torch.device("cpu"))
    assert {source.draw().ways for _ in range(4)} == {100}
    plan = EpisodePlan(2, 1, 1, within_groups=True)
    data = replace(report.data, groups=tuple(i // 2 for i in range(MANY)))
    assert len(episode_sampler(data, plan, Job()).pools) == MANY // 2


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are those of Linux")
def test_one_large_class_among_many_small_ones_costs_only_its_own_room():
    import resource

    data = classes_of([2] * MANY + [50_000])
    store = ImageStore(np.zeros((int(data.sizes.sum()), 1, 1, 1), np.uint8), data)
    plan = BatchPlan(targets=(1, 1), episodes=1)
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as stream:
        used = int(stream.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 30), before[1]))
    try:
        source = EpisodeSource(store, data, plan, 0, torch.device("cpu"))
        batch = source.draw()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert batch.ways == 5
