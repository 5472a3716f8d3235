"""From bins to a support set, the *Ignore* bin included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.backbones.units import to_units
from fewshot_gui.errors import UserError
from fewshot_gui.jobs import Job
from fewshot_gui.learners.folder import MOST, folder_sample
from fewshot_gui.learners.support import fit, support_set
from fewshot_gui.project.model import Project
from fewshot_gui.project.values import UNKNOWN
from tests.review.tables import blobs, table_of


def filled():
    """Two bins of three, and three strangers: ``(table, project, paths)``."""
    table, rows = table_of(blobs([6, 6, 6], spread=0.3)[0])
    paths = [table.file(row).path for row in rows.tolist()]
    project = Project()
    project.add_bins({"b": paths[:3], "a": paths[6:9]})
    project.put(paths[12:15], UNKNOWN)
    return table, project, paths


def test_strangers_shown_by_the_user_are_no_class():
    table, project, _paths = filled()
    support = support_set(project, table)
    assert support.class_ids == (project.bin_named("a").id, project.bin_named("b").id)
    assert sorted(support.ignored.tolist()) == [12, 13, 14]
    assert sorted(support.rows.tolist()) == [0, 1, 2, 6, 7, 8]
    assert UNKNOWN not in fit("prototypes", support, table, Job()).class_ids


def test_strangers_and_one_bin_are_nothing_to_choose_between():
    table, project, _paths = filled()
    project.remove_bin(project.bin_named("a").id)
    with pytest.raises(UserError, match="at least two"):
        fit("prototypes", support_set(project, table), table, Job())


def test_a_picture_in_a_bin_and_among_the_strangers_is_left_out_and_told():
    table, project, paths = filled()
    copy = np.ones((1, 16), np.uint8)
    for row in (1, 13):
        table.store_units(np.asarray([row]), to_units(table.units([row]).astype(np.float16)), copy)
    support = support_set(project, table)
    assert [sorted(group) for group in support.conflicts] == [sorted([paths[1], paths[13]])]
    assert sorted(support.ignored.tolist()) == [12, 14]
    assert 1 not in support.rows.tolist()


def test_other_images_of_an_ignored_kind_are_unknown_and_those_of_the_bins_are_not():
    table, project, _paths = filled()
    classifier = fit("prototypes", support_set(project, table), table, Job())
    unknown = classifier.predict(table, np.arange(18), Job()).unknown
    assert unknown[15:].min() > 0.5
    assert unknown[:12].max() < 0.5


def test_learners_that_look_at_the_folder_are_given_it_and_others_are_not():
    table, project, _paths = filled()
    support, targets = support_set(project, table), np.arange(18)
    for key, looks in (("refine", True), ("auto", True), ("lda", False)):
        alone = fit(key, support, table, Job()).predict(table, targets, Job())
        looking = fit(key, support, table, Job(), targets).predict(table, targets, Job())
        assert (looking.confidence != alone.confidence).any() == looks
        np.testing.assert_array_equal(looking.unknown, alone.unknown)
    assert "folder" in fit("auto", support, table, Job(), targets).explanation
    assert fit("prototypes", support, table, Job(), targets).explanation == ""


def test_the_order_of_the_targets_changes_nothing():
    table, project, _paths = filled()
    support = support_set(project, table)
    mixed = np.random.default_rng(0).permutation(18)
    straight, shuffled = (fit("refine", support, table, Job(), t) for t in (np.arange(18), mixed))
    np.testing.assert_array_equal(
        straight.predict(table, np.arange(18), Job()).confidence,
        shuffled.predict(table, np.arange(18), Job()).confidence,
    )


def test_the_sample_holds_each_content_once_and_no_example():
    table, rows = table_of(blobs([6, 6], spread=0.3)[0], unread=2)
    table.store_units(
        rows[4:5], to_units(table.units(rows[3:4]).astype(np.float16)), table.digests(rows[3:4])
    )
    sample = folder_sample(table, rows, rows[:2])
    assert len(sample) == 12 - 2 - 1
    expected = {row.tobytes() for row in table.units([2, 3, *range(5, 12)])}
    assert {row.tobytes() for row in sample} == expected
    again = folder_sample(table, rows[::-1], rows[:2])
    np.testing.assert_array_equal(sample, again)


def test_the_sample_of_very_many_images_is_a_part_of_them():
    rng = np.random.default_rng(0)
    table, rows = table_of(rng.random((MOST + 300, 4)))
    digests = rng.integers(0, 256, (len(rows), 16)).astype(np.uint8)
    table.store_units(rows, to_units(table.units(rows).astype(np.float16)), digests)
    sample = folder_sample(table, rows, rows[:0])
    assert len(sample) == MOST
    # no part of the folder is left out: which content comes first is as good as chance
    places = [np.flatnonzero((table.units(rows) == row).all(axis=1))[0] for row in sample[:200]]
    assert 0.4 < np.mean(places) / len(rows) < 0.6


@given(st.permutations(range(9)), st.permutations(["b", "a"]))
def test_the_order_of_the_users_actions_changes_nothing(order, names):
    table, rows = table_of(blobs([6, 6, 6], spread=0.3)[0])
    paths = [table.file(row).path for row in rows.tolist()]
    project = Project()
    for name in names:
        project.add_bin(name)
    shown = {**dict.fromkeys(range(3), "b"), **dict.fromkeys(range(3, 6), "a")}
    for i in order:
        path = paths[[0, 1, 2, 6, 7, 8, 12, 13, 14][i]]
        project.put([path], project.bin_named(shown[i]).id if i in shown else UNKNOWN)
    support = support_set(project, table)
    found = fit("prototypes", support, table, Job()).predict(table, rows, Job())
    plain_table, plain, _paths = filled()
    expected_support = support_set(plain, plain_table)
    assert support.rows.tolist() == expected_support.rows.tolist()
    assert support.ignored.tolist() == expected_support.ignored.tolist()
    expected = fit("prototypes", expected_support, plain_table, Job())
    expected = expected.predict(plain_table, rows, Job())
    np.testing.assert_array_equal(found.unknown, expected.unknown)
    np.testing.assert_array_equal(found.confidence, expected.confidence)
