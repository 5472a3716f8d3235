"""The page from end to end: photos on the disk, the real engine, and the command line beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import closing
from itertools import pairwise

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fewshot_gui.gui.app import build
from fewshot_gui.workflow import Workbench
from tests.gui.fakes import FakeDialogs
from tests.gui.test_evaluate_page import CONTROL, Key, click, type_number

PICTURES = 9  # of each class
KINDS = ("Carrots", "Cucumber", "Garlic", "Zucchini")


@pytest.fixture
def photos(grocery, tmp_path):
    """Four classes of vegetables."""
    for kind in KINDS:
        found = sorted(p for p in grocery.rglob("*.jpg") if kind in p.parts)
        assert len(found) >= PICTURES, kind
        for path in found[:PICTURES]:
            (tmp_path / "photos" / kind).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, tmp_path / "photos" / kind / path.name)
    return tmp_path / "photos"


@pytest.fixture
def dialogs():
    return FakeDialogs()


@pytest.fixture
def window(qapp, qtbot, dialogs):
    """A window with the real engine behind it, on the CPU."""
    with closing(Workbench(device="cpu", isolated=True)) as workbench:
        parts = build(QApplication.instance(), workbench, dialogs=dialogs)
        parts.preferences.update(device="cpu")
        parts.window.show()
        qtbot.waitExposed(parts.window)
        yield parts.window
        parts.window.leave_at_once()
        parts.window.deleteLater()


def without_times(printed: str) -> dict:
    found = json.loads(printed)
    for result in found["results"]:
        assert result.pop("seconds_per_task") > 0
    return found


@pytest.mark.slow
def test_a_folder_of_photos_from_the_menu_to_the_saved_file(
    window, dialogs, photos, tmp_path, qtbot
):
    QTest.keyClick(window, Key.Key_E, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    page = window.evaluation.page
    qtbot.waitUntil(page.isVisible)
    dialogs.folder_answer = str(photos)
    click(page.form.choose_button)
    qtbot.waitUntil(page.start_button.isEnabled)
    assert page.form.found.text() == f"4 classes, {4 * PICTURES} pictures"
    for key, box in page.form.learners.boxes.items():
        if key not in ("prototypes", "ridge"):
            click(box)
    type_number(page.form.shots, 3)
    type_number(page.form.episodes, 20)
    before = set(sys.modules)  # other tests may have brought torch
    beats: list[float] = []
    clock = QTimer(interval=5)
    clock.timeout.connect(lambda: beats.append(time.monotonic()))
    clock.start()
    click(page.start_button)
    qtbot.waitUntil(lambda: page.results.answer is not None, timeout=180_000)
    clock.stop()
    pauses = sorted(later - earlier for earlier, later in pairwise(beats))
    print(f"longest pauses of the window: {[round(1000 * p) for p in pauses[-5:]]} ms")
    assert not any(name.startswith("torch") for name in set(sys.modules) - before)
    results = page.results.answer.found.results
    assert [result.learner for result in results] == ["prototypes", "ridge"]
    assert all(result.accuracy.mean > 0.7 for result in results)  # vegetables differ
    dialogs.save_answer = str(tmp_path / "all.json")
    with qtbot.waitSignal(page.files.message):
        page.results.json_action.trigger()
    printed = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "fewshot_gui", "evaluate", str(photos), "--json"),
            *("--learner", "prototypes", "--learner", "ridge", "--device", "cpu"),
            *("--shots", "3", "--episodes", "20"),
        ],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert without_times((tmp_path / "all.json").read_text()) == without_times(printed)


@pytest.mark.slow
def test_cancelling_while_photos_are_read_leaves_the_window_idle(window, dialogs, photos, qtbot):
    window.actions_by_name["evaluate"].trigger()
    page = window.evaluation.page
    page.form.name_folder(str(photos))
    qtbot.waitUntil(page.start_button.isEnabled)
    click(page.start_button)
    qtbot.waitUntil(lambda: page.activity.text() not in ("", "Starting"))
    QTest.keyClick(page, Key.Key_Escape)
    assert page.start_button.isEnabled()
    qtbot.waitUntil(lambda: not window._runner.busy)
    assert page.results.answer is None
