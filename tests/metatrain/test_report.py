"""The results as people and programs read them."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.metatrain.evaluation import evaluate
from fewshot_gui.metatrain.measures import confusion
from fewshot_gui.metatrain.plan import EpisodePlan, Mode
from fewshot_gui.metatrain.report import (
    CONFUSED,
    as_json,
    confused_lines,
    most_confused,
    table_lines,
    write_csv,
)
from tests.metatrain.toys import classes_of, directions, table_of

PLAN = EpisodePlan(ways=3, shots=2, targets=5, mode=Mode.STRANGERS)


@pytest.fixture
def data():
    return classes_of([14] * 6)


@pytest.fixture
def results(data):
    """Two learners, good but not perfect."""
    table = table_of(directions(data, noise=0.3))
    return evaluate(data, {"toy": table}, ["prototypes", "matching"], [PLAN], 30, Job())


def test_the_json_says_everything_in_shares_from_0_to_1(data, results):
    first, second = json.loads(json.dumps(as_json(results, data), allow_nan=False))
    assert first["learner"] == "prototypes"
    assert second["learner"] == "matching"
    assert first["backbone"] == "toy"
    assert (first["ways"], first["shots"], first["targets"]) == (3, 2, 5)
    assert (first["episodes"], first["mode"], first["within_folders"]) == (30, "strangers", False)
    assert first["accuracy"] == pytest.approx(results[0].accuracy.mean, abs=1e-6)
    assert first["interval95"] == pytest.approx(results[0].accuracy.interval95, abs=1e-6)
    assert first["difference"] is None
    assert first["difference_interval95"] is None
    gap = second["accuracy"] - first["accuracy"]
    assert second["difference"] == pytest.approx(gap, abs=2e-6)
    for key in ("accuracy", "interval95", "ece", "unknown_auroc", "unknown_auroc_interval95"):
        assert 0 < first[key] < 1, key
    assert 0 < first["seconds_per_task"] < 10
    assert 10 < first["targets_per_task"] < 20


def test_the_json_has_the_calibration_the_classes_and_what_is_confused(data, results):
    first, _second = as_json(results, data)
    counts = [part["count"] for part in first["calibration"]]
    assert sum(counts) == results[0].confusion.tested.sum()
    for part in first["calibration"]:
        assert (part["count"] == 0) == (part["accuracy"] is None) == (part["confidence"] is None)
    assert [one["class"] for one in first["classes"]] == list(data.names)
    assert [one["tested"] for one in first["classes"]] == results[0].confusion.tested.tolist()
    right = sum(one["tested"] * one["accuracy"] for one in first["classes"])
    assert right == pytest.approx(results[0].confusion.right.sum(), abs=0.01)
    assert first["confused"] == most_confused(results[0], data)


def test_what_is_not_known_is_null(data):
    table = table_of(directions(data))
    plan = EpisodePlan(shots=3, mode=Mode.FOLDER)
    (found,) = as_json(evaluate(data, {"toy": table}, ["prototypes"], [plan], 1, Job()), data)
    assert found["ways"] == 6
    assert found["targets"] is None
    assert found["targets_per_task"] == 66
    assert found["interval95"] is None
    assert found["unknown_auroc"] is None


def test_the_largest_shares_of_confusion_come_first(data, results):
    true = np.repeat([0, 1, 3], [100, 1, 100])
    taken_for = np.repeat([0, 1, 2, 1, 3], [90, 10, 1, 5, 95])
    result = replace(results[0], confusion=confusion(true, taken_for, 6))
    assert most_confused(result, data) == [
        {"class": "class 1", "taken_for": "class 2", "count": 1, "share": 1.0},
        {"class": "class 0", "taken_for": "class 1", "count": 10, "share": 0.1},
        {"class": "class 3", "taken_for": "class 1", "count": 5, "share": 0.05},
    ]
    assert confused_lines(result, data, 2) == [
        "100 % of “class 1” are taken for “class 2”",
        "10 % of “class 0” are taken for “class 1”",
    ]


def test_of_many_confusions_the_worst_are_told(data, results):
    pairs = np.repeat(np.arange(6), 6), np.tile(np.arange(6), 6)
    result = replace(results[0], confusion=confusion(*pairs, 6))
    assert len(most_confused(result, data)) == CONFUSED


def test_a_class_name_cannot_write_over_the_terminal(data, results):
    names = ("\x1b[2Jred\n", *data.names[1:])
    result = replace(results[0], confusion=confusion(np.array([0]), np.array([1]), 6))
    (line,) = confused_lines(result, replace(data, names=names), 5)
    assert line == "100 % of “?[2Jred?” are taken for “class 1”"


def test_the_table_is_aligned_and_in_percent(results):
    heading, ruler, first, second = table_lines(results)
    assert heading.startswith("Learner")
    assert len({len(line) for line in (heading, ruler, first, second)}) == 1
    accuracy = results[0].accuracy
    assert f"{100 * accuracy.mean:.1f} % ± {100 * accuracy.interval95:.1f}" in first
    assert first.split()[:3] == ["prototypes", "toy", "2"]
    assert re.search(r"[+−]\d+\.\d ± \d+\.\d", second)
    assert second.endswith(" ms")


def test_the_csv_has_the_numbers_of_the_json(tmp_path, data, results):
    write_csv(tmp_path / "table.csv", results)
    with open(tmp_path / "table.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row, found in zip(rows, as_json(results, data), strict=True):
        for key, text in row.items():
            assert text == ("" if found[key] is None else str(found[key])), key


def test_a_csv_that_cannot_be_written_is_a_user_error(tmp_path, results):
    with pytest.raises(UserError, match="could not be written"):
        write_csv(tmp_path / "missing" / "table.csv", results)
