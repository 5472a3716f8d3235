"""Learners that look at the folder: a part of it while it is read, all of it in the end."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel

from fewshot_gui import workflow
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.jobs import Job
from fewshot_gui.learners.support import support_set
from tests.gui.conftest import path_of, put
from tests.gui.driving import choose_in_menus
from tests.gui.test_session import idle
from tests.pictures import make_picture


class Turnstile:
    """Lets so many batches through, and waits."""

    def __init__(self, batches: int) -> None:
        self.left = batches

    def wait(self, seconds: float) -> bool:
        if self.left < 1:
            time.sleep(seconds)
            return False
        self.left -= 1
        return True

    def set(self) -> None:
        self.left = 1_000_000


@pytest.fixture
def fits(monkeypatch):
    """How many images the learner was given to look at, each time it learnt; None for none."""
    seen = []
    real = workflow.fit

    def fit(learner, support, table, job, targets=None):
        seen.append(None if targets is None else len(targets))
        return real(learner, support, table, job, targets)

    monkeypatch.setattr(workflow, "fit", fit)
    return seen


@pytest.fixture
def half_read(window, session, folder, workbench, qtbot):
    """A window with two bins, of whose folder 8 of 24 images are read."""
    workbench.gate = Turnstile(0)
    window.open_folder(str(folder))
    qtbot.waitUntil(lambda: session.collection is not None and not session.scanning)
    put(session, window, "Red", "red0.png")
    put(session, window, "Blue", "blue0.png")
    told: list[int] = []
    session.reader.rows_done.connect(told.extend)
    workbench.gate.left = 1
    # until the session was told: examples that it hears of later would be learnt from anew
    qtbot.waitUntil(lambda: len(told) == 8)
    qtbot.waitUntil(lambda: bool(session.sorter.explanation) and not session.sorter.busy)
    assert session.reader.state is ReaderState.READING
    return window


def assert_screen_is_export(session):
    """To the last bit."""
    collection = session.collection
    table, targets = collection.table, collection.targets
    rows = workflow.result_rows(session.project, table, targets, session.learner, Job())
    names = {b.id: b.name for b in session.project.bins}
    told = {
        row.path: (row.predicted, row.runner_up, row.confidence) for row in rows if not row.error
    }
    shown = {
        table.file(row).relative: (
            names[int(collection.best[row])],
            names[int(collection.runner_up[row])],
            float(collection.confidence[row]),
        )
        for row in table.ready(targets).tolist()
    }
    assert shown == told


def test_once_all_is_read_it_learns_once_more_and_shows_what_is_exported(
    half_read, session, workbench, fits, qtbot
):
    collection = session.collection
    alone = support_set(session.project, collection.table)
    workbench.gate.set()
    qtbot.waitUntil(idle(session))
    qtbot.wait(500)  # whatever else might come
    assert fits == [24]
    assert "22 images of the folder" in session.sorter.explanation
    assert_screen_is_export(session)
    blind = workflow.fit(session.learner, alone, collection.table, Job())
    said = blind.predict(collection.table, collection.targets, Job()).confidence
    assert (said != collection.confidence[collection.targets]).any()


def test_while_the_folder_is_read_new_images_are_predicted_without_learning_again(
    half_read, session, workbench, fits, qtbot
):
    workbench.gate.left = 1
    qtbot.waitUntil(lambda: np.count_nonzero(session.collection.best >= 0) == 16)
    assert fits == []
    assert session.reader.state is ReaderState.READING


def test_a_learner_that_looks_at_examples_alone_learns_no_more(
    half_read, session, workbench, fits, qtbot
):
    session.set_learner("prototypes")
    qtbot.waitUntil(lambda: not session.sorter.busy)
    workbench.gate.set()
    qtbot.waitUntil(idle(session))
    qtbot.wait(500)
    assert fits == [None]
    assert_screen_is_export(session)


def test_reading_that_is_paused_counts_as_over(half_read, session, workbench, fits, qtbot):
    workbench.gate.left = 1
    qtbot.waitUntil(lambda: np.count_nonzero(session.collection.best >= 0) == 16)
    session.cancel()
    qtbot.waitUntil(lambda: fits == [16] and not session.sorter.busy)
    workbench.gate.set()
    session.resume()
    qtbot.waitUntil(idle(session))
    assert fits == [16, 24]
    assert_screen_is_export(session)


def test_an_image_more_or_less_in_the_folder_is_learnt_from(
    sorted_window, session, folder, fits, qtbot
):
    session.refresh()
    qtbot.waitUntil(idle(session))
    qtbot.wait(200)
    assert fits == []  # nothing is new
    make_picture(folder / "more.png", "red", seed=77)
    session.refresh()
    qtbot.waitUntil(lambda: len(session.collection.targets) == 25)
    qtbot.waitUntil(idle(session))
    assert fits == [25]
    assert_screen_is_export(session)
    fits.clear()
    (folder / "more.png").unlink()
    session.refresh()
    qtbot.waitUntil(lambda: bool(fits))
    qtbot.waitUntil(idle(session))
    qtbot.wait(200)
    assert fits == [24]
    assert_screen_is_export(session)


def test_the_explanation_is_told_where_the_learner_is(sorted_window, session, qtbot):
    engine = sorted_window.status.engine

    def told():
        return engine.toolTip().replace("\n", " ")

    assert "22 images of the folder" in told()
    assert engine.accessibleDescription() == told()
    assert engine.accessibleName() == engine.text()
    session.put([path_of(session, "red1.png")], session.project.bin_named("Red").id)
    qtbot.waitUntil(lambda: "21 images of the folder" in told())
    sort = next(a for a in sorted_window.menuBar().actions() if "ort" in a.text()).menu()
    learners = next(a for a in sort.actions() if "earner" in a.text()).menu()
    learners.aboutToShow.emit()
    (chosen,) = [a for a in learners.actions() if a.isChecked()]
    assert chosen.toolTip().replace("\n", " ") == told()
    assert learners.findChild(QLabel, "menuNote").text() == told()
    assert engine.menu() is learners
    choose_in_menus(sorted_window, "Sort", "Learner", "Nearest prototype")
    qtbot.waitUntil(lambda: told() == "" and not session.sorter.busy)
    assert engine.accessibleDescription() == ""
