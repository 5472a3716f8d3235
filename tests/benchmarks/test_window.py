"""What a user of the window waits for, with 5,000 images and the real engine.

Run ``make bench``. Times depend on the machine; the limits are those that the window is
meant to keep on two cores.
"""

from __future__ import annotations

import contextlib
import time

import numpy as np
import pytest
from PySide6.QtCore import QElapsedTimer
from PySide6.QtWidgets import QApplication

from fewshot_gui.gui.app import build
from fewshot_gui.gui.reader import ReaderState
from fewshot_gui.workflow import Workbench
from tests.benchmarks.heartbeat import Heartbeat

HOUR = 3_600_000


@pytest.fixture
def parts(qapp, qtbot, own_places):
    parts = build(QApplication.instance(), Workbench(isolated=True))
    parts.window.resize(1280, 860)
    parts.window.show()
    qtbot.waitExposed(parts.window)
    with contextlib.suppress(RuntimeError):
        yield parts
        parts.window.leave_at_once()


def test_a_folder_of_5000_images(parts, folder_5000, qtbot, capsys):
    """Opening, classifying under a heartbeat, and one more drop: one story, one run."""
    window, session = parts.window, parts.session
    clock = QElapsedTimer()
    clock.start()
    window.open_folder(str(folder_5000))
    first = open_seconds = None
    while open_seconds is None:
        QApplication.processEvents()
        if first is None and window.model.rowCount() and window.grid.isVisible():
            window.grid.viewport().repaint()
            first = clock.elapsed() / 1000
        if not session.scanning and window.model.rowCount() == 5000:
            window.grid.viewport().repaint()
            open_seconds = clock.elapsed() / 1000

    paths = [session.collection.table.file(row).path for row in range(40)]
    heart = Heartbeat()
    heart.start()
    started = time.monotonic()
    session.add_bin("Embossed", paths[1:6:2])
    session.add_bin("Sharp", paths[0:6:2])
    qtbot.waitUntil(lambda: session.reader.state is ReaderState.IDLE, timeout=HOUR)
    qtbot.waitUntil(lambda: not session.sorter.busy, timeout=HOUR)
    seconds = time.monotonic() - started
    late = heart.stop()
    assert (session.collection.best[session.collection.targets] != -1).all()

    drops = []
    for path in paths[10:30]:
        clock.start()
        done: list[bool] = []
        note = lambda done=done: done.append(not session.sorter.busy)  # noqa: E731
        session.predictions_changed.connect(note)
        session.put([path], session.project.bins[0].id)
        while not (done and done[-1]):
            QApplication.processEvents()
        window.grid.viewport().repaint()
        drops.append(clock.nsecsElapsed() / 1e6)
        session.predictions_changed.disconnect(note)
    with capsys.disabled():
        print(f"\nopen 5,000 images: first tiles {first:.3f} s, all listed {open_seconds:.3f} s")
        print(f"classify 5,000 images: {seconds:.1f} s, {5000 / seconds:.1f} images/s")
        print(
            f"event loop held, {len(late):,} beats: median {np.median(late):.1f} ms, "
            f"p99 {np.percentile(late, 99):.1f} ms, max {late.max():.1f} ms"
        )
        print(
            f"one more drop, 5,000 images re-predicted and repainted: median "
            f"{np.median(drops):.1f} ms, max {max(drops):.1f} ms"
        )
    assert open_seconds < 1.0
    assert late.max() <= 100
    assert max(drops) < 200
