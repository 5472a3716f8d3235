"""What may be wrong with the examples, and how seldom that is said without reason."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fewshot_gui.backbones.units import to_units
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.learners.support import SupportSet, support_set
from fewshot_gui.project.model import Project
from fewshot_gui.review.hygiene import Kind, hygiene
from tests.learners.test_unknown import task
from tests.review.tables import blobs, support_of, table_of


def found(table, support, project=None):
    return hygiene(project or Project(), table, support, Job())


def of_kind(findings, kind):
    return [finding for finding in findings if finding.kind is kind]


def test_clean_bins_have_no_findings():
    vectors, labels = blobs([6, 6, 6], spread=0.25)
    table, rows = table_of(vectors)
    assert found(table, support_of(rows, labels)) == ()


def test_nearly_the_same_picture_twice_in_a_bin():
    vectors, labels = blobs([6, 6], spread=0.25)
    vectors[2] = vectors[0] * 1.01 + 0.001
    vectors[4] = vectors[2] * 0.9
    vectors[9] = vectors[1]  # in another bin: that is another matter
    table, rows = table_of(vectors)
    (finding,) = of_kind(found(table, support_of(rows, labels)), Kind.NEAR_DUPLICATES)
    assert (finding.class_ids, finding.rows) == ((1,), (0, 2, 4))


def test_an_example_that_belongs_into_another_bin():
    vectors, labels = blobs([6, 6, 6], spread=0.15)
    vectors[3] = blobs([1, 1, 1], seed=9, spread=0.15)[0][2]  # of class 2, in the bin of class 0
    table, rows = table_of(vectors)
    findings = found(table, support_of(rows, labels))
    (finding,) = of_kind(findings, Kind.OUTLIER)
    assert (finding.class_ids, finding.rows) == ((1, 3), (3,))
    assert findings[0] == finding


def test_two_examples_that_differ_make_no_outlier():
    vectors, labels = blobs([2, 6, 6], spread=0.15)
    vectors[1] = blobs([1, 1, 1], seed=9, spread=0.15)[0][2]
    table, rows = table_of(vectors)
    assert of_kind(found(table, support_of(rows, labels)), Kind.OUTLIER) == []


@pytest.mark.parametrize(("sizes", "told"), [((2, 7), True), ((2, 6), False), ((5, 5), False)])
def test_bins_of_very_different_size(sizes, told):
    vectors, labels = blobs(sizes, spread=0.25)
    table, rows = table_of(vectors)
    findings = of_kind(found(table, support_of(rows, labels)), Kind.UNEVEN)
    assert bool(findings) == told
    assert all(f.class_ids == (1, 2) and f.rows == () for f in findings)


def test_the_same_picture_in_two_bins():
    table, rows = table_of(blobs([4, 4], spread=0.25)[0])
    copy = np.ones((1, 16), np.uint8)
    for row in (1, 6):
        table.store_units(np.asarray([row]), to_units(table.units([row]).astype(np.float16)), copy)
    project = Project()
    paths = [table.file(row).path for row in rows.tolist()]
    project.add_bins({"a": paths[:4], "b": paths[4:]})
    support = support_set(project, table)
    (finding,) = of_kind(found(table, support, project), Kind.SAME_PICTURE)
    assert finding.class_ids == tuple(b.id for b in project.bins)
    assert sorted(finding.rows) == [1, 6]
    assert finding.severity == 1.0


@given(seed=st.integers(0, 500), sizes=st.lists(st.integers(1, 8), min_size=1, max_size=4))
def test_findings_speak_of_the_examples_the_gravest_first(seed, sizes):
    vectors, labels = blobs(sizes, seed, spread=0.5)
    table, rows = table_of(vectors)
    findings = found(table, support_of(rows, labels))
    assert [f.severity for f in findings] == sorted((f.severity for f in findings), reverse=True)
    for finding in findings:
        assert 0.0 <= finding.severity <= 1.0
        assert set(finding.rows) <= set(rows.tolist())
        assert set(finding.class_ids) <= set(range(1, len(sizes) + 1))


def test_no_examples_no_findings():
    table, _rows = table_of(blobs([2])[0])
    assert found(table, support_of([], [])) == ()


def test_it_can_be_stopped():
    vectors, labels = blobs([3, 3])
    table, rows = table_of(vectors)
    job = Job()
    job.cancel()
    with pytest.raises(Cancelled):
        hygiene(Project(), table, support_of(rows, labels), job)


@pytest.mark.accuracy
@pytest.mark.slow
@pytest.mark.parametrize(("ways", "shots"), [(5, 5), (10, 5), (10, 10)])
def test_false_alarms_are_rare_and_planted_mistakes_are_found(grocery_table, ways, shots):
    table, rows = grocery_table
    false, doubles, planted, other = 0, 0, 0, 0
    draws = 40
    for seed in range(draws):
        clean, _targets, _kind = task(rows, np.arange(len(rows)), ways, shots, seed)
        findings = found(table, clean)
        false += len(of_kind(findings, Kind.OUTLIER))
        doubles += len(of_kind(findings, Kind.NEAR_DUPLICATES))
        rng = np.random.default_rng(seed)
        place = int(rng.integers(len(clean.rows)))
        labels = clean.labels.copy()
        labels[place] = (labels[place] + 1 + rng.integers(ways - 1)) % ways
        told = of_kind(found(table, SupportSet(clean.class_ids, clean.rows, labels)), Kind.OUTLIER)
        planted += (int(clean.rows[place]),) in [f.rows for f in told]
        other += len(told)
    examples = draws * ways * shots
    print(f"{ways} bins of {shots}: {100 * false / examples:.2f} % of the examples wrongly told, ")
    print(f"{100 * doubles / examples:.2f} % as near duplicates; ", end="")
    print(f"{100 * planted / draws:.0f} % of the mistakes found")
    assert false / examples <= 0.012
    assert doubles / examples <= 0.01
    assert planted / draws >= 0.75
