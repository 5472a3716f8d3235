"""From predictions, the user's labels and the unknown level to the rows of the CSV."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fewshot_gui.backbones.units import to_units
from fewshot_gui.exports.results import build_rows
from fewshot_gui.jobs import Job
from fewshot_gui.learners.support import fit, support_set
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import UNKNOWN
from tests.review.tables import blobs, table_of


@pytest.fixture
def sorted_folder():
    """A table of two binned kinds and a strange one, and the project with two bins."""
    table, rows = table_of(blobs([8, 8, 8], spread=0.2)[0], unread=1)
    paths = [table.file(row).path for row in rows.tolist()]
    project = Project()
    project.add_bins({"apple": paths[:3], "pear": paths[8:11]})
    return table, rows, project, paths


def told(table, rows, project):
    support = support_set(project, table)
    classifier = fit("prototypes", support, table, Job())
    result = build_rows(project, table, rows, support, classifier, "prototypes", Job())
    unknown = classifier.predict(table, table.ready(rows), Job()).unknown
    scores = dict(zip(table.ready(rows).tolist(), unknown.tolist(), strict=True))
    return {int(row.path.removesuffix(".jpg")): row for row in result}, scores


def test_nothing_is_unknown_while_the_level_is_one(sorted_folder):
    table, rows, project, _paths = sorted_folder
    found, _scores = told(table, rows, project)
    assert project.options.unknown == 1.0
    assert all(row.label == row.predicted for row in found.values())
    assert {row.label for i, row in found.items() if i < 24} == {"apple", "pear"}


def test_above_the_level_the_label_is_unknown_and_the_rest_of_the_row_stays(sorted_folder):
    table, rows, project, _paths = sorted_folder
    before, scores = told(table, rows, project)
    project.set_unknown(0.6)
    after, _scores = told(table, rows, project)
    sent = {i for i, row in after.items() if row.label == "unknown"}
    assert sent == {
        i for i, score in scores.items() if score > 0.6 and i not in {0, 1, 2, 8, 9, 10}
    }
    assert len(sent & set(range(16, 24))) >= 4
    assert not sent & set(range(16))
    for i, row in after.items():
        label = "unknown" if i in sent else before[i].label
        assert row == dataclasses.replace(before[i], label=label)
        assert row.source != "predicted" or row.predicted in ("apple", "pear")


def test_the_users_word_is_worth_more_than_the_score(sorted_folder):
    table, rows, project, paths = sorted_folder
    project.set_unknown(0.0)
    project.confirm({paths[20]: project.bin_named("pear").id})
    found, _scores = told(table, rows, project)
    assert (found[20].label, found[20].source) == ("pear", "confirmed")
    assert (found[1].label, found[1].source) == ("apple", "support")


def test_what_the_user_ignores_is_unknown_at_any_level(sorted_folder):
    table, rows, project, paths = sorted_folder
    project.put([paths[16], paths[24]], UNKNOWN)
    project.put([paths[17]], UNKNOWN, predicted={paths[17]: project.bin_named("pear").id})
    project.set_unknown(1.0)
    found, _scores = told(table, rows, project)
    assert (found[16].label, found[16].source) == ("unknown", "support")
    assert (found[17].label, found[17].source) == ("unknown", "corrected")
    assert found[16].predicted in ("apple", "pear")
    assert found[16].nearest_support
    assert (found[24].label, found[24].predicted) == ("unknown", "")
    assert found[24].error
    assert found[18].label != "unknown"


def test_a_copy_of_an_ignored_picture_is_ignored(sorted_folder):
    table, rows, project, paths = sorted_folder
    same = np.full((1, 16), 7, np.uint8)
    for row in (16, 19):
        table.store_units(np.asarray([row]), to_units(table.units([16]).astype(np.float16)), same)
    project.put([paths[16]], UNKNOWN)
    project.set_unknown(1.0)
    found, _scores = told(table, rows, project)
    assert (found[19].label, found[19].source) == ("unknown", "support")
