"""The bundled pictures: what every user sees first."""

import csv
import importlib.util
import itertools
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "resources" / "sample"
TARGETS = SAMPLE / "targets"
EXAMPLES = SAMPLE / "examples"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def make_sample():
    """The generator script as a module."""
    spec = importlib.util.spec_from_file_location(
        "make_sample", ROOT / "packaging" / "make_sample.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def answers():
    with (SAMPLE / "answers.csv").open(encoding="utf-8", newline="") as stream:
        return {row["path"]: row["label"] for row in csv.DictReader(stream)}


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.float64)


def test_every_class_has_many_targets_and_three_examples(answers):
    counts = Counter(answers.values())
    assert len(counts) >= 5
    assert min(counts.values()) >= 30
    assert {folder.name for folder in EXAMPLES.iterdir()} == set(counts)
    assert {len(list(folder.iterdir())) for folder in EXAMPLES.iterdir()} == {3}


def test_answers_name_exactly_the_targets(answers):
    assert set(answers) == {path.name for path in TARGETS.iterdir()}


def test_file_names_do_not_tell_the_class(answers):
    labels = [answers[name] for name in sorted(answers)]
    neighbours_agree = np.mean([a == b for a, b in itertools.pairwise(labels)])
    assert neighbours_agree < 2 / len(set(labels))
    assert not any(label.lower().split()[0] in name for name, label in answers.items())


def test_sample_is_small():
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 3 * MEGABYTE


def test_pictures_are_sound_and_of_a_sensible_size():
    for path in SAMPLE.rglob("*.jpg"):
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == "JPEG"
            assert sorted(picture.size) == [240, 320]


def test_no_picture_is_there_twice():
    contents = [path.read_bytes() for path in SAMPLE.rglob("*.jpg")]
    assert len(set(contents)) == len(contents)


@pytest.mark.parametrize("position", [0, 101])
def test_generator_draws_the_same_targets_again(make_sample, position):
    name, number = make_sample.shuffled_targets()[position]
    stored = pixels(TARGETS / make_sample.target_name(position))
    drawn = np.asarray(make_sample.draw_picture(name, number), dtype=np.float64)
    # JPEG loses a little, and resampling differs slightly between versions of Pillow.
    assert np.abs(stored - drawn).mean() < 8


def test_generator_draws_the_same_examples_again(make_sample):
    stored = pixels(EXAMPLES / "Sea star" / "example_1.jpg")
    drawn = np.asarray(make_sample.draw_picture("Sea star", 0, example=True), dtype=np.float64)
    assert np.abs(stored - drawn).mean() < 8


def test_generator_agrees_with_the_answers(make_sample, answers):
    drawn = {
        make_sample.target_name(position): name
        for position, (name, _) in enumerate(make_sample.shuffled_targets())
    }
    assert drawn == answers


def test_colour_alone_does_not_sort_the_sample(answers):
    def colour(path):
        return pixels(path).mean((0, 1))

    classes = sorted(folder.name for folder in EXAMPLES.iterdir())
    centres = np.array(
        [np.mean([colour(path) for path in (EXAMPLES / c).iterdir()], axis=0) for c in classes]
    )
    right = 0
    for name, label in answers.items():
        distances = np.linalg.norm(centres - colour(TARGETS / name), axis=1)
        right += classes[int(distances.argmin())] == label
    assert right / len(answers) < 0.4
