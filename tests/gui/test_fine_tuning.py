"""Fine-tuning in the window; the work itself is a stand-in, see tests/metatrain."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from fewshot_gui.errors import UserError
from fewshot_gui.metatrain.fine_tuning import TuningResult
from fewshot_gui.metatrain.learner_card import Conv4Settings, NetworkPart
from fewshot_gui.metatrain.shelf import learners_folder
from tests.gui.conftest import sum_sorted
from tests.gui.test_projects import texts
from tests.metatrain.small_learner import small_learner

NETWORK = NetworkPart("conv4", Conv4Settings(channels=3, side=16, features=12))
HELPED, USELESS, TOO_FEW = (
    TuningResult(5, 8, 5, 7),
    TuningResult(0, 8, 6, 6),
    TuningResult(0, 0, 0, 0),
)


class Tuner:
    """A stand-in: remembers what it was asked for, and ends when it is let."""

    def __init__(self) -> None:
        self.result: TuningResult | Exception = HELPED
        self.orders = []
        self.begun, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def __call__(self, order, job):
        self.orders.append(order)
        self.begun.set()
        job.report(1, 4, "step 1 of 4")
        while not self.gate.wait(0.01):
            job.checkpoint()
        if isinstance(self.result, Exception):
            raise self.result
        if self.result.steps:
            learners_folder().mkdir(parents=True, exist_ok=True)
            small_learner(Path(order.output), network=NETWORK)
        return self.result


@pytest.fixture
def tuner(window):
    tuner = window.tuning._tune = Tuner()
    yield tuner
    tuner.gate.set()


def begin(window) -> None:
    window.actions_by_name["fine_tune"].trigger()


def ended(window):
    return lambda: window.tuning.dialog is None


def test_what_helped_is_used_in_the_project_and_can_be_taken_back(
    sorted_window, session, tuner, qtbot
):
    begin(sorted_window)
    qtbot.waitUntil(lambda: session.backbone.key == "targets-fine-tuned")
    qtbot.waitUntil(lambda: not session.scanning and sum_sorted(session) == 24)
    assert "of 8 examples held back, 7 were sorted right with it, 5 without" in texts(sorted_window)
    assert session.learner == "targets-fine-tuned"
    (order,) = tuner.orders
    assert sorted(Path(path).name for path in order.paths) == ["blue0.png", "red0.png"]
    assert order.names == ("Blue", "Red")
    assert [order.names[label] for label in order.labels] == [
        "Blue" if "blue" in path else "Red" for path in order.paths
    ]
    assert order.backbone == "lite0"
    session.undo()
    qtbot.waitUntil(lambda: session.backbone.key == "lite0")


def test_a_second_one_takes_another_name(sorted_window, session, tuner, qtbot):
    tuner.result = TuningResult(5, 8, 7, 7)
    begin(sorted_window)
    qtbot.waitUntil(lambda: session.backbone.key == "targets-fine-tuned")
    assert "of 8 examples held back, 7 were sorted right, as before" in texts(sorted_window)
    session.undo()
    qtbot.waitUntil(lambda: session.backbone.key == "lite0" and not session.scanning)
    begin(sorted_window)
    qtbot.waitUntil(lambda: session.backbone.key == "targets-fine-tuned-2")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (USELESS, "did not help: of 8 examples held back, 6 are sorted right without it"),
        (TOO_FEW, "needs two examples in a bin"),
        (UserError("The disk is full.", "Free some space."), "The disk is full. Free some space."),
    ],
)
def test_otherwise_nothing_changes_and_the_reason_is_told(
    sorted_window, session, tuner, qtbot, result, said
):
    tuner.result = result
    revision = session.project.revision
    begin(sorted_window)
    qtbot.waitUntil(lambda: said in texts(sorted_window))
    qtbot.waitUntil(ended(sorted_window))
    assert session.project.revision == revision
    assert not list(learners_folder().glob("*"))


def test_progress_is_shown_and_cancel_ends_it(sorted_window, session, tuner, qtbot):
    tuner.gate.clear()
    begin(sorted_window)
    dialog = sorted_window.tuning.dialog
    qtbot.waitUntil(lambda: dialog.labelText() == "step 1 of 4" and dialog.value() == 1)
    assert dialog.isVisible()
    assert not dialog.isModal()
    session.add_bin("Meanwhile")  # work goes on
    begin(sorted_window)  # and there is one at a time
    assert sorted_window.tuning.dialog is dialog
    qtbot.mouseClick(dialog.findChild(QPushButton), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(ended(sorted_window))
    assert len(tuner.orders) == 1
    assert session.backbone.key == "lite0"


def test_another_folder_ends_it(sorted_window, session, tuner, qtbot, tmp_path):
    tuner.gate.clear()
    begin(sorted_window)
    qtbot.waitUntil(tuner.begun.is_set)
    other = tmp_path / "other"
    other.mkdir()
    sorted_window.open_folder(str(other))
    qtbot.waitUntil(ended(sorted_window))
    assert session.backbone.key == "lite0"


def test_without_two_bins_it_says_what_is_missing(opened, tuner):
    begin(opened)
    assert "fill two bins first" in texts(opened)
    assert not tuner.orders


def test_without_a_folder_it_says_so(window, tuner):
    begin(window)
    assert "Open a folder first" in texts(window)
    assert not tuner.orders


def test_a_trained_network_is_not_tuned_again(sorted_window, session, tuner, qtbot):
    begin(sorted_window)
    qtbot.waitUntil(lambda: session.backbone.key == "targets-fine-tuned")
    qtbot.waitUntil(lambda: not session.scanning and sum_sorted(session) == 24)
    begin(sorted_window)
    qtbot.waitUntil(lambda: "network of a trained learner cannot" in texts(sorted_window))
    assert len(tuner.orders) == 1
