"""Using a trained learner in the window: from a file, and from the menu."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu

from fewshot_gui.metatrain.learner_card import Conv4Settings, NetworkPart
from tests.gui.conftest import sum_sorted
from tests.metatrain.small_learner import small_learner

# As wide as what the stand-in for the engine gives, which says mean colours for any network.
NETWORK = NetworkPart("conv4", Conv4Settings(channels=3, side=16, features=12))


@pytest.fixture
def menu(sorted_window):
    """The menu as it opens; its entries by their text."""
    found = [m for m in sorted_window.menuBar().findChildren(QMenu) if m.title() == "&Backbone"]

    def entry(text):
        found[0].aboutToShow.emit()
        return next(a for a in found[0].actions() if text in a.text())

    return entry


def learner_menu(window) -> QMenu:
    return next(m for m in window.menuBar().findChildren(QMenu) if m.title() == "&Learner")


def settled(session, key):
    return session.backbone.key == key and not session.scanning and sum_sorted(session) == 24


def test_a_learner_file_is_used_in_the_project(
    sorted_window, session, dialogs, menu, qtbot, tmp_path: Path
):
    file = small_learner(tmp_path / "colours.safetensors", network=NETWORK)
    dialogs.save_answer = str(file)
    menu("learner file").trigger()
    qtbot.waitUntil(lambda: settled(session, "colours"))
    assert session.learner == "colours"
    assert session.project.options.learner == session.project.options.backbone == "colours"
    assert menu("Small shapes").isChecked()
    assert "Small shapes" in sorted_window.status.engine.text()
    session.undo()  # one action: both are as before
    qtbot.waitUntil(lambda: settled(session, "lite0"))
    assert session.learner != "colours"
    menu("Small shapes").trigger()  # it is kept: no file is needed any more
    qtbot.waitUntil(lambda: settled(session, "colours"))
    assert session.learner == "colours"


@pytest.mark.parametrize("content", [None, b"no learner at all"])
def test_a_bad_file_is_told_and_nothing_changes(
    sorted_window, session, dialogs, menu, qtbot, tmp_path: Path, content
):
    file = tmp_path / "colours.safetensors"
    if content is not None:
        file.write_bytes(content)
    dialogs.save_answer = str(file)
    before = session.project.revision
    with qtbot.waitSignal(session.message) as told:
        menu("learner file").trigger()
    assert "colours.safetensors" in told.args[0].text
    assert session.project.revision == before
    assert session.backbone.key == "lite0"


def test_without_a_folder_there_is_nothing_to_use_it_in(window):
    (found,) = [m for m in window.menuBar().findChildren(QMenu) if m.title() == "&Backbone"]
    found.aboutToShow.emit()
    (action,) = [a for a in found.actions() if "learner file" in a.text()]
    assert not action.isEnabled()
    assert "folder" in action.toolTip()


def test_a_learner_that_learns_every_task_anew_is_told(
    sorted_window, session, dialogs, menu, qtbot, tmp_path: Path
):
    file = small_learner(tmp_path / "shapes.safetensors", "anil", network=NETWORK)
    dialogs.save_answer = str(file)
    with qtbot.waitSignal(session.message) as told:
        menu("learner file").trigger()
    assert "learns every task anew" in told.args[0].text
    assert session.backbone.key == "lite0"


def test_the_menu_of_learners_leads_back_to_a_trained_one(
    sorted_window, session, dialogs, menu, qtbot, tmp_path: Path
):
    (learners,) = [
        m for m in sorted_window.menuBar().findChildren(QMenu) if m.title() == "&Learner"
    ]

    def entry(text):
        learners.aboutToShow.emit()
        return next((a for a in learners.actions() if a.text() == text), None)

    file = small_learner(tmp_path / "colours.safetensors", network=NETWORK)
    dialogs.save_answer = str(file)
    menu("learner file").trigger()
    qtbot.waitUntil(lambda: settled(session, "colours"))
    assert entry("Small shapes").isChecked()
    entry("Nearest prototype").trigger()
    qtbot.waitUntil(lambda: session.learner == "prototypes")
    assert not entry("Small shapes").isChecked()
    menu("EfficientNet").trigger()  # the network is another one, too
    qtbot.waitUntil(lambda: settled(session, "lite0"))
    entry("Small shapes").trigger()
    qtbot.waitUntil(lambda: settled(session, "colours"))
    assert session.learner == "colours"
    assert entry("Small shapes").isChecked()


def test_trained_learners_are_not_offered_without_a_folder(window):
    learners = learner_menu(window)
    learners.aboutToShow.emit()
    assert "Photographs" not in [a.text() for a in learners.actions()]
