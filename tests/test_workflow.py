"""Sorting a folder from end to end, with the real decoders and the real backbone."""

from __future__ import annotations

import dataclasses
import os
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from fewshot_gui.errors import UserError
from fewshot_gui.exports.csv_file import write_csv
from fewshot_gui.jobs import Cancelled, Job
from fewshot_gui.paths import cache_dir
from fewshot_gui.workflow import Workbench, sort_folder
from tests.pictures import make_classes, make_picture


@pytest.fixture(scope="module")
def workbench():
    """One for all tests of this file, as loading the network takes seconds."""
    with closing(Workbench(device="cpu")) as bench:
        yield bench


@pytest.fixture
def folders(tmp_path):
    make_classes(tmp_path / "support", 2)
    make_classes(tmp_path / "targets", 3, first=10, flat=True)
    return tmp_path / "support", tmp_path / "targets"


def colour_of(name):
    return name.removesuffix(".png").rstrip("0123456789")


def sort(workbench, folders, learner="prototypes"):
    notices = []
    job = Job(on_notice=notices.append)
    return sort_folder(*folders, learner, workbench, job), notices


@pytest.mark.parametrize("learner", ["prototypes", "matching"])
def test_every_image_has_one_row_sorted_by_path(workbench, folders, learner):
    result, notices = sort(workbench, folders, learner)
    assert [row.path for row in result.rows] == sorted(p.name for p in folders[1].iterdir())
    for row in result.rows:
        assert row.label == row.predicted == colour_of(row.path)
        assert row.runner_up not in ("", row.predicted)
        assert row.confidence > row.runner_up_confidence > 0
        assert row.source == "predicted"
        assert Path(row.nearest_support).parent.name == row.predicted
        assert row.learner == learner
        assert row.error == ""
    assert result.failed == 0
    assert notices == []


def test_a_broken_image_is_a_row_with_its_reason(workbench, folders):
    (folders[1] / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much of a picture")
    (folders[1] / "empty.png").touch()
    result, _notices = sort(workbench, folders)
    rows = {row.path: row for row in result.rows}
    assert len(rows) == 11
    assert result.failed == 2
    for name in ("broken.jpg", "empty.png"):
        assert rows[name].error.startswith("damaged")
        assert rows[name].label == rows[name].predicted == rows[name].source == ""
        assert rows[name].confidence is None


def test_a_target_that_is_also_an_example_says_so(workbench, folders):
    support, targets = folders
    shutil.copy(support / "red" / "0.png", targets / "copy.png")
    result, notices = sort(workbench, folders)
    row = next(row for row in result.rows if row.path == "copy.png")
    assert (row.label, row.source) == ("red", "support")
    assert row.nearest_support == "copy.png"
    assert any("also" in notice for notice in notices)


def test_examples_inside_the_target_folder_are_the_same_images(workbench, folders):
    support, _targets = folders
    result, _notices = sort(workbench, (support, support))
    assert {row.source for row in result.rows} == {"support"}
    assert all(row.label == row.path.split("/")[0] for row in result.rows)


def test_examples_in_a_sub_folder_of_the_targets_keep_their_paths(workbench, folders):
    _support, targets = folders
    make_classes(targets / "examples", 2, first=70)
    result, _notices = sort(workbench, (targets / "examples", targets))
    found = {row.path: row.source for row in result.rows}
    assert {path for path, source in found.items() if source == "support"} == {
        f"examples/{colour}/{i}.png" for colour in ("red", "green", "blue") for i in (70, 71)
    }
    assert all(not os.path.isabs(row.nearest_support) for row in result.rows)


def test_images_in_a_folder_that_cannot_be_read_are_not_missing_without_a_word(
    workbench, folders, monkeypatch
):
    from fewshot_gui import workflow

    found = workflow.scan(folders[1], Job())
    hidden = dataclasses.replace(found, unreadable_folders=("secret",))
    monkeypatch.setattr(workflow, "scan", lambda *_arguments: hidden)
    _result, notices = sort(workbench, folders)
    assert any("secret" in notice for notice in notices)


def test_the_same_picture_in_two_classes_is_left_out_and_told(workbench, folders):
    support, targets = folders
    shutil.copy(support / "red" / "0.png", support / "blue" / "oops.png")
    shutil.copy(support / "red" / "0.png", targets / "copy.png")
    result, notices = sort(workbench, folders)
    assert any("two classes" in notice and "oops.png" in notice for notice in notices)
    row = next(row for row in result.rows if row.path == "copy.png")
    assert (row.label, row.source) == ("red", "predicted")


def test_an_unreadable_example_is_left_out_and_told(workbench, folders):
    (folders[0] / "red" / "bad.jpg").write_bytes(b"nonsense")
    result, notices = sort(workbench, folders)
    assert any("bad.jpg" in notice for notice in notices)
    assert all(row.label == colour_of(row.path) for row in result.rows)


def test_the_order_of_examples_and_their_names_change_nothing(workbench, folders, tmp_path):
    """Same content, other names and times: the same probabilities to the last bit."""
    support, targets = folders
    first, _notices = sort(workbench, folders)
    other = tmp_path / "other"
    for path in sorted(support.rglob("*.png"), reverse=True):
        copy = other / path.parent.name / f"z{9 - int(path.stem)}.png"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    second, _notices = sort(workbench, (other, targets))
    assert [(r.predicted, r.confidence) for r in first.rows] == [
        (r.predicted, r.confidence) for r in second.rows
    ]


def test_the_second_time_needs_no_network_at_all(folders):
    with closing(Workbench(device="cpu")) as first:
        before, _notices = sort(first, folders)
        assert first.device == "cpu"
    with closing(Workbench(device="cpu")) as second:
        after, _notices = sort(second, folders)
        assert second.device == ""
    assert after.device == "cache"
    assert after.rows == before.rows


def test_a_deleted_cache_gives_the_same_bytes(folders, tmp_path):
    for name in ("one.csv", "two.csv"):
        with closing(Workbench(device="cpu")) as bench:
            write_csv(tmp_path / name, sort(bench, folders)[0].rows)
        shutil.rmtree(cache_dir())
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="needs a file where a folder should be")
def test_a_cache_that_cannot_be_written_is_told_once_and_the_sort_goes_on(folders):
    cache_dir().parent.mkdir(parents=True, exist_ok=True)
    cache_dir().write_text("a file in the way")
    with closing(Workbench(device="cpu")) as bench:
        result, notices = sort(bench, folders)
    assert len(result.rows) == 9
    assert len([n for n in notices if "cannot be kept" in n]) == 1


@pytest.mark.parametrize(
    ("support", "targets", "words"),
    [
        ("nowhere", "targets", "does not exist"),
        ("support", "nowhere", "does not exist"),
        ("empty", "targets", "no image"),
        ("support", "empty", "no image"),
        ("support/red", "targets", "only one class"),
        ("support/red/0.png", "targets", "not a folder"),
    ],
)
def test_folders_that_make_no_sense_are_told(workbench, folders, tmp_path, support, targets, words):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=words):
        sort(workbench, (tmp_path / support, tmp_path / targets))


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_folder_of_links_says_that_links_are_not_followed(workbench, folders, tmp_path):
    (tmp_path / "links").mkdir()
    for path in folders[1].iterdir():
        (tmp_path / "links" / path.name).symlink_to(path)
    with pytest.raises(UserError) as caught:
        sort(workbench, (folders[0], tmp_path / "links"))
    assert "9 links" in caught.value.hint


def test_one_readable_class_is_not_enough(workbench, tmp_path):
    make_picture(tmp_path / "support" / "red" / "a.png")
    (tmp_path / "support" / "blue").mkdir()
    (tmp_path / "support" / "blue" / "a.png").write_bytes(b"nonsense")
    make_picture(tmp_path / "targets" / "x.png")
    with pytest.raises(UserError, match="two classes"):
        sort(workbench, (tmp_path / "support", tmp_path / "targets"))


def test_a_folder_deleted_while_running_gives_rows_with_reasons(workbench, folders):
    support, targets = folders
    made = make_classes(targets, 40, first=100, flat=True)

    def delete(progress):
        if progress.done >= 8 and made[-1].exists():
            shutil.rmtree(targets)

    result = sort_folder(support, targets, "prototypes", workbench, Job(delete))
    assert len(result.rows) == 129
    assert 0 < result.failed < 129
    assert {row.error for row in result.rows} == {"", "missing"}


def test_cancelling_stops_and_keeps_what_was_computed(folders):
    support, targets = folders
    make_classes(targets, 40, first=100, flat=True)
    job = Job(lambda progress: job.cancel() if progress.done >= 40 else None)
    with closing(Workbench(device="cpu")) as bench:
        with pytest.raises(Cancelled):
            sort_folder(support, targets, "prototypes", bench, job)
        table = bench.new_table()
        rows = np.asarray(table.add(_scanned(targets)), np.int64)
        seen = []
        bench.embed(table, rows, Job(), lambda done: seen.append(len(done)))
    assert seen[0] >= 24
    assert table.counts(rows).pending == 0


def _scanned(folder):
    from fewshot_gui.images.scan import scan

    return scan(folder, Job()).files
