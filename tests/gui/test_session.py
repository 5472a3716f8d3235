"""What the window's state has to get right when folders, scans and edits cross each other."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fewshot_gui import listing as listing_module
from fewshot_gui import workflow
from fewshot_gui.gui.collection import CONFIRMED, SUPPORT
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.gui.session import Session
from fewshot_gui.images.files import FailureKind, ImageFailure
from fewshot_gui.images.scan import scan
from fewshot_gui.learners.predictions import NO_CLASS
from fewshot_gui.learners.registry import DEFAULT_LEARNER
from tests.gui.conftest import path_of, put, sum_sorted
from tests.pictures import make_classes, make_picture


def idle(session):
    return lambda: (
        not session.scanning
        and session.reader.state is ReaderState.IDLE
        and session.collection.table.counts().pending == 0
        and not session.sorter.busy
    )


def source_of(session, name: str) -> int:
    return int(session.collection.source[session.collection.table.row(path_of(session, name))])


@pytest.fixture
def slow_scan(monkeypatch):
    """Scans find ten pictures and then wait until they are cancelled or this is set."""
    go_on = threading.Event()

    def look(root, job, on_batch=None):
        found = scan(root, job)
        if on_batch is not None:
            on_batch(list(found.files[:10]))
            while not go_on.wait(0.01):
                job.checkpoint()
            on_batch(list(found.files[10:]))
        return found

    monkeypatch.setattr(listing_module, "scan", look)
    yield go_on
    go_on.set()


def test_a_smaller_folder_after_a_large_one(window, session, folder, examples, tmp_path, qtbot):
    """Rows of the first table must not be looked up in the second."""
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: not session.scanning)
    session.import_class_folders([str(examples)])
    qtbot.waitUntil(idle(session))
    make_picture(tmp_path / "small" / "one.png", "red", seed=1)
    window.open_folder(str(tmp_path / "small"))
    qtbot.waitUntil(lambda: len(session.collection.targets) == 1)
    qtbot.waitUntil(idle(session))
    assert session.collection.table.counts().ready == 1


def test_nested_paths_stay_nested_when_examples_are_gathered_first(
    window, session, tmp_path, slow_scan, qtbot
):
    slow_scan.set()
    make_classes(tmp_path / "nested", 5)
    window.open_folder(str(tmp_path / "nested"))
    qtbot.waitUntil(lambda: session.collection is not None and idle(session)())
    put(session, window, "Red", "red/0.png")
    put(session, window, "Blue", "blue/0.png")
    qtbot.waitUntil(idle(session))
    slow_scan.clear()
    window.open_folder(str(tmp_path / "nested"))
    red = next(b for b in session.project.bins if b.name == "Red")
    qtbot.waitUntil(
        lambda: session.collection.table.row(session.project.support(red.id)[0]) is not None
    )
    slow_scan.set()
    qtbot.waitUntil(idle(session))
    table = session.collection.table
    names = {table.file(row).relative for row in session.collection.targets.tolist()}
    assert "red/0.png" in names
    assert not [name for name in names if "/" not in name]


def test_a_listing_that_was_stopped_says_so_and_goes_on(
    window, session, folder, slow_scan, tmp_path, qtbot
):
    window.open_folder(str(folder))
    qtbot.waitUntil(
        lambda: session.collection is not None and len(session.collection.targets) == 10
    )
    session.export_csv(str(tmp_path / "out.csv"))
    assert "not listed to its end" in window.banners.messages[0].text
    window.actions_by_name["cancel"].trigger()
    qtbot.waitUntil(lambda: session.listing_stopped and idle(session)())
    assert "listing was stopped" in window.status.facts.text()
    assert window.status.button.isVisible()
    assert window.status.button.text() == "Resume"
    assert window.actions_by_name["resume"].isEnabled()
    window.banners.clear()
    session.export_csv(str(tmp_path / "out.csv"))
    assert "not listed to its end" in window.banners.messages[0].text
    assert window.banners.messages[0].action == "Export anyway"
    assert not (tmp_path / "out.csv").exists()
    slow_scan.set()
    window.status.button.click()
    qtbot.waitUntil(lambda: len(session.collection.targets) == 24 and idle(session)())
    assert session.listed
    assert len(np.unique(session.collection.targets)) == 24
    assert window.model.rowCount() == 24
    assert "stopped" not in window.status.facts.text()
    assert not window.status.button.isVisible()


def test_confirmed_pictures_stay_confirmed_when_the_folder_is_opened_again(
    sorted_window, session, folder, tmp_path, qtbot
):
    row = session.collection.table.row(path_of(session, "red3.png"))
    session.confirm(np.asarray([row]))
    make_picture(tmp_path / "other" / "one.png", "red", seed=1)
    sorted_window.open_folder(str(tmp_path / "other"))
    qtbot.waitUntil(lambda: len(session.collection.targets) == 1 and idle(session)())
    assert session.collection.table.counts().ready == 1  # another folder is another project
    sorted_window.open_folder(str(folder))
    qtbot.waitUntil(lambda: len(session.collection.targets) == 24 and idle(session)())
    assert source_of(session, "red3.png") == CONFIRMED
    assert source_of(session, "red0.png") == SUPPORT
    assert sum_sorted(session) == 24


def test_reading_does_not_wait_for_the_engine(window, session, folder, workbench, qtbot):
    """What the cache knows needs no engine."""
    loaded = threading.Event()
    workbench.warm_up = lambda job: loaded.wait(120)
    try:
        window.open_folder(str(folder))
        qtbot.waitUntil(lambda: not session.scanning)
        put(session, window, "Red", "red0.png")
        put(session, window, "Blue", "blue0.png")
        qtbot.waitUntil(lambda: sum_sorted(session) == 24)
        assert not loaded.is_set()
    finally:
        loaded.set()


def test_a_learner_that_is_not_there_is_the_default(workbench, parts):
    session = Session(workbench, parts.runner, "from another version")
    assert session.learner == DEFAULT_LEARNER
    assert Session(workbench, parts.runner, "matching").learner == "matching"


def test_examples_are_gathered_outside_the_windows_thread(
    sorted_window, session, qtbot, monkeypatch
):
    threads = []
    real = workflow.support_set

    def gather(project, table):
        threads.append(threading.current_thread())
        return real(project, table)

    monkeypatch.setattr(workflow, "support_set", gather)
    put(session, sorted_window, "Green", "green0.png")
    qtbot.waitUntil(idle(session))
    assert threads
    assert threading.main_thread() not in threads


def test_predictions_of_a_bin_that_is_gone_are_gone_at_once(sorted_window, session, qtbot):
    put(session, sorted_window, "Green", "green0.png")
    green = session.project.bin_named("Green").id
    qtbot.waitUntil(lambda: session.collection.sorted_counts().get(green) == 8)
    session.remove_bin(green)
    assert session.sorter.busy
    assert green not in session.collection.best
    assert green not in session.collection.runner_up
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)
    session.remove_bin(session.project.bin_named("Blue").id)
    assert (session.collection.best == NO_CLASS).all()


def test_classes_are_shown_before_the_unknown_scores_are_known(
    sorted_window, session, qtbot, monkeypatch
):
    gate, real = threading.Event(), workflow.Classifier.unknown_scores

    def slow(*args):
        assert gate.wait(120)
        return real(*args)

    monkeypatch.setattr(workflow.Classifier, "unknown_scores", slow)
    before = session.collection.unknown.copy()
    put(session, sorted_window, "Green", "green0.png")
    green = session.project.bin_named("Green").id
    qtbot.waitUntil(lambda: session.collection.sorted_counts().get(green) == 8)
    assert session.sorter.busy
    assert session.sorter.left_out_unknown is None
    assert (session.collection.unknown == before).all()
    gate.set()
    qtbot.waitUntil(idle(session))
    assert (session.collection.unknown != before).any()
    assert session.sorter.left_out_unknown is not None


def test_where_a_limit_is_set_the_unknown_scores_come_with_the_classes(
    sorted_window, session, qtbot, monkeypatch
):
    session.set_unknown(0.9)

    def never(*_args):
        raise AssertionError("they decide what an image wears, and must not come later")

    monkeypatch.setattr(workflow.Classifier, "unknown_scores", never)
    before = session.collection.unknown.copy()
    put(session, sorted_window, "Green", "green0.png")
    qtbot.waitUntil(idle(session))
    assert (session.collection.unknown != before).any()


def test_two_bins_of_which_one_cannot_be_read_predict_nothing(opened, session, tmp_path, qtbot):
    (tmp_path / "torn.png").write_bytes(b"no picture at all")
    put(session, opened, "Red", "red0.png")
    session.add_bin("Torn")
    session.put_files([str(tmp_path / "torn.png")], session.project.bin_named("Torn").id)
    qtbot.waitUntil(lambda: session.collection.table.counts().failed == 1)
    qtbot.waitUntil(idle(session))
    assert (session.collection.best == NO_CLASS).all()
    put(session, opened, "Blue", "blue0.png")
    qtbot.waitUntil(lambda: sum_sorted(session) == 24)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_every_way_to_fail_has_words(window, session, folder, workbench, qtbot, kind):
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: not session.scanning)
    qtbot.waitUntil(idle(session))
    session.collection.table.fail(0, ImageFailure(kind))
    window.status.show_facts()
    assert "1 unreadable" in window.status.facts.text()


def test_closing_ends_work_that_only_the_end_of_the_engine_ends(
    window, session, folder, workbench, parts, qtbot
):
    """A lane may wait for the engine, deaf to everything else."""
    gone, waiting, heard = threading.Event(), threading.Event(), []
    close = workbench.close

    def embed(*_args):
        waiting.set()
        heard.append(gone.wait(120))

    def end():
        gone.set()
        close()

    workbench.embed, workbench.close = embed, end
    window.open_folder(str(folder))
    qtbot.waitUntil(waiting.is_set)
    window.leave_at_once()
    assert heard == [True]
    assert not [t for t in threading.enumerate() if t.name == "lane-embed"]
